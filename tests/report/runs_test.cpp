#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "interchoice/io/csv.hpp"
#include "interchoice/report/write_report.hpp"
#include "interchoice/stats/prediction_quality.hpp"
#include "report_folder.hpp"
#include "support/catch.hpp"
#include "xml_document.hpp"

namespace ic = interchoice;
namespace figures = interchoice::figures;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double deviation_of(const std::vector<double>& values) {
  double squares = 0;
  for (const double value : values) squares += std::pow(value - mean_of(values), 2);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

/// Tau-b of values without ties, pair by pair.
double dumb_tau(const std::vector<double>& x, const std::vector<double>& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) sum += (x[i] - x[j]) * (y[i] - y[j]) > 0 ? 1 : -1;
  }
  return 2 * sum / static_cast<double>(x.size() * (x.size() - 1));
}

/// Mean truth of the n best by prediction.
double dumb_mean(const std::vector<double>& predictions, const std::vector<double>& truth,
                 std::size_t n) {
  std::vector<std::pair<double, double>> pairs;
  for (std::size_t i = 0; i < truth.size(); ++i) pairs.emplace_back(-predictions[i], truth[i]);
  std::sort(pairs.begin(), pairs.end());
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += pairs[i].second;
  return sum / static_cast<double>(n);
}

template <class Number>
std::vector<double> of_runs(const ic::Predictor& predictor, const Number& number) {
  std::vector<double> values;
  for (const auto& run : predictor.runs) values.push_back(number(run));
  return values;
}

std::vector<double> mean_prediction(const ic::Predictor& predictor) {
  std::vector<double> means;
  for (std::size_t i = 0; i < predictor.runs[0].size(); ++i) {
    means.push_back(mean_of(of_runs(predictor, [i](const auto& run) { return run[i]; })));
  }
  return means;
}

}  // namespace

TEST_CASE("numbers of several runs are mean, standard deviation, each run's and the ensemble's") {
  const ReportFolder folder;
  const ic::Report report = report_of_runs();
  ic::write_report(folder.path(), report, ic::VegaRuntime::from_network());
  const json metrics = json::parse(folder.content("metrics.json"));
  const auto csv = ic::CsvTable::read(folder.path() / "metrics.csv");
  CHECK(csv.texts("run") == std::vector<std::string>{"mean", "1", "2", "3", "ensemble", "mean", "1",
                                                     "2", "3", "ensemble", "mean"});
  CHECK(csv.texts("kendall_tau_b_deviation").back().empty());
  const auto taus = csv.numbers("kendall_tau_b");
  const auto bests = csv.numbers("best_mean");
  for (std::size_t p = 0; p < 2; ++p) {
    const ic::Predictor& predictor = report.predictors[p];
    INFO(predictor.label);
    const auto tau =
        of_runs(predictor, [&](const auto& run) { return dumb_tau(run, report.truth); });
    const auto best =
        of_runs(predictor, [&](const auto& run) { return dumb_mean(run, report.truth, 10); });
    const std::vector<double> ensemble = mean_prediction(predictor);
    const json& found = metrics["predictors"][p];
    CHECK(found["runs"] == 3);
    CHECK(found["kendall_tau_b"].get<double>() == Approx(mean_of(tau)));
    CHECK(found["deviation"]["kendall_tau_b"].get<double>() == Approx(deviation_of(tau)));
    CHECK(found["best_mean"].get<double>() == Approx(mean_of(best)));
    CHECK(found["deviation"]["best_mean"].get<double>() == Approx(deviation_of(best)));
    CHECK(found["ensemble"]["kendall_tau_b"].get<double>() ==
          Approx(dumb_tau(ensemble, report.truth)));
    CHECK(found["ensemble"]["best_mean"].get<double>() ==
          Approx(dumb_mean(ensemble, report.truth, 10)));
    const auto pair = [&](std::size_t i, std::size_t j) {
      return dumb_tau(predictor.runs[i], predictor.runs[j]);
    };
    CHECK(found["self_consistency"]["kendall_tau_b"].get<double>() ==
          Approx((pair(0, 1) + pair(0, 2) + pair(1, 2)) / 3));
    CHECK(found["self_consistency"]["pairs"] == 3);
    for (std::size_t run = 0; run < 3; ++run) {
      CHECK(found["each_run"][run]["kendall_tau_b"].get<double>() == Approx(tau[run]));
      CHECK(taus[5 * p + 1 + run] == Approx(tau[run]));
      CHECK(bests[5 * p + 1 + run] == Approx(best[run]));
    }
    CHECK(taus[5 * p] == Approx(mean_of(tau)));
    CHECK(bests[5 * p + 4] == Approx(dumb_mean(ensemble, report.truth, 10)));
  }
  CHECK_FALSE(metrics["predictors"][2].contains("deviation"));
  CHECK_FALSE(metrics["predictors"][2].contains("ensemble"));
  CHECK(metrics["truth"]["noise"]["between_two_repeats"].get<double>() ==
        Approx(dumb_tau(report.truth_repeats[0], report.truth_repeats[1])));
}

TEST_CASE("intervals hold their number and widen with fewer architectures") {
  const auto widths = [](const ic::Report& report) {
    std::vector<double> result;
    const auto statistics = figures::report_statistics(report);
    for (const auto& predictor : statistics.predictors) {
      const auto& [tau, improvement] = predictor.intervals;
      CHECK(tau.low < predictor.mean.kendall_tau_b);
      CHECK(tau.high > predictor.mean.kendall_tau_b);
      CHECK(tau.estimate == Approx(predictor.mean.kendall_tau_b));
      CHECK(improvement.low < improvement.high);
      CHECK(improvement.estimate == Approx(predictor.mean.best_improvement));
      CHECK(improvement.high <= 1);
      result.push_back(tau.high - tau.low);
    }
    return result;
  };
  const auto many = widths(report_of_runs(400));
  const auto few = widths(report_of_runs(25));
  for (std::size_t i = 0; i < many.size(); ++i) CHECK(few[i] > 2 * many[i]);
  CHECK(figures::detail::resamples_for(64) == 1000);
  CHECK(figures::detail::resamples_for(15'625) == 128);
  CHECK(figures::detail::resamples_for(1'000'000) == 100);
}

TEST_CASE("the improvement that is resampled is that of the table, ties included") {
  unsigned state = 7;
  const auto draw = [&state](unsigned values) {
    state = state * 1664525u + 1013904223u;
    return static_cast<double>((state >> 16) % values);
  };
  for (std::size_t n = 2; n < 40; ++n) {
    std::vector<double> predictions;
    std::vector<double> truth;
    for (std::size_t i = 0; i < n; ++i) {
      predictions.push_back(draw(6));
      truth.push_back(draw(1000));
    }
    INFO(n);
    CHECK(
        figures::detail::best_improvement(predictions, truth) ==
        Approx(ic::prediction_quality(predictions, truth).best_improvement_expected).margin(1e-12));
  }
  CHECK(std::isnan(
      figures::detail::best_improvement(std::vector<double>{1, 2}, std::vector<double>{3, 3})));
}

TEST_CASE(
    "the page of several runs shows standard deviations, intervals, ensembles and consistency") {
  const ReportFolder folder;
  const ic::Report report = report_of_runs();
  ic::write_report(folder.path(), report, ic::VegaRuntime::from_network());
  CHECK(folder.names().contains("agreement.vl.json"));
  CHECK(folder.names().contains("self-consistency.vl.json"));
  const std::string html = folder.content("report.html");
  const auto page = XmlDocument(html);
  const auto heads = page.texts("th");
  for (const char* text : {"none, ensemble of 3", "bias<1>, x, ensemble of 3"}) {
    CHECK(std::count(heads.begin(), heads.end(), text) == 1);
  }
  CHECK(std::count(heads.begin(), heads.end(), "none") == 3);  // a column, and two tables' rows
  const auto smalls = page.texts("small");
  CHECK(std::count(smalls.begin(), smalls.end(), "3 runs") == 2);
  CHECK(std::count_if(smalls.begin(), smalls.end(),
                      [](const auto& text) { return text.starts_with("["); }) == 10);
  const auto tau =
      of_runs(report.predictors[0], [&](const auto& run) { return dumb_tau(run, report.truth); });
  CHECK_THAT(html, Contains(figures::fixed_text(mean_of(tau), 3) + " ± " +
                            figures::fixed_text(deviation_of(tau), 3)));
  CHECK_THAT(html, Contains("1,000 resamples of runs and architectures") &&
                       Contains("Noise of the truth: it was measured 2 times") &&
                       Contains("How far runs agree") && Contains("first run"));
  CHECK_THAT(html, !Contains("nan") && !Contains("inf\""));

  ic::Report single = report;
  for (auto& predictor : single.predictors) predictor.runs.resize(1);
  single.truth_repeats.clear();
  std::filesystem::remove_all(folder.path());
  ic::write_report(folder.path(), single, ic::VegaRuntime::from_network());
  CHECK_FALSE(folder.names().contains("agreement.vl.json"));
  CHECK_THAT(folder.content("report.html"),
             !Contains("±") && !Contains("ensemble") && !Contains("How far runs agree") &&
                 !Contains("Noise of the truth") && Contains("resamples of the architectures"));
}

TEST_CASE("a run whose correlation is undefined leaves the mean undefined, not a better one") {
  ic::Report report = report_of_runs();
  std::fill(report.predictors[0].runs[1].begin(), report.predictors[0].runs[1].end(), 5.0);
  const auto statistics = figures::report_statistics(report);
  CHECK(std::isnan(statistics.predictors[0].mean.kendall_tau_b));
  CHECK(std::isnan(statistics.predictors[0].standard_deviation.kendall_tau_b));
  CHECK(std::isnan(statistics.predictors[0].consistency->kendall_tau_b));
  CHECK(statistics.predictors[0].mean.tie_at_cut);
  CHECK_FALSE(statistics.predictors[0].ensemble->tie_at_cut);
  const ReportFolder folder;
  ic::write_report(folder.path(), report, ic::VegaRuntime::from_network());
  const std::string html = folder.content("report.html");
  CHECK(XmlDocument(html)[0].name() == std::string("html"));
  CHECK_THAT(html, !Contains("nan"));
  CHECK(json::parse(folder.content("metrics.json"))["predictors"][0]["kendall_tau_b"].is_null());
}

TEST_CASE("curves of several runs are mean and standard deviation, point by point") {
  const ReportFolder folder;
  const ic::Report report = report_of_runs();
  ic::write_report(folder.path(), report, ic::VegaRuntime::from_network());
  const auto curves = ic::CsvTable::read(folder.path() / "curves.csv");
  const ic::Predictor& predictor = report.predictors[1];
  const auto means = curves.numbers("mean: " + predictor.label);
  const auto deviations = curves.numbers("deviation of mean: " + predictor.label);
  REQUIRE(means.size() == 40);
  for (std::size_t n = 1; n <= means.size(); ++n) {
    const auto values =
        of_runs(predictor, [&](const auto& run) { return dumb_mean(run, report.truth, n); });
    CHECK(means[n - 1] == Approx(mean_of(values)));
    CHECK(deviations[n - 1] == Approx(deviation_of(values)).margin(1e-12));
  }
  const auto& columns = curves.columns();
  CHECK(std::count(columns.begin(), columns.end(), "deviation of tau_b: none") == 1);
  CHECK(std::count(columns.begin(), columns.end(), "deviation of tau_b: rule") == 0);
  CHECK(curves.texts("tau_b: none").front().empty());
}
