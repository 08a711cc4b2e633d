#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "interchoice/report/frame.hpp"
#include "interchoice/report/legend.hpp"

namespace interchoice::figures {

/// A curve: y over x, x rising or falling throughout. Where y is NaN the curve has a gap.
struct Series {
  std::string label;
  SeriesStyle style;
  std::vector<double> x;
  std::vector<double> y;
};

/// Curves over a common pair of axes.
struct LinePanel {
  std::string title;  ///< may be empty
  Axis x;
  Axis y;
  std::optional<Axis> right;  ///< the same height in another unit
  std::vector<Series> series;
};

/// Panels side by side under one key.
struct LineFigure {
  std::string description;  ///< what a screen reader says
  std::vector<LinePanel> panels;
  double width = 760;
  double panel_height = 300;  ///< of the area with data
};

namespace detail {

/// The curve as path commands, thinned to half a pixel: a longer list of points would look the
/// same.
inline std::string curve_path(const Frame& frame, const Series& series) {
  constexpr double kStep = 0.5;
  std::string data;
  bool is_drawing = false;
  double drawn_x = 0;
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if (!std::isfinite(series.y[i])) {
      is_drawing = false;
      continue;
    }
    const Point place = frame.place(series.x[i], series.y[i]);
    const bool is_last = i + 1 == series.x.size() || !std::isfinite(series.y[i + 1]);
    if (is_drawing && !is_last && std::abs(place.x - drawn_x) < kStep) continue;
    data += (is_drawing ? "L" : "M") + coordinate(place.x) + " " + coordinate(place.y);
    is_drawing = true;
    drawn_x = place.x;
  }
  return data;
}

/// Marks along the curve at even distances, moved along a little from series to series so that
/// marks of curves that run together do not cover each other.
inline void draw_marks(SvgDrawing& drawing, const Frame& frame, const Series& series,
                       double phase) {
  constexpr double kDistance = 88;
  const int count = std::max(1, static_cast<int>(frame.area.width / kDistance));
  const double distance = frame.area.width / count;
  std::vector<Point> places;
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if (std::isfinite(series.y[i])) places.push_back(frame.place(series.x[i], series.y[i]));
  }
  if (places.empty()) return;
  for (int mark = 0; mark < count; ++mark) {
    const double wanted = frame.area.x + (mark + 0.15 + 0.7 * phase) * distance;
    const auto nearest =
        std::min_element(places.begin(), places.end(), [wanted](const Point& a, const Point& b) {
          return std::abs(a.x - wanted) < std::abs(b.x - wanted);
        });
    draw_mark(drawing, series.style, *nearest);
  }
}

/// Draws one panel, whose axes lie around `area`.
inline void draw_panel(SvgDrawing& drawing, const LinePanel& panel, const Box& area) {
  const Frame frame{area, panel.x, panel.y};
  draw_grid(drawing, frame);
  for (const Series& series : panel.series) {
    drawing.path(curve_path(frame, series), series.style.stroke);
  }
  for (std::size_t i = 0; i < panel.series.size(); ++i) {
    if (panel.series[i].style.marker == MarkerShape::kNone) continue;
    const double phase = static_cast<double>(i) / static_cast<double>(panel.series.size());
    draw_marks(drawing, frame, panel.series[i], phase);
  }
  draw_axes(drawing, frame);
  if (panel.right) draw_right_axis(drawing, frame, *panel.right);
  if (!panel.title.empty()) {
    drawing.text({area.x, area.y - 10}, fitting_text(panel.title, 13, area.width),
                 {.size = 13, .bold = true});
  }
}

}  // namespace detail

/// Draws the figure. Series of several panels that share a label share an entry of the key.
inline std::string to_svg(const LineFigure& figure) {
  constexpr double kBelow = 46;
  std::vector<Legend::Entry> entries;
  bool has_titles = false;
  double left = 0;
  double right = 18;
  for (const LinePanel& panel : figure.panels) {
    has_titles |= !panel.title.empty();
    left = std::max(left, axis_room(panel.y));
    if (panel.right) right = std::max(right, axis_room(*panel.right));
    for (const Series& series : panel.series) {
      const bool is_new = std::none_of(entries.begin(), entries.end(), [&](const auto& entry) {
        return entry.label == series.label;
      });
      if (is_new) entries.push_back({series.label, series.style});
    }
  }
  const Legend legend(std::move(entries), figure.width - left - right);
  const double above = 8 + legend.height() + (has_titles ? 24 : 6);

  SvgDrawing drawing(figure.width, above + figure.panel_height + kBelow, figure.description);
  legend.draw(drawing, {left, 6});
  const double share = figure.width / static_cast<double>(figure.panels.size());
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    detail::draw_panel(
        drawing, figure.panels[i],
        {static_cast<double>(i) * share + left, above, share - left - right, figure.panel_height});
  }
  return std::move(drawing).finish();
}

}  // namespace interchoice::figures
