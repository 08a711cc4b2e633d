#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "interchoice/stats/pearson.hpp"
#include "interchoice/stats/ranks.hpp"
#include "interchoice/stats/spearman.hpp"
#include "property.hpp"
#include "random_values.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using Values = std::vector<double>;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// The definition, in long double and without any care.
double pearson_by_definition(const Values& x, const Values& y) {
  const auto count = static_cast<long double>(x.size());
  const long double mean_x = std::accumulate(x.begin(), x.end(), 0.0L) / count;
  const long double mean_y = std::accumulate(y.begin(), y.end(), 0.0L) / count;
  long double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  return static_cast<double>(xy / std::sqrt(xx * yy));
}

double rank_by_definition(const Values& values, std::size_t i) {
  const auto smaller =
      std::count_if(values.begin(), values.end(), [&](double value) { return value < values[i]; });
  const auto equal = std::count(values.begin(), values.end(), values[i]);
  return static_cast<double>(smaller) + (static_cast<double>(equal) + 1) / 2;
}

Values shifted(Values values, double offset, double factor) {
  for (double& value : values) value = offset + factor * value;
  return values;
}

}  // namespace

TEST_CASE("average ranks are those of the definition and sum to n (n + 1) / 2") {
  CHECK(ic::average_ranks(Values{30, 10, 20}) == Values{3, 1, 2});
  CHECK(ic::average_ranks(Values{5, 1, 5, 5}) == Values{3, 1, 3, 3});
  CHECK(ic::average_ranks(Values{7, 7}) == Values{1.5, 1.5});
  CHECK(ic::average_ranks(Values{}).empty());
  CHECK(rc::check([] {
    const Values values = DrawnPair::of_at_least(1).x;
    const auto count = static_cast<double>(values.size());
    const auto ranks = ic::average_ranks(values);
    RC_ASSERT(std::accumulate(ranks.begin(), ranks.end(), 0.0) == count * (count + 1) / 2);
    for (std::size_t i = 0; i < values.size(); ++i) {
      RC_ASSERT(ranks[i] == rank_by_definition(values, i));
    }
  }));
  CHECK_THROWS_WITH(ic::average_ranks(Values{1, kNan}), Contains("values[1] is nan"));
}

TEST_CASE("best_first sorts downwards and keeps the order of equal values") {
  CHECK(ic::best_first(Values{1, 3, 2}) == std::vector<std::size_t>{1, 2, 0});
  CHECK(ic::best_first(Values{2, 3, 2, 3, 2}) == std::vector<std::size_t>{1, 3, 0, 2, 4});
  CHECK(ic::best_first(Values{}).empty());
  const auto order = ic::best_first(Values(100, 7.0));
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("Pearson and Spearman are those of their definitions") {
  CHECK(rc::check([] {
    const DrawnPair drawn = DrawnPair::of_at_least(2);
    const auto& [x, y] = drawn;
    RC_PRE(!drawn.has_equal_x() && !drawn.has_equal_y());
    const double pearson = pearson_by_definition(x, y);
    const double spearman = pearson_by_definition(ic::average_ranks(x), ic::average_ranks(y));
    RC_ASSERT(std::abs(ic::pearson(x, y) - pearson) < 1e-13);
    RC_ASSERT(std::abs(ic::spearman(x, y) - spearman) < 1e-13);
  }));
}

TEST_CASE("correlations are symmetric, bounded, and 1 or -1 for a straight line") {
  CHECK(rc::check([] {
    const DrawnPair drawn = DrawnPair::of_at_least(2);
    const auto& [x, y] = drawn;
    RC_PRE(!drawn.has_equal_x() && !drawn.has_equal_y());
    RC_ASSERT(ic::pearson(x, y) == ic::pearson(y, x));
    RC_ASSERT(ic::spearman(x, y) == ic::spearman(y, x));
    RC_ASSERT(std::abs(ic::pearson(x, shifted(x, 3, 0.1)) - 1) < 1e-14);
    RC_ASSERT(std::abs(ic::pearson(x, shifted(x, 3, -0.1)) + 1) < 1e-14);
    RC_ASSERT(ic::pearson(x, shifted(x, 3, 0.1)) <= 1);
    RC_ASSERT(ic::pearson(x, x) == 1);
    RC_ASSERT(ic::spearman(x, shifted(x, -7, 1e-5)) == 1);
    RC_ASSERT(std::abs(ic::pearson(x, shifted(y, 5, 4)) - ic::pearson(x, y)) < 1e-13);
  }));
}

TEST_CASE("Pearson loses nothing to a large offset and overflows at no scale") {
  const auto x = random_values(1, 200, 1000);
  const auto y = random_values(2, 200, 1000);
  const double r = ic::pearson(x, y);
  // Integers up to 2^53 keep the data exact, so that only the method can lose digits.
  CHECK(ic::pearson(shifted(x, 1e15, 1), shifted(y, -1e15, 1)) == Approx(r).margin(1e-14));
  for (const double factor : {1e-305, 1e-200, 1e200, 1e305}) {
    CHECK(ic::pearson(shifted(x, 0, factor), y) == Approx(r).margin(1e-13));
    CHECK(ic::pearson(x, shifted(y, 0, factor)) == Approx(r).margin(1e-13));
  }
  const double max = std::numeric_limits<double>::max();
  CHECK(ic::pearson(Values{-max, max, 0}, Values{0, 1, 0.5}) == Approx(1));
  const double least = std::numeric_limits<double>::denorm_min();
  CHECK(ic::pearson(Values{0, least}, Values{0, 1}) == Approx(1));
}

TEST_CASE("correlations of constant values are undefined, whatever the constant") {
  for (const double constant : {0.0, 0.1, 93.17, 1e300}) {
    const Values values(7, constant);
    const Values other = {1, 2, 3, 4, 5, 6, 7};
    CHECK(std::isnan(ic::pearson(values, other)));
    CHECK(std::isnan(ic::pearson(other, values)));
    CHECK(std::isnan(ic::spearman(values, other)));
    CHECK(std::isnan(ic::spearman(other, values)));
  }
}

TEST_CASE("correlations refuse lists that do not fit, with the statistic's name") {
  CHECK_THROWS_AS(ic::pearson(Values{1, 2}, Values{1}), std::invalid_argument);
  CHECK_THROWS_WITH(ic::pearson(Values{1, 2}, Values{1}),
                    Contains("pearson: x has 2 values, y has 1"));
  CHECK_THROWS_WITH(ic::pearson(Values{1}, Values{1}), Contains("at least 2"));
  CHECK_THROWS_WITH(ic::pearson(Values{1, 2}, Values{1, kNan}), Contains("y[1] is nan"));
  CHECK_THROWS_WITH(ic::spearman(Values{1, kNan}, Values{1, 2}), Contains("spearman: x[1] is nan"));
  CHECK_THROWS_WITH(ic::spearman(Values{1, 2}, Values{1}), Contains("spearman: x has 2"));
}
