#include "interchoice/stats/student_t.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "interchoice/stats/paired_difference.hpp"
#include "interchoice/stats/power.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using ic::StudentT;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Whether two numbers agree to ten digits.
bool agree(double value, double expected) {
  return std::abs(value - expected) <= 1e-10 * std::abs(expected);
}

/// The tail by Simpson's rule for the density at t e^u, u from 0 to where nothing is left.
double tail_by_integration(const StudentT& distribution, double t) {
  constexpr int kParts = 20000;
  constexpr double kStep = 60.0 / kParts;
  const auto term = [&](int k) {
    const double place = t * std::exp(k * kStep);
    return distribution.density(place) * place;
  };
  double sum = term(0) + term(kParts);
  for (int k = 1; k < kParts; ++k) sum += (k % 2 == 1 ? 4 : 2) * term(k);
  return sum * kStep / 3;
}

}  // namespace

// scipy 1.17: [(2 * stats.t.sf(t, df), stats.t.pdf(t, df))], stats.t.ppf(p, df), stats.t.isf(p, df)
TEST_CASE("Student's tails, densities and quantiles are scipy's") {
  struct Tail {
    double degrees, t, two_sided, density;
  };
  for (const Tail& tail : {Tail{1, 1, 0.5000000000000001, 0.15915494309189535},
                           Tail{2.5, 0.3, 0.7873423714951973, 0.3400943856052355},
                           Tail{4, 2.776, 0.05002277831997642, 0.02559432159838006},
                           Tail{9, 7, 6.324738963736693e-05, 3.4909479799807816e-05},
                           Tail{29, 60, 5.70804335940211e-32, 1.36877585040116e-32},
                           Tail{1e6, 2.5, 0.012419489502163254, 0.017528412510179756}}) {
    CAPTURE(tail.degrees, tail.t);
    const StudentT distribution(tail.degrees);
    CHECK(distribution.degrees() == tail.degrees);
    CHECK(agree(distribution.two_sided(tail.t), tail.two_sided));
    CHECK(agree(distribution.two_sided(-tail.t), tail.two_sided));
    CHECK(agree(distribution.upper_tail(tail.t), tail.two_sided / 2));
    CHECK(agree(distribution.upper_tail(-tail.t), 1 - tail.two_sided / 2));
    CHECK(agree(distribution.density(tail.t), tail.density));
  }
  CHECK(agree(StudentT(1).quantile(0.975), 12.706204736174694));
  CHECK(agree(StudentT(2).quantile(0.1), -1.8856180831641267));
  CHECK(agree(StudentT(4).quantile(0.975), 2.7764451051977934));
  CHECK(agree(StudentT(9).quantile(0.99375), 3.1109348231794756));
  CHECK(agree(StudentT(4.5).quantile(0.0001), -11.020996368612229));
  CHECK(agree(StudentT(1000).quantile(0.8), 0.8419808221624288));
  CHECK(agree(StudentT(1e9).quantile(0.975), 1.959963986912325));
  CHECK(agree(StudentT(3).upper_quantile(1e-20), 4795275.720468973));
  CHECK(agree(StudentT(50).upper_quantile(1e-12), 9.260139683684146));
}

TEST_CASE("Student's tails have closed forms, integrals, and quantiles as inverses") {
  for (const double t : {0.001, 0.3, 1.0, 4.0, 1e5}) {
    CAPTURE(t);
    // One degree: Cauchy's distribution; two: 1 - t / sqrt(2 + t²).
    CHECK(agree(StudentT(1).two_sided(t), 2 / 3.141592653589793 * std::atan2(1, t)));
    CHECK(agree(StudentT(2).two_sided(t), 2 / (2 + t * t + t * std::sqrt(2 + t * t))));
  }
  for (const double degrees : {1.0, 1.5, 3.0, 10.0, 57.5, 3000.0, 1e8, 1e12}) {
    CAPTURE(degrees);
    const StudentT distribution(degrees);
    CHECK(distribution.two_sided(0) == 1);
    CHECK(distribution.two_sided(kInfinity) == 0);
    CHECK(distribution.upper_tail(-kInfinity) == 1);
    CHECK(distribution.quantile(0.5) == 0);
    CHECK(distribution.quantile(1) == kInfinity);
    CHECK(distribution.quantile(0) == -kInfinity);
    for (const double t : {0.8, 2.0}) {
      CHECK(distribution.upper_tail(t) ==
            Approx(tail_by_integration(distribution, t)).epsilon(1e-9));
    }
    for (const double tail : {1e-9, 0.0123, 0.2, 0.45}) {
      CHECK(agree(distribution.upper_tail(distribution.upper_quantile(tail)), tail));
      CHECK(distribution.quantile(tail) == -distribution.upper_quantile(tail));
    }
    double last = 1;
    for (double t = 0.01; t < 1000; t *= 1.1) {
      CHECK(distribution.two_sided(t) <= last);
      last = distribution.two_sided(t);
    }
  }
}

TEST_CASE("Student's distribution refuses what has no probability") {
  CHECK_THROWS_WITH(StudentT(0), Contains("0 degrees of freedom"));
  CHECK_THROWS_WITH(StudentT(0.5), Contains("from 1 to 1e12"));
  CHECK_THROWS_AS(StudentT(kInfinity), std::invalid_argument);
  CHECK_THROWS_AS(StudentT(kNan), std::invalid_argument);
  CHECK_THROWS_WITH(StudentT(3).two_sided(kNan), Contains("t is nan"));
  CHECK_THROWS_WITH(StudentT(3).quantile(1.1), Contains("1.1 is outside [0, 1]"));
  CHECK_THROWS_WITH(StudentT(3).upper_quantile(0.6), Contains("take quantile"));
}

// scipy 1.17: tc = stats.t.isf(alpha / 2, n - 1); nc = d * sqrt(n)
//             stats.nct.sf(tc, n - 1, nc) + stats.nct.cdf(-tc, n - 1, nc)
TEST_CASE("the power of the paired test is that of scipy's noncentral t") {
  struct Case {
    double effect;
    std::size_t pairs;
    double alpha, power;
  };
  for (const Case& one :
       {Case{0.5, 34, 0.05, 0.8077775012792738}, Case{0.5, 33, 0.05, 0.7953658414875039},
        Case{1, 3, 0.05, 0.1792553937765517}, Case{-0.3, 20, 0.0125, 0.10338976376084041},
        Case{2, 5, 0.01, 0.5471761892938509}, Case{0.2, 199, 0.05, 0.8016910240370655},
        Case{0.05, 2, 0.3, 0.3006434166307746}}) {
    CAPTURE(one.effect, one.pairs);
    const double power = ic::paired_test_power({.alpha = one.alpha}, one.effect, one.pairs);
    CHECK(agree(power, one.power));
    CHECK(agree(ic::paired_test_power({.standard_deviation = 0.04, .alpha = one.alpha},
                                      0.04 * one.effect, one.pairs),
                power));
    CHECK(agree(ic::paired_test_power({.alpha = one.alpha}, -one.effect, one.pairs), power));
  }
}

TEST_CASE("the power of 50 pairs of pupils is the one that G*Power's manual has") {
  // After Cohen (1969), page 48: d = 0.4, and values of a pair that correlate by 0.55.
  const double deviation = std::sqrt(2 * (1 - 0.55));
  CHECK(ic::paired_test_power({.standard_deviation = deviation}, 0.4, 50) ==
        Approx(0.832114).margin(1e-6));
}

TEST_CASE("without a difference the power is alpha, and it grows with what helps") {
  for (const std::size_t pairs : {2u, 3u, 10u, 1000u, 1000000000u}) {
    for (const double alpha : {1e-12, 0.0125, 0.05, 0.999}) {
      CAPTURE(pairs, alpha);
      CHECK(ic::paired_test_power({.alpha = alpha}, 0, pairs) ==
            Approx(alpha).epsilon(1e-10).margin(1e-17));
      double last = alpha;
      for (const double effect : {0.1, 0.5, 2.0, 50.0, 1e4}) {
        const double power = ic::paired_test_power({.alpha = alpha}, effect, pairs);
        CHECK(power >= last);
        CHECK(power <= 1);
        last = power;
      }
    }
  }
  CHECK(ic::paired_test_power({}, 100, 10) == 1);
}

TEST_CASE("tests of drawn differences reject as often as the power says") {
  std::mt19937_64 random(5);
  std::normal_distribution<double> differences(0.06, 0.08);
  int rejected = 0;
  constexpr int kStudies = 4000;
  const std::vector<double> zeros(8);
  for (int study = 0; study < kStudies; ++study) {
    std::vector<double> values(8);
    for (double& value : values) value = differences(random);
    rejected += ic::paired_difference(values, zeros).p <= 0.05;
  }
  const double power = ic::paired_test_power({.standard_deviation = 0.08}, 0.06, 8);
  const double deviation = std::sqrt(power * (1 - power) / kStudies);
  CHECK(std::abs(static_cast<double>(rejected) / kStudies - power) < 4 * deviation);
}

TEST_CASE("detectable differences and pairs needed are the inverses of the power") {
  CHECK(ic::pairs_needed({}, 0.5) == 34);  // of the powers above, 33 pairs have 0.795, 34 0.808
  CHECK(ic::pairs_needed({}, -0.5) == 34);
  CHECK(ic::pairs_needed({}, 100) == 2);
  CHECK(ic::pairs_needed({.standard_deviation = 0.08}, 0.04) == 34);
  for (const double alpha : {0.05, 0.0125}) {
    for (const double power : {0.5, 0.8, 0.95}) {
      const ic::PlannedTest test{.standard_deviation = 0.11, .alpha = alpha};
      for (const std::size_t pairs : {2u, 3u, 5u, 20u, 400u}) {
        CAPTURE(alpha, power, pairs);
        const double difference = ic::detectable_difference(test, pairs, power);
        CHECK(agree(ic::paired_test_power(test, difference, pairs), power));
        // One that is found just so needs as many pairs; a little less needs one more.
        CHECK(ic::pairs_needed(test, difference * (1 + 1e-9), power) == pairs);
        CHECK(ic::pairs_needed(test, difference * (1 - 1e-9), power) == pairs + 1);
      }
    }
  }
}

TEST_CASE("a plan that makes no sense is refused with what would") {
  CHECK_THROWS_WITH(ic::paired_test_power({.standard_deviation = 0}, 1, 5),
                    Contains("a standard deviation of 0"));
  CHECK_THROWS_WITH(ic::paired_test_power({.alpha = 1}, 1, 5), Contains("from 1e-12 to below 1"));
  CHECK_THROWS_WITH(ic::paired_test_power({}, 1, 1), Contains("take at least 2"));
  CHECK_THROWS_AS(ic::paired_test_power({}, kNan, 5), std::invalid_argument);
  CHECK_THROWS_WITH(ic::detectable_difference({}, 5, 0.05), Contains("0.8 is usual"));
  CHECK_THROWS_AS(ic::detectable_difference({}, 5, 1), std::invalid_argument);
  CHECK_THROWS_WITH(ic::pairs_needed({}, 0), Contains("too few for a difference of 0"));
  CHECK_THROWS_AS(ic::pairs_needed({}, kInfinity), std::invalid_argument);
}
