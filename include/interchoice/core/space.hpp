#pragma once

#include <fmt/core.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "interchoice/core/candidate.hpp"

namespace interchoice {

/// Up to `kCapacity` earlier locations, nearest first: the priors of a location.
class LocationList {
 public:
  static constexpr std::size_t kCapacity = 16;

  /// *Throws* std::length_error where the list is full.
  constexpr void push_back(std::size_t location) {
    if (size_ == kCapacity) {
      throw std::length_error(fmt::format(
          "interchoice: a location with more than {} priors, location {} among them; use a smaller "
          "depth, or compose policies that look at the same locations",
          kCapacity, location));
    }
    locations_[size_++] = location;
  }
  constexpr std::size_t size() const { return size_; }
  constexpr const std::size_t* begin() const { return locations_.data(); }
  constexpr const std::size_t* end() const { return locations_.data() + size_; }
  constexpr std::size_t operator[](std::size_t i) const { return locations_[i]; }
  friend constexpr bool operator==(const LocationList&, const LocationList&) = default;

 private:
  std::array<std::size_t, kCapacity> locations_{};
  std::size_t size_ = 0;
};

/// A search space: choices with their candidates, and the locations where a network applies them.
///
/// A *location* is a place in a network, numbered in the order in which the network creates them
/// (registration order). A chain has one location a choice; a space of topology-shared cells has
/// the same `location_period` locations in every cell, and as many cells as the network wants.
///
/// Satisfied by `Chain`, `MixedChain`, `Cell`, `NasBench201Space`. Not satisfied by a type that
/// lacks one of the names below.
template <class Space>
concept SearchSpace = requires(std::size_t i) {
  { Space::name } -> std::convertible_to<std::string_view>;
  { Space::choice_count } -> std::convertible_to<std::size_t>;
  { Space::location_period } -> std::convertible_to<std::size_t>;
  { Space::repeats } -> std::convertible_to<bool>;
  { Space::candidate_count(i) } -> std::same_as<std::size_t>;
  { Space::candidate_name(i, i) } -> std::same_as<std::string_view>;
  { Space::candidate_kind(i, i) } -> std::same_as<CandidateKind>;
  { Space::choice_at(i) } -> std::same_as<std::size_t>;
  { Space::dataflow_priors(i) } -> std::same_as<LocationList>;
};

/// The number of architectures of a space; none where it exceeds 64 bits.
template <SearchSpace Space>
constexpr std::optional<std::uint64_t> architecture_count() {
  std::uint64_t count = 1;
  for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
    const std::uint64_t candidates = Space::candidate_count(choice);
    if (count > UINT64_MAX / candidates) return {};
    count *= candidates;
  }
  return count;
}

/// The largest number of candidates of any choice.
template <SearchSpace Space>
constexpr std::size_t max_candidate_count() {
  std::size_t most = 0;
  for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
    if (Space::candidate_count(choice) > most) most = Space::candidate_count(choice);
  }
  return most;
}

}  // namespace interchoice
