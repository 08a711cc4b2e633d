#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "interchoice/report/number_text.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/report/report_statistics.hpp"
#include "interchoice/report/report_tables.hpp"
#include "interchoice/stats/ranks.hpp"

namespace interchoice::figures {

namespace detail {

/// The names, the last after an `and`.
inline std::string list_text(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  }
  return text;
}

inline std::string tau_text(const Report& report, const ReportStatistics& statistics,
                            std::size_t i) {
  return fmt::format("{} (Kendall's τ-b {})", report.predictors[i].label,
                     fixed_text(statistics.predictors[i].mean.kendall_tau_b, 3));
}

/// Who ranks best, and how surely.
inline std::string leader_sentence(const Report& report, const ReportStatistics& statistics) {
  const Leader& leader = *statistics.best_tau_b;
  std::string text = tau_text(report, statistics, leader.predictor);
  if (leader.leads.empty()) return text + " is the only prediction.";
  text += " ranks best";
  std::vector<std::string> alike;
  for (const Leader::Lead& lead : leader.leads) {
    if (!lead.is_clear()) alike.push_back(report.predictors[lead.other].label);
  }
  if (alike.empty()) return text + ", beyond the noise.";
  return text + "; its lead over " + list_text(alike) + " is within the noise.";
}

/// The best super-network beside the best rule. Empty if there is only one kind.
inline std::string rule_sentence(const Report& report, const ReportStatistics& statistics) {
  const Leader& leader = *statistics.best_tau_b;
  const bool is_rule = report.predictors[leader.predictor].baseline;
  const Leader::Lead* next = nullptr;  // the best of the other kind
  for (const Leader::Lead& lead : leader.leads) {
    if (report.predictors[lead.other].baseline == is_rule) continue;
    const auto tau_b = [&](std::size_t i) {
      return or_lowest(statistics.predictors[i].mean.kendall_tau_b);
    };
    if (next == nullptr || tau_b(lead.other) > tau_b(next->other)) next = &lead;
  }
  if (next == nullptr) return {};
  return fmt::format(
      "The best {}, {}, is {} behind the best {}, 95 % interval {}: {}.",
      is_rule ? "super-network" : "rule without training",
      tau_text(report, statistics, next->other), fixed_text(next->interval.estimate, 3),
      is_rule ? "rule without training" : "super-network", interval_text(next->interval),
      next->is_clear() ? "a real difference" : "within the noise");
}

/// The architecture that one would take.
inline std::string best_sentence(const Report& report, const ReportStatistics& statistics) {
  const std::size_t leading = leading_predictor(report, statistics);
  const std::vector<double>& predictions = statistics.predictors[leading].mean_prediction;
  const std::size_t best = best_first(predictions).front();
  const auto equals = std::ranges::count(predictions, predictions[best]) - 1;
  std::string text = fmt::format("Best by the prediction of {}: {}",
                                 report.predictors[leading].label, report.architectures[best]);
  if (equals > 0)
    text += fmt::format(" (and {} predicted equal)", count_text(static_cast<std::size_t>(equals)));
  if (report.truth.empty()) return text + ".";
  const TruthFormat format = TruthFormat::of(report);
  const auto better =
      std::ranges::count_if(report.truth, [&](double value) { return value > report.truth[best]; });
  return text + fmt::format("; {} {}, place {} of {} (the best has {}).", report.truth_label,
                            format.with_unit(report.truth[best]),
                            count_text(static_cast<std::size_t>(better) + 1),
                            count_text(report.truth.size()),
                            format.with_unit(std::ranges::max(report.truth)));
}

}  // namespace detail

/// What a report says in at most three sentences.
inline std::vector<std::string> conclusion(const Report& report,
                                           const ReportStatistics& statistics) {
  std::vector<std::string> sentences;
  if (statistics.best_tau_b) {
    sentences.push_back(detail::leader_sentence(report, statistics));
    sentences.push_back(detail::rule_sentence(report, statistics));
  }
  sentences.push_back(detail::best_sentence(report, statistics));
  std::erase(sentences, "");
  return sentences;
}

}  // namespace interchoice::figures
