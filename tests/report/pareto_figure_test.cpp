#include "interchoice/report/pareto_figure.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/core/random.hpp"
#include "support/catch.hpp"
#include "xml_document.hpp"

namespace ic = interchoice;
namespace figures = interchoice::figures;
using Catch::Matchers::Contains;

namespace {

figures::ParetoFigure figure_of(std::vector<double> x, std::vector<double> y) {
  return {"what it shows",
          "size",
          "quality",
          ic::Direction::kMinimise,
          ic::Direction::kMaximise,
          {{"found", figures::series_style(0), std::move(x), std::move(y)}}};
}

XmlDocument drawn(const figures::ParetoFigure& figure) {
  return XmlDocument(figures::to_svg(figure));
}

std::size_t count(const XmlDocument& elements, const std::string& name) {
  return elements.named(name).size();
}

bool shows(const XmlDocument& elements, const std::string& text) {
  return std::any_of(elements.begin(), elements.end(),
                     [&](const auto& element) { return element.child_value() == text; });
}

}  // namespace

TEST_CASE("a front's steps enclose exactly what it dominates, whatever is better") {
  ic::CounterRandom random(ic::Seed{4}, ic::Stream::kPaths, 0, 0);
  for (const auto x_direction : {ic::Direction::kMinimise, ic::Direction::kMaximise}) {
    for (const auto y_direction : {ic::Direction::kMinimise, ic::Direction::kMaximise}) {
      figures::ParetoFigure figure = figure_of({}, {});
      figure.x_direction = x_direction;
      figure.y_direction = y_direction;
      figures::ParetoSet& set = figure.sets[0];
      for (int i = 0; i < 30; ++i) {
        set.x.push_back(random.below(12));
        set.y.push_back(random.below(12));
      }
      const figures::detail::ParetoSigns signs(figure);
      const figures::Frame frame{
          {0, 0, 1200, 1200}, figures::exact_axis("", 0, 12, 5), figures::exact_axis("", 0, 12, 5)};
      const auto front = figures::detail::front_costs(set, signs);
      const std::string path = figures::detail::step_path(frame, front, signs);
      // The path as places, read back.
      std::vector<figures::Point> places;
      for (std::size_t at = 0; at < path.size();) {
        std::size_t used = 0;
        const double x = std::stod(path.substr(at + 1), &used);
        at += 1 + used;
        const double y = std::stod(path.substr(at), &used);
        at += used;
        places.push_back({x, y});
      }
      REQUIRE(places.size() == 2 * front.size() + 1);
      for (std::size_t i = 1; i < places.size(); ++i) {  // steps: across or along, never both
        CHECK((places[i].x == places[i - 1].x) != (places[i].y == places[i - 1].y));
      }
      // A second way: column by column, the best y of all points that are at least as good in x.
      for (int column = 0; column < 12; ++column) {
        const double value = x_direction == ic::Direction::kMinimise ? column + 0.5 : 11.5 - column;
        double best = -1;
        for (std::size_t i = 0; i < set.x.size(); ++i) {
          const bool reaches = signs.x * set.x[i] <= signs.x * value;
          if (reaches && (best < 0 || signs.y * set.y[i] < signs.y * best)) best = set.y[i];
        }
        double found = -1;  // the horizontal piece above this column
        for (std::size_t i = 1; i < places.size(); ++i) {
          const auto [low, high] = std::minmax(places[i].x, places[i - 1].x);
          if (places[i].y == places[i - 1].y && low < frame.place_x(value) &&
              frame.place_x(value) < high) {
            found = 12 - places[i].y / 100;
          }
        }
        CHECK(found == Approx(best));
      }
    }
  }
}

TEST_CASE("a Pareto figure shows points, marks of the front, titles and its key") {
  figures::ParetoFigure figure = figure_of({1, 2, 2.2, 2.3}, {1, 3, 2, 3});
  figure.sets[0].names = {"a & b", "c", "d", "e"};
  auto elements = drawn(figure);
  CHECK(count(elements, "circle") == 4);
  for (const char* text : {"size", "quality", "found", "a & b", "e"}) {
    INFO(text);
    CHECK(shows(elements, text));
  }
  // Front: (1, 1), (2, 3); the key's mark, two marks, one line of steps.
  CHECK(count(elements, "path") == 4);
  figure.sets.push_back({"all", figures::bound_style(), {0.5, 1}, {1, 2}, {}, false});
  elements = drawn(figure);
  CHECK(count(elements, "circle") == 4);
  CHECK(count(elements, "path") == 5);
  CHECK(shows(elements, "all"));
  elements.check_numbers();
}

TEST_CASE("what is far worse than every front is left out and counted, the front never") {
  const figures::ParetoFigure figure = figure_of({1, 2, 3, 2.9, 500, 2}, {80, 90, 95, 89, 94, 10});
  const auto elements = drawn(figure);
  CHECK(count(elements, "circle") == 4);
  CHECK(shows(elements, "2 of 6 points are worse than what is shown"));
  // One point only, or all the same: an axis around it.
  for (const std::size_t points : {1u, 5u}) {
    const auto single =
        drawn(figure_of(std::vector<double>(points, 2), std::vector<double>(points, 3)));
    CHECK(count(single, "circle") == points);
  }
  // Many points cost one element.
  std::vector<double> x, y;
  for (int i = 0; i < 5000; ++i) {
    x.push_back(i % 71);
    y.push_back(i % 53);
  }
  CHECK(drawn(figure_of(x, y)).size() < 200);
}

TEST_CASE("a Pareto figure without data is refused") {
  CHECK_THROWS_AS(figures::to_svg(figures::ParetoFigure{}), std::invalid_argument);
  CHECK_THROWS_WITH(figures::to_svg(figure_of({}, {})), Contains("'found' has 0 x"));
  CHECK_THROWS_WITH(figures::to_svg(figure_of({1}, {1, 2})), Contains("1 x, 2 y"));
  figures::ParetoFigure figure = figure_of({1, 2}, {1, 2});
  figure.sets[0].names = {"one"};
  CHECK_THROWS_WITH(figures::to_svg(figure), Contains("1 names"));
  CHECK_THROWS_AS(figures::to_svg(figure_of({std::nan("")}, {1})), std::invalid_argument);
}
