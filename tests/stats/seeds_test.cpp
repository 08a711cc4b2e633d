// Several runs together: spread, self-consistency, ensembles, noise ceiling; and the references of
// improvement curves.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include "interchoice/io/csv.hpp"
#include "interchoice/stats/ensemble.hpp"
#include "interchoice/stats/improvement_references.hpp"
#include "interchoice/stats/mean_and_standard_deviation.hpp"
#include "interchoice/stats/noise_ceiling.hpp"
#include "interchoice/stats/pearson.hpp"
#include "interchoice/stats/self_consistency.hpp"
#include "random_values.hpp"
#include "support/catch.hpp"
#include "support/shared_data.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using Values = std::vector<double>;
using Runs = std::vector<Values>;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("mean and standard deviation over seeds") {
  const auto three = ic::mean_and_standard_deviation(Values{1, 2, 6});
  CHECK(three.mean == 3);
  CHECK(three.standard_deviation == std::sqrt((4.0 + 1 + 9) / 2));
  CHECK(three.count == 3);
  const auto one = ic::mean_and_standard_deviation(Values{5});
  CHECK(one.mean == 5);
  CHECK(std::isnan(one.standard_deviation));
  CHECK(ic::mean_and_standard_deviation(Values{1e9 + 1, 1e9 + 2, 1e9 + 3}).standard_deviation == 1);
  CHECK_THROWS_AS(ic::mean_and_standard_deviation(Values{}), std::invalid_argument);

  const auto curve = ic::mean_and_standard_deviation_curve(Runs{{1, kNan, kNan}, {3, 4, kNan}});
  REQUIRE(curve.size() == 3);
  CHECK(curve[0].mean == 2);
  CHECK(curve[0].standard_deviation == std::sqrt(2.0));
  CHECK(curve[1].mean == 4);
  CHECK(curve[1].count == 1);
  CHECK(std::isnan(curve[2].mean));
  CHECK(curve[2].count == 0);
  CHECK_THROWS_WITH(ic::mean_and_standard_deviation_curve(Runs{{1, 2}, {1}}),
                    Contains("run 1 has 1 values"));
  CHECK_THROWS_AS(ic::mean_and_standard_deviation_curve(Runs{}), std::invalid_argument);
}

TEST_CASE("the random reference is the mean and standard deviation of all subsets") {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const Values truth = random_values(seed, 9, 6);
    const auto reference = ic::random_reference(truth);
    const auto oracle = ic::improvement_curve(truth, truth);
    const double best = *std::max_element(truth.begin(), truth.end());
    for (std::size_t n = 1; n <= truth.size(); ++n) {
      Values means;  // of the true values of each subset of n
      for (std::size_t subset = 0; subset < 512; ++subset) {
        if (static_cast<std::size_t>(__builtin_popcountll(subset)) != n) continue;
        double sum = 0;
        for (std::size_t i = 0; i < 9; ++i) sum += (subset >> i & 1) != 0 ? truth[i] : 0;
        means.push_back(sum / static_cast<double>(n));
      }
      double mean = 0, square = 0;
      for (const double m : means) mean += m / static_cast<double>(means.size());
      for (const double m : means)
        square += (m - mean) * (m - mean) / static_cast<double>(means.size());
      CHECK(reference.expected.mean[n - 1] == Approx(mean).epsilon(1e-12));
      CHECK(reference.standard_deviation[n - 1] ==
            Approx(std::sqrt(square)).epsilon(1e-9).margin(1e-12));
      CHECK(reference.expected.normalised[n - 1] == 0);
      CHECK(reference.normalised_standard_deviation[n - 1] ==
            Approx(std::sqrt(square) / (best - mean)).epsilon(1e-9).margin(1e-12));
      CHECK(oracle.mean[n - 1] == Approx(*std::max_element(means.begin(), means.end())));
    }
  }
  CHECK(std::isnan(ic::random_reference(Values{2, 2}).expected.normalised[0]));
  CHECK(ic::random_reference(Values{2, 2}).standard_deviation == Values{0, 0});
  CHECK_THROWS_AS(ic::random_reference(Values{2}), std::invalid_argument);
}

TEST_CASE("self-consistency holds every pair, ensembles the means") {
  const Runs runs{random_values(1, 30, 50), random_values(2, 30, 50), random_values(3, 30, 5)};
  const auto taus = ic::self_consistency(runs);
  const auto pearsons = ic::self_consistency(runs, ic::pearson);
  REQUIRE(taus.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(taus.at(i, j) == ic::kendall_tau_b(runs[i], runs[j]));
      CHECK(pearsons.at(i, j) == Approx(ic::pearson(runs[i], runs[j])));
    }
    CHECK(taus.at(i, i) == 1);
  }
  CHECK(taus.pairs() == Values{taus.at(0, 1), taus.at(0, 2), taus.at(1, 2)});
  CHECK(taus.mean() == Approx((taus.at(0, 1) + taus.at(0, 2) + taus.at(1, 2)) / 3));
  CHECK(std::isnan(ic::self_consistency(Runs{runs[0]}).mean()));
  CHECK_THROWS_WITH(taus.at(3, 0), Contains("there are 3"));
  CHECK_THROWS_WITH(ic::self_consistency(Runs{{1, 2}, {1, 2, 3}}), Contains("run 1 has 3 values"));
  CHECK_THROWS_WITH(ic::self_consistency(Runs{{1, 2}, {1, kNan}}), Contains("run 1[1] is nan"));
  CHECK_THROWS_WITH(ic::self_consistency(Runs{}), Contains("there are 0 runs"));

  CHECK(ic::mean_of_predictions(Runs{{1, 2}, {3, 7}}) == Values{2, 4.5});
  // A run on a larger scale decides the mean of predictions, not that of ranks.
  const Runs scaled{{1, 2, 3}, {1, 2, 3}, {900, 500, 100}};
  CHECK(ic::mean_of_predictions(scaled)[0] > ic::mean_of_predictions(scaled)[2]);
  CHECK(ic::mean_of_ranks(scaled)[0] < ic::mean_of_ranks(scaled)[2]);
  CHECK(ic::mean_of_ranks(Runs{{5, 5, 1}, {1, 2, 3}}) == Values{(2.5 + 1) / 2, (2.5 + 2) / 2, 2});
  CHECK_THROWS_AS(ic::mean_of_ranks(Runs{}), std::invalid_argument);
}

TEST_CASE("the noise ceiling compares repeats with each other and with the rest") {
  const Runs repeats{random_values(5, 40, 60), random_values(6, 40, 60), random_values(7, 40, 60)};
  const auto ceiling = ic::noise_ceiling(repeats, ic::pearson);
  CHECK(ceiling.pairs == ic::self_consistency(repeats, ic::pearson).pairs());
  CHECK(ceiling.between_two ==
        Approx((ceiling.pairs[0] + ceiling.pairs[1] + ceiling.pairs[2]) / 3));
  Values rest(40);
  for (std::size_t i = 0; i < 40; ++i) rest[i] = (repeats[0][i] + repeats[2][i]) / 2;
  REQUIRE(ceiling.against_rest.size() == 3);
  CHECK(ceiling.against_rest[1] == Approx(ic::pearson(repeats[1], rest)));
  const auto two = ic::noise_ceiling(Runs{repeats[0], repeats[1]});
  CHECK(two.pairs == Values{ic::kendall_tau_b(repeats[0], repeats[1])});
  CHECK(two.with_rest == two.between_two);
  CHECK_THROWS_WITH(ic::noise_ceiling(Runs{{1, 2}}), Contains("at least 2 are needed"));
}

TEST_CASE("two trainings of NAS-Bench-Macro agree to a tau of 0.880 to 0.882", "[shared]") {
  const auto table = ic::CsvTable::read(ic::testing::shared_data() / "data" / "nasbench_macro" /
                                        "nas-bench-macro_cifar10.csv");
  const Runs repeats{table.numbers("acc1"), table.numbers("acc2"), table.numbers("acc3")};
  const auto ceiling = ic::noise_ceiling(repeats);
  REQUIRE(ceiling.pairs.size() == 3);
  for (const double tau : ceiling.pairs) {
    CHECK(tau > 0.8795);
    CHECK(tau < 0.8825);
  }
  CHECK(ceiling.with_rest > ceiling.between_two);  // the mean of two is less noisy
  const auto mean = ic::mean_of_predictions(repeats);
  const auto given = table.numbers("mean_acc");
  for (std::size_t i = 0; i < mean.size(); ++i) {
    CHECK(std::abs(mean[i] - given[i]) < 0.01);
  }
}
