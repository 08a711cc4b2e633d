#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/frame.hpp"
#include "interchoice/report/legend.hpp"
#include "interchoice/search/dominance.hpp"
#include "interchoice/search/objective.hpp"

namespace interchoice::figures {

/// Points with two objectives: a search's history, say.
struct ParetoSet {
  std::string label;
  SeriesStyle style;
  std::vector<double> x;
  std::vector<double> y;
  std::vector<std::string> names = {};  ///< the points' tooltips; empty: none
  bool has_points = true;               ///< else only the front is drawn
};

/// Two objectives at once: all points, and the Pareto front of each set as steps.
struct ParetoFigure {
  std::string description;  ///< for screen readers
  std::string x_title;
  std::string y_title;
  Direction x_direction = Direction::kMinimise;
  Direction y_direction = Direction::kMaximise;
  std::vector<ParetoSet> sets = {};  ///< later ones lie on top
};

namespace detail {

/// The signs that turn coordinates into costs, and back.
struct ParetoSigns {
  double x;
  double y;

  explicit ParetoSigns(const ParetoFigure& figure)
      : x(figure.x_direction == Direction::kMaximise ? -1 : 1),
        y(figure.y_direction == Direction::kMaximise ? -1 : 1) {}
};

/// The front of a set as costs, from the best x to the best y, each point once.
inline std::vector<CostPoint> front_costs(const ParetoSet& set, const ParetoSigns& signs) {
  std::vector<CostPoint> points;
  for (std::size_t i = 0; i < set.x.size(); ++i) {
    points.push_back({signs.x * set.x[i], signs.y * set.y[i]});
  }
  std::vector<CostPoint> front;
  for (const std::size_t i : pareto_front(points)) front.push_back(points[i]);
  std::ranges::sort(front);
  front.erase(std::unique(front.begin(), front.end()), front.end());
  return front;
}

/// The range of one axis: the fronts with some surroundings on the worse side, but not points that
/// are so bad that they would squeeze the fronts.
inline std::pair<double, double> front_range(const std::vector<double>& front,
                                             const std::vector<double>& all, double sign) {
  const auto [best, worst] = std::ranges::minmax(front);
  const double size = worst - best;
  const double worst_of_all = std::ranges::max(all);
  const double end = size > 0 ? std::min(worst_of_all, worst + 0.4 * size) : worst_of_all;
  return std::minmax(sign * best, sign * end);
}

/// The edge of the region that a front dominates, out to the edges of the area on the worse side.
inline std::string step_path(const Frame& frame, const std::vector<CostPoint>& front,
                             const ParetoSigns& signs) {
  const double worse_x = signs.x > 0 ? frame.area.right() : frame.area.x;
  const double worse_y = signs.y > 0 ? frame.area.y : frame.area.bottom();
  std::string data;
  double y = worse_y;
  for (const CostPoint& point : front) {
    const Point place = frame.place(signs.x * point[0], signs.y * point[1]);
    data += (data.empty() ? "M" : "L") + coordinates({place.x, y}) + "L" + coordinates(place);
    y = place.y;
  }
  return data + "L" + coordinates({worse_x, y});
}

inline bool is_within(const Axis& axis, double value) {
  return value >= axis.low && value <= axis.high;
}

/// Draws a set's points; returns the number of those that lie outside.
inline std::size_t draw_pareto_points(SvgDrawing& drawing, const Frame& frame,
                                      const ParetoSet& set) {
  constexpr std::size_t kMostTooltips = 2000;
  const std::size_t count = set.x.size();
  std::vector<SvgDrawing::Disc> discs;
  std::string squares;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_within(frame.x, set.x[i]) || !is_within(frame.y, set.y[i])) continue;
    const Point place = frame.place(set.x[i], set.y[i]);
    if (count <= kMostTooltips) {
      discs.push_back({place, set.names.empty() ? "" : set.names[i]});
    } else {
      squares += "M" + coordinates({place.x - 1, place.y - 1}) + "h2v2h-2z";
      discs.push_back({});
    }
  }
  if (count <= kMostTooltips) {
    drawing.discs(discs, count <= 200 ? 3 : 2, set.style.stroke.colour, 0.45);
  } else {
    drawing.shape(squares, set.style.stroke.colour, {}, "0.3");
  }
  return count - discs.size();
}

}  // namespace detail

/// Draws the figure. Points that are much worse than every front are left out and counted.
///
/// *Throws*: `std::invalid_argument` if there is no set, a set has no points or lists of different
/// lengths, or a value is not finite.
///
/// *Cost*: see `pareto_front`.
inline std::string to_svg(const ParetoFigure& figure) {
  constexpr double kWidth = 760;
  constexpr double kPanelHeight = 420;  // of the area with data
  constexpr double kBelow = 46;
  constexpr double kRight = 18;
  if (figure.sets.empty()) {
    throw std::invalid_argument("interchoice: a Pareto figure without sets; add one");
  }
  const detail::ParetoSigns signs(figure);
  std::vector<std::vector<CostPoint>> fronts;
  std::vector<double> front_x, front_y, all_x, all_y;
  std::vector<Legend::Entry> entries;
  for (const ParetoSet& set : figure.sets) {
    if (set.x.empty() || set.x.size() != set.y.size() ||
        (!set.names.empty() && set.names.size() != set.x.size())) {
      throw std::invalid_argument(fmt::format(
          "interchoice: a Pareto figure: '{}' has {} x, {} y and {} names; give at least "
          "one point, and names for all or for none",
          set.label, set.x.size(), set.y.size(), set.names.size()));
    }
    fronts.push_back(detail::front_costs(set, signs));
    for (const CostPoint& point : fronts.back()) {
      front_x.push_back(point[0]);
      front_y.push_back(point[1]);
    }
    for (const double value : set.x) all_x.push_back(signs.x * value);
    for (const double value : set.y) all_y.push_back(signs.y * value);
    entries.push_back({set.label, set.style});
  }
  const auto [x_low, x_high] = detail::front_range(front_x, all_x, signs.x);
  const auto [y_low, y_high] = detail::front_range(front_y, all_y, signs.y);
  const Axis y = padded_axis(figure.y_title, {y_low, y_high}, 6);
  const double left = axis_room(y);
  const double width = kWidth - left - kRight;
  const Legend legend(std::move(entries), width);
  const double above = 26 + legend.height();
  const Frame frame{{left, above, width, kPanelHeight},
                    padded_horizontal_axis(figure.x_title, {x_low, x_high}, 6, width),
                    y};

  SvgDrawing drawing(kWidth, above + kPanelHeight + kBelow, figure.description);
  legend.draw(drawing, {left, 6});
  draw_grid(drawing, frame);
  std::size_t outside = 0;
  std::size_t points = 0;
  for (const ParetoSet& set : figure.sets) {
    if (!set.has_points) continue;
    points += set.x.size();
    outside += detail::draw_pareto_points(drawing, frame, set);
  }
  for (std::size_t i = 0; i < fronts.size(); ++i) {
    const SeriesStyle& style = figure.sets[i].style;
    drawing.path(detail::step_path(frame, fronts[i], signs), style.stroke);
    for (const CostPoint& point : fronts[i]) {
      draw_mark(drawing, style, frame.place(signs.x * point[0], signs.y * point[1]));
    }
  }
  draw_axes(drawing, frame);
  if (outside > 0) {
    drawing.text({left, above - 8},
                 fmt::format("{} of {} points are worse than what is shown", count_text(outside),
                             count_text(points)),
                 {.size = 11, .colour = "#444444"});
  }
  return std::move(drawing).finish();
}

}  // namespace interchoice::figures
