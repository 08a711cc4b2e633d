#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "interchoice/report/report.hpp"
#include "interchoice/report/series_style.hpp"

namespace interchoice::figures {

/// The looks of predictors in the figures of one or several reports: the same label looks the same.
class PredictorStyles {
 public:
  /// Gives looks to the report's labels that are new, in their order.
  void add(const Report& report) {
    for (const Predictor& predictor : report.predictors) {
      if (styles_.contains(predictor.label)) continue;
      styles_[predictor.label] =
          predictor.baseline ? reference_style(baselines_++) : series_style(trained_++);
    }
  }

  /// *Throws*: `std::out_of_range` for a label of no report.
  const SeriesStyle& of(const Predictor& predictor) const { return styles_.at(predictor.label); }

 private:
  std::map<std::string, SeriesStyle> styles_;
  std::size_t trained_ = 0;
  std::size_t baselines_ = 0;
};

/// The looks of a report's predictors, the same in all of its figures.
inline std::vector<SeriesStyle> predictor_styles(const Report& report) {
  PredictorStyles all;
  all.add(report);
  std::vector<SeriesStyle> styles;
  for (const Predictor& predictor : report.predictors) styles.push_back(all.of(predictor));
  return styles;
}

}  // namespace interchoice::figures
