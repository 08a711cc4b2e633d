#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/stats/detail/checked_values.hpp"

namespace interchoice {

/// The largest number of differences of which `sign_flip_test` takes all 2^n signs.
inline constexpr std::size_t kMostExactFlips = 20;

/// The options of a sign-flip test of more than `kMostExactFlips` differences.
struct SignFlipOptions {
  Seed seed = {};                  ///< the result is a pure function of it and the data
  std::uint32_t samples = 100000;  ///< the number of sign vectors that are drawn
};

namespace detail {

/// The sums Σ s_i d_i of all signs s whose first is +: the others are their negatives.
inline std::vector<double> signed_sums(std::span<const double> differences) {
  std::vector<double> sums = {differences[0]};
  for (const double difference : differences.subspan(1)) {
    const std::size_t count = sums.size();
    for (std::size_t i = 0; i < count; ++i) {
      sums.push_back(sums[i] - difference);
      sums[i] += difference;
    }
  }
  return sums;
}

}  // namespace detail

/// Two-sided permutation test of paired differences by their signs: its p value.
///
///     p = #{s in {-1, 1}^n : |Σ s_i d_i| >= |Σ d_i|} / 2^n
///
/// If the methods do not differ, each difference is as probable as its negative, whatever its
/// distribution; p is the fraction of all signs whose mean is as far from 0 as the one seen. So it
/// needs no normal distribution, and is never below 2 / 2^n: five pairs cannot reach 0.05. Sums
/// that are equal but for rounding count as equal.
///
/// Of more than 20 differences signs are drawn, and p = (1 + count) / (1 + samples), which is never
/// 0 and keeps its promise.
///
/// *Throws*: `std::invalid_argument` if there are no differences, if one is NaN or infinite, or if
/// no samples are to be drawn.
///
/// *Cost*: 2^(n - 1) additions and numbers, 4 MiB for n = 20; beyond it n · samples additions.
///
/// *Source*: Fisher, "The Design of Experiments" (1935), section 21; for drawn signs Phipson &
/// Smyth, "Permutation P-values Should Never Be Zero" (2010).
inline double sign_flip_test(std::span<const double> differences,
                             const SignFlipOptions& options = {}) {
  detail::check_values("sign_flip_test", {"differences", differences}, 1);
  double seen = 0;
  double largest = 0;  // sum that signs can make
  for (const double difference : differences) {
    seen += difference;
    largest += std::abs(difference);
  }
  const double limit = std::abs(seen) - 1e-12 * largest;
  if (differences.size() <= kMostExactFlips) {
    const std::vector<double> sums = detail::signed_sums(differences);
    const auto count =
        std::ranges::count_if(sums, [limit](double sum) { return std::abs(sum) >= limit; });
    return static_cast<double>(count) / static_cast<double>(sums.size());
  }
  if (options.samples == 0) {
    detail::fail_statistic(
        "sign_flip_test",
        fmt::format("0 samples of the signs of {} differences; draw 10000 or more",
                    differences.size()));
  }
  std::uint64_t count = 0;
  for (std::uint32_t sample = 0; sample < options.samples; ++sample) {
    CounterRandom random(options.seed, Stream::kSignFlips, 0, sample);
    double sum = 0;
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < differences.size(); ++i) {
      if (i % 32 == 0) bits = random();
      sum += (bits & 1) != 0 ? differences[i] : -differences[i];
      bits >>= 1;
    }
    count += std::abs(sum) >= limit;
  }
  return static_cast<double>(1 + count) / (1.0 + options.samples);
}

}  // namespace interchoice
