#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/report.hpp"
#include "interchoice/report/specification.hpp"

namespace interchoice::figures {

/// The look of a series, the same in every figure of a report.
struct SeriesStyle {
  std::string colour;
  std::vector<double> dash = {};  ///< lengths of dashes and gaps; empty: solid. *Units*: pixels
  std::string shape = "circle";   ///< of its marks, by Vega's name
};

/// The look of the series with this number: colour, dashes and mark all differ from those of the
/// five before it, so that it is told apart without seeing colours, and in black and white. Each
/// colour has a contrast of 3 or more with white and with the dark page.
///
/// *Source*: Okabe and Ito, "Color Universal Design" (2008), without the light ones.
inline SeriesStyle series_style(std::size_t number) {
  static constexpr std::array kColours = {"#0072b2", "#d55e00", "#009e73",
                                          "#cc79a7", "#a67600", "#8a63d2"};
  static const std::vector<std::vector<double>> kDashes = {
      {}, {8, 3}, {2.5, 2.5}, {9, 3, 2.5, 3}, {14, 4}, {5, 2, 1.5, 2}, {4, 4}};
  static constexpr std::array kShapes = {"circle", "square", "triangle-up", "diamond",
                                         "triangle-down"};
  return {kColours[number % kColours.size()], kDashes[number % kDashes.size()],
          kShapes[number % kShapes.size()]};
}

/// The look of a predictor that is shown for comparison only: grey, dashed.
inline SeriesStyle reference_style(std::size_t number) {
  static constexpr std::array kColours = {"#6b6b6b", "#8f8f8f", "#7d7d7d"};
  static const std::vector<std::vector<double>> kDashes = {
      {5, 3}, {2, 2}, {10, 3, 2, 3}, {6, 2, 2, 2}};
  static constexpr std::array kShapes = {"cross", "triangle-left", "stroke", "triangle-right"};
  return {kColours[number % kColours.size()], kDashes[number % kDashes.size()],
          kShapes[number % kShapes.size()]};
}

/// The look of the bound that nothing can exceed.
inline SeriesStyle bound_style() { return {"#808080", {}, "stroke"}; }
/// The look of the level of a random choice.
inline SeriesStyle chance_style() { return {"#808080", {1.5, 3}, "stroke"}; }

/// The looks of the series of a figure by their labels, in the order of its key.
class SeriesStyles {
 public:
  /// Gives a look to a label that is new.
  void add(const std::string& label, SeriesStyle style) {
    if (styles_.emplace(label, std::move(style)).second) labels_.push_back(label);
  }

  /// Gives looks to the report's predictors that are new, in their order: the same label looks the
  /// same in the figures of several reports.
  void add(const Report& report) {
    for (const Predictor& predictor : report.predictors) {
      if (styles_.contains(predictor.label)) continue;
      add(predictor.label,
          predictor.baseline ? reference_style(baselines_++) : series_style(trained_++));
    }
  }

  std::size_t size() const { return labels_.size(); }

  /// *Throws*: `std::out_of_range` for a label that was not added.
  const SeriesStyle& of(const std::string& label) const { return styles_.at(label); }

  /// The channels of a mark by the field `series`, which share one key.
  Specification colour() const {
    Specification json = scale([](const SeriesStyle& style) { return style.colour; });
    json["legend"] = {{"orient", "top"},
                      {"columns", std::min<std::size_t>(labels_.size(), 3)},
                      {"symbolOpacity", 1}};
    return json;
  }
  /// The dashes of lines.
  Specification dash() const {
    return scale([](const SeriesStyle& style) {
      return style.dash.empty() ? std::vector<double>{1, 0} : style.dash;
    });
  }
  /// The shapes of points.
  Specification shape() const {
    return scale([](const SeriesStyle& style) { return style.shape; });
  }

 private:
  template <class Part>
  Specification scale(const Part& part) const {
    Specification range = Specification::array();
    for (const std::string& label : labels_) range.push_back(part(styles_.at(label)));
    return {{"field", "series"},
            {"type", "nominal"},
            {"title", nullptr},
            {"scale", {{"domain", labels_}, {"range", std::move(range)}}}};
  }

  std::map<std::string, SeriesStyle> styles_;
  std::vector<std::string> labels_;
  std::size_t trained_ = 0;
  std::size_t baselines_ = 0;
};

}  // namespace interchoice::figures
