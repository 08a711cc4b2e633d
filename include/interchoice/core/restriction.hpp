#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/detail/joined.hpp"
#include "interchoice/core/text_formatter.hpp"

namespace interchoice {

/// The candidates that each choice may take: restricts sampling and enumeration, never the
/// weights, so that super-networks of all restrictions hold the same parameters.
///
/// Made by `all`, `no_zero`, `only_convolutions`, `without`, `only` or from any predicate.
/// A constexpr restriction that leaves a choice empty does not compile.
template <SearchSpace Space>
class Restriction {
 public:
  /// Allows the candidates for which `allowed(choice, candidate)` is true.
  /// *Throws* std::invalid_argument if a choice is left without a candidate.
  template <class Allowed>
  constexpr explicit Restriction(const Allowed& allowed) {
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      for (std::size_t c = 0; c < Space::candidate_count(choice); ++c) {
        if (allowed(choice, c)) lists_[choice][counts_[choice]++] = static_cast<std::uint8_t>(c);
      }
      if (counts_[choice] == 0) {
        // Its first line is what clang shows of it at compile time.
        throw std::invalid_argument("interchoice: a restriction leaves no candidate for choice " +
                                    fmt::format("{} of '{}'; allow one", choice, Space::name));
      }
    }
  }

  /// The allowed candidates of a choice, ascending.
  constexpr std::span<const std::uint8_t> candidates(std::size_t choice) const {
    return {lists_[choice].data(), counts_[choice]};
  }

  /// Whether an architecture uses allowed candidates only.
  constexpr bool allows(const Architecture<Space>& architecture) const {
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      bool found = false;
      for (const std::uint8_t c : candidates(choice)) found = found || c == architecture[choice];
      if (!found) return false;
    }
    return true;
  }

  /// The number of allowed architectures; none where it exceeds 64 bits.
  constexpr std::optional<std::uint64_t> architecture_count() const {
    std::uint64_t count = 1;
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      if (count > UINT64_MAX / counts_[choice]) return {};
      count *= counts_[choice];
    }
    return count;
  }

  friend constexpr bool operator==(const Restriction&, const Restriction&) = default;

 private:
  std::array<std::array<std::uint8_t, max_candidate_count<Space>()>, Space::choice_count> lists_{};
  std::array<std::size_t, Space::choice_count> counts_{};
};

namespace detail {

template <SearchSpace Space>
std::string known_names() {
  std::vector<std::string_view> names;
  for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
    for (std::size_t c = 0; c < Space::candidate_count(choice); ++c) {
      const std::string_view name = Space::candidate_name(choice, c);
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return fmt::format("'{}'", joined(names, "', '"));
}

// The candidates of the given names, or all others.
template <SearchSpace Space>
constexpr Restriction<Space> by_name(std::initializer_list<std::string_view> names, bool allowed) {
  for (const std::string_view name : names) {
    bool is_known = false;
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      for (std::size_t c = 0; c < Space::candidate_count(choice); ++c) {
        is_known = is_known || Space::candidate_name(choice, c) == name;
      }
    }
    if (!is_known) {
      throw std::invalid_argument("interchoice: a restriction names no candidate of its space: " +
                                  fmt::format("'{}' is none of '{}', whose candidates are {}", name,
                                              Space::name, known_names<Space>()));
    }
  }
  return Restriction<Space>([&](std::size_t choice, std::size_t c) {
    for (const std::string_view name : names) {
      if (Space::candidate_name(choice, c) == name) return allowed;
    }
    return !allowed;
  });
}

}  // namespace detail

/// Every candidate except those of the given names. *Throws* std::invalid_argument if a name is no
/// candidate's, or if a choice is left without a candidate; constexpr it does not compile then.
template <SearchSpace Space>
constexpr Restriction<Space> without(std::initializer_list<std::string_view> names) {
  return detail::by_name<Space>(names, false);
}

/// Only the candidates of the given names. *Throws* as `without`.
template <SearchSpace Space>
constexpr Restriction<Space> only(std::initializer_list<std::string_view> names) {
  return detail::by_name<Space>(names, true);
}

/// No restriction.
template <SearchSpace Space>
inline constexpr Restriction<Space> all{[](std::size_t, std::size_t) { return true; }};

/// Everything but candidates of kind `kZero`.
template <SearchSpace Space>
inline constexpr Restriction<Space> no_zero{[](std::size_t choice, std::size_t c) {
  return Space::candidate_kind(choice, c) != CandidateKind::kZero;
}};

/// Only candidates of kind `kConvolution`.
template <SearchSpace Space>
inline constexpr Restriction<Space> only_convolutions{[](std::size_t choice, std::size_t c) {
  return Space::candidate_kind(choice, c) == CandidateKind::kConvolution;
}};

/// A text that identifies a restriction: the space's name, then each choice's allowed candidates,
/// "=" where they are those of the choice before: `chain: conv3,conv5 | = | skip`.
template <SearchSpace Space>
std::string to_text(const Restriction<Space>& restriction) {
  std::vector<std::string> lists;
  std::string previous;
  for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
    std::vector<std::string_view> names;
    for (const std::uint8_t c : restriction.candidates(choice)) {
      names.push_back(Space::candidate_name(choice, c));
    }
    std::string list = detail::joined(names, ",");
    lists.push_back(choice > 0 && list == previous ? "=" : list);
    previous = std::move(list);
  }
  return fmt::format("{}: {}", Space::name, detail::joined(lists, " | "));
}

/// A text that identifies a space: that of all its architectures. Two networks can share weights
/// only if their spaces have the same signature.
template <SearchSpace Space>
std::string space_signature() {
  return to_text(all<Space>);
}

}  // namespace interchoice

/// Formats a restriction as its `to_text`.
template <interchoice::SearchSpace Space>
struct fmt::formatter<interchoice::Restriction<Space>> : interchoice::TextFormatter {};
