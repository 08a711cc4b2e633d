#pragma once

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "interchoice/core/random.hpp"
#include "interchoice/sampling/distribution.hpp"

namespace interchoice {

/// Draws the architecture of a training step, or several: a pure function of (epoch, step), so that
/// a training can be restarted anywhere and evaluation cannot disturb it.
///
///   sampler(epoch, step) -> Architecture<Space>, or a random-access range of `paths_per_step()`
///
/// Satisfied by `Sampler`, `Fixed` and any such callable of the user's own.
template <class T>
concept PathSampler = detail::DrawsOne<T, std::uint64_t, std::uint64_t> ||
    detail::DrawsSeveral<T, std::uint64_t, std::uint64_t>;

/// The space whose architectures a sampler draws; void for what is none.
template <class T>
using sampled_space_t = typename detail::DrawnBy<T, std::uint64_t, std::uint64_t>::type;

/// A distribution with a seed: draws step by step.
///
///   sample(epoch, step) = distribution(CounterRandom(seed, stream, epoch, step))
template <class Distribution>
class Sampler {
  static_assert(interchoice::Distribution<Distribution> || MultiPathDistribution<Distribution>,
                "interchoice: Sampler needs a distribution: a callable (CounterRandom&) const that "
                "returns an Architecture<Space>, or a range of `paths_per_step()` of them; see "
                "sampling/distribution.hpp");

 public:
  constexpr Sampler(Distribution distribution, Seed seed, Stream stream = Stream::kPaths)
      : distribution_(std::move(distribution)), seed_(seed), stream_(stream) {}

  /// The draw of a step: always the same for the same seed, epoch and step.
  constexpr auto operator()(std::uint64_t epoch, std::uint64_t step) const {
    CounterRandom random(seed_, stream_, epoch, step);
    return distribution_(random);
  }

  constexpr std::size_t paths_per_step() const requires MultiPathDistribution<Distribution> {
    return distribution_.paths_per_step();
  }

  /// Distribution, seed and stream.
  std::string text() const {
    static_assert(HasText<Distribution>,
                  "interchoice: the text of a sampler needs `text()` of its distribution and of "
                  "every distribution and cost in it; write Named{text, callable} for a lambda");
    if constexpr (HasText<Distribution>) {
      return fmt::format("{}; seed {}, stream {}", std::string(distribution_.text()), seed_.value,
                         static_cast<std::uint32_t>(stream_));
    }
  }

 private:
  Distribution distribution_;
  Seed seed_;
  Stream stream_;
};

/// The number of architectures that a sampler draws for a step.
template <PathSampler AnySampler>
constexpr std::size_t paths_per_step(const AnySampler& sample) {
  if constexpr (detail::DrawsOne<AnySampler, std::uint64_t, std::uint64_t>) {
    return 1;
  } else {
    return sample.paths_per_step();
  }
}

/// The architectures that a sampler draws for a step, as a range of `paths_per_step(sample)`.
/// *Throws* std::length_error if a sampler of the user's own draws another number.
template <PathSampler AnySampler>
constexpr auto paths_of_step(const AnySampler& sample, std::uint64_t epoch, std::uint64_t step) {
  if constexpr (detail::DrawsOne<AnySampler, std::uint64_t, std::uint64_t>) {
    return std::array{sample(epoch, step)};
  } else {
    auto paths = sample(epoch, step);
    if (paths.size() != sample.paths_per_step()) {
      throw std::length_error(
          fmt::format("interchoice: a sampler of {} paths a step drew {} in epoch {}, step {}",
                      sample.paths_per_step(), paths.size(), epoch, step));
    }
    return paths;
  }
}

}  // namespace interchoice
