// Every number of expected_metrics.json (computed with numpy and scipy) from the recorded
// predictions of two real super-networks.

#include "rankings.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/stats/improvement.hpp"
#include "interchoice/stats/prediction_quality.hpp"
#include "interchoice/stats/truncated_correlation.hpp"
#include "support/catch.hpp"
#include "support/shared_data.hpp"

namespace ic = interchoice;
using nlohmann::json;

namespace {

/// Equal to twelve decimals.
Approx twelve_decimals(const json& number) {
  return Approx(number.get<double>()).epsilon(0).margin(1e-12);
}

void check_curve(const json& expected, const std::vector<double>& predictions,
                 const Rankings& rankings) {
  const auto curve = ic::improvement_curve(predictions, rankings.truth);
  REQUIRE_FALSE(expected.empty());
  for (const json& point : expected) {
    const std::size_t n = point["n"];
    INFO("n " << n);
    CHECK(curve.mean.at(n - 1) == twelve_decimals(point["mean_top_n"]));
    CHECK(curve.normalised.at(n - 1) == twelve_decimals(point["normalised"]));
    CHECK(ic::prediction_quality(predictions, rankings.truth, n).tie_at_cut ==
          point["tie_at_cut"].get<bool>());
  }
}

void check_subset(const json& expected, const Rankings& rankings) {
  REQUIRE(rankings.truth.size() == expected["count"].get<std::size_t>());
  const auto oracle = ic::improvement_curve(rankings.truth, rankings.truth);
  CHECK(oracle.mean.back() == twelve_decimals(expected["mean"]));
  CHECK(oracle.mean.front() == expected["max"].get<double>());
  check_curve(expected["oracle"], rankings.truth, rankings);

  for (const auto& [name, metrics] : expected["predictors"].items()) {
    INFO(name);
    const std::vector<double>& predictions = rankings.prediction(name);
    const auto quality = ic::prediction_quality(predictions, rankings.truth);
    CHECK(quality.kendall_tau_b == twelve_decimals(metrics["kendall_tau_b"]));
    CHECK(quality.pearson == twelve_decimals(metrics["pearson"]));
    CHECK(quality.spearman == twelve_decimals(metrics["spearman"]));

    const json& counted = metrics["pairs"];
    ic::PairCounts pairs;
    pairs.total = counted["total"];
    pairs.concordant = counted["concordant"];
    pairs.discordant = counted["discordant"];
    pairs.tied_in_x_only = counted["tied_in_prediction_only"];
    pairs.tied_in_y_only = counted["tied_in_truth_only"];
    pairs.tied_in_both = counted["tied_in_both"];
    CHECK(ic::count_pairs(predictions, rankings.truth) == pairs);
    check_curve(metrics["curve"], predictions, rankings);
  }
}

std::filesystem::path rankings_file(const char* name) {
  return ic::testing::shared_data() / "data/rankings" / name;
}

Rankings read_rankings() { return Rankings::read(rankings_file("few_shot_nas_predictions.csv")); }

}  // namespace

TEST_CASE("the metrics of recorded super-networks are those of numpy and scipy", "[shared]") {
  const json expected = json::parse(std::ifstream(rankings_file("expected_metrics.json")));
  const Rankings rankings = read_rankings();
  check_subset(expected["subsets"]["all"], rankings);
  check_subset(expected["subsets"]["only_conv"], rankings.only_convolutions());
}

TEST_CASE("correlations do not depend on the order of the architectures", "[shared]") {
  const Rankings rankings = read_rankings();
  const auto order = ic::permutation(static_cast<std::int64_t>(rankings.truth.size()),
                                     {ic::Seed{1}, ic::Stream::kPaths, 0, 0});
  std::vector<double> truth;
  std::vector<double> predictions;
  for (const std::int64_t place : order) {
    truth.push_back(rankings.truth[static_cast<std::size_t>(place)]);
    predictions.push_back(rankings.few_shot[static_cast<std::size_t>(place)]);
  }
  const auto quality = ic::prediction_quality(rankings.few_shot, rankings.truth);
  const auto shuffled = ic::prediction_quality(predictions, truth);
  CHECK(shuffled.kendall_tau_b == quality.kendall_tau_b);
  CHECK(shuffled.pearson == Approx(quality.pearson).epsilon(0).margin(1e-13));
  CHECK(shuffled.spearman == Approx(quality.spearman).epsilon(0).margin(1e-13));
  // Place 10 and 11 of few_shot's order differ, so its ten best are the same set in any order.
  CHECK(shuffled.best_mean == Approx(quality.best_mean).epsilon(1e-14));
}

TEST_CASE("the truncated correlation of real rankings starts at tau-b and fades", "[shared]") {
  const Rankings rankings = read_rankings();
  const auto taus = ic::truncated_kendall_tau_b(rankings.few_shot, rankings.truth);
  CHECK(taus.back() == ic::kendall_tau_b(rankings.few_shot, rankings.truth));
  CHECK(taus.back() > 0.55);
  CHECK(taus[999] < 0.5 * taus.back());
}
