#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/number_text.hpp"
#include "interchoice/report/series_style.hpp"
#include "interchoice/report/specification.hpp"
#include "interchoice/stats/kendall.hpp"

namespace interchoice::figures {

/// One list of values against another, both of the same quantity.
struct ScatterPanel {
  std::string title;
  std::string x_title;
  std::string y_title;
  std::vector<double> x;
  std::vector<double> y;
  SeriesStyle style;
};

namespace detail {

/// The opacity of points of which there are so many.
inline double point_opacity(std::size_t points) { return points > 3000 ? 0.2 : 0.65; }

inline std::size_t scatter_columns(std::size_t panels) {
  return panels == 2 || panels == 4 ? 2 : std::min<std::size_t>(panels, 3);
}

inline Specification point_mark(const SeriesStyle& style, std::size_t points) {
  return {{"type", "point"},
          {"filled", true},
          {"shape", style.shape == "stroke" ? "circle" : style.shape},
          {"color", style.colour},
          {"size", points > 200 ? 16 : 34}};
}

/// A title with Kendall's tau-b below it.
inline Specification title_with_tau(const std::string& title, double tau_b) {
  return {{"text", title}, {"subtitle", "τ-b = " + fixed_text(tau_b, 3)}, {"subtitleFontSize", 12}};
}

}  // namespace detail

/// Points of repeated measurements, a panel for each pair. Both axes of a panel go from the same
/// lowest to the same highest value, with a line where the two are equal.
///
/// *Requires*: at least one panel, as many names as values.
inline Specification scatter_figure(const std::string& description,
                                    const std::vector<std::string>& names,
                                    const std::vector<ScatterPanel>& panels) {
  std::vector<Specification> views;
  for (const ScatterPanel& panel : panels) {
    const auto [x_low, x_high] = std::ranges::minmax(panel.x);
    const auto [y_low, y_high] = std::ranges::minmax(panel.y);
    const double room = 0.03 * (std::max(x_high, y_high) - std::min(x_low, y_low));
    const double low = std::min(x_low, y_low) - room;
    const double high = std::max(x_high, y_high) + room;
    Specification rows = Specification::array();
    for (std::size_t i = 0; i < names.size(); ++i) {
      rows.push_back(
          {{"arch", names[i]}, {"x", shown_number(panel.x[i])}, {"y", shown_number(panel.y[i])}});
    }
    const Specification x = channel("x", {panel.x_title, low, high});
    const Specification y = channel("y", {panel.y_title, low, high});
    Specification line = {
        {"mark", {{"type", "line"}, {"color", "#808080"}, {"strokeWidth", 1}}},
        {"data", {{"values", {{{"x", low}, {"y", low}}, {{"x", high}, {"y", high}}}}}},
        {"encoding", {{"x", x}, {"y", y}}}};
    Specification mark = detail::point_mark(panel.style, names.size());
    mark["opacity"] = detail::point_opacity(names.size());
    Specification points = {{"mark", std::move(mark)},
                            {"data", {{"values", std::move(rows)}}},
                            {"params", list_of(zoom("zoom_" + std::to_string(views.size())))},
                            {"encoding",
                             {{"x", x},
                              {"y", y},
                              {"tooltip",
                               {tooltip("arch", "architecture"), number_tooltip("x", panel.x_title),
                                number_tooltip("y", panel.y_title)}}}}};
    views.push_back(
        {{"title", detail::title_with_tau(panel.title, kendall_tau_b(panel.x, panel.y))},
         {"width", kFigureWidth},
         {"height", 200},
         {"layer", {std::move(line), std::move(points)}}});
  }
  return arranged(specification(description), std::move(views),
                  detail::scatter_columns(panels.size()));
}

}  // namespace interchoice::figures
