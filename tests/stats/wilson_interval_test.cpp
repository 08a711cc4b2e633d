#include "interchoice/stats/wilson_interval.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>

#include "support/catch.hpp"

namespace ic = interchoice;

namespace {

double binomial(std::int64_t n, std::int64_t k, double p) {
  const auto number = [](std::int64_t value) { return static_cast<double>(value); };
  return std::exp(std::lgamma(number(n + 1)) - std::lgamma(number(k + 1)) -
                  std::lgamma(number(n - k + 1)) + number(k) * std::log(p) +
                  number(n - k) * std::log(1 - p));
}

}  // namespace

TEST_CASE("Wilson's interval has published values and its ends") {
  // Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81/263, 15/148, 0/20, 1/29.
  const auto is = [](ic::ProbabilityInterval interval, double low, double high) {
    return std::abs(interval.low - low) < 5e-5 && std::abs(interval.high - high) < 5e-5;
  };
  CHECK(is(ic::wilson_interval(81.0 / 263, 263), 0.2553, 0.3662));
  CHECK(is(ic::wilson_interval(15.0 / 148, 148), 0.0624, 0.1605));
  CHECK(is(ic::wilson_interval(0, 20), 0.0000, 0.1611));
  CHECK(is(ic::wilson_interval(1.0 / 29, 29), 0.0061, 0.1718));
  CHECK(ic::wilson_interval(1, 20).high == 1.0);
  CHECK(ic::wilson_interval(1, 20).low == Approx(1 - ic::wilson_interval(0, 20).high));
}

TEST_CASE("Wilson's interval holds the probability about 95 times of 100") {
  for (const double p : {0.1, 0.5, 0.9, 0.97}) {
    constexpr std::int64_t kTrials = 700;
    double covered = 0;
    for (std::int64_t k = 0; k <= kTrials; ++k) {
      const auto interval = ic::wilson_interval(static_cast<double>(k) / kTrials, kTrials);
      if (interval.low <= p && p <= interval.high) covered += binomial(kTrials, k, p);
    }
    CAPTURE(p);
    CHECK(covered > 0.93);
    CHECK(covered < 0.97);
  }
}

TEST_CASE("Wilson's interval of what is no proportion is an error") {
  CHECK_THROWS_AS(ic::wilson_interval(1.01, 5), std::invalid_argument);
  CHECK_THROWS_AS(ic::wilson_interval(-0.01, 5), std::invalid_argument);
  CHECK_THROWS_AS(ic::wilson_interval(std::numeric_limits<double>::quiet_NaN(), 5),
                  std::invalid_argument);
  CHECK_THROWS_AS(ic::wilson_interval(0.5, 0), std::invalid_argument);
  CHECK_THROWS_AS(ic::wilson_interval(0.5, 5, 0), std::invalid_argument);
}
