#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/frame.hpp"

namespace interchoice::figures {

/// One list of values against another.
struct ScatterPanel {
  std::string title;
  std::string note;  ///< a second line, such as a correlation
  std::string colour;
  std::vector<double> x;
  std::vector<double> y = {};  ///< of this panel alone; empty: the figure's
  std::string x_title = {};    ///< beside an own y: the axes' titles
  std::string y_title = {};
};

/// Points (x, y), in most figures one panel for each list of x, all with the same y. A panel with
/// its own y has both axes from the same lowest to the same highest value, and a line where the two
/// are equal.
struct ScatterFigure {
  std::string description;  ///< for screen readers
  std::string x_title = {};
  std::string y_title = {};
  std::vector<double> y = {};
  std::vector<std::string> names = {};  ///< of the points: their tooltips
  std::vector<ScatterPanel> panels = {};
};

/// Up to so many points of a panel, and of all panels, are drawn one by one; more are counted in
/// small squares, the darker the more.
inline constexpr std::size_t kMostSinglePoints = 1000;
inline constexpr std::size_t kMostPointsOfAll = 6000;

/// Whether points are drawn one by one.
inline bool has_single_points(std::size_t points, std::size_t panels) {
  return points <= kMostSinglePoints && points * panels <= kMostPointsOfAll;
}

namespace detail {

inline const std::vector<double>& values_of(const ScatterFigure& figure,
                                            const ScatterPanel& panel) {
  return panel.y.empty() ? figure.y : panel.y;
}

inline void draw_points(SvgDrawing& drawing, const Frame& frame, const ScatterFigure& figure,
                        const ScatterPanel& panel) {
  std::vector<SvgDrawing::Disc> discs;
  const std::vector<double>& y = values_of(figure, panel);
  for (std::size_t i = 0; i < y.size(); ++i) {
    discs.push_back({frame.place(panel.x[i], y[i]), figure.names[i]});
  }
  drawing.discs(discs, y.size() <= 200 ? 3 : 2, panel.colour, 0.6);
}

/// Counts points in squares of a few pixels and draws squares of one darkness as one path.
inline void draw_density(SvgDrawing& drawing, const Frame& frame, const ScatterFigure& figure,
                         const ScatterPanel& panel) {
  const std::vector<double>& y = values_of(figure, panel);
  constexpr double kSide = 3;
  constexpr std::array kUpTo = {1.0, 3.0, 10.0, 30.0, 100.0};  // a darkness each, one for more
  constexpr std::array kDarkness = {"0.22", "0.38", "0.55", "0.72", "0.88", "1"};
  const auto columns = static_cast<std::size_t>(std::ceil(frame.area.width / kSide));
  const auto rows = static_cast<std::size_t>(std::ceil(frame.area.height / kSide));
  std::vector<std::size_t> counts(columns * rows);
  const auto cell = [](double offset, std::size_t cells) {
    return std::min(cells - 1, static_cast<std::size_t>(std::max(0.0, offset / kSide)));
  };
  for (std::size_t i = 0; i < y.size(); ++i) {
    const Point place = frame.place(panel.x[i], y[i]);
    ++counts[cell(place.y - frame.area.y, rows) * columns + cell(place.x - frame.area.x, columns)];
  }
  std::array<std::string, kDarkness.size()> paths;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const auto level = std::ranges::lower_bound(kUpTo, static_cast<double>(counts[i]));
    const double left = frame.area.x + static_cast<double>(i % columns) * kSide;
    const double top = frame.area.y + static_cast<double>(i / columns) * kSide;
    paths[static_cast<std::size_t>(level - kUpTo.begin())] +=
        "M" + coordinates({left, top}) + "h3v3h-3z";
  }
  for (std::size_t level = 0; level < paths.size(); ++level) {
    if (!paths[level].empty()) drawing.shape(paths[level], panel.colour, {}, kDarkness[level]);
  }
}

/// The axes of one panel, for an area of so many pixels.
struct ScatterAxes {
  Axis x;
  Axis y;

  static ScatterAxes of(const ScatterFigure& figure, const ScatterPanel& panel, double width) {
    if (panel.y.empty()) {
      return {padded_horizontal_axis(figure.x_title, panel.x, 4, width),
              padded_axis(figure.y_title, figure.y, 5)};
    }
    std::vector<double> both = panel.x;
    both.insert(both.end(), panel.y.begin(), panel.y.end());
    Axis x = padded_horizontal_axis(panel.x_title, both, 4, width);
    Axis y = x;
    y.title = panel.y_title;
    return {std::move(x), std::move(y)};
  }
};

inline void draw_scatter_panel(SvgDrawing& drawing, const Frame& frame, const ScatterFigure& figure,
                               const ScatterPanel& panel) {
  draw_grid(drawing, frame);
  if (!panel.y.empty()) {
    drawing.line(frame.place(frame.x.low, frame.y.low), frame.place(frame.x.high, frame.y.high),
                 {kZeroColour, 1, ""});
  }
  if (has_single_points(values_of(figure, panel).size(), figure.panels.size())) {
    draw_points(drawing, frame, figure, panel);
  } else {
    draw_density(drawing, frame, figure, panel);
  }
  draw_axes(drawing, frame);
  const Point corner{frame.area.x, frame.area.y};
  drawing.text({corner.x, corner.y - 24}, fitting_text(panel.title, 13, frame.area.width),
               {.size = 13, .bold = true});
  drawing.text({corner.x, corner.y - 8}, fitting_text(panel.note, 12, frame.area.width),
               {.colour = "#444444"});
}

}  // namespace detail

/// Draws the figure, at most three panels in a row.
inline std::string to_svg(const ScatterFigure& figure) {
  constexpr double kWidth = 760;
  constexpr double kRight = 12;
  constexpr double kAbove = 46;
  constexpr double kBelow = 52;
  const std::size_t count = figure.panels.size();
  const std::size_t columns = count == 1 ? 1 : count == 2 || count == 4 ? 2 : 3;
  const std::size_t rows = (count + columns - 1) / columns;
  const double column_width = kWidth / static_cast<double>(columns);
  double left = 0;
  for (const ScatterPanel& panel : figure.panels) {
    left = std::max(left, axis_room(detail::ScatterAxes::of(figure, panel, column_width - 60).y));
  }
  const double width = std::min(column_width - left - kRight, 400.0);
  const double height = 0.8 * width;

  SvgDrawing drawing(kWidth, static_cast<double>(rows) * (kAbove + height + kBelow),
                     figure.description);
  for (std::size_t i = 0; i < count; ++i) {
    const ScatterPanel& panel = figure.panels[i];
    const auto column = static_cast<double>(i % columns);
    const auto row = static_cast<double>(i / columns);
    auto [x, y] = detail::ScatterAxes::of(figure, panel, width);
    if (column > 0 && panel.y.empty()) y.title.clear();
    const Box area{column * column_width + left, row * (kAbove + height + kBelow) + kAbove, width,
                   height};
    detail::draw_scatter_panel(drawing, {area, std::move(x), std::move(y)}, figure, panel);
  }
  return std::move(drawing).finish();
}

}  // namespace interchoice::figures
