// Distributions and samplers: what they draw, how they compose, restart, texts.

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
static_assert(ic::MultiPathDistribution<ic::Named<ic::StrictFair<Space>>> &&
              ic::PathSampler<ic::Named<OwnPairs>> &&
              !ic::MultiPathDistribution<ic::Named<ic::Uniform<Space>>>);
static_assert(!ic::MultiPathDistribution<decltype([](ic::CounterRandom&) {
  return std::vector<Path>(2);  // how many?
})>);

static_assert(ic::PathSampler<ic::Sampler<ic::Uniform<Space>>> &&
              ic::PathSampler<ic::Sampler<ic::StrictFair<Space>>> && ic::PathSampler<Constant> &&
              ic::PathSampler<ic::Fixed<Space>> && ic::PathSampler<OwnPairs>);
static_assert(std::is_same_v<ic::sampled_space_t<ic::Sampler<ic::StrictFair<Space>>>, Space>);
static_assert(std::is_same_v<ic::sampled_space_t<OwnPairs>, Space>);
static_assert(std::is_void_v<ic::sampled_space_t<ic::Uniform<Space>>>);
static_assert(
    !ic::PathSampler<ic::Uniform<Space>> && !ic::PathSampler<int> &&
    !ic::PathSampler<decltype([](std::uint64_t, std::uint64_t) { return 3; })> &&
    !ic::PathSampler<decltype([](std::uint64_t, std::uint64_t) { return std::string(); })>);

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
  // Written down once: recorded results rest on these paths.
  CHECK(ic::to_text(ic::Sampler(ic::Uniform(ic::all<t::TooWide>), Seed{0})(0, 0)) ==
        "101-224-187-154-247-92-176-9-4");
  CHECK(ic::to_text(sample(0, 0)) ==
        "|skip_connect~0|+|nor_conv_1x1~0|skip_connect~1|+|skip_connect~0|none~1|none~2|");
}

TEST_CASE("a fixed architecture is drawn always, as a distribution and as a sampler") {
  constexpr ic::Fixed<Space> fixed(Path{0, 1, 2, 3, 4, 0});
  CHECK(fixed(9, 1) == Path{0, 1, 2, 3, 4, 0});
  CHECK(ic::Sampler{fixed, Seed{3}}(9, 1) == fixed(0, 0));
}

TEST_CASE("samplers of one path and of several are read alike") {
  const ic::Sampler one{Mine{}, Seed{1}};
  CHECK(ic::paths_per_step(one) == 1);
  CHECK(ic::paths_of_step(one, 2, 3).front() == one(2, 3));
  CHECK(ic::paths_per_step(ic::Fixed{Path{}}) == 1);
  CHECK(ic::paths_per_step(ic::Sampler{ic::StrictFair<t::Small>{}, Seed{1}}) == 3);
  CHECK(ic::paths_of_step(OwnPairs{}, 0, 0).size() == 2);
  CHECK_THAT(thrown_by<std::length_error>([] { ic::paths_of_step(OwnPairs{3}, 4, 5); }),
             Contains("of 3 paths a step drew 2 in epoch 4, step 5"));
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
  CHECK(drawn == ic::distinct_architectures(ic::Uniform{ic::no_zero<Space>}, 1000, Seed{8}));
}

TEST_CASE("distinct architectures of a distribution come as it draws them, or an error does") {
  const ic::Within few{ic::Weighted{ic::all<t::Small>, rising}, sum_of, {.low = 7}};  // 5 are left
  const auto five = ic::distinct_architectures(few, 5, Seed{1});
  std::set<SmallPath> different(five.begin(), five.end());
  CHECK(different.size() == 5);
  for (const SmallPath& path : five) CHECK(sum_of(path) >= 7);
  CHECK(five.front() == ic::Sampler(few, Seed{1}, ic::Stream::kEvaluation)(0, 0));
  CHECK_THAT(thrown_by<std::runtime_error>([&] { ic::distinct_architectures(few, 6, Seed{1}); }),
             Contains("6 different") && Contains("gave 5, and none of another 700 draws"));
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
  check_fair(ic::Sampler(ic::StrictFair(ic::all<t::Single>), Seed{3}), ic::all<t::Single>,
             t::Single{});
  // Unequal choices that a restriction makes equal.
  const ic::Restriction<t::Mixed> first([](std::size_t, std::size_t c) { return c == 0; });
  check_fair(ic::Sampler(ic::StrictFair(first), Seed{4}), first, t::Mixed{});
  CHECK_THAT(thrown_by<std::invalid_argument>([&] { ic::StrictFair{ic::all<t::Mixed>}; }),
             Contains("choice 0 of 'chain' has 2, choice 1 has 5") && Contains("Use Uniform or"));
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
  const ic::Sampler sample(ic::Weighted(ic::all<t::Mixed>, weight), Seed{12});
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

  const ic::Restriction<t::Mixed> odd(
      [](std::size_t choice, std::size_t c) { return choice == 2 || c % 2 == 1; });
  const ic::Sampler restricted(ic::Weighted(odd, weight), Seed{12});
  std::vector<int> two(2);
  for (std::uint64_t step = 0; step < 3'000; ++step) {
    const auto path = restricted(0, step);
    REQUIRE(odd.allows(path));
    ++two[path[1] == 3 ? 1 : 0];
  }
  CHECK(chi_square(two, {1 / 3., 2 / 3.}) < bound(2));

  const auto refusal = [](auto weights) {
    return thrown_by<std::invalid_argument>([&] { ic::Weighted{ic::all<t::Mixed>, weights}; });
  };
  CHECK_THAT(refusal([](std::size_t, std::size_t c) { return c == 1 ? -0.5 : 1; }),
             Contains("the weight of 'op1' in choice 0 of 'chain' is -0.5"));
  CHECK_THAT(refusal([](std::size_t, std::size_t) { return std::nan(""); }), Contains("is nan"));
  CHECK_THAT(refusal([](std::size_t, std::size_t) { return INFINITY; }), Contains("is inf"));
  CHECK_THAT(refusal([](std::size_t choice, std::size_t) { return choice == 2 ? 0 : 1; }),
             Contains("the weights of choice 2 of 'chain' sum to 0"));
  CHECK_THAT(refusal([](std::size_t, std::size_t) { return 1e308; }), Contains("sum to inf"));
}

TEST_CASE("a budget is kept, and what is within it is uniform") {
  const auto cost = [](const auto& a) { return a[0] + a[1] + a[2] + a[3]; };  // 0 to 8
  const ic::Sampler sample(ic::Within(ic::Uniform(ic::all<t::Small>), cost, {.low = 3, .high = 4}),
                           Seed{13});
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

  const ic::Restriction<t::Small> low([](std::size_t, std::size_t c) { return c < 2; });
  const ic::Sampler both(ic::Within{ic::Uniform{low}, cost, {.low = 4}},
                         Seed{13});  // one of 16 is left
  CHECK(both(5, 6) == ic::Architecture<t::Small>{1, 1, 1, 1});

  const auto drawn = [&](const ic::Budget& budget) {
    return thrown_by<std::runtime_error>([&] {
      ic::Sampler(ic::Within(ic::Uniform(ic::all<t::Small>), cost, budget), Seed{0})(2, 7);
    });
  };
  CHECK_THAT(drawn({.low = 8.5, .high = 9, .max_tries = 2000}),
             Contains("none of 2000 architectures was accepted") && Contains("cost 0 to 8") &&
                 Contains("the budget is 8.5 to 9"));
  CHECK(drawn({.low = 8, .high = 8, .max_tries = 2000}).empty());
  // NaN is neither within a budget nor beyond it.
  const auto odd = [&](const auto& a) { return cost(a) == 4 ? std::nan("") : cost(a); };
  CHECK_THAT(thrown_by<std::invalid_argument>([&] {
               for (std::uint64_t step = 0; step < 100; ++step) {
                 ic::Sampler(ic::Within{ic::Uniform{low}, odd, {.low = 3}}, Seed{0})(0, step);
               }
             }),
             Contains("the cost of '1-1-1-1' is NaN") && Contains("from 3 to inf"));
  const auto made = [&](const ic::Budget& budget) {
    return thrown_by<std::invalid_argument>([&] {
      ic::Within{ic::Uniform{ic::all<t::Small>}, cost, budget};
    });
  };
  CHECK_THAT(made({.low = 2, .high = 1}), Contains("from 2 to 1"));
  CHECK_THAT(made({.low = std::nan("")}), Contains("from nan"));
  CHECK_THAT(made({.max_tries = 0}), Contains("at least one try"));
}

TEST_CASE("compositions have the probabilities of their formulas") {
  const ic::Restriction<t::Small> low([](std::size_t i, std::size_t c) { return i != 1 || c < 2; });
  const ic::Uniform uniform{ic::all<t::Small>};
  const ic::Weighted weighted{low, rising};
  const SmallPath corner{2, 2, 2, 2};
  const ic::Budget budget{.low = 3, .high = 5};
  const auto fits = [&](const SmallPath& a) { return sum_of(a) >= 3 && sum_of(a) <= 5; };
  const Probabilities of_weighted =
      in_proportion([&](const SmallPath& a) { return low.allows(a) ? weight_of(a) : 0; });
  check_probabilities(weighted, of_weighted);
  check_probabilities(ic::Within{weighted, sum_of, budget}, in_proportion([&](const SmallPath& a) {
                        return fits(a) ? of_weighted[a.index()] : 0;
                      }));
  const ic::Mixture mixture{{0.3, 0.1, 0.6}, uniform, ic::Fixed{corner}, weighted};
  const auto of_mixture = [&](const SmallPath& a) {
    return 0.3 / 81 + (a == corner ? 0.1 : 0) + 0.6 * of_weighted[a.index()];
  };
  check_probabilities(mixture, in_proportion(of_mixture));
  check_probabilities(ic::Mixture{{3, 1, 6}, uniform, ic::Fixed{corner}, weighted},
                      in_proportion(of_mixture), 2);  // in proportion
  check_probabilities(ic::Within{mixture, sum_of, {.low = 3}}, in_proportion([&](const auto& a) {
                        return sum_of(a) >= 3 ? of_mixture(a) : 0;
                      }));
  // Each part of a mixture by itself within something else; a part of weight 0 never comes.
  check_probabilities(ic::Mixture{{1, 1, 0},
                                  ic::Within{uniform, sum_of, {.high = 1}},
                                  ic::Within{uniform, sum_of, {.low = 8}},
                                  ic::Fixed{SmallPath{1, 1, 1, 1}}},
                      in_proportion([&](const SmallPath& a) {
                        return sum_of(a) <= 1 ? 0.5 / 5 : sum_of(a) == 8 ? 0.5 : 0;
                      }));
  // A lambda, and a mutation of a parent that is drawn itself.
  check_probabilities(ic::Mixture{{1, 1},
                                  uniform,
                                  [&](auto& random) {
                                    const auto parent = random.below(2) ? corner : SmallPath{};
                                    return ic::Mutation{parent, ic::all<t::Small>}(random);
                                  }},
                      in_proportion([&](const SmallPath& a) {
                        std::size_t high = 0, none = 0;
                        for (const auto c : a.candidates()) high += c == 2, none += c == 0;
                        return 0.5 / 81 + (high == 3 ? 0.25 / 8 : 0) + (none == 3 ? 0.25 / 8 : 0);
                      }));
  const auto refusal = [&](double a, double b) {
    const double weights[] = {a, b};
    return thrown_by<std::invalid_argument>([&] { ic::Mixture{weights, uniform, weighted}; });
  };
  CHECK_THAT(refusal(1, -2), Contains("the weight of distribution 1 in a mixture is -2"));
  CHECK_THAT(refusal(0, 0), Contains("the weights of a mixture sum to 0"));
}

TEST_CASE("mutations and crossover have the probabilities of their definitions") {
  const ic::Restriction<t::Small> restriction(
      [](std::size_t choice, std::size_t c) { return choice != 1 || c == 2; });
  const SmallPath parent{0, 2, 1, 2};
  const auto changes = [&](const SmallPath& a) {
    int n = 0;
    for (std::size_t i = 0; i < 4; ++i) n += a[i] != parent[i];
    return n;
  };
  // Three choices can change, each to two candidates.
  check_probabilities(ic::Mutation{parent, restriction}, in_proportion([&](const SmallPath& a) {
                        return restriction.allows(a) && changes(a) == 1 ? 1 : 0;
                      }));
  check_probabilities(ic::Mutation{parent, restriction, ic::ChangeEach{0.25}},
                      in_proportion([&](const SmallPath& a) {
                        if (!restriction.allows(a)) return 0.;
                        return std::pow(0.25 / 2, changes(a)) * std::pow(0.75, 3 - changes(a));
                      }));
  // Of six pairs one has equal candidates; choice 1 allows only the 2 that it has.
  check_probabilities(
      ic::Mutation{parent, ic::all<t::Small>, ic::SwapTwo{}},
      in_proportion([&](const SmallPath& a) {
        return changes(a) == 2 && sum_of(a) == 5 && a[0] * a[1] * a[2] * a[3] == 0 &&
                       std::count(a.candidates().begin(), a.candidates().end(), 2) == 2
                   ? 1
                   : 0;
      }));
  check_probabilities(ic::Mutation{parent, restriction, ic::SwapTwo{}},
                      in_proportion([&](const SmallPath& a) {
                        return a == SmallPath{1, 2, 0, 2} || a == SmallPath{2, 2, 1, 0} ||
                               a == SmallPath{0, 2, 2, 1};
                      }));
  // Nothing to swap: one choice is changed. Nothing to change: the parent.
  check_probabilities(ic::Mutation{SmallPath{}, ic::all<t::Small>, ic::SwapTwo{}},
                      in_proportion([&](const SmallPath& a) {
                        return std::count(a.candidates().begin(), a.candidates().end(), 0) == 3;
                      }));
  const ic::Restriction<t::Small> only_one([](std::size_t, std::size_t c) { return c == 0; });
  const auto always = [](const SmallPath& path) {
    return in_proportion([&](const SmallPath& a) { return a == path; });
  };
  check_probabilities(ic::Mutation{SmallPath{}, only_one}, always(SmallPath{}));
  check_probabilities(ic::Mutation{parent, restriction, ic::ChangeEach{0}}, always(parent));
  // A candidate that is not allowed is left for the only one that is.
  check_probabilities(ic::Mutation{parent, only_one, ic::ChangeEach{1}}, always(SmallPath{}));
  check_probabilities(
      ic::Within{ic::Mutation{parent, ic::all<t::Small>}, sum_of, {.high = 3}},
      in_proportion([&](const SmallPath& a) { return changes(a) == 1 && sum_of(a) <= 3; }));
  // Two choices differ between the parents.
  check_probabilities(ic::Crossover{parent, SmallPath{1, 2, 1, 0}},
                      in_proportion([&](const SmallPath& a) {
                        return a[0] < 2 && a[1] == 2 && a[2] == 1 && a[3] != 1;
                      }));
  CHECK_THAT(thrown_by<std::invalid_argument>([] { ic::ChangeEach{1.5}; }),
             Contains("probability of 1.5"));
}

namespace {

/// Everything that a few distributions of `Mixed` may be made of.
struct Recipe {
  int kind = 0;
  std::array<std::uint8_t, 4> allowed = {};  // 1: all but the first candidate
  std::array<double, 5> weights = {};
  double low = 0, high = 0;
  std::uint32_t tries = 0;
  std::array<std::uint8_t, 4> path = {}, second_path = {};
  double part = 0, second_part = 0;
  std::uint64_t seed = 0;
  bool evaluation = false;
};

// The sampler of a recipe, as its text and the first hundred draws; a refused draw is one, too.
std::pair<std::string, std::vector<std::string>> drawn(const Recipe& r) {
  using Mixed = t::Mixed;
  const ic::Restriction<Mixed> restriction([&](std::size_t i, std::size_t c) {
    return c > 0 || r.allowed[i] == 0 || Mixed::candidate_count(i) == 1;
  });
  const ic::Uniform uniform{restriction};
  const ic::Weighted weighted{restriction,
                              [&](std::size_t, std::size_t c) { return r.weights[c]; }};
  const auto path_of = [](std::array<std::uint8_t, 4> candidates) {
    for (std::size_t i = 0; i < 4; ++i) {
      candidates[i] = static_cast<std::uint8_t>(candidates[i] % Mixed::candidate_count(i));
    }
    return ic::Architecture<Mixed>(candidates);
  };
  const auto path = path_of(r.path), second_path = path_of(r.second_path);
  const ic::Restriction<t::Small> two_each(
      [&](std::size_t i, std::size_t c) { return c != r.path[i] % 3u; });
  const ic::Named cost{"sum", [](const auto& a) { return a[0] + a[1] + a[3]; }};
  const ic::Budget budget{r.low, r.high, r.tries};
  const auto all_of = [&](const auto& distribution) {
    const ic::Sampler sample{distribution, Seed{r.seed},
                             r.evaluation ? ic::Stream::kEvaluation : ic::Stream::kPaths};
    std::vector<std::string> draws;
    for (std::uint64_t step = 0; step < 100; ++step) {
      try {
        std::string texts;
        for (const auto& drawn : ic::paths_of_step(sample, 0, step)) {
          texts += ic::to_text(drawn) + ' ';
        }
        draws.push_back(texts);
      } catch (const std::runtime_error&) {
        draws.push_back("refused");
      }
    }
    return std::pair{sample.text(), draws};
  };
  switch (r.kind) {
    case 0:
      return all_of(uniform);
    case 1:
      return all_of(weighted);
    case 2:
      return all_of(ic::Fixed{path});
    case 3:
      return all_of(ic::Within{uniform, cost, budget});
    case 4:
      return all_of(ic::Within{weighted, cost, budget});
    case 5:
      return all_of(ic::Mixture{{r.part, r.second_part}, weighted, ic::Fixed{path}});
    case 6:
      return all_of(ic::Mixture{{r.part, r.second_part}, ic::Fixed{path}, uniform});
    case 7:
      return all_of(ic::Mutation{path, restriction});
    case 8:
      return all_of(ic::Mutation{path, restriction, ic::ChangeEach{r.part}});
    case 9:
      return all_of(ic::Mutation{path, restriction, ic::SwapTwo{}});
    case 10:
      return all_of(ic::Mutation{path, restriction, ic::SwapTwo{r.part}});
    case 11:
      return all_of(ic::StrictFair{two_each});
    case 12:
      return all_of(ic::Within{
          ic::Mixture{{r.part, r.second_part}, weighted, ic::Mutation{path, restriction}}, cost,
          budget});
    case 13:
      return all_of(ic::Mixture{{r.part, r.second_part, 0.5},
                                ic::Within{uniform, cost, budget},
                                ic::Crossover{path, second_path},
                                ic::Mutation{second_path, restriction, ic::ChangeEach{r.part}}});
    default:
      return all_of(ic::Crossover{path, second_path});
  }
}

}  // namespace

TEST_CASE("samplers of equal texts draw the same, whatever the one thing that differs") {
  std::map<int, int> told_apart;
  ic::CounterRandom random(Seed{1}, ic::Stream::kEvaluation, 0, 0);
  const auto one_of = [&](const auto&... values) {
    const std::array all{values...};
    return all[random.below(static_cast<std::uint32_t>(all.size()))];
  };
  const auto make = [&] {
    Recipe r;
    r.kind = static_cast<int>(random.below(15));
    for (auto& a : r.allowed) a = static_cast<std::uint8_t>(random.below(2));
    for (double& w : r.weights) w = one_of(0.1, 0.2, 1., std::nextafter(1., 2.), 7.);
    r.low = one_of(0., 1., 2.);
    r.high = one_of(2., 4., std::nextafter(4., 3.), 1e9);
    r.tries = one_of(1u, 2u, 10'000u);
    for (auto& a : r.path) a = static_cast<std::uint8_t>(random.below(15));
    for (auto& a : r.second_path) a = static_cast<std::uint8_t>(random.below(15));
    r.part = one_of(0.25, 0.5, std::nextafter(0.5, 1.));
    r.second_part = one_of(0., 1., std::nextafter(1., 2.));
    r.seed = random.below(3);
    r.evaluation = random.below(2) == 0;
    return r;
  };
  for (int repeat = 0; repeat < 4000; ++repeat) {
    const Recipe one = make();
    const Recipe donor = make();
    Recipe other = one;
    const int member_taken = static_cast<int>(random.below(11));
    switch (member_taken) {
      case 0:
        other.kind = donor.kind;
        break;
      case 1:
        other.allowed = donor.allowed;
        break;
      case 2:
        other.weights = donor.weights;
        break;
      case 3:
        other.low = donor.low;
        break;
      case 4:
        other.high = donor.high;
        break;
      case 5:
        other.tries = donor.tries;
        break;
      case 6:
        other.path = donor.path;
        break;
      case 7:
        other.part = donor.part;
        break;
      case 8:
        other.second_path = donor.second_path;
        break;
      case 9:
        other.second_part = donor.second_part;
        break;
      default:
        other.seed = donor.seed, other.evaluation = donor.evaluation;
        break;
    }
    const auto [text, draws] = drawn(one);
    const auto [other_text, other_draws] = drawn(other);
    if (text == other_text && draws != other_draws) {
      FAIL("member " << member_taken << " changes the draws, not the text: " << text);
    }
    told_apart[member_taken] += draws != other_draws;
  }
  for (int i = 0; i < 11; ++i) {
    INFO("member " << i);
    CHECK(told_apart[i] > 0);  // or the property says nothing about it
  }
}

TEST_CASE("texts hold exact numbers, and seed and stream") {
  const auto with = [](double weight) {
    return ic::Sampler{
        ic::Weighted{ic::all<t::Mixed>,
                     [=](std::size_t i, std::size_t c) { return i == 1 && c == 3 ? weight : 1.; }},
        Seed{5}};
  };
  CHECK(with(0.1).text() ==
        "weighted over chain: op0,op1 | op0,op1,op2,op3,op4 | op0 | op0,op1,op2 by 1 1 | 1 1 1 0.1 "
        "1 | 1 | 1 1 1; seed 5, stream 0");
  CHECK(with(0.1).text() != with(std::nextafter(0.1, 1)).text());
  CHECK(ic::Sampler{ic::Within{Mine{},
                               ic::Named{"zeros", [](const Path& p) { return p[0]; }},
                               {.high = 0.1, .max_tries = 7}},
                    Seed{1}, ic::Stream::kEvaluation}
            .text() == "(mine) within 0 to 0.1 of 'zeros', 7 tries; seed 1, stream 5");
  CHECK(ic::StrictFair{ic::all<t::Small>}.text() ==
        "strictly fair over chain: op0,op1,op2 | = | = | =");
  const ic::Restriction<t::Small> low([](std::size_t i, std::size_t c) { return i != 1 || c < 2; });
  CHECK(ic::Uniform{low}.text() == "uniform over chain: op0,op1,op2 | op0,op1 | op0,op1,op2 | =");
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
    return ic::Sampler(ic::Weighted(ic::all<Space>, weight), s, stream);
  });
  check([](Seed s, ic::Stream stream) {
    const auto cost = [](const Path& path) { return path[0] == 0 ? 1 : 0; };
    return ic::Sampler(ic::Within(ic::Uniform(ic::all<Space>), cost, {.high = 0.5}), s, stream);
  });
  // Written down once: recorded results rest on these paths.
  const auto fair = ic::Sampler(ic::StrictFair<t::Small>(), Seed{0})(1, 2);
  CHECK(ic::to_text(fair[0]) + ' ' + ic::to_text(fair[1]) + ' ' + ic::to_text(fair[2]) ==
        "0-2-1-0 1-1-2-2 2-0-0-1");
}
