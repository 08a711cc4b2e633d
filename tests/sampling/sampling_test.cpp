// Distributions and samplers: what they draw, how they compose, restart, texts.

#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

#include "interchoice/core/text.hpp"
#include "interchoice/sampling/crossover.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "interchoice/sampling/fixed.hpp"
#include "interchoice/sampling/mixture.hpp"
#include "interchoice/sampling/mutation.hpp"
#include "interchoice/sampling/named.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/strict_fair.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/sampling/weighted.hpp"
#include "interchoice/sampling/within.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "spaces/example_spaces.hpp"
#include "support/catch.hpp"
#include "support/chi_square.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
namespace t = interchoice::testing;
using Space = ic::NasBench201Space;
using Path = ic::Architecture<Space>;
using ic::Seed;

namespace {

using interchoice::testing::chi_square;

// A distribution and a sampler of the user's own.
struct Mine {
  Path operator()(auto& random) const {
    return Path{}.with(0, static_cast<std::uint8_t>(random.below(3)));
  }
  std::string text() const { return "mine"; }
};
struct OwnPairs {
  std::size_t said = 2;
  std::size_t paths_per_step() const { return said; }
  std::array<Path, 2> operator()(std::uint64_t, std::uint64_t) const { return {}; }
};
using Constant = decltype([](std::uint64_t, std::uint64_t) { return Path{}; });
using Lambda = decltype([](ic::CounterRandom&) { return Path{}; });

static_assert(ic::Distribution<ic::Uniform<Space>> && ic::Distribution<ic::Fixed<Space>> &&
              ic::Distribution<Mine> && ic::Distribution<Lambda>);
static_assert(std::is_same_v<ic::drawn_space_t<Mine>, Space>);
static_assert(!ic::Distribution<ic::StrictFair<Space>> && !ic::Distribution<Constant> &&
              !ic::Distribution<int> && !ic::Distribution<decltype([] { return Path{}; })>);
static_assert(ic::MultiPathDistribution<ic::StrictFair<Space>>);
static_assert(!ic::MultiPathDistribution<ic::Uniform<Space>>);
static_assert(!ic::MultiPathDistribution<decltype([](ic::CounterRandom&) {
  return std::vector<Path>(2);  // how many?
})>);

static_assert(ic::PathSampler<ic::Sampler<ic::Uniform<Space>>> &&
              ic::PathSampler<ic::Sampler<ic::StrictFair<Space>>> && ic::PathSampler<Constant> &&
              ic::PathSampler<ic::Fixed<Space>> && ic::PathSampler<OwnPairs>);
static_assert(std::is_same_v<ic::sampled_space_t<ic::Sampler<ic::StrictFair<Space>>>, Space>);
static_assert(std::is_same_v<ic::sampled_space_t<OwnPairs>, Space>);
static_assert(std::is_void_v<ic::sampled_space_t<ic::Uniform<Space>>>);
static_assert(!ic::PathSampler<ic::Uniform<Space>> && !ic::PathSampler<int> &&
              !ic::PathSampler<decltype([](std::uint64_t, std::uint64_t) { return 3; })> &&
              !ic::PathSampler<decltype([](std::uint64_t, std::uint64_t) {
                return std::string();
              })>);

static_assert(ic::HasText<Mine> && ic::HasText<ic::Named<Lambda>> && !ic::HasText<Lambda>);
using Number = decltype([](const Path&) { return 1; });
static_assert(ic::HasText<ic::Within<Mine, ic::Named<Number>>> &&
              !ic::HasText<ic::Within<Mine, Number>> &&
              !ic::HasText<ic::Within<Lambda, ic::Named<Number>>> &&
              ic::HasText<ic::Mixture<Mine, ic::Fixed<Space>>> &&
              !ic::HasText<ic::Mixture<Mine, Lambda>>);

// A path can be drawn at compile time.
static_assert(ic::Sampler(ic::Uniform(ic::only_convolutions<Space>), Seed{1})(0, 0)[0] >= 2);
static_assert(ic::Sampler(ic::StrictFair<Space>(), Seed{0})(0, 0).size() == 5);

/// The message of an error of a type that a call throws; empty if none.
template <class Error, class Call>
std::string thrown_by(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

/// A bound that correct draws pass but for one seed in 100,000: mean + 4.3 standard deviations, and
/// some more for the skew of few degrees of freedom.
double bound(std::size_t cells) {
  const double freedom = static_cast<double>(cells) - 1;
  return freedom + 4.3 * std::sqrt(2 * freedom) + 12;
}

/// Whether draws of a distribution have the probabilities that are given for every architecture of
/// `Small`, by chi-square; those of probability 0 must not come.
using Probabilities = std::array<double, 81>;
template <class Distribution>
void check_probabilities(const Distribution& distribution, const Probabilities& expected,
                         std::uint64_t seed = 1) {
  const ic::Sampler sample(distribution, Seed{seed});
  std::vector<int> counts(81);
  for (std::uint64_t step = 0; step < 20'000; ++step) {
    ++counts[sample(step / 100, step % 100).index()];
  }
  std::vector<int> possible;
  std::vector<double> probabilities;
  double total = 0;
  for (std::size_t i = 0; i < 81; ++i) {
    total += expected[i];
    if (expected[i] > 0) {
      possible.push_back(counts[i]);
      probabilities.push_back(expected[i]);
    } else if (counts[i] > 0) {
      FAIL(ic::to_text(ic::Architecture<t::Small>::from_index(i)) << " has the probability 0");
    }
  }
  REQUIRE(total == Approx(1).epsilon(1e-12));
  if (possible.size() > 1) CHECK(chi_square(possible, probabilities) < bound(possible.size()));
}

/// A number for every architecture of `Small`, divided by their sum.
template <class Callable>
Probabilities in_proportion(const Callable& callable) {
  Probabilities result{};
  double total = 0;
  for (std::size_t i = 0; i < 81; ++i) {
    result[i] = callable(ic::Architecture<t::Small>::from_index(i));
    total += result[i];
  }
  for (double& p : result) p /= total;
  return result;
}

using SmallPath = ic::Architecture<t::Small>;
double sum_of(const SmallPath& a) { return a[0] + a[1] + a[2] + a[3]; }
double rising(std::size_t choice, std::size_t c) { return 1. + double(c) * double(choice + 1); }
double weight_of(const SmallPath& a) {
  double product = 1;
  for (std::size_t i = 0; i < 4; ++i) product *= rising(i, a[i]);
  return product;
}

}  // namespace

TEST_CASE("every candidate of every choice is equally probable, choices are independent") {
  const ic::Sampler sample(ic::Uniform(ic::all<t::Mixed>), Seed{3});
  constexpr int kDraws = 30'000;
  std::vector<int> whole(30);
  std::map<std::size_t, std::vector<int>> single;
  for (std::size_t i = 0; i < 4; ++i) single[i].resize(t::Mixed::candidate_count(i));
  for (std::uint64_t step = 0; step < kDraws; ++step) {
    const auto path = sample(step / 100, step % 100);
    ++whole[path.index()];
    for (std::size_t i = 0; i < 4; ++i) ++single[i][path[i]];
  }
  CHECK(chi_square(whole) < bound(30));  // joint: independence and uniformity at once
  CHECK(chi_square(whole) > 8);          // and not evenly spread either
  for (const auto& [choice, counts] : single) CHECK(chi_square(counts) < bound(counts.size()));
}

TEST_CASE("successive steps and epochs are independent") {
  const ic::Sampler sample(ic::Uniform(ic::all<t::Small>), Seed{4});
  std::vector<int> steps(81), epochs(81), seeds(81);
  for (std::uint64_t i = 0; i < 16'200; ++i) {
    const auto pair = [](const auto& a, const auto& b) {
      return static_cast<std::size_t>(((a[0] * 3 + a[3]) * 3 + b[0]) * 3 + b[3]);
    };
    ++steps[pair(sample(7, i), sample(7, i + 1))];
    ++epochs[pair(sample(i, 2), sample(i + 1, 2))];
    ++seeds[pair(ic::Sampler(ic::Uniform(ic::all<t::Small>), Seed{i})(0, 0),
                 ic::Sampler(ic::Uniform(ic::all<t::Small>), Seed{i + 1})(0, 0))];
  }
  CHECK(chi_square(steps) < bound(81));
  CHECK(chi_square(epochs) < bound(81));
  CHECK(chi_square(seeds) < bound(81));
}

TEST_CASE("a restriction is obeyed, and uniform within") {
  const ic::Sampler sample(ic::Uniform(ic::only_convolutions<Space>), Seed{5});
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
  const ic::Sampler sample(ic::Uniform(ic::all<Space>), Seed{6});
  const ic::Sampler same(ic::Uniform(ic::all<Space>), Seed{6});
  const ic::Sampler other_seed(ic::Uniform(ic::all<Space>), Seed{7});
  const ic::Sampler other_stream(ic::Uniform(ic::all<Space>), Seed{6}, ic::Stream::kEvaluation);
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
  CHECK(ic::to_text(ic::Sampler(ic::Uniform(ic::all<t::TooWide>), Seed{0})(0, 0)) ==
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
      ++counts[a.index()];
  }
  // Drawing 27 of 81 without putting back: the statistic is smaller by (81 - 27) / 80.
  CHECK(chi_square(counts) < bound(81));
  CHECK(chi_square(counts) > 20);
}

TEST_CASE("strict fairness: a step uses every candidate of every choice exactly once") {
  const auto check_fair = [](const auto& sample, const auto& restriction, auto space) {
    using Any = decltype(space);
    for (std::uint64_t step = 0; step < 40; ++step) {
      const auto paths = ic::paths_of_step(sample, step / 8, step);
      REQUIRE(paths.size() == ic::paths_per_step(sample));
      for (std::size_t choice = 0; choice < Any::choice_count; ++choice) {
        std::vector<std::uint8_t> used;
        for (const auto& path : paths) used.push_back(path[choice]);
        std::sort(used.begin(), used.end());
        const auto allowed = restriction.candidates(choice);
        REQUIRE(used == std::vector<std::uint8_t>(allowed.begin(), allowed.end()));
      }
    }
  };
  check_fair(ic::Sampler(ic::StrictFair<Space>(), Seed{1}), ic::all<Space>, Space{});
  check_fair(ic::Sampler(ic::StrictFair(ic::no_zero<Space>), Seed{2}), ic::no_zero<Space>, Space{});
  check_fair(ic::Sampler(ic::StrictFair(ic::all<t::TooWide>), Seed{3}), ic::all<t::TooWide>,
             t::TooWide{});
  check_fair(ic::Sampler(ic::StrictFair(ic::all<t::Single>), Seed{3}), ic::all<t::Single>, t::Single{});
  // Unequal choices that a restriction makes equal.
  const ic::Restriction<t::Mixed> first([](std::size_t, std::size_t c) { return c == 0; });
  check_fair(ic::Sampler(ic::StrictFair(first), Seed{4}), first, t::Mixed{});
  CHECK_THAT(
      thrown_by<std::invalid_argument>([&] { ic::Sampler(ic::StrictFair(ic::all<t::Mixed>), Seed{5}); }),
      Contains("choice 0 of 'chain' has 2, choice 1 has 5") && Contains("UniformSampler"));
  static_assert(ic::Sampler(ic::StrictFair<Space>(), Seed{0}).paths(0, 0).size() == 5);
}

TEST_CASE("strict fairness: every order is equally probable, choices and steps are independent") {
  const ic::Sampler sample(ic::StrictFair<t::Small>(), Seed{11});
  constexpr std::uint64_t kDraws = 12'960;
  std::vector<int> whole(81), orders(6), pairs(36), steps(36), epochs(36);
  // The order in which three paths use a choice, 0 to 5.
  const auto order = [](const auto& paths, std::size_t choice) {
    return static_cast<std::size_t>(2 * paths[0][choice] +
                                    (paths[1][choice] > paths[2][choice] ? 1 : 0));
  };
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const auto paths = sample(i / 100, i % 100);
    ++whole[paths[i % 3].index()];  // each path by itself is uniform
    ++orders[order(paths, 2)];
    ++pairs[6 * order(paths, 0) + order(paths, 3)];
    ++steps[6 * order(paths, 1) + order(sample(i / 100, i % 100 + 1), 1)];
    ++epochs[6 * order(paths, 1) + order(sample(i / 100 + 1, i % 100), 1)];
  }
  CHECK(chi_square(whole) < bound(81));
  CHECK(chi_square(orders) < bound(6));
  CHECK(chi_square(pairs) < bound(36));
  CHECK(chi_square(steps) < bound(36));
  CHECK(chi_square(epochs) < bound(36));
}

TEST_CASE("weights are probabilities, restricted or not") {
  // Weight k + 1 for candidate k, three times that in choice 1, none for candidate 2 of choice 3.
  const auto weight = [](std::size_t choice, std::size_t c) {
    if (choice == 3 && c == 2) return 0.0;
    return static_cast<double>(c + 1) * (choice == 1 ? 3 : 1);
  };
  const ic::WeightedSampler sample(ic::all<t::Mixed>, weight, Seed{12});
  std::vector<double> probabilities;  // of the 2 x 5 x 1 x 2 architectures that are left
  for (double a : {1 / 3., 2 / 3.}) {
    for (int b = 1; b <= 5; ++b) {
      for (double d : {1 / 3., 2 / 3.}) probabilities.push_back(a * b / 15. * d);
    }
  }
  std::vector<int> counts(20);
  for (std::uint64_t step = 0; step < 30'000; ++step) {
    const auto path = sample(step / 100, step % 100);
    REQUIRE(path[3] < 2);
    ++counts[static_cast<std::size_t>(10 * path[0] + 2 * path[1] + path[3])];
  }
  CHECK(chi_square(counts, probabilities) < bound(20));
  CHECK(chi_square(counts, probabilities) > 5);
  CHECK(chi_square(counts) > bound(20));  // the test can tell them from uniform ones
  CHECK(sample.probability(1, 4) == Approx(1 / 3.).epsilon(1e-12));
  CHECK(sample.probability(3, 2) == 0);

  const ic::Restriction<t::Mixed> odd(
      [](std::size_t choice, std::size_t c) { return choice == 2 || c % 2 == 1; });
  const ic::WeightedSampler restricted(odd, weight, Seed{12});
  std::vector<int> two(2);
  for (std::uint64_t step = 0; step < 3'000; ++step) {
    const auto path = restricted(0, step);
    REQUIRE(odd.allows(path));
    ++two[path[1] == 3 ? 1 : 0];
  }
  CHECK(chi_square(two, {1 / 3., 2 / 3.}) < bound(2));
  CHECK(restricted.probability(1, 3) == Approx(2 / 3.).epsilon(1e-12));
  CHECK(restricted.probability(1, 2) == 0);

  const auto refusal = [](auto weights) {
    return thrown_by<std::invalid_argument>(
        [&] { ic::WeightedSampler(ic::all<t::Mixed>, weights, Seed{0}); });
  };
  CHECK_THAT(refusal([](std::size_t, std::size_t c) { return c == 1 ? -0.5 : 1; }),
             Contains("the weight of 'op1' in choice 0 is -0.5"));
  CHECK_THAT(refusal([](std::size_t, std::size_t) { return std::nan(""); }), Contains("is nan"));
  CHECK_THAT(refusal([](std::size_t, std::size_t) { return INFINITY; }), Contains("is inf"));
  CHECK_THAT(refusal([](std::size_t choice, std::size_t) { return choice == 2 ? 0 : 1; }),
             Contains("the weights of choice 2 of 'chain' sum to 0"));
  CHECK_THAT(refusal([](std::size_t, std::size_t) { return 1e308; }), Contains("sum to inf"));
}

TEST_CASE("a budget is kept, and what is within it is uniform") {
  const auto cost = [](const auto& a) { return a[0] + a[1] + a[2] + a[3]; };  // 0 to 8
  const ic::BudgetedSampler sample(ic::all<t::Small>, cost, {.low = 3, .high = 4}, Seed{13});
  const ic::Sampler uniform(ic::Uniform(ic::all<t::Small>), Seed{13});
  std::vector<int> counts(81);
  int first_tries = 0;
  for (std::uint64_t step = 0; step < 7'000; ++step) {
    const auto path = sample(step / 100, step % 100);
    REQUIRE((cost(path) == 3 || cost(path) == 4));
    ++counts[path.index()];
    const auto first = uniform(step / 100, step % 100);
    if (cost(first) == 3 || cost(first) == 4) {
      ++first_tries;
      REQUIRE(path == first);
    }
  }
  // Of the 81, 16 cost 3 and 19 cost 4.
  std::erase(counts, 0);
  REQUIRE(counts.size() == 35);
  CHECK(chi_square(counts) < bound(35));
  CHECK(chi_square({first_tries, 7'000 - first_tries}, {35 / 81., 46 / 81.}) < bound(2));
  CHECK(sample.share_within_budget(20'000) == Approx(35 / 81.).epsilon(0.03));

  const ic::Restriction<t::Small> low([](std::size_t, std::size_t c) { return c < 2; });
  const ic::BudgetedSampler both(low, cost, {.low = 4}, Seed{13});  // one of 16 is left
  CHECK(both(5, 6) == ic::Architecture<t::Small>{1, 1, 1, 1});

  const auto drawn = [&](const ic::Budget& budget) {
    return thrown_by<std::runtime_error>(
        [&] { ic::BudgetedSampler(ic::all<t::Small>, cost, budget, Seed{0})(2, 7); });
  };
  CHECK_THAT(drawn({.low = 8.5, .high = 9, .max_tries = 2000}),
             Contains("epoch 2, step 7") && Contains("0 of 2000 architectures (0 %)") &&
                 Contains("cost 0.000000 to 8.000000") && Contains("9.000000"));
  CHECK(drawn({.low = 8, .high = 8, .max_tries = 2000}).empty());
  const auto made = [&](const ic::Budget& budget) {
    return thrown_by<std::invalid_argument>([&] {
      ic::BudgetedSampler(ic::all<t::Small>, cost, budget, Seed{0}).share_within_budget(0);
    });
  };
  CHECK_THAT(made({.low = 2, .high = 1}), Contains("from 2.000000 to 1.000000"));
  CHECK_THAT(made({.low = std::nan("")}), Contains("from nan"));
  CHECK_THAT(made({.max_tries = 0}), Contains("at least one try"));
  CHECK_THAT(made({}), Contains("0 draws"));
}

TEST_CASE("every sampler can be restarted anywhere and depends on seed, stream, epoch, step only") {
  const auto check = [](const auto& make) {
    const auto sample = make(Seed{6}, ic::Stream::kPaths);
    const auto same = make(Seed{6}, ic::Stream::kPaths);
    const auto at = [](const auto& sampler, std::uint64_t epoch, std::uint64_t step) {
      const auto paths = ic::paths_of_step(sampler, epoch, step);
      return std::vector(paths.begin(), paths.end());
    };
    std::vector<decltype(at(sample, 0, 0))> forward, backward(50);
    for (std::uint64_t step = 0; step < 50; ++step) forward.push_back(at(sample, 3, step));
    for (std::uint64_t step = 50; step-- > 0;) backward[step] = at(same, 3, step);
    CHECK(forward == backward);
    int equal[3] = {};
    for (std::uint64_t step = 0; step < 50; ++step) {
      equal[0] += at(make(Seed{7}, ic::Stream::kPaths), 3, step) == forward[step];
      equal[1] += at(make(Seed{6}, ic::Stream::kEvaluation), 3, step) == forward[step];
      equal[2] += at(sample, 4, step) == forward[step];
    }
    for (const int count : equal) CHECK(count <= 1);
  };
  check([](Seed s, ic::Stream stream) { return ic::Sampler(ic::StrictFair<Space>(), s, stream); });
  check([](Seed s, ic::Stream stream) {
    const auto weight = [](std::size_t, std::size_t c) { return 1. + static_cast<double>(c); };
    return ic::WeightedSampler(ic::all<Space>, weight, s, stream);
  });
  check([](Seed s, ic::Stream stream) {
    const auto cost = [](const Path& path) { return path[0] == 0 ? 1 : 0; };
    return ic::BudgetedSampler(ic::all<Space>, cost, {.high = 0.5}, s, stream);
  });
  // Written down once: recorded results rest on these paths.
  const auto fair = ic::Sampler(ic::StrictFair<t::Small>(), Seed{0}).paths(1, 2);
  CHECK(ic::to_text(fair[0]) + ' ' + ic::to_text(fair[1]) + ' ' + ic::to_text(fair[2]) ==
        "0-2-1-0 1-1-2-2 2-0-0-1");
}
