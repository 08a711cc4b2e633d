#include "interchoice/stats/partial_correlation.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "interchoice/stats/pearson.hpp"
#include "interchoice/stats/ranks.hpp"
#include "property.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using Values = std::vector<double>;

namespace {

/// The values less their straight line in z.
Values residuals(const Values& values, const Values& z) {
  const auto n = static_cast<double>(z.size());
  double mean = 0, mean_z = 0, zz = 0, zv = 0;
  for (std::size_t i = 0; i < z.size(); ++i) mean += values[i] / n, mean_z += z[i] / n;
  for (std::size_t i = 0; i < z.size(); ++i) {
    zz += (z[i] - mean_z) * (z[i] - mean_z);
    zv += (z[i] - mean_z) * (values[i] - mean);
  }
  Values result;
  for (std::size_t i = 0; i < z.size(); ++i) {
    result.push_back(values[i] - mean - zv / zz * (z[i] - mean_z));
  }
  return result;
}

/// The phi coefficient of agreement with z over all pairs, of values without ties.
double agreement_beyond(const Values& x, const Values& y, const Values& z) {
  double both = 0, only_x = 0, only_y = 0, none = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const bool x_agrees = (x[i] < x[j]) == (z[i] < z[j]);
      const bool y_agrees = (y[i] < y[j]) == (z[i] < z[j]);
      (x_agrees ? (y_agrees ? both : only_x) : (y_agrees ? only_y : none)) += 1;
    }
  }
  return (both * none - only_x * only_y) /
         std::sqrt((both + only_x) * (only_y + none) * (both + only_y) * (only_x + none));
}

Values normal_values(std::mt19937_64& random, std::size_t count) {
  std::normal_distribution<double> normal;
  Values values(count);
  for (double& value : values) value = normal(random);
  return values;
}

Values sum(const Values& a, const Values& b, double factor) {
  Values result = a;
  for (std::size_t i = 0; i < a.size(); ++i) result[i] += factor * b[i];
  return result;
}

}  // namespace

// scipy 1.17: the formula with f = stats.kendalltau and f = stats.spearmanr, and for the latter
//   rx, ry, rz = map(stats.rankdata, (x, y, z)); A = np.c_[np.ones(12), rz]
//   res = lambda v: v - A @ np.linalg.lstsq(A, v)[0]; np.corrcoef(res(rx), res(ry))[0, 1]
TEST_CASE("partial correlations are those that scipy's correlations give") {
  const Values x = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8};
  const Values y = {2, 7, 1, 8, 2, 8, 1, 8, 2, 8, 4, 5};
  const Values z = {1, 4, 1, 4, 2, 1, 3, 5, 6, 2, 3, 7};
  CHECK(ic::partial_kendall_tau_b(x, y, z) == Approx(0.16800263756223133).epsilon(1e-12));
  CHECK(ic::partial_spearman(x, y, z) == Approx(0.12778372519497497).epsilon(1e-12));
}

TEST_CASE("partial correlations are correlations of what is left") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20; ++round) {
    const Values z = normal_values(random, 25);
    const Values x = sum(z, normal_values(random, 25), 1.5);
    const Values y = sum(z, normal_values(random, 25), 0.7);
    const double tau = ic::partial_kendall_tau_b(x, y, z);
    const double rho = ic::partial_spearman(x, y, z);
    CHECK(tau == Approx(agreement_beyond(x, y, z)).epsilon(1e-12));
    const Values ranks = ic::average_ranks(z);
    CHECK(rho == Approx(ic::pearson(residuals(ic::average_ranks(x), ranks),
                                    residuals(ic::average_ranks(y), ranks)))
                     .epsilon(1e-10));
    Values reversed = z;
    for (double& value : reversed) value = -value;
    CHECK(ic::partial_kendall_tau_b(y, x, z) == tau);
    CHECK(ic::partial_kendall_tau_b(x, y, reversed) == tau);
    CHECK(ic::partial_spearman(x, y, reversed) == Approx(rho).epsilon(1e-12));
  }
}

TEST_CASE("a noisy copy of a prediction adds nothing to ranks, a look of its own does") {
  std::mt19937_64 random(2);
  const Values known = normal_values(random, 3000), rest = normal_values(random, 3000);
  const Values truth = sum(known, rest, 0.8);
  const Values copy = sum(known, normal_values(random, 3000), 0.5);
  const Values own = sum(rest, normal_values(random, 3000), 0.5);
  CHECK(ic::kendall_tau_b(copy, truth) > 0.4);
  // Of normal values: tau = 2/π asin(r), rho = 6/π asin(r / 2), with r = 0.894 (copy, known), 0.781
  // (truth, known) and their product.
  CHECK(ic::partial_kendall_tau_b(copy, truth, known) == Approx(0.155).margin(0.05));
  CHECK(ic::partial_spearman(copy, truth, known) == Approx(0.012).margin(0.06));
  CHECK(ic::partial_spearman(own, truth, known) > 0.5);
  CHECK(ic::partial_kendall_tau_b(own, truth, known) > 0.4);
}

TEST_CASE("partial correlations stay within [-1, 1], and are undefined where nothing is left") {
  CHECK(rc::check([] {
    const auto [x, y] = DrawnPair::of_at_least(3);
    const Values z = drawn_values(x.size(), 4);
    for (const double value : {ic::partial_kendall_tau_b(x, y, z), ic::partial_spearman(x, y, z)}) {
      RC_ASSERT(std::isnan(value) || std::abs(value) <= 1);
    }
    RC_ASSERT(std::isnan(ic::partial_kendall_tau_b(x, y, x)));
    RC_ASSERT(std::isnan(ic::partial_spearman(x, y, y)));
  }));
  CHECK(std::isnan(ic::partial_spearman(Values{1, 2, 3}, Values{1, 3, 2}, Values{4, 4, 4})));
  CHECK_THROWS_WITH(ic::partial_kendall_tau_b(Values{1, 2}, Values{1, 2}, Values{1}),
                    Contains("partial_kendall_tau_b: x has 2 values, given has 1"));
  CHECK_THROWS_WITH(ic::partial_spearman(Values{1, 2}, Values{1}, Values{1, 2}),
                    Contains("partial_spearman: x has 2 values, y has 1"));
  CHECK_THROWS_AS(ic::partial_spearman(Values{1}, Values{1}, Values{1}), std::invalid_argument);
}
