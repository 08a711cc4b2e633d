#include "interchoice/stats/paired_difference.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/stats/equivalence.hpp"
#include "interchoice/stats/multiple_tests.hpp"
#include "interchoice/stats/sign_flip_test.hpp"
#include "interchoice/stats/verdict.hpp"
#include "property.hpp"
#include "random_values.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using ic::Verdict;
using Values = std::vector<double>;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Darwin's pairs of plants, crossed less self-fertilised, in eighths of an inch (Fisher 1935).
const Values kDarwin = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};

Values zeros(std::size_t count) { return Values(count); }

/// All signs, one after the other, of integers.
double flips_by_counting(const Values& differences) {
  const double seen = std::abs(std::accumulate(differences.begin(), differences.end(), 0.0));
  const auto all = std::uint64_t{1} << differences.size();
  double count = 0;
  for (std::uint64_t signs = 0; signs < all; ++signs) {
    double sum = 0;
    for (std::size_t i = 0; i < differences.size(); ++i) {
      sum += (signs >> i & 1) != 0 ? differences[i] : -differences[i];
    }
    count += std::abs(sum) >= seen;
  }
  return count / static_cast<double>(all);
}

/// A difference of a mean and standard error, of ten pairs.
ic::PairedDifference difference_of(double mean, double standard_error) {
  ic::PairedDifference difference;
  difference.pairs = 10;
  difference.mean = mean;
  difference.standard_error = standard_error;
  difference.p = difference.distribution().two_sided(mean / standard_error);
  return difference;
}

}  // namespace

// scipy 1.17: r = stats.ttest_rel(x, y); r.confidence_interval(0.95)
//             stats.permutation_test((x, y), lambda a, b, axis: np.mean(a - b, axis=axis),
//                                    permutation_type='samples', n_resamples=np.inf).pvalue
TEST_CASE("the paired difference is scipy's paired test") {
  const Values x = {0.61, 0.58, 0.66, 0.49, 0.70, 0.63, 0.55, 0.68};
  const Values y = {0.55, 0.60, 0.57, 0.44, 0.66, 0.52, 0.53, 0.59};
  const auto difference = ic::paired_difference(x, y);
  CHECK(difference.pairs == 8);
  CHECK(difference.mean == Approx(0.055).epsilon(1e-12));
  CHECK(difference.standard_deviation == Approx(0.042426406871192875).epsilon(1e-12));
  CHECK(difference.standard_error == Approx(0.015).epsilon(1e-12));
  CHECK(difference.t == Approx(3.666666666666665).epsilon(1e-12));
  CHECK(difference.p == Approx(0.0079994338096037).epsilon(1e-11));
  CHECK(difference.low == Approx(0.019530636226108226).epsilon(1e-11));
  CHECK(difference.high == Approx(0.09046936377389178).epsilon(1e-11));
  CHECK(difference.effect_size == Approx(1.2963624321753364).epsilon(1e-12));
  CHECK(difference.sign_flip_p == 0.0234375);

  // Fisher, "The Design of Experiments", sections 17 and 21: t = 2.148, beyond the 5 % point; 1726
  // of the 2^15 signs make a total as large.
  const auto darwin = ic::paired_difference(kDarwin, zeros(15));
  CHECK(darwin.t == Approx(2.1479874613311205).epsilon(1e-12));
  CHECK(darwin.p == Approx(0.049702944021800866).epsilon(1e-11));
  CHECK(darwin.low == Approx(0.031193318392979563).epsilon(1e-9));
  CHECK(darwin.high == Approx(41.83547334827369).epsilon(1e-11));
  CHECK(darwin.sign_flip_p == 1726.0 / 32768);
}

TEST_CASE("a paired difference turns with its methods, and the interval is the test's") {
  CHECK(rc::check([] {
    const DrawnPair drawn = DrawnPair::of_at_least(2);
    const auto& [x, y] = drawn;
    const double level = *rc::gen::element(0.5, 0.9, 0.95, 0.999);
    const ic::PairedDifferenceOptions options{.level = level, .sign_flips = {.samples = 50}};
    const auto there = ic::paired_difference(x, y, options);
    const auto back = ic::paired_difference(y, x, options);
    RC_ASSERT(there.mean == -back.mean);
    RC_ASSERT(there.p == back.p);
    RC_ASSERT(there.low == -back.high);
    RC_ASSERT(there.sign_flip_p == back.sign_flip_p);
    RC_ASSERT(there.low <= there.mean && there.mean <= there.high);
    if (there.standard_deviation > 0 && std::abs(there.p - (1 - level)) > 1e-9) {
      RC_ASSERT((there.p <= 1 - level) == (there.low > 0 || there.high < 0));
    }
  }));
  // Differences without a spread.
  const auto same = ic::paired_difference(Values{1, 2, 3}, Values{1, 2, 3});
  CHECK(same.p == 1);
  CHECK(same.sign_flip_p == 1);
  CHECK(std::isnan(same.t));
  CHECK(std::isnan(same.effect_size));
  const auto constant = ic::paired_difference(Values{2, 3, 4}, Values{1, 2, 3});
  CHECK(constant.p == 0);
  CHECK(constant.t == kInfinity);
  CHECK(constant.low == 1);
  CHECK(constant.high == 1);
  CHECK(constant.sign_flip_p == 0.25);
}

TEST_CASE("intervals of the paired difference hold the expectation as often as they say") {
  std::mt19937_64 random(3);
  std::normal_distribution<double> seed_effect(0, 1), own(0, 0.3);
  int held = 0;
  constexpr int kStudies = 3000;
  for (int study = 0; study < kStudies; ++study) {
    Values first(5), second(5);
    for (std::size_t i = 0; i < 5; ++i) {
      const double common = seed_effect(random);
      first[i] = common + 0.2 + own(random);
      second[i] = common + own(random);
    }
    const auto difference = ic::paired_difference(first, second, {.level = 0.9});
    held += difference.low <= 0.2 && 0.2 <= difference.high;
  }
  CHECK(std::abs(held - 0.9 * kStudies) < 4 * std::sqrt(0.09 * kStudies));
}

TEST_CASE("sign flips are those of counting all signs") {
  CHECK(rc::check([] {
    const auto count = *rc::gen::inRange<std::size_t>(1, 13);
    Values differences = drawn_values(count, *rc::gen::element(2, 5, 1000));
    for (double& difference : differences) difference -= 1;
    RC_ASSERT(ic::sign_flip_test(differences) == flips_by_counting(differences));
  }));
  // Equal sums that rounding keeps apart: any sign of 0.1 + 0.2 - 0.3 is as far from 0 as another.
  CHECK(ic::sign_flip_test(Values{0.1, 0.2, 0.3, 0.3}) == flips_by_counting(Values{1, 2, 3, 3}));
  CHECK(ic::sign_flip_test(Values(5, 0.3)) == 2.0 / 32);
  CHECK(ic::sign_flip_test(Values(20, 0.3)) == 2.0 / (1 << 20));
  CHECK(ic::sign_flip_test(Values{0, 0}) == 1);
}

TEST_CASE("of many differences signs are drawn, from the seed, and never give 0") {
  Values differences = kDarwin;
  differences.insert(differences.end(), {0, 0, 0, 0, 0, 0});  // whose signs change nothing
  REQUIRE(differences.size() > ic::kMostExactFlips);
  const double exact = 1726.0 / 32768;
  const double p = ic::sign_flip_test(differences, {.seed = ic::Seed{1}, .samples = 40000});
  CHECK(std::abs(p - exact) < 4 * std::sqrt(exact / 40000));
  CHECK(ic::sign_flip_test(differences, {.seed = ic::Seed{1}, .samples = 40000}) == p);
  CHECK(ic::sign_flip_test(differences, {.seed = ic::Seed{2}, .samples = 40000}) != p);
  CHECK(ic::sign_flip_test(Values(50, 1.0), {.samples = 999}) == 0.001);
  CHECK_THROWS_WITH(ic::sign_flip_test(Values(50, 1.0), {.samples = 0}), Contains("0 samples"));
  CHECK_THROWS_AS(ic::sign_flip_test(Values{}), std::invalid_argument);
  CHECK_THROWS_WITH(ic::sign_flip_test(Values{1, kNan}), Contains("differences[1] is nan"));
}

TEST_CASE("paired differences refuse what are no pairs") {
  CHECK_THROWS_WITH(ic::paired_difference(Values{1, 2}, Values{1}), Contains("first has 2 values"));
  CHECK_THROWS_WITH(ic::paired_difference(Values{1}, Values{1}), Contains("at least 2"));
  CHECK_THROWS_WITH(ic::paired_difference(Values{1, kInfinity}, Values{1, 2}),
                    Contains("first[1] is inf"));
  CHECK_THROWS_WITH(ic::paired_difference(Values{1e308, 1}, Values{-1e308, 2}),
                    Contains("first - second[0] is inf"));
  CHECK_THROWS_WITH(ic::paired_difference(Values{1, 2}, Values{1, 2}, {.level = 1}),
                    Contains("not between 0 and 1"));
}

// scipy 1.17: stats.false_discovery_control(p)
TEST_CASE("adjusted p values are the published ones") {
  // Benjamini & Hochberg (1995), section 4: 15 p values, of which Bonferroni and Holm reject three
  // and their procedure four.
  const Values p = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                    0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0};
  const Values expected = {0.0015,
                           0.003,
                           0.0095,
                           0.035625,
                           0.0603,
                           0.06385714285714286,
                           0.06385714285714286,
                           0.0645,
                           0.0765,
                           0.486,
                           0.5811818181818181,
                           0.714875,
                           0.7532307692307693,
                           0.8132142857142857,
                           1.0};
  const Values discovery = ic::benjamini_hochberg_adjusted(p);
  for (std::size_t i = 0; i < p.size(); ++i) CHECK(discovery[i] == Approx(expected[i]));
  const auto rejected = [](const Values& adjusted) {
    return std::ranges::count_if(adjusted, [](double value) { return value <= 0.05; });
  };
  CHECK(rejected(discovery) == 4);
  CHECK(rejected(ic::holm_adjusted(p)) == 3);
  // By hand: 4 · 0.005, 3 · 0.01, 2 · 0.03, and 0.04, which may not be below 0.06.
  const Values holm = ic::holm_adjusted(Values{0.01, 0.04, 0.03, 0.005});
  CHECK(holm[0] == Approx(0.03));
  CHECK(holm[1] == Approx(0.06));
  CHECK(holm[2] == Approx(0.06));
  CHECK(holm[3] == Approx(0.02));
}

TEST_CASE("adjusted p values keep the order, are no smaller, and reject as the procedures do") {
  CHECK(rc::check([] {
    const auto count = *rc::gen::inRange<std::size_t>(1, 30);
    Values p = drawn_values(count, *rc::gen::element(2, 20, 1001));
    for (double& value : p) value /= 1000;
    const Values holm = ic::holm_adjusted(p);
    const Values discovery = ic::benjamini_hochberg_adjusted(p);
    const auto m = static_cast<double>(count);
    for (std::size_t i = 0; i < count; ++i) {
      RC_ASSERT(p[i] <= discovery[i] && discovery[i] <= holm[i]);
      RC_ASSERT(holm[i] <= std::min(1.0, m * p[i]));
      for (std::size_t j = 0; j < count; ++j) {
        RC_ASSERT(p[i] > p[j] || (holm[i] <= holm[j] && discovery[i] <= discovery[j]));
      }
    }
    Values sorted = p;
    std::ranges::sort(sorted);
    const double alpha = *rc::gen::element(0.01047, 0.05047, 0.20047);  // equal to no k · p
    std::size_t holm_rejects = 0;
    while (holm_rejects < count &&
           sorted[holm_rejects] * static_cast<double>(count - holm_rejects) <= alpha) {
      ++holm_rejects;
    }
    std::size_t discovery_rejects = count;
    while (discovery_rejects > 0 &&
           sorted[discovery_rejects - 1] > static_cast<double>(discovery_rejects) / m * alpha) {
      --discovery_rejects;
    }
    const auto rejected = [alpha](const Values& adjusted) {
      return static_cast<std::size_t>(
          std::ranges::count_if(adjusted, [alpha](double value) { return value <= alpha; }));
    };
    RC_ASSERT(rejected(holm) == holm_rejects);
    RC_ASSERT(rejected(discovery) == discovery_rejects);
  }));
  CHECK(ic::holm_adjusted(Values{}).empty());
  CHECK(ic::holm_adjusted(Values{0.03}) == Values{0.03});
  CHECK_THROWS_WITH(ic::holm_adjusted(Values{0.1, 1.5}), Contains("p_values[1] is 1.5"));
  CHECK_THROWS_WITH(ic::benjamini_hochberg_adjusted(Values{kNan}), Contains("p_values[0] is nan"));
}

TEST_CASE("equivalence is an interval within the margins") {
  const ic::StudentT distribution(9);
  for (const double mean : {-0.05, -0.01, 0.0, 0.02, 0.049}) {
    for (const double error : {0.002, 0.01, 0.04}) {
      const auto test = ic::equivalence_test(difference_of(mean, error), 0.05);
      const double half = distribution.quantile(0.95) * error;  // of the interval of 90 %
      CAPTURE(mean, error);
      CHECK((test.p() <= 0.05) == (mean - half > -0.05 && mean + half < 0.05));
      CHECK((test.not_below <= 0.05) == (mean - half > -0.05));
      CHECK((test.not_above <= 0.05) == (mean + half < 0.05));
      const auto turned = ic::equivalence_test(difference_of(-mean, error), 0.05);
      CHECK(turned.not_below == Approx(test.not_above));
    }
  }
  // scipy 1.17: stats.t.sf((0.01 + 0.05) / 0.02, 9), stats.t.cdf((0.01 - 0.05) / 0.02, 9)
  const auto test = ic::equivalence_test(difference_of(0.01, 0.02), 0.05);
  CHECK(test.not_below == Approx(0.007478181955207111).epsilon(1e-11));
  CHECK(test.not_above == Approx(0.038276411885350504).epsilon(1e-11));
  const auto point = ic::paired_difference(Values{2, 3, 4}, Values{1, 2, 3});
  CHECK(ic::equivalence_test(point, 1).p() == 1);
  CHECK(ic::equivalence_test(point, 1.1).p() == 0);
  CHECK_THROWS_WITH(ic::equivalence_test(point, 0), Contains("the margin 0"));
}

TEST_CASE("verdicts follow the rule, row by row") {
  const ic::Claim claim{.smallest_difference = 0.05};
  const auto verdict = [&](double mean, double error) {
    const auto difference = difference_of(mean, error);
    return ic::verdict_of(difference, difference.p, claim);
  };
  CHECK(verdict(0.10, 0.02) == Verdict::kConfirmed);
  CHECK(verdict(0.04, 0.015) == Verdict::kConfirmed);   // 0.05 is not excluded
  CHECK(verdict(0.02, 0.005) == Verdict::kEquivalent);  // real, but too small
  CHECK(verdict(-0.02, 0.005) == Verdict::kEquivalent);
  CHECK(verdict(0.0, 0.02) == Verdict::kEquivalent);
  CHECK(verdict(-0.10, 0.02) == Verdict::kContradicted);
  CHECK(verdict(-0.10, 0.05) == Verdict::kContradicted);  // 0.05 is excluded, the sign is open
  CHECK(verdict(0.0, 0.04) == Verdict::kUndecided);
  CHECK(verdict(0.10, 0.06) == Verdict::kUndecided);
  CHECK(ic::to_text(Verdict::kUndecided) == "undecided at this power");
  CHECK(ic::to_text(Verdict::kConfirmed) == "confirmed");
  CHECK(ic::to_text(Verdict::kContradicted) == "contradicted");
  CHECK(ic::to_text(Verdict::kEquivalent) == "equivalent");

  // A family: the adjusted p counts, and the margins are tested at alpha / m.
  const auto strong = difference_of(0.10, 0.04);  // p = 0.034
  CHECK(ic::verdict_of(strong, strong.p, claim) == Verdict::kConfirmed);
  CHECK(ic::verdict_of(strong, 4 * strong.p, claim) == Verdict::kUndecided);
  const ic::Claim one_of_four{.smallest_difference = 0.05, .family = 4};
  const auto small = difference_of(0.0, 0.02);  // each margin: p = 0.017
  CHECK(ic::verdict_of(small, 1, one_of_four) == Verdict::kUndecided);

  CHECK_THROWS_WITH(ic::verdict_of(strong, 1.2, claim), Contains("adjusted p 1.2"));
  CHECK_THROWS_WITH(ic::verdict_of(strong, 0.1, {}), Contains("the margin 0"));
  CHECK_THROWS_WITH(ic::verdict_of(strong, 0.1, {.smallest_difference = 1, .alpha = 0}),
                    Contains("alpha 0"));
  CHECK_THROWS_AS(ic::verdict_of(strong, 0.1, {.smallest_difference = 1, .family = 0}),
                  std::invalid_argument);
}

TEST_CASE("verdicts of a claim and of its opposite agree") {
  const ic::Claim up{.smallest_difference = 0.05, .family = 3};
  ic::Claim down = up;
  down.sign = ic::ClaimedSign::kNegative;
  for (double mean = -0.2; mean <= 0.2; mean += 0.01) {
    for (const double error : {0.003, 0.01, 0.03, 0.06}) {
      const auto difference = difference_of(mean, error);
      const auto turned = difference_of(-mean, error);
      for (const double p : {difference.p, std::min(1.0, 3 * difference.p)}) {
        const Verdict verdict = ic::verdict_of(difference, p, up);
        CAPTURE(mean, error, p);
        CHECK(ic::verdict_of(turned, p, down) == verdict);
        const Verdict opposite = ic::verdict_of(difference, p, down);
        CHECK((verdict == Verdict::kEquivalent) == (opposite == Verdict::kEquivalent));
        if (verdict == Verdict::kConfirmed) CHECK(opposite == Verdict::kContradicted);
      }
    }
  }
}
