#pragma once

#include <concepts>
#include <cstdint>

#include "interchoice/core/architecture.hpp"

namespace interchoice {

/// Draws the architecture of a training step: a pure function of (epoch, step), so that a training
/// can be restarted anywhere and evaluation cannot disturb it.
///
/// Satisfied by `UniformSampler`, `FixedSampler` and any callable of the user's own.
template <class Sampler, class Space>
concept PathSampler = requires(const Sampler& sampler, std::uint64_t i) {
  { sampler(i, i) } -> std::convertible_to<Architecture<Space>>;
};

}  // namespace interchoice
