// The code of how-to/own-sampler.md as a program. No libtorch is needed for it.

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "interchoice/core.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;
using Path = ic::Architecture<Space>;

std::ptrdiff_t convolutions(const Path& path) {
  return std::ranges::count_if(path.candidates(), [](auto c) { return c == 2 || c == 3; });
}
double weight(std::size_t, std::size_t candidate) { return candidate == 3 ? 2 : 1; }
double macs(const Path& path) {  // of one cell, in millions; a stand-in for the network's
  double sum = 0;
  for (const auto candidate : path.candidates())
    sum += candidate == 3 ? 2.36 : candidate == 2 ? 0.26 : 0;
  return sum;
}

/// First the number of convolutions, each from 0 to 6 with the same probability, then which ones.
struct BySize {
  Path operator()(auto& random) const {
    constexpr std::array<std::uint8_t, 3> kOthers{0, 1, 4}, kConvolutions{2, 3, 3};
    Path path;
    std::uint32_t left = random.below(7);
    for (std::uint32_t edge = 0; edge < 6; ++edge) {
      const bool is_convolution = random.below(6 - edge) < left;
      left -= is_convolution;
      path = path.with(edge, (is_convolution ? kConvolutions : kOthers)[random.below(3)]);
    }
    return path;
  }
  std::string text() const { return "by size, 3x3 with probability 2/3"; }
};

/// Four paths a step: the smallest, the largest and two in between (the sandwich rule).
struct Sandwich {
  std::size_t paths_per_step() const { return 4; }
  std::array<Path, 4> operator()(auto& random) const {
    return {Path{1, 1, 1, 1, 1, 1}, Path{3, 3, 3, 3, 3, 3}, BySize()(random), BySize()(random)};
  }
  std::string text() const { return "sandwich of " + BySize().text(); }
};

bool compose() {
  const ic::Named cost{"MACs of a cell", macs};
  const ic::Sampler light{ic::Within{ic::Weighted{ic::no_zero<Space>, weight}, cost, {.high = 5}},
                          ic::Seed{0}};
  const ic::Sampler mixed{ic::Mixture{{0.9, 0.1}, BySize{}, ic::Fixed{Path{3, 3, 3, 3, 3, 3}}},
                          ic::Seed{0}};
  const Path path = light(3, 7);  // of epoch 3, step 7
  fmt::print("{}\n{}\n", mixed.text(), light.text());
  return path == light(3, 7) && macs(path) <= 5;
}

int main() {
  const ic::Sampler sample{BySize{}, ic::Seed{0}};
  std::map<std::ptrdiff_t, int> counts;
  for (std::uint64_t step = 0; step < 7000; ++step) ++counts[convolutions(sample(0, step))];
  for (const auto& [number, count] : counts) fmt::print("{} convolutions: {}\n", number, count);
  const auto four = ic::paths_of_step(ic::Sampler{Sandwich{}, ic::Seed{0}}, 0, 0);
  const auto ten = ic::distinct_architectures(BySize{}, 10, ic::Seed{0});
  const bool is_even =
      std::ranges::all_of(counts, [](auto c) { return std::abs(c.second - 1000) < 150; });
  return is_even && four.size() == 4 && ten.size() == 10 && compose() ? 0 : 1;
}
