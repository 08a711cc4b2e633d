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
  std::vector<double> low = {};   ///< the lower end of a band around the curve; empty: no band
  std::vector<double> high = {};  ///< its upper end; where one of the two is NaN, a gap

  bool has_band() const { return !low.empty(); }
};

/// Curves over a common pair of axes.
struct LinePanel {
  std::string title;  ///< may be empty
  Axis x;
  Axis y;
  std::optional<Axis> right;  ///< the same height in another unit
  std::vector<Series> series;
};

/// Panels in rows under one key.
struct LineFigure {
  std::string description;        ///< for screen readers
  std::vector<LinePanel> panels;  ///< row by row; one without series is an empty place
  double width = 760;
  double panel_height = 300;                ///< of the area with data
  std::optional<std::size_t> columns = {};  ///< panels in a row; all by default
};

namespace detail {

/// The points of a series in pieces without gaps, by their numbers, thinned to half a pixel: a
/// longer list of points would look the same.
template <class IsGap>
std::vector<std::vector<std::size_t>> visible_pieces(const Frame& frame, const Series& series,
                                                     const IsGap& is_gap) {
  constexpr double kStep = 0.5;
  std::vector<std::vector<std::size_t>> pieces;
  bool is_drawing = false;
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if (is_gap(i)) {
      is_drawing = false;
      continue;
    }
    if (!is_drawing) pieces.emplace_back();
    const bool is_last = i + 1 == series.x.size() || is_gap(i + 1);
    const auto distance_to = [&](std::size_t drawn) {
      return std::abs(frame.place_x(series.x[i]) - frame.place_x(series.x[drawn]));
    };
    if (!is_drawing || is_last || distance_to(pieces.back().back()) >= kStep) {
      pieces.back().push_back(i);
    }
    is_drawing = true;
  }
  return pieces;
}

/// The curve as path commands.
inline std::string curve_path(const Frame& frame, const Series& series) {
  std::string data;
  const auto is_gap = [&](std::size_t i) { return !std::isfinite(series.y[i]); };
  for (const auto& piece : visible_pieces(frame, series, is_gap)) {
    for (const std::size_t i : piece) {
      data += (i == piece.front() ? "M" : "L") + coordinates(frame.place(series.x[i], series.y[i]));
    }
  }
  return data;
}

/// The area between the ends of the band as path commands: each piece along its upper end and back
/// along the lower one.
inline std::string band_path(const Frame& frame, const Series& series) {
  std::string data;
  const auto is_gap = [&](std::size_t i) {
    return !std::isfinite(series.low[i]) || !std::isfinite(series.high[i]);
  };
  for (const auto& piece : visible_pieces(frame, series, is_gap)) {
    std::string back;
    for (const std::size_t i : piece) {
      data +=
          (i == piece.front() ? "M" : "L") + coordinates(frame.place(series.x[i], series.high[i]));
      back.insert(0, "L" + coordinates(frame.place(series.x[i], series.low[i])));
    }
    data += back + "Z";
  }
  return data;
}

/// Marks along the curve at even distances, moved along a little from series to series so that
/// marks of curves that run together do not cover each other.
inline void draw_marks(SvgDrawing& drawing, const Frame& frame, const Series& series,
                       double phase) {
  constexpr double kDistance = 88;
  const int count = std::max(1, static_cast<int>(frame.area.width / kDistance));
  const double spacing = frame.area.width / count;
  std::vector<Point> places;
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if (std::isfinite(series.y[i])) places.push_back(frame.place(series.x[i], series.y[i]));
  }
  if (places.empty()) return;
  for (int mark = 0; mark < count; ++mark) {
    const double wanted = frame.area.x + (mark + 0.15 + 0.7 * phase) * spacing;
    const auto distance = [wanted](const Point& place) { return std::abs(place.x - wanted); };
    draw_mark(drawing, series.style, std::ranges::min(places, {}, distance));
  }
}

/// Draws one panel, whose axes lie around `area`.
inline void draw_panel(SvgDrawing& drawing, const LinePanel& panel, const Box& area) {
  const Frame frame{area, panel.x, panel.y};
  draw_grid(drawing, frame);
  for (const Series& series : panel.series) {
    if (!series.has_band()) continue;
    drawing.shape(band_path(frame, series), series.style.stroke.colour, {}, kBandOpacity);
  }
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

/// The places of the panels of a line figure.
struct PanelLayout {
  std::vector<double> lefts;  ///< of the areas with data, one for each column
  std::vector<double> tops;   ///< one for each row
  double panel_width = 0;
  double height = 0;  ///< of the whole figure
};

/// Columns and rows take as much room around their areas as their axes need, the areas themselves
/// are all alike.
inline PanelLayout lay_out(const LineFigure& figure, std::size_t columns, double first_top) {
  constexpr double kTitle = 22;  // of a vertical axis, beside its labels
  const std::size_t rows = (figure.panels.size() + columns - 1) / columns;
  std::vector<double> left(columns, 12);
  std::vector<double> right(columns, 18);
  std::vector<double> above(rows, 10);
  std::vector<double> below(rows, 24);
  double labels = 0;
  double right_labels = 0;
  for (const LinePanel& panel : figure.panels) {
    if (panel.series.empty()) continue;
    labels = std::max(labels, label_width(panel.y));
    if (panel.right) right_labels = std::max(right_labels, label_width(*panel.right));
  }
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    const LinePanel& panel = figure.panels[i];
    const std::size_t column = i % columns;
    const std::size_t row = i / columns;
    if (!panel.y.title.empty()) left[column] = 12 + kTitle;
    if (panel.right) {
      const double beyond = panel.right->title.empty() ? 8 : kTitle;
      right[column] = std::max(right[column], right_labels + 12 + beyond);
    }
    if (!panel.title.empty()) above[row] = 28;
    if (!panel.x.title.empty()) below[row] = 46;
  }
  PanelLayout layout;
  layout.panel_width = figure.width;
  for (std::size_t column = 0; column < columns; ++column) {
    layout.panel_width -= labels + left[column] + right[column];
  }
  layout.panel_width = std::max(40.0, layout.panel_width / static_cast<double>(columns));
  double x = 0;
  for (std::size_t column = 0; column < columns; ++column) {
    layout.lefts.push_back(x + labels + left[column]);
    x = layout.lefts.back() + layout.panel_width + right[column];
  }
  double y = first_top;
  for (std::size_t row = 0; row < rows; ++row) {
    layout.tops.push_back(row == 0 ? y : y + above[row]);
    y = layout.tops.back() + figure.panel_height + below[row];
  }
  layout.height = y;
  return layout;
}

/// An entry for each label, in the order in which the panels show them; curves without marks, which
/// are bounds, come last.
inline std::vector<Legend::Entry> legend_entries(const std::vector<LinePanel>& panels) {
  std::vector<Legend::Entry> entries;
  for (const LinePanel& panel : panels) {
    for (const Series& series : panel.series) {
      const auto known = std::ranges::find(entries, series.label, &Legend::Entry::label);
      if (known == entries.end()) {
        entries.push_back({series.label, series.style, series.has_band()});
      } else {
        known->band |= series.has_band();
      }
    }
  }
  std::stable_partition(entries.begin(), entries.end(), [](const Legend::Entry& entry) {
    return entry.style.marker != MarkerShape::kNone;
  });
  return entries;
}

}  // namespace detail

/// Draws the figure. Series of several panels that share a label share an entry of the key.
inline std::string to_svg(const LineFigure& figure) {
  const std::size_t columns = figure.columns.value_or(figure.panels.size());
  const bool has_titles = std::ranges::any_of(
      figure.panels, [](const LinePanel& panel) { return !panel.title.empty(); });
  const detail::PanelLayout sideways = detail::lay_out(figure, columns, 0);
  const double left = sideways.lefts.front();
  const double right = sideways.lefts.back() + sideways.panel_width;
  const Legend legend(detail::legend_entries(figure.panels), right - left);
  const detail::PanelLayout layout =
      detail::lay_out(figure, columns, 8 + legend.height() + (has_titles ? 24 : 6));

  SvgDrawing drawing(figure.width, layout.height, figure.description);
  legend.draw(drawing, {left, 6});
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    if (figure.panels[i].series.empty()) continue;
    detail::draw_panel(drawing, figure.panels[i],
                       {layout.lefts[i % columns], layout.tops[i / columns], layout.panel_width,
                        figure.panel_height});
  }
  return std::move(drawing).finish();
}

}  // namespace interchoice::figures
