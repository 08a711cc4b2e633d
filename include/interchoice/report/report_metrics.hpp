#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/io/csv.hpp"
#include "interchoice/report/detail/report_digests.hpp"
#include "interchoice/report/number_text.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/report/report_statistics.hpp"
#include "interchoice/stats/improvement.hpp"
#include "interchoice/stats/prediction_quality.hpp"
#include "interchoice/stats/ranks.hpp"
#include "interchoice/stats/truncated_correlation.hpp"

namespace interchoice::figures {

namespace detail {

/// A number as a CSV field: empty where it is not finite, as JSON has null there.
inline std::string number_field(double value) {
  return std::isfinite(value) ? shortest_text(value) : std::string();
}

inline nlohmann::ordered_json facts_json(const Identity& facts) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& [name, value] : facts) list.push_back({{"name", name}, {"value", value}});
  return list;
}

inline nlohmann::ordered_json interval_json(const ConfidenceInterval& interval) {
  return nlohmann::ordered_json::array({interval.low, interval.high});
}

/// Adds the numbers of a prediction.
inline void add_quality(nlohmann::ordered_json& json, const PredictionQuality& quality) {
  json["kendall_tau_b"] = quality.kendall_tau_b;
  json["pearson"] = quality.pearson;
  json["spearman"] = quality.spearman;
  json["best_kept"] = quality.best_kept;
  json["best_mean"] = quality.best_mean;
  json["best_improvement"] = quality.best_improvement;
  json["tie_at_cut"] = quality.tie_at_cut;
  json["best_mean_expected"] = quality.best_mean_expected;
  json["best_improvement_expected"] = quality.best_improvement_expected;
}

inline void add_intervals(nlohmann::ordered_json& json, const QualityIntervals& intervals) {
  json["intervals"] = {{"kendall_tau_b", interval_json(intervals.kendall_tau_b)},
                       {"best_improvement", interval_json(intervals.best_improvement)}};
}

/// Adds the numbers of several runs: standard deviations, each run's, their ensemble's, their
/// consistency.
inline void add_runs(nlohmann::ordered_json& json, const PredictorStatistics& statistics) {
  for (const auto& [name, member] : kAveragedQualities) {
    json["deviation"][name] = statistics.standard_deviation.*member;
  }
  json["each_run"] = nlohmann::ordered_json::array();
  for (const PredictionQuality& quality : statistics.runs) {
    add_quality(json["each_run"].emplace_back(), quality);
  }
  if (statistics.ensemble) {
    add_quality(json["ensemble"], *statistics.ensemble);
    add_intervals(json["ensemble"], statistics.ensemble_intervals);
  }
  if (statistics.consistency) {
    json["self_consistency"] = {{"kendall_tau_b", statistics.consistency->kendall_tau_b},
                                {"pearson", statistics.consistency->pearson},
                                {"spearman", statistics.consistency->spearman},
                                {"pairs", statistics.consistency->pairs}};
  }
}

inline nlohmann::ordered_json predictor_json(const Report& report, const Predictor& predictor,
                                             const PredictorStatistics& statistics) {
  nlohmann::ordered_json json = {{"label", predictor.label},
                                 {"unit", predictor.unit},
                                 {"trivial", predictor.baseline},
                                 {"runs", predictor.runs.size()}};
  add_quality(json, statistics.mean);
  add_intervals(json, statistics.intervals);
  if (predictor.runs.size() > 1) add_runs(json, statistics);
  const std::vector<std::size_t> order = best_first(statistics.mean_prediction);
  json["best_architectures"] = nlohmann::ordered_json::array();
  for (std::size_t place = 0; place < statistics.mean.best_kept; ++place) {
    json["best_architectures"].push_back(report.architectures[order[place]]);
  }
  json["facts"] = facts_json(predictor.facts);
  json["training_digest"] = interchoice::detail::training_digest(predictor.training);
  json["training"] = nlohmann::ordered_json::array();
  for (const auto& [epoch, loss, accuracy] : predictor.training) {
    json["training"].push_back({{"epoch", epoch}, {"loss", loss}, {"accuracy", accuracy}});
  }
  return json;
}

inline nlohmann::ordered_json truth_json(const Report& report, const ReportStatistics& statistics) {
  nlohmann::ordered_json json = {{"label", report.truth_label},
                                 {"unit", report.truth_unit},
                                 {"architectures", report.architectures.size()},
                                 {"repeats", report.truth_repeats.size()}};
  if (report.truth.empty()) return json;
  const ImprovementCurve best = improvement_curve(report.truth, report.truth);
  json["mean"] = best.mean.back();
  json["best"] = best.mean.front();
  json["best_architecture"] = report.architectures[best_first(report.truth).front()];
  if (statistics.noise) {
    json["noise"] = {{"between_two_repeats", statistics.noise->between_two},
                     {"repeat_and_mean_of_others", statistics.noise->with_rest}};
  }
  return json;
}

}  // namespace detail

/// The report's numbers as JSON; undefined ones are null. A predictor's numbers are means over its
/// runs. Together with `predictions`, which is `predictions_csv(report)` and whose digest it has,
/// it holds the whole report (`read_report`).
inline std::string metrics_json(const Report& report, const ReportStatistics& statistics,
                                std::string_view predictions) {
  nlohmann::ordered_json json = {
      {"title", report.title},
      {"introduction", report.introduction},
      {"truth", detail::truth_json(report, statistics)},
      {"resamples", statistics.resamples},
      {"predictors", nlohmann::ordered_json::array()},
      {"facts", detail::facts_json(report.facts)},
      {"predictions_digest", interchoice::detail::predictions_digest(predictions)}};
  for (std::size_t i = 0; i < report.predictors.size(); ++i) {
    json["predictors"].push_back(
        detail::predictor_json(report, report.predictors[i], statistics.predictors[i]));
  }
  // Texts that are not UTF-8 must not cost a run its numbers.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

namespace detail {

/// One row of `metrics.csv`; standard deviation and intervals are empty fields where there are
/// none.
inline std::string metrics_row(const Predictor& predictor, const std::string& run,
                               const PredictionQuality& quality,
                               const PredictionQuality* standard_deviation,
                               const QualityIntervals* intervals) {
  std::string row = csv_field(predictor.label) + (predictor.baseline ? ",1," : ",0,") + run;
  const auto add = [&](QualityMember member) {
    row += "," + number_field(quality.*member) + ",";
    if (standard_deviation != nullptr) row += number_field(standard_deviation->*member);
  };
  const auto add_interval = [&](const ConfidenceInterval QualityIntervals::*member) {
    row += intervals == nullptr ? ",,"
                                : fmt::format(",{},{}", number_field((intervals->*member).low),
                                              number_field((intervals->*member).high));
  };
  add(&PredictionQuality::kendall_tau_b);
  add_interval(&QualityIntervals::kendall_tau_b);
  add(&PredictionQuality::pearson);
  add(&PredictionQuality::spearman);
  row += fmt::format(",{}", quality.best_kept);
  add(&PredictionQuality::best_mean);
  add(&PredictionQuality::best_improvement);
  add_interval(&QualityIntervals::best_improvement);
  row += quality.tie_at_cut ? ",1," : ",0,";
  return row + number_field(quality.best_mean_expected) + "," +
         number_field(quality.best_improvement_expected) + "\n";
}

}  // namespace detail

/// One row for each predictor, `run` = `mean`; below it, where there are several runs, one for each
/// (`1`, `2`, …) and one for the mean of their predictions (`ensemble`). Fields are empty where a
/// number is undefined.
inline std::string metrics_csv(const Report& report, const ReportStatistics& statistics) {
  std::string csv =
      "predictor,trivial,run,kendall_tau_b,kendall_tau_b_deviation,kendall_tau_b_low,"
      "kendall_tau_b_high,pearson,pearson_deviation,spearman,spearman_deviation,best_kept,"
      "best_mean,best_mean_deviation,best_improvement,best_improvement_deviation,"
      "best_improvement_low,best_improvement_high,tie_at_cut,best_mean_expected,"
      "best_improvement_expected\n";
  for (std::size_t i = 0; i < report.predictors.size(); ++i) {
    const Predictor& predictor = report.predictors[i];
    const PredictorStatistics& numbers = statistics.predictors[i];
    csv += detail::metrics_row(predictor, "mean", numbers.mean, &numbers.standard_deviation,
                               &numbers.intervals);
    for (std::size_t run = 0; run < numbers.runs.size() && numbers.runs.size() > 1; ++run) {
      csv += detail::metrics_row(predictor, fmt::format("{}", run + 1), numbers.runs[run], nullptr,
                                 nullptr);
    }
    if (!numbers.ensemble) continue;
    csv += detail::metrics_row(predictor, "ensemble", *numbers.ensemble, nullptr,
                               &numbers.ensemble_intervals);
  }
  return csv;
}

/// One row for each architecture: its text form, its truth and repeated measurements of it, and
/// every prediction. The column of a single run is named as its predictor, those of several runs
/// `label, run 1`, `label, run 2`, …
inline std::string predictions_csv(const Report& report) {
  std::string csv = "arch";
  std::vector<const std::vector<double>*> columns;
  if (!report.truth.empty()) {
    csv += ",truth";
    columns.push_back(&report.truth);
  }
  for (std::size_t i = 0; i < report.truth_repeats.size(); ++i) {
    csv += "," + csv_field(interchoice::detail::repeat_name(i));
    columns.push_back(&report.truth_repeats[i]);
  }
  for (const Predictor& predictor : report.predictors) {
    for (std::size_t run = 0; run < predictor.runs.size(); ++run) {
      csv += "," +
             csv_field(interchoice::detail::run_name(predictor.label, predictor.runs.size(), run));
      columns.push_back(&predictor.runs[run]);
    }
  }
  csv += "\n";
  for (std::size_t i = 0; i < report.architectures.size(); ++i) {
    csv += csv_field(report.architectures[i]);
    for (const std::vector<double>* column : columns) csv += "," + shortest_text((*column)[i]);
    csv += "\n";
  }
  return csv;
}

/// The curves behind the figures, one row for each n from 1 to all: `best possible`, then for each
/// predictor the mean truth of the n best by prediction, its normalised improvement, and tau-b
/// among the n truly best; of several runs their mean, followed by their standard deviation. Of
/// equal predictions the expectation over their orders. Empty without a truth.
inline std::string curves_csv(const Report& report) {
  if (report.truth.empty()) return {};
  using Values = std::vector<double>;
  using Span = std::span<const double>;
  const std::vector<std::pair<const char*, Values (*)(Span, Span)>> curves = {
      {"mean: ", expected_mean},
      {"improvement: ",
       [](Span p, Span t) { return improvement_curve(p, t, Ties::kExpected).normalised; }},
      {"tau_b: ", truncated_kendall_tau_b}};
  std::string csv = "n,mean: best possible";
  std::vector<Values> columns = {improvement_curve(report.truth, report.truth).mean};
  for (const Predictor& predictor : report.predictors) {
    for (const auto& [name, curve] : curves) {
      const std::vector<MeanAndStandardDeviation> points =
          curve_over_runs(predictor, report.truth, curve);
      csv += "," + csv_field(name + predictor.label);
      columns.emplace_back();
      for (const MeanAndStandardDeviation& point : points) columns.back().push_back(point.mean);
      if (predictor.runs.size() == 1) continue;
      csv += "," + csv_field(fmt::format("deviation of {}{}", name, predictor.label));
      columns.emplace_back();
      for (const MeanAndStandardDeviation& point : points)
        columns.back().push_back(point.standard_deviation);
    }
  }
  csv += "\n";
  const std::size_t all = report.truth.size();
  for (std::size_t n = 1; n <= all; n = n < all ? std::min(all, n + 1 + n / 100) : all + 1) {
    csv += fmt::format("{}", n);
    for (const Values& column : columns) csv += "," + detail::number_field(column[n - 1]);
    csv += "\n";
  }
  return csv;
}

}  // namespace interchoice::figures
