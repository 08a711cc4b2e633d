#include "interchoice/stats/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <stdexcept>
#include <vector>

#include "interchoice/stats/bootstrap_difference.hpp"
#include "interchoice/stats/improvement.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/stats/quantile.hpp"
#include "random_values.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using Span = std::span<const double>;
using Values = std::vector<double>;

namespace {

constexpr auto tau = ic::kendall_tau_b;

double mean_of_truth(Span, Span t) {
  double sum = 0;
  for (const double value : t) sum += value;
  return sum / static_cast<double>(t.size());
}

/// The resamples, drawn again by hand, and the quantiles by counting.
ic::ConfidenceInterval bootstrap_by_hand(const Values& p, const Values& t, std::uint64_t seed,
                                         std::uint32_t resamples, double level) {
  Values values;
  for (std::uint32_t b = 0; b < resamples; ++b) {
    ic::CounterRandom random(ic::Seed{seed}, ic::Stream{6}, 0, b);
    Values drawn_p, drawn_t;
    for (std::size_t i = 0; i < t.size(); ++i) {
      const std::uint32_t place = random.below(static_cast<std::uint32_t>(t.size()));
      drawn_p.push_back(p[place]);
      drawn_t.push_back(t[place]);
    }
    const double value = ic::kendall_tau_b(drawn_p, drawn_t);
    if (!std::isnan(value)) values.push_back(value);
  }
  return {tau(p, t), ic::quantile(values, (1 - level) / 2), ic::quantile(values, (1 + level) / 2),
          resamples - values.size()};
}

void check_same(const ic::ConfidenceInterval& a, const ic::ConfidenceInterval& b) {
  CHECK(a.estimate == b.estimate);
  CHECK(a.low == b.low);
  CHECK(a.high == b.high);
  CHECK(a.undefined == b.undefined);
}

}  // namespace

// numpy 2.4: x = np.arange(50)**2 % 37 / 10; np.quantile(x, [0.025, 0.5, 0.975])
TEST_CASE("quantiles are numpy's") {
  Values x;
  for (std::size_t i = 0; i < 50; ++i) x.push_back(static_cast<double>(i * i % 37) / 10);
  CHECK(ic::quantile(x, 0.025) == Approx(0.02250000000000001).epsilon(1e-12));
  CHECK(ic::quantile(x, 0.5) == Approx(1.6).epsilon(1e-14));
  CHECK(ic::quantile(x, 0.975) == Approx(3.6).epsilon(1e-14));
  CHECK(ic::quantile(Values{3, 1, 2}, 0) == 1);
  CHECK(ic::quantile(Values{3, 1, 2}, 1) == 3);
  CHECK(ic::quantile(Values{3, 1}, 0.25) == 1.5);
  CHECK(ic::quantile(Values{7}, 0.3) == 7);
  CHECK_THROWS_WITH(ic::quantile(Values{1}, 1.1), Contains("outside [0, 1]"));
  CHECK_THROWS_AS(ic::quantile(Values{}, 0.5), std::invalid_argument);
}

TEST_CASE("the bootstrap over architectures is the definition's and covers what it says") {
  for (std::uint64_t seed = 1; seed < 8; ++seed) {
    const Values p = random_values(seed, seed == 1 ? 3 : 30, 8);  // three: some resamples undefined
    const Values t = random_values(seed + 100, p.size(), 12);
    const ic::BootstrapOptions options{ic::Seed{seed}, 200, 0.9};
    const auto interval = ic::bootstrap(p, t, tau, options);
    check_same(interval, bootstrap_by_hand(p, t, seed, 200, 0.9));
    CHECK((seed != 1 || interval.undefined > 0));
    CHECK(interval.low <= interval.high);
    check_same(ic::bootstrap(p, t, tau, options), interval);
    CHECK((seed == 1 ||
           ic::bootstrap(p, t, tau, {ic::Seed{seed + 50}, 200, 0.9}).low != interval.low));
  }
  // The mean's interval against that of the normal distribution, and how often it holds the mean.
  int covered = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Values t = random_values(seed, 60, 1001);  // mean 500, deviation 289
    const auto interval = ic::bootstrap(t, t, mean_of_truth, {ic::Seed{seed}, 400, 0.9});
    covered += interval.low <= 500 && 500 <= interval.high;
    const double half = 1.645 * 289 / std::sqrt(60.0);
    CHECK(interval.high - interval.low == Approx(2 * half).epsilon(0.4));
    CHECK(interval.estimate == mean_of_truth(t, t));
  }
  CHECK(covered > 165);  // 90 % of 200, four deviations below: 163
  CHECK(covered < 197);
}

TEST_CASE("curves have an interval at each point, that of the point alone") {
  const Values p = random_values(4, 25, 9), t = random_values(5, 25, 40);
  const ic::BootstrapOptions options{ic::Seed{3}, 150, 0.95};
  const auto curve = ic::bootstrap_curve(
      p, t, [](Span x, Span y) { return ic::improvement_curve(x, y).normalised; }, options);
  REQUIRE(curve.size() == 25);
  for (const std::size_t n : {1u, 10u, 25u}) {
    check_same(
        curve[n - 1],
        ic::bootstrap(
            p, t, [n](Span x, Span y) { return ic::improvement_curve(x, y).normalised[n - 1]; },
            options));
  }
  CHECK(curve[24].low == 0);
  CHECK(curve[24].high == 0);
  CHECK_THROWS_WITH(
      ic::bootstrap_curve(p, t, [&](Span x, Span) { return Values(x[0] == p[0] ? 2 : 1); }),
      Contains("returned a curve of"));
  const auto undefined = ic::bootstrap(
      p, t, [](Span, Span) { return std::numeric_limits<double>::quiet_NaN(); }, options);
  CHECK(undefined.undefined == 150);
  CHECK(std::isnan(undefined.low));
}

TEST_CASE("the bootstrap over seeds draws runs, and architectures where it is told to") {
  const Values t = random_values(1, 40, 100);
  std::vector<Values> runs;
  for (std::uint64_t seed = 10; seed < 13; ++seed) {
    runs.push_back(t);
    const Values noise = random_values(seed, 40, 80);
    for (std::size_t i = 0; i < 40; ++i) runs.back()[i] += noise[i];
  }
  const Values each{tau(runs[0], t), tau(runs[1], t), tau(runs[2], t)};
  // All 27 resamples of three runs, each as probable as any other.
  std::vector<double> means;
  for (const double a : each)
    for (const double b : each)
      for (const double c : each) means.push_back((a + b + c) / 3);
  const ic::BootstrapOptions options{ic::Seed{2}, 4000, 0.8};
  const auto interval = ic::bootstrap_over_seeds(runs, t, tau, options);
  CHECK(interval.estimate == Approx((each[0] + each[1] + each[2]) / 3).epsilon(1e-14));
  const double spread = ic::quantile(means, 1) - ic::quantile(means, 0);
  CHECK(interval.low == Approx(ic::quantile(means, 0.1)).margin(0.12 * spread));
  CHECK(interval.high == Approx(ic::quantile(means, 0.9)).margin(0.12 * spread));

  const auto both =
      ic::bootstrap_over_seeds(runs, t, tau, options, ic::Resampled::kSeedsAndArchitectures);
  CHECK(both.estimate == interval.estimate);
  CHECK(both.high - both.low > interval.high - interval.low);
  // One run: nothing to draw but architectures, about as wide as the bootstrap over these.
  const std::vector<Values> one{runs[0]};
  CHECK(ic::bootstrap_over_seeds(one, t, tau, options).low == each[0]);
  const auto alone =
      ic::bootstrap_over_seeds(one, t, tau, options, ic::Resampled::kSeedsAndArchitectures);
  const auto direct = ic::bootstrap(runs[0], t, tau, options);
  CHECK(alone.high - alone.low == Approx(direct.high - direct.low).epsilon(0.1));

  CHECK_THROWS_WITH(ic::bootstrap_over_seeds({}, t, tau), Contains("there are 0 runs"));
  CHECK_THROWS_WITH(ic::bootstrap(t, t, tau, {.resamples = 0}), Contains("0 resamples"));
  CHECK_THROWS_WITH(ic::bootstrap(t, t, tau, {.level = 1}), Contains("not between 0 and 1"));
  CHECK_THROWS_AS(ic::bootstrap(t, Values{1}, tau), std::invalid_argument);
}

TEST_CASE(
    "the bootstrap of a difference draws architectures once and the runs of each method apart") {
  const auto mean_prediction = [](Span p, Span) {
    double sum = 0;
    for (const double value : p) sum += value;
    return sum / static_cast<double>(p.size());
  };
  const auto constant = [](double value) { return Values(20, value); };
  const Values truth = random_values(3, 20, 1000);
  const std::vector<Values> first{constant(1), constant(3)};
  const std::vector<Values> second{constant(0)};
  // The metric ignores architectures: means over two of the runs are 1, 2 and 3.
  const auto runs = ic::bootstrap_difference(first, second, truth, mean_prediction);
  CHECK(runs.estimate == 2);
  CHECK(runs.low == 1);
  CHECK(runs.high == 3);
  // The metric ignores predictions: were architectures drawn twice, this would not be 0 throughout.
  const auto paired = ic::bootstrap_difference(first, second, truth, mean_of_truth);
  CHECK(paired.estimate == 0);
  CHECK(paired.low == 0);
  CHECK(paired.high == 0);
  // A method beside itself.
  const std::vector<Values> noisy{random_values(4, 20, 1000), random_values(5, 20, 1000)};
  const auto same = ic::bootstrap_difference(noisy, noisy, truth, tau);
  CHECK(same.estimate == 0);
  CHECK(same.low < 0);
  CHECK(same.high > 0);
  // The truth beside noise: tau-b 1 against that of the noise.
  const std::vector<Values> perfect{truth};
  const std::vector<Values> noise{noisy[0]};
  const auto better = ic::bootstrap_difference(perfect, noise, truth, tau);
  CHECK(better.estimate == 1 - tau(noisy[0], truth));
  CHECK(better.low > 0);
  const std::vector<Values> none;
  CHECK_THROWS_WITH(ic::bootstrap_difference(none, second, truth, tau),
                    Contains("there are 0 runs"));
  const std::vector<Values> short_runs{Values(19, 1.0)};
  CHECK_THROWS_AS(ic::bootstrap_difference(first, short_runs, truth, tau), std::invalid_argument);
}
