#pragma once

#include <fmt/core.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string_view>  // std::hash

#include "interchoice/core/space.hpp"

namespace interchoice {

/// One candidate for each choice of a space (a path through the super-network).
///
/// A value: one byte a choice, checked when it is made, equal and ordered lexicographically,
/// hashable, and with an index 0..architecture_count-1 (choice 0 is the most significant digit).
template <SearchSpace Space>
class Architecture {
 public:
  using space_type = Space;
  static constexpr std::size_t kChoices = Space::choice_count;

  /// The architecture that takes candidate 0 everywhere.
  constexpr Architecture() = default;

  /// *Throws* std::invalid_argument if the number of values differs from `choice_count`,
  /// std::out_of_range if a value is no candidate of its choice.
  constexpr explicit Architecture(std::span<const std::uint8_t> candidates) {
    if (candidates.size() != kChoices) {
      throw std::invalid_argument(
          fmt::format("interchoice: an architecture of '{}' needs {} candidates, got {}",
                      Space::name, kChoices, candidates.size()));
    }
    for (std::size_t choice = 0; choice < kChoices; ++choice) set(choice, candidates[choice]);
  }

  constexpr Architecture(std::initializer_list<std::uint8_t> candidates)
      : Architecture(std::span(candidates.begin(), candidates.size())) {}

  /// The candidate of a choice.
  constexpr std::uint8_t operator[](std::size_t choice) const { return candidates_[choice]; }

  /// All candidates, one byte a choice.
  constexpr std::span<const std::uint8_t, kChoices> candidates() const { return candidates_; }

  /// This architecture with one choice changed. *Throws* std::out_of_range.
  constexpr Architecture with(std::size_t choice, std::uint8_t candidate) const {
    Architecture changed = *this;
    if (choice >= kChoices) {
      throw std::out_of_range(fmt::format("interchoice: choice {} of '{}', which has {} choices",
                                          choice, Space::name, kChoices));
    }
    changed.set(choice, candidate);
    return changed;
  }

  /// The position in lexicographic order. Needs a space of less than 2^64 architectures.
  constexpr std::uint64_t index() const requires(architecture_count<Space>().has_value()) {
    std::uint64_t index = 0;
    for (std::size_t choice = 0; choice < kChoices; ++choice) {
      index = index * Space::candidate_count(choice) + candidates_[choice];
    }
    return index;
  }

  /// The architecture of an index. *Throws* std::out_of_range.
  static constexpr Architecture from_index(std::uint64_t index) requires(
      architecture_count<Space>().has_value()) {
    if (index >= *architecture_count<Space>()) {
      throw std::out_of_range(
          fmt::format("interchoice: index {} of '{}', which has {} architectures", index,
                      Space::name, *architecture_count<Space>()));
    }
    Architecture architecture;
    for (std::size_t choice = kChoices; choice-- > 0;) {
      const std::uint64_t count = Space::candidate_count(choice);
      architecture.candidates_[choice] = static_cast<std::uint8_t>(index % count);
      index /= count;
    }
    return architecture;
  }

  friend constexpr bool operator==(const Architecture&, const Architecture&) = default;
  friend constexpr auto operator<=>(const Architecture&, const Architecture&) = default;

 private:
  constexpr void set(std::size_t choice, std::uint8_t candidate) {
    if (candidate >= Space::candidate_count(choice)) {
      throw std::out_of_range(
          fmt::format("interchoice: candidate {} for choice {} of '{}', which has {} candidates",
                      candidate, choice, Space::name, Space::candidate_count(choice)));
    }
    candidates_[choice] = candidate;
  }

  std::array<std::uint8_t, kChoices> candidates_{};
};

}  // namespace interchoice

/// Hash of an architecture: FNV-1a over its candidates.
template <interchoice::SearchSpace Space>
struct std::hash<interchoice::Architecture<Space>> {
  std::size_t operator()(const interchoice::Architecture<Space>& architecture) const noexcept {
    std::uint64_t digest = 14695981039346656037ULL;
    for (const std::uint8_t candidate : architecture.candidates()) {
      digest = (digest ^ candidate) * 1099511628211ULL;
    }
    return static_cast<std::size_t>(digest);
  }
};
