#include "interchoice/stats/kendall.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include "property.hpp"
#include "random_values.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Values = std::vector<double>;

namespace {

/// The definition: look at every pair.
ic::PairCounts count_all_pairs(const Values& x, const Values& y) {
  ic::PairCounts pairs;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      ++pairs.total;
      if (x[i] == x[j] && y[i] == y[j]) {
        ++pairs.tied_in_both;
      } else if (x[i] == x[j]) {
        ++pairs.tied_in_x_only;
      } else if (y[i] == y[j]) {
        ++pairs.tied_in_y_only;
      } else if ((x[i] < x[j]) == (y[i] < y[j])) {
        ++pairs.concordant;
      } else {
        ++pairs.discordant;
      }
    }
  }
  return pairs;
}

}  // namespace

TEST_CASE("pairs counted in O(n log n) are those that counting every pair gives") {
  CHECK(rc::check([] {
    const auto [x, y] = DrawnPair::of_at_least(2);
    RC_ASSERT(ic::count_pairs(x, y) == count_all_pairs(x, y));
  }));
  const auto x = random_values(1, 257, 100), y = random_values(2, 257, 50);
  CHECK(ic::count_pairs(x, y) == count_all_pairs(x, y));
}

TEST_CASE("the five classes of pairs, one by one") {
  CHECK(ic::count_pairs(Values{1, 2}, Values{1, 2}).concordant == 1);
  CHECK(ic::count_pairs(Values{1, 2}, Values{2, 1}).discordant == 1);
  CHECK(ic::count_pairs(Values{1, 1}, Values{1, 2}).tied_in_x_only == 1);
  CHECK(ic::count_pairs(Values{1, 2}, Values{1, 1}).tied_in_y_only == 1);
  CHECK(ic::count_pairs(Values{1, 1}, Values{1, 1}).tied_in_both == 1);
  CHECK(ic::count_pairs(Values{-0.0, 0.0}, Values{1, 2}).tied_in_x_only == 1);
}

TEST_CASE("tau-b of known cases") {
  CHECK(ic::kendall_tau_b(Values{1, 2, 3}, Values{10, 20, 30}) == 1);
  CHECK(ic::kendall_tau_b(Values{1, 2, 3}, Values{3, 2, 1}) == -1);
  CHECK(ic::kendall_tau_b(Values{1, 2, 3}, Values{1, 3, 2}) == Approx(1.0 / 3));
  // C = 3, D = 1, one pair tied in x only, one in y only: 2 / sqrt(5 * 5).
  CHECK(ic::kendall_tau_b(Values{1, 1, 2, 3}, Values{1, 2, 2, 0}) == Approx((1.0 - 3.0) / 5.0));
  // The same ties on both sides are agreement.
  CHECK(ic::kendall_tau_b(Values{1, 1, 2}, Values{5, 5, 9}) == 1);
}

TEST_CASE("tau-b is symmetric, odd in the order and blind to monotonic maps") {
  CHECK(rc::check([] {
    const DrawnPair drawn = DrawnPair::of_at_least(2);
    const auto& [x, y] = drawn;
    RC_PRE(!drawn.has_equal_x() && !drawn.has_equal_y());
    Values reversed = y;
    Values stretched = y;
    for (double& value : reversed) value = -value;
    for (double& value : stretched) value = value * value * value + 1e6;
    const double tau = ic::kendall_tau_b(x, y);
    RC_ASSERT(ic::kendall_tau_b(y, x) == tau);
    RC_ASSERT(ic::kendall_tau_b(x, reversed) == -tau);
    RC_ASSERT(ic::kendall_tau_b(x, stretched) == tau);
    RC_ASSERT(ic::kendall_tau_b(x, x) == 1);
    RC_ASSERT(std::abs(tau) <= 1);
  }));
}

TEST_CASE("tau-b of constant values is undefined") {
  CHECK(std::isnan(ic::kendall_tau_b(Values{1, 1, 1}, Values{1, 2, 3})));
  CHECK(std::isnan(ic::kendall_tau_b(Values{1, 2, 3}, Values{1, 1, 1})));
  CHECK(std::isnan(ic::kendall_tau_b(Values{1, 1}, Values{1, 1})));
}

TEST_CASE("values that no order can hold are refused with their place") {
  using Catch::Matchers::Contains;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(ic::kendall_tau_b(Values{1, 2}, Values{1, 2, 3}), std::invalid_argument);
  CHECK_THROWS_WITH(ic::kendall_tau_b(Values{1, 2}, Values{1, 2, 3}),
                    Contains("x has 2 values, y has 3"));
  CHECK_THROWS_WITH(ic::kendall_tau_b(Values{1}, Values{1}), Contains("at least 2 are needed"));
  CHECK_THROWS_WITH(ic::kendall_tau_b(Values{}, Values{}), Contains("x has 0 values"));
  CHECK_THROWS_WITH(ic::kendall_tau_b(Values{1, nan, 2}, Values{1, 2, 3}), Contains("x[1] is nan"));
  CHECK_THROWS_WITH(ic::kendall_tau_b(Values{1, 3, 2}, Values{1, 2, -infinity}),
                    Contains("y[2] is -inf"));
  CHECK_NOTHROW(ic::kendall_tau_b(Values{1, 3}, Values{1, 2}));
}
