// Samplers: distribution, restriction, restart.

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "interchoice/core/text.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "interchoice/sampling/fixed.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "spaces/example_spaces.hpp"
#include "support/catch.hpp"
#include "support/chi_square.hpp"

namespace ic = interchoice;
namespace t = interchoice::testing;
using Space = ic::NasBench201Space;
using Path = ic::Architecture<Space>;
using ic::Seed;

static_assert(ic::PathSampler<ic::UniformSampler<Space>, Space>);
static_assert(ic::PathSampler<ic::FixedSampler<Space>, Space>);
static_assert(
    ic::PathSampler<decltype([](std::uint64_t, std::uint64_t) { return Path{}; }), Space>);
static_assert(!ic::PathSampler<ic::UniformSampler<t::Small>, Space>);
static_assert(
    !ic::PathSampler<decltype([] { return Path{}; }), Space>);  // no place in the sequence
static_assert(!ic::PathSampler<int, Space>);

// A path can be drawn at compile time.
static_assert(ic::UniformSampler<Space>(ic::only_convolutions<Space>, Seed{1})(0, 0)[0] >= 2);

namespace {

using interchoice::testing::chi_square;

/// A bound that a correct sampler passes but for one seed in 100,000: mean + 4.3 deviations, and
/// some more for the skew of few degrees of freedom.
double bound(std::size_t cells) {
  const double freedom = static_cast<double>(cells) - 1;
  return freedom + 4.3 * std::sqrt(2 * freedom) + 12;
}

}  // namespace

TEST_CASE("every candidate of every choice is equally probable, choices are independent") {
  const ic::UniformSampler<t::Mixed> sample(ic::all<t::Mixed>, Seed{3});
  constexpr int kDraws = 30'000;
  std::vector<int> whole(30);
  std::map<std::size_t, std::vector<int>> single;
  for (std::size_t i = 0; i < 4; ++i) single[i].resize(t::Mixed::candidate_count(i));
  for (std::uint64_t step = 0; step < kDraws; ++step) {
    const auto path = sample(step / 100, step % 100);
    ++whole[path.rank()];
    for (std::size_t i = 0; i < 4; ++i) ++single[i][path[i]];
  }
  CHECK(chi_square(whole) < bound(30));  // joint: independence and uniformity at once
  CHECK(chi_square(whole) > 8);          // and not evenly spread either
  for (const auto& [choice, counts] : single) CHECK(chi_square(counts) < bound(counts.size()));
}

TEST_CASE("successive steps and epochs are independent") {
  const ic::UniformSampler<t::Small> sample(ic::all<t::Small>, Seed{4});
  std::vector<int> steps(81), epochs(81), seeds(81);
  for (std::uint64_t i = 0; i < 16'200; ++i) {
    const auto pair = [](const auto& a, const auto& b) {
      return static_cast<std::size_t>(((a[0] * 3 + a[3]) * 3 + b[0]) * 3 + b[3]);
    };
    ++steps[pair(sample(7, i), sample(7, i + 1))];
    ++epochs[pair(sample(i, 2), sample(i + 1, 2))];
    ++seeds[pair(ic::UniformSampler<t::Small>(ic::all<t::Small>, Seed{i})(0, 0),
                 ic::UniformSampler<t::Small>(ic::all<t::Small>, Seed{i + 1})(0, 0))];
  }
  CHECK(chi_square(steps) < bound(81));
  CHECK(chi_square(epochs) < bound(81));
  CHECK(chi_square(seeds) < bound(81));
}

TEST_CASE("a restriction is obeyed, and uniform within") {
  const ic::UniformSampler<Space> sample(ic::only_convolutions<Space>, Seed{5});
  std::vector<int> counts(64);
  for (std::uint64_t step = 0; step < 12'800; ++step) {
    const Path path = sample(0, step);
    REQUIRE(ic::only_convolutions<Space>.allows(path));
    std::size_t index = 0;
    for (std::size_t i = 0; i < 6; ++i) index = 2 * index + path[i] - 2;
    ++counts[index];
  }
  CHECK(chi_square(counts) < bound(64));
}

TEST_CASE("a path is a function of seed, stream, epoch and step") {
  const ic::UniformSampler<Space> sample(ic::all<Space>, Seed{6});
  const ic::UniformSampler<Space> same(ic::all<Space>, Seed{6});
  const ic::UniformSampler<Space> other_seed(ic::all<Space>, Seed{7});
  const ic::UniformSampler<Space> other_stream(ic::all<Space>, Seed{6}, ic::Stream::kEvaluation);
  std::vector<Path> forward, backward(50);
  for (std::uint64_t step = 0; step < 50; ++step) forward.push_back(sample(3, step));
  for (std::uint64_t step = 50; step-- > 0;) backward[step] = same(3, step);
  CHECK(forward == backward);
  int equal[3] = {};
  for (std::uint64_t step = 0; step < 50; ++step) {
    equal[0] += sample(3, step) == other_seed(3, step);
    equal[1] += sample(3, step) == other_stream(3, step);
    equal[2] += sample(3, step) == sample(4, step);
  }
  for (const int count : equal) CHECK(count <= 1);
  // The counting form is epoch 0, and each sampler counts for itself.
  ic::UniformSampler<Space> counting = sample;
  ic::UniformSampler<Space> second = sample;
  for (std::uint64_t step = 0; step < 5; ++step) CHECK(counting() == sample(0, step));
  CHECK(second() == sample(0, 0));
  CHECK(sample(0, 0) == same(0, 0));
  // Written down once: recorded results rest on these paths.
  CHECK(ic::to_text(ic::UniformSampler<t::TooWide>(ic::all<t::TooWide>, Seed{0})(0, 0)) ==
        "101-224-187-154-247-92-176-9-4");
  CHECK(ic::to_text(sample(0, 0)) ==
        "|skip_connect~0|+|nor_conv_1x1~0|skip_connect~1|+|skip_connect~0|none~1|none~2|");
}

TEST_CASE("a fixed sampler always draws its architecture") {
  constexpr ic::FixedSampler<Space> sample(Path{0, 1, 2, 3, 4, 0});
  CHECK(sample() == Path{0, 1, 2, 3, 4, 0});
  CHECK(sample(9, 1) == sample(0, 0));
}

TEST_CASE("distinct architectures are distinct, allowed and reproducible") {
  const auto drawn = ic::distinct_architectures(ic::no_zero<Space>, 1000, Seed{8});
  REQUIRE(drawn.size() == 1000);
  CHECK(std::unordered_set<Path>(drawn.begin(), drawn.end()).size() == 1000);
  for (const Path& path : drawn) REQUIRE(ic::no_zero<Space>.allows(path));
  CHECK(drawn == ic::distinct_architectures(ic::no_zero<Space>, 1000, Seed{8}));
  CHECK(drawn != ic::distinct_architectures(ic::no_zero<Space>, 1000, Seed{9}));
  // Fewer are the first of more.
  const auto fewer = ic::distinct_architectures(ic::no_zero<Space>, 10, Seed{8});
  CHECK(fewer == std::vector(drawn.begin(), drawn.begin() + 10));
  CHECK(ic::distinct_architectures(ic::no_zero<Space>, 0, Seed{8}).empty());
}

TEST_CASE("where fewer exist than are asked for, all come, in order") {
  for (const std::uint64_t count : std::vector<std::uint64_t>{64, 65, 1000}) {
    const auto all = ic::distinct_architectures(ic::only_convolutions<Space>, count, Seed{10});
    REQUIRE(all.size() == 64);
    CHECK(std::is_sorted(all.begin(), all.end()));
    CHECK(all.front() == Path{2, 2, 2, 2, 2, 2});
  }
  const auto almost = ic::distinct_architectures(ic::only_convolutions<Space>, 63, Seed{10});
  CHECK(std::set<Path>(almost.begin(), almost.end()).size() == 63);
  CHECK(ic::distinct_architectures(ic::all<t::Single>, 5, Seed{0}).size() == 1);
  CHECK(ic::distinct_architectures(ic::all<t::TooWide>, 50, Seed{0}).size() == 50);
}

TEST_CASE("every architecture is equally often among the distinct ones") {
  std::vector<int> counts(81);
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    for (const auto& a : ic::distinct_architectures(ic::all<t::Small>, 27, Seed{seed}))
      ++counts[a.rank()];
  }
  // Drawing 27 of 81 without putting back: the statistic is smaller by (81 - 27) / 80.
  CHECK(chi_square(counts) < bound(81));
  CHECK(chi_square(counts) > 20);
}
