#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/series_style.hpp"
#include "interchoice/report/specification.hpp"
#include "interchoice/search/dominance.hpp"
#include "interchoice/search/objective.hpp"

namespace interchoice::figures {

/// Points with two objectives: a search's history, say.
struct ParetoSet {
  std::string label;
  std::vector<double> x;
  std::vector<double> y;
  std::vector<std::string> names = {};  ///< of the points, told on hovering; empty: none
  bool has_points = true;               ///< else only the front is shown
};

/// Two objectives at once: all points, and the Pareto front of each set as steps.
struct ParetoFigure {
  std::string description;  ///< for screen readers
  std::string x_title;
  std::string y_title;
  Direction x_direction = Direction::kMinimise;
  Direction y_direction = Direction::kMaximise;
  std::vector<ParetoSet> sets = {};
};

namespace detail {

/// A front by the numbers of its points, from the best x to the best y, equal points once.
inline std::vector<std::size_t> front_of(const ParetoSet& set, double x_sign, double y_sign) {
  std::vector<CostPoint> points;
  for (std::size_t i = 0; i < set.x.size(); ++i) {
    points.push_back({x_sign * set.x[i], y_sign * set.y[i]});
  }
  const auto cost = [&](std::size_t i) -> const CostPoint& { return points[i]; };
  std::vector<std::size_t> front = pareto_front(points);
  std::ranges::sort(front, {}, cost);
  const auto are_equal = [&](std::size_t a, std::size_t b) { return points[a] == points[b]; };
  front.erase(std::unique(front.begin(), front.end(), are_equal), front.end());
  return front;
}

/// The range of one axis: the fronts with some surroundings on the worse side, but not points that
/// are so bad that they would squeeze the fronts. Zooming shows them.
inline std::pair<double, double> front_range(const std::vector<double>& front,
                                             const std::vector<double>& all, double sign) {
  const auto cost = [sign](double value) { return sign * value; };
  const double best = cost(std::ranges::min(front, {}, cost));
  const double worst = cost(std::ranges::max(front, {}, cost));
  const double worst_of_all = cost(std::ranges::max(all, {}, cost));
  const double size = worst - best;
  const double end = size > 0 ? std::min(worst_of_all, worst + 0.4 * size) : worst_of_all;
  const double room = 0.04 * (end - best);
  return std::minmax(sign * (best - room), sign * (end + room));
}

}  // namespace detail

/// The figure as a specification.
///
/// *Throws*: `std::invalid_argument` if there is no set, a set has no points or lists of different
/// lengths, or a value is not finite.
///
/// *Cost*: see `pareto_front`.
inline Specification pareto_specification(const ParetoFigure& figure) {
  if (figure.sets.empty()) {
    throw std::invalid_argument("interchoice: a Pareto figure without sets; add one");
  }
  const double x_sign = figure.x_direction == Direction::kMaximise ? -1 : 1;
  const double y_sign = figure.y_direction == Direction::kMaximise ? -1 : 1;
  SeriesStyles styles;
  Specification points = Specification::array();
  Specification fronts = Specification::array();
  std::vector<double> front_x, front_y, all_x, all_y;
  for (const ParetoSet& set : figure.sets) {
    if (set.x.empty() || set.x.size() != set.y.size() ||
        (!set.names.empty() && set.names.size() != set.x.size())) {
      throw std::invalid_argument(fmt::format(
          "interchoice: a Pareto figure: '{}' has {} x, {} y and {} names; give at least "
          "one point, and names for all or for none",
          set.label, set.x.size(), set.y.size(), set.names.size()));
    }
    styles.add(set.label, set.has_points ? series_style(styles.size()) : bound_style());
    const auto row = [&](std::size_t i) -> Specification {
      return {{"series", set.label},
              {"arch", set.names.empty() ? "" : set.names[i]},
              {"x", shown_number(set.x[i])},
              {"y", shown_number(set.y[i])}};
    };
    for (std::size_t i = 0; i < set.x.size() && set.has_points; ++i) points.push_back(row(i));
    for (const std::size_t i : detail::front_of(set, x_sign, y_sign)) {
      fronts.push_back(row(i));
      fronts.back()["place"] = fronts.size();
      front_x.push_back(set.x[i]);
      front_y.push_back(set.y[i]);
    }
    all_x.insert(all_x.end(), set.x.begin(), set.x.end());
    all_y.insert(all_y.end(), set.y.begin(), set.y.end());
  }
  const auto [x_low, x_high] = detail::front_range(front_x, all_x, x_sign);
  const auto [y_low, y_high] = detail::front_range(front_y, all_y, y_sign);
  Specification told = {tooltip("arch", "architecture"), number_tooltip("x", figure.x_title),
                        number_tooltip("y", figure.y_title)};
  Specification json = specification(figure.description);
  json["width"] = kFigureWidth;
  json["height"] = 380;
  json["encoding"] = {{"x", channel("x", {figure.x_title, x_low, x_high})},
                      {"y", channel("y", {figure.y_title, y_low, y_high})},
                      {"color", styles.colour()}};
  json["layer"] = {
      {{"data", {{"values", std::move(points)}}},
       {"params", list_of(zoom("zoom"))},
       {"mark",
        {{"type", "point"}, {"filled", true}, {"size", 18}, {"opacity", 0.45}, {"clip", true}}},
       {"encoding", {{"tooltip", told}}}},
      // In the order of the front a step goes along x first: the edge of what is dominated.
      {{"data", {{"values", fronts}}},
       {"mark", {{"type", "line"}, {"interpolate", "step-after"}, {"clip", true}}},
       {"encoding",
        {{"order", {{"field", "place"}, {"type", "quantitative"}}},
         {"strokeDash", styles.dash()}}}},
      {{"data", {{"values", std::move(fronts)}}},
       {"mark", {{"type", "point"}, {"filled", true}, {"size", 50}, {"clip", true}}},
       {"encoding", {{"shape", styles.shape()}, {"tooltip", told}}}}};
  return json;
}

}  // namespace interchoice::figures
