#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "interchoice/io/csv.hpp"
#include "interchoice/report/number_text.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/stats/improvement.hpp"
#include "interchoice/stats/prediction_quality.hpp"
#include "interchoice/stats/ranks.hpp"
#include "interchoice/stats/truncated_correlation.hpp"

namespace interchoice::figures {

namespace detail {

/// A number as a CSV field: empty where it is undefined.
inline std::string number_field(double value) {
  return std::isnan(value) ? std::string() : shortest_text(value);
}

inline nlohmann::ordered_json facts_json(const std::vector<Fact>& facts) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Fact& fact : facts) list.push_back({{"name", fact.name}, {"value", fact.value}});
  return list;
}

inline nlohmann::ordered_json predictor_json(const Report& report, const Predictor& predictor) {
  const PredictionQuality quality = prediction_quality(predictor.values, report.truth);
  const std::vector<std::size_t> order = best_first(predictor.values);
  nlohmann::ordered_json best = nlohmann::ordered_json::array();
  for (std::size_t place = 0; place < quality.best_kept; ++place) {
    best.push_back(report.architectures[order[place]]);
  }
  nlohmann::ordered_json training = nlohmann::ordered_json::array();
  for (const auto& [epoch, loss, accuracy] : predictor.training) {
    training.push_back({{"epoch", epoch}, {"loss", loss}, {"accuracy", accuracy}});
  }
  return {{"label", predictor.label},
          {"trivial", predictor.trivial},
          {"kendall_tau_b", quality.kendall_tau_b},
          {"pearson", quality.pearson},
          {"spearman", quality.spearman},
          {"best_kept", quality.best_kept},
          {"best_mean", quality.best_mean},
          {"best_improvement", quality.best_improvement},
          {"tie_at_cut", quality.tie_at_cut},
          {"best_mean_expected", quality.best_mean_expected},
          {"best_architectures", std::move(best)},
          {"facts", facts_json(predictor.facts)},
          {"training", std::move(training)}};
}

}  // namespace detail

/// The report's numbers as JSON; undefined ones are null.
inline std::string metrics_json(const Report& report) {
  const ImprovementCurve best = improvement_curve(report.truth, report.truth);
  const std::size_t best_place = best_first(report.truth).front();
  nlohmann::ordered_json json = {{"title", report.title},
                                 {"truth",
                                  {{"label", report.truth_label},
                                   {"unit", report.truth_unit},
                                   {"architectures", report.truth.size()},
                                   {"mean", best.mean.back()},
                                   {"best", best.mean.front()},
                                   {"best_architecture", report.architectures[best_place]}}},
                                 {"predictors", nlohmann::ordered_json::array()},
                                 {"facts", detail::facts_json(report.facts)}};
  for (const Predictor& predictor : report.predictors) {
    json["predictors"].push_back(detail::predictor_json(report, predictor));
  }
  // Texts that are not UTF-8 must not cost a run its numbers.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

/// One row for each predictor; fields are empty where a number is undefined.
inline std::string metrics_csv(const Report& report) {
  std::string csv =
      "predictor,trivial,kendall_tau_b,pearson,spearman,best_kept,best_mean,best_improvement,"
      "tie_at_cut,best_mean_expected\n";
  for (const Predictor& predictor : report.predictors) {
    const PredictionQuality quality = prediction_quality(predictor.values, report.truth);
    csv += csv_field(predictor.label) + (predictor.trivial ? ",1," : ",0,") +
           detail::number_field(quality.kendall_tau_b) + "," +
           detail::number_field(quality.pearson) + "," + detail::number_field(quality.spearman) +
           "," + std::to_string(quality.best_kept) + "," + detail::number_field(quality.best_mean) +
           "," + detail::number_field(quality.best_improvement) +
           (quality.tie_at_cut ? ",1," : ",0,") + detail::number_field(quality.best_mean_expected) +
           "\n";
  }
  return csv;
}

/// One row for each architecture: its text form, its truth, and every prediction.
inline std::string predictions_csv(const Report& report) {
  std::string csv = "arch,truth";
  for (const Predictor& predictor : report.predictors) csv += "," + csv_field(predictor.label);
  csv += "\n";
  for (std::size_t i = 0; i < report.architectures.size(); ++i) {
    csv += csv_field(report.architectures[i]) + "," + shortest_text(report.truth[i]);
    for (const Predictor& predictor : report.predictors) {
      csv += "," + shortest_text(predictor.values[i]);
    }
    csv += "\n";
  }
  return csv;
}

/// The curves behind the figures, one row for each n from 1 to all: `best possible`, then for each
/// predictor the mean truth of the n best by prediction, its normalised improvement, and tau-b
/// among the n truly best.
inline std::string curves_csv(const Report& report) {
  std::vector<std::vector<double>> columns;
  std::string csv = "n,mean: best possible";
  columns.push_back(improvement_curve(report.truth, report.truth).mean);
  for (const Predictor& predictor : report.predictors) {
    for (const char* name : {"mean: ", "improvement: ", "tau_b: "}) {
      csv += "," + csv_field(name + predictor.label);
    }
    ImprovementCurve curve = improvement_curve(predictor.values, report.truth);
    columns.push_back(std::move(curve.mean));
    columns.push_back(std::move(curve.normalised));
    columns.push_back(truncated_kendall_tau_b(predictor.values, report.truth));
  }
  csv += "\n";
  const std::size_t all = report.truth.size();
  for (std::size_t n = 1; n <= all; n = n < all ? std::min(all, n + 1 + n / 100) : all + 1) {
    csv += std::to_string(n);
    for (const std::vector<double>& column : columns) {
      csv += "," + detail::number_field(column[n - 1]);
    }
    csv += "\n";
  }
  return csv;
}

}  // namespace interchoice::figures
