#include "interchoice/stats/improvement.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include "interchoice/stats/prediction_quality.hpp"
#include "interchoice/stats/truncated_correlation.hpp"
#include "property.hpp"
#include "random_values.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using Values = std::vector<double>;

namespace {

/// Mean truth of the n best, by repeated search for the largest prediction.
double mean_of_best(Values predictions, const Values& truth, std::size_t n) {
  double sum = 0;
  for (std::size_t k = 0; k < n; ++k) {
    const auto best = std::max_element(predictions.begin(), predictions.end());  // the first one
    sum += truth[static_cast<std::size_t>(best - predictions.begin())];
    *best = -1;
  }
  return sum / static_cast<double>(n);
}

/// Predictions and truths of the n truly best, by repeated search.
std::pair<Values, Values> truly_best(const Values& predictions, Values truth, std::size_t n) {
  std::pair<Values, Values> kept;
  for (std::size_t k = 0; k < n; ++k) {
    const auto best = std::max_element(truth.begin(), truth.end());
    kept.first.push_back(predictions[static_cast<std::size_t>(best - truth.begin())]);
    kept.second.push_back(*best);
    *best = -1;
  }
  return kept;
}

}  // namespace

TEST_CASE("the improvement curve by hand") {
  //                                                 best: 3rd, then 1st, then 2nd
  const auto curve = ic::improvement_curve(Values{20, 10, 30}, Values{90, 93, 96});
  CHECK(curve.mean == Values{96, 93, 93});
  CHECK(curve.normalised == Values{1, 0, 0});
  // Equal predictions keep the order of the input.
  CHECK(ic::improvement_curve(Values{1, 1}, Values{90, 92}).mean == Values{90, 91});
  CHECK(ic::improvement_curve(Values{1, 1}, Values{92, 90}).mean == Values{92, 91});
  // Worse than a random choice.
  CHECK(ic::improvement_curve(Values{2, 1}, Values{90, 92}).normalised == Values{-1, 0});
}

TEST_CASE("the improvement curve is the definition's, ends at 0 and never beats the oracle") {
  CHECK(rc::check([] {
    const DrawnPair drawn = DrawnPair::of_at_least(2);
    const auto& [predictions, truth] = drawn;
    RC_PRE(!drawn.has_equal_y());
    const auto curve = ic::improvement_curve(predictions, truth);
    const auto oracle = ic::improvement_curve(truth, truth);
    const std::size_t count = truth.size();
    const double max = *std::max_element(truth.begin(), truth.end());
    const double all = mean_of_best(predictions, truth, count);
    RC_ASSERT(curve.mean.size() == count);
    RC_ASSERT(curve.normalised.size() == count);
    for (std::size_t n = 1; n <= count; ++n) {
      const double mean = mean_of_best(predictions, truth, n);
      RC_ASSERT(std::abs(curve.mean[n - 1] - mean) <= 1e-13 * max);
      RC_ASSERT(std::abs(curve.normalised[n - 1] - (mean - all) / (max - all)) < 1e-10);
      RC_ASSERT(curve.mean[n - 1] <= oracle.mean[n - 1]);
    }
    RC_ASSERT(curve.normalised.back() == 0);
    RC_ASSERT(oracle.normalised.front() == 1);
    RC_ASSERT(std::is_sorted(oracle.mean.rbegin(), oracle.mean.rend()));
  }));
}

TEST_CASE("the expected curve is the mean of the curves of all orders of the input") {
  const Values predictions = {3, 1, 3, 2, 2, 2};
  const Values truth = {90, 93, 96, 10, 50, 94.5};
  std::vector<std::size_t> order(6);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Values sums(6);
  do {
    Values shuffled_predictions;
    Values shuffled_truth;
    for (const std::size_t i : order) {
      shuffled_predictions.push_back(predictions[i]);
      shuffled_truth.push_back(truth[i]);
    }
    const auto curve = ic::improvement_curve(shuffled_predictions, shuffled_truth);
    for (std::size_t i = 0; i < 6; ++i) sums[i] += curve.mean[i];
  } while (std::next_permutation(order.begin(), order.end()));
  const auto expected = ic::improvement_curve(predictions, truth, ic::Ties::kExpected);
  for (std::size_t i = 0; i < 6; ++i) CHECK(expected.mean[i] == Approx(sums[i] / 720));
  CHECK(expected.normalised.back() == 0);

  CHECK(ic::improvement_curve(truth, truth, ic::Ties::kExpected).mean ==
        ic::improvement_curve(truth, truth).mean);  // no ties, no difference
  CHECK(ic::prediction_quality(predictions, truth, 3).best_mean_expected ==
        Approx(expected.mean[2]));
  CHECK(ic::prediction_quality(predictions, truth, 2).best_mean_expected == 93);
}

TEST_CASE("a mean is not lost in the rounding of a long sum") {
  // The first value is 2^53, above which doubles are two apart: a plain sum drops every 1.
  Values truth(10001, 1);
  truth[0] = 9007199254740992.0;
  Values predictions(10001, 0);
  predictions[0] = 1;
  const auto curve = ic::improvement_curve(predictions, truth);
  CHECK(curve.mean.back() == (9007199254740992.0 + 10000) / 10001);
}

TEST_CASE("nothing can be gained where all truths are equal") {
  const auto curve = ic::improvement_curve(Values{1, 2, 3}, Values{0.1, 0.1, 0.1});
  for (const double mean : curve.mean) CHECK(mean == Approx(0.1));
  for (const double normalised : curve.normalised) CHECK(std::isnan(normalised));
}

TEST_CASE("Kendall's tau among the truly best is that of the shortened lists") {
  // Both from exact integers by one formula: equal to the bit.
  const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  CHECK(rc::check([&] {
    const auto [predictions, truth] = DrawnPair::of_at_least(2);
    const auto taus = ic::truncated_kendall_tau_b(predictions, truth);
    RC_ASSERT(taus.size() == truth.size());
    RC_ASSERT(std::isnan(taus[0]));
    for (std::size_t n = 2; n <= truth.size(); ++n) {
      const auto [kept_predictions, kept_truth] = truly_best(predictions, truth, n);
      RC_ASSERT(same(taus[n - 1], ic::kendall_tau_b(kept_predictions, kept_truth)));
      const std::vector<std::size_t> sizes = {n};
      const auto pearson = ic::truncated_correlation(predictions, truth, sizes, ic::pearson);
      RC_ASSERT(same(pearson.at(0), ic::pearson(kept_predictions, kept_truth)));
    }
  }));
}

TEST_CASE("a truncated correlation needs at least two and at most all architectures") {
  const Values values = {1, 2, 3};
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4}}) {
    const std::vector<std::size_t> sizes = {2, size};
    CHECK_THROWS_AS(ic::truncated_correlation(values, values, sizes, ic::pearson),
                    std::out_of_range);
    CHECK_THROWS_WITH(
        ic::truncated_correlation(values, values, sizes, ic::spearman),
        Contains("a correlation of " + std::to_string(size) + " architectures; from 2 to 3"));
  }
  const std::vector<std::size_t> sizes = {2, 3};
  CHECK(ic::truncated_correlation(values, values, sizes, ic::spearman) == Values{1, 1});
}

TEST_CASE("the quality of a prediction gathers the numbers of the single statistics") {
  const auto predictions = random_values(1, 60, 50);
  const auto truth = random_values(2, 60, 50);
  const auto quality = ic::prediction_quality(predictions, truth);
  const auto curve = ic::improvement_curve(predictions, truth);
  CHECK(quality.kendall_tau_b == ic::kendall_tau_b(predictions, truth));
  CHECK(quality.pearson == ic::pearson(predictions, truth));
  CHECK(quality.spearman == ic::spearman(predictions, truth));
  CHECK(quality.best_kept == 10);
  CHECK(quality.best_mean == curve.mean[9]);
  CHECK(quality.best_improvement == curve.normalised[9]);

  const Values six = {6, 5, 4, 4, 2, 1};
  CHECK(ic::prediction_quality(six, six).best_kept == 6);
  CHECK_FALSE(ic::prediction_quality(six, six).tie_at_cut);
  CHECK(ic::prediction_quality(six, six, 3).tie_at_cut);
  CHECK_FALSE(ic::prediction_quality(six, six, 2).tie_at_cut);
  CHECK_FALSE(ic::prediction_quality(six, six, 4).tie_at_cut);
  CHECK_THROWS_AS(ic::prediction_quality(six, six, 0), std::invalid_argument);
}

TEST_CASE("curves refuse lists that do not fit, by the names of their arguments") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(ic::improvement_curve(Values{1, 2}, Values{1}),
                    Contains("predictions has 2 values, truth has 1"));
  CHECK_THROWS_WITH(ic::improvement_curve(Values{1, 2}, Values{nan, 1}),
                    Contains("improvement_curve: truth[0] is nan"));
  CHECK_THROWS_WITH(ic::truncated_kendall_tau_b(Values{nan, 2}, Values{1, 1}),
                    Contains("predictions[0] is nan"));
  CHECK_THROWS_AS(ic::prediction_quality(Values{1}, Values{1}), std::invalid_argument);
}
