#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

/// Timing of several variants of one piece of work in one process: each round runs every variant
/// once, in an order that rotates, and ratios are taken within a round, so that a machine whose
/// speed drifts does not favour any.
namespace benchmarks {

/// A variant, and the seconds of its rounds.
struct Variant {
  std::string name;
  std::function<void(std::size_t round)> run;
  std::vector<double> seconds = {};
};

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

inline void run_interleaved(std::vector<Variant>& variants, std::size_t warm_up,
                            std::size_t rounds) {
  for (std::size_t round = 0; round < warm_up + rounds; ++round) {
    for (std::size_t i = 0; i < variants.size(); ++i) {
      Variant& variant = variants[(i + round) % variants.size()];
      const auto begin = std::chrono::steady_clock::now();
      variant.run(round);
      const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
      if (round >= warm_up) variant.seconds.push_back(time.count());
    }
  }
}

/// Median over the rounds of variant / reference, and the middle half of the ratios.
struct Ratio {
  double median;
  double lower;
  double upper;
};

inline Ratio ratio(const Variant& variant, const Variant& reference) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < variant.seconds.size(); ++i) {
    ratios.push_back(variant.seconds[i] / reference.seconds[i]);
  }
  std::sort(ratios.begin(), ratios.end());
  const auto at = [&](double fraction) {
    return ratios[static_cast<std::size_t>(fraction * static_cast<double>(ratios.size() - 1))];
  };
  return {median(ratios), at(0.25), at(0.75)};
}

/// `0.942 [0.939, 0.947]`.
inline std::string to_text(const Ratio& ratio) {
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", ratio.median, ratio.lower, ratio.upper);
}

}  // namespace benchmarks
