#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "interchoice/core/architecture.hpp"

namespace interchoice {

/// Draws the architecture of a training step: a pure function of (epoch, step), so that a training
/// can be restarted anywhere and evaluation cannot disturb it.
///
/// Satisfied by `UniformSampler`, `WeightedSampler`, `BudgetedSampler`, `FixedSampler` and any
/// callable of the user's own.
template <class Sampler, class Space>
concept PathSampler = requires(const Sampler& sampler, std::uint64_t i) {
  { sampler(i, i) } -> std::convertible_to<Architecture<Space>>;
};

/// Draws several architectures for one training step, `paths_per_step()` of them, as a
/// random-access range: a pure function of (epoch, step) as well.
///
/// Satisfied by `StrictFairSampler`. Not satisfied by samplers that draw one architecture;
/// `paths_of_step` takes both.
template <class Sampler, class Space>
concept MultiPathSampler = requires(const Sampler& sampler, std::uint64_t i) {
  { sampler.paths_per_step() } -> std::convertible_to<std::size_t>;
  { sampler.paths(i, i).size() } -> std::convertible_to<std::size_t>;
  { sampler.paths(i, i)[i] } -> std::convertible_to<Architecture<Space>>;
};

namespace detail {

template <class Value>
struct SpaceOfArchitecture {
  using type = void;
};
template <class Space>
struct SpaceOfArchitecture<Architecture<Space>> {
  using type = Space;
};

// The space whose architectures a sampler draws, be it one or several a step; void for what is no
// sampler. For those who take any sampler and cannot name its space.
template <class Sampler>
struct SpaceOfSampler {
  using type = void;
};
template <class Sampler>
requires requires(const Sampler& sampler, std::uint64_t i) { sampler(i, i); }
struct SpaceOfSampler<Sampler>
    : SpaceOfArchitecture<std::remove_cvref_t<decltype(std::declval<const Sampler&>()(
          std::uint64_t{}, std::uint64_t{}))>> {};
template <class Sampler>
requires requires(const Sampler& sampler, std::uint64_t i) { sampler.paths(i, i)[i]; }
struct SpaceOfSampler<Sampler>
    : SpaceOfArchitecture<std::remove_cvref_t<decltype(std::declval<const Sampler&>().paths(
          std::uint64_t{}, std::uint64_t{})[0])>> {};

template <class Sampler>
using space_of_sampler_t = typename SpaceOfSampler<Sampler>::type;

// Kinds of samplers whatever their space.
template <class Sampler>
concept SeveralPaths = MultiPathSampler<Sampler, space_of_sampler_t<Sampler>>;
template <class Sampler>
concept AnySampler = SeveralPaths<Sampler> || PathSampler<Sampler, space_of_sampler_t<Sampler>>;

}  // namespace detail

/// How many architectures a sampler draws for a step: 1 where it is no `MultiPathSampler`.
template <class Sampler>
constexpr std::size_t paths_per_step(const Sampler& sampler) {
  if constexpr (detail::SeveralPaths<Sampler>) {
    return sampler.paths_per_step();
  } else {
    return 1;
  }
}

/// The architectures that a sampler draws for a step, `paths_per_step(sampler)` of them.
/// *Throws* std::length_error if a sampler of the user's own draws another number.
template <class Sampler>
constexpr auto paths_of_step(const Sampler& sampler, std::uint64_t epoch, std::uint64_t step) {
  if constexpr (detail::SeveralPaths<Sampler>) {
    auto paths = sampler.paths(epoch, step);
    if (paths.size() != sampler.paths_per_step()) {
      throw std::length_error("interchoice: a sampler of " +
                              std::to_string(sampler.paths_per_step()) + " paths a step drew " +
                              std::to_string(paths.size()) + " in epoch " + std::to_string(epoch) +
                              ", step " + std::to_string(step));
    }
    return paths;
  } else {
    return std::array{sampler(epoch, step)};
  }
}

}  // namespace interchoice
