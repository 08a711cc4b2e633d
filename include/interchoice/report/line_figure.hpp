#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/series_style.hpp"
#include "interchoice/report/specification.hpp"

namespace interchoice::figures {

/// A curve: y over x. Where y is NaN the curve has a gap.
struct Series {
  std::string label;
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> low = {};   ///< the lower end of a band around the curve; empty or NaN: none
  std::vector<double> high = {};  ///< its upper end
  std::vector<double> also = {};  ///< a further number of each point, told on hovering; or empty
};

/// Curves over a common pair of axes.
struct LinePanel {
  std::string title;  ///< may be empty
  Quantity x;
  Quantity y;
  std::vector<Series> series;
  std::string also = {};  ///< the title of the series' further numbers
};

namespace detail {

inline bool has_band(const Series& series, std::size_t i) {
  return i < series.low.size() && std::isfinite(series.low[i]) && std::isfinite(series.high[i]);
}

/// The points of the curves, of each curve about eight with a mark, a little moved from curve to
/// curve so that marks of curves that run together do not cover each other.
inline Specification line_rows(const std::vector<Series>& all) {
  Specification rows = Specification::array();
  for (std::size_t s = 0; s < all.size(); ++s) {
    const Series& series = all[s];
    const std::size_t stride = std::max<std::size_t>(1, series.x.size() / 8);
    const std::size_t offset = s * stride / all.size();
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      Specification row = {{"series", series.label},
                           {"x", shown_number(series.x[i])},
                           {"y", shown_number(series.y[i])}};
      if (has_band(series, i)) {
        row["low"] = shown_number(series.low[i]);
        row["high"] = shown_number(series.high[i]);
      }
      if (!series.also.empty()) row["also"] = shown_number(series.also[i]);
      if (i % stride == offset) row["mark"] = true;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

/// A panel as a view, with layers for bands, lines and marks. The first of a figure has the key.
inline Specification line_view(const LinePanel& panel, const SeriesStyles& styles, int height,
                               std::size_t number) {
  Specification bands = {
      {"mark", {{"type", "area"}, {"opacity", 0.16}}},
      {"transform", list_of({{"filter", "isValid(datum.low)"}})},
      {"encoding", {{"y", channel("low", panel.y)}, {"y2", {{"field", "high"}}}}}};
  Specification lines = {
      {"mark", {{"type", "line"}, {"strokeWidth", 1.8}}},
      {"encoding", {{"y", channel("y", panel.y)}, {"strokeDash", styles.dash()}}},
      {"params", list_of(zoom("zoom_" + std::to_string(number)))}};
  if (number == 0) {
    lines["params"].push_back(
        {{"name", "shown"},
         {"select", {{"type", "point"}, {"fields", list_of("series")}, {"toggle", "true"}}},
         {"bind", "legend"}});
  }
  // Points without a mark are there to be hovered over.
  Specification marks = {
      {"mark", {{"type", "point"}, {"filled", true}, {"size", 70}}},
      {"encoding",
       {{"y", channel("y", panel.y)},
        {"shape", styles.shape()},
        {"opacity", {{"condition", {{"test", "datum.mark"}, {"value", 1}}}, {"value", 0}}},
        {"tooltip",
         {tooltip("series", "series"), number_tooltip("x", panel.x.title),
          number_tooltip("y", panel.y.title)}}}}};
  Specification& told = marks["encoding"]["tooltip"];
  if (!panel.also.empty()) told.push_back(number_tooltip("also", panel.also));
  const bool has_bands = std::ranges::any_of(panel.series, [](const Series& series) {
    return std::ranges::any_of(series.low, [](double value) { return std::isfinite(value); });
  });
  if (has_bands) {
    told.push_back(number_tooltip("low", "lower end of the band"));
    told.push_back(number_tooltip("high", "upper end"));
  }
  Specification view = {{"width", kFigureWidth},
                        {"height", height},
                        {"data", {{"values", line_rows(panel.series)}}},
                        {"transform", list_of({{"filter", {{"param", "shown"}}}})},
                        {"encoding", {{"x", channel("x", panel.x)}, {"color", styles.colour()}}},
                        {"layer", Specification::array()}};
  if (!panel.title.empty()) view["title"] = panel.title;
  if (has_bands) view["layer"].push_back(std::move(bands));
  view["layer"].push_back(std::move(lines));
  view["layer"].push_back(std::move(marks));
  return view;
}

}  // namespace detail

/// Curves in panels under one key, `columns` in a row. A click on an entry of the key shows its
/// series alone, further clicks add others.
///
/// *Requires*: at least one panel; looks for all labels.
inline Specification line_figure(const std::string& description,
                                 const std::vector<LinePanel>& panels, const SeriesStyles& styles,
                                 std::size_t columns, int height) {
  std::vector<Specification> views;
  for (const LinePanel& panel : panels) {
    views.push_back(detail::line_view(panel, styles, height, views.size()));
  }
  return arranged(specification(description), std::move(views), columns);
}

}  // namespace interchoice::figures
