#include "interchoice/report/pareto_figure.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/core/random.hpp"
#include "support/catch.hpp"

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
          {{"found", std::move(x), std::move(y)}}};
}

const figures::Specification& rows(const figures::Specification& figure, std::size_t layer) {
  return figure["layer"][layer]["data"]["values"];
}

}  // namespace

TEST_CASE("a front's steps enclose exactly what it dominates, whatever is better") {
  ic::CounterRandom random(ic::Seed{4}, ic::Stream::kPaths, 0, 0);
  for (const auto x_direction : {ic::Direction::kMinimise, ic::Direction::kMaximise}) {
    for (const auto y_direction : {ic::Direction::kMinimise, ic::Direction::kMaximise}) {
      figures::ParetoFigure figure = figure_of({}, {});
      figure.x_direction = x_direction;
      figure.y_direction = y_direction;
      const double x_sign = x_direction == ic::Direction::kMaximise ? -1 : 1;
      const double y_sign = y_direction == ic::Direction::kMaximise ? -1 : 1;
      figures::ParetoSet& set = figure.sets[0];
      for (int i = 0; i < 30; ++i) {
        set.x.push_back(random.below(12));
        set.y.push_back(random.below(12));
      }
      const auto json = figures::pareto_specification(figure);
      const auto& front = rows(json, 1);
      CHECK(json["layer"][1]["mark"]["interpolate"] == "step-after");
      // A second way: column by column, the best y of all points that are at least as good in x.
      for (int column = 0; column < 12; ++column) {
        const double x = x_sign * (x_sign > 0 ? column + 0.5 : 11.5 - column);
        double best = 100;
        for (std::size_t i = 0; i < set.x.size(); ++i) {
          if (x_sign * set.x[i] <= x) best = std::min(best, y_sign * set.y[i]);
        }
        double found = 100;  // of the last step that began before
        for (const auto& row : front) {
          if (x_sign * row["x"].get<double>() <= x) found = y_sign * row["y"].get<double>();
        }
        CHECK(found == best);
      }
      for (std::size_t i = 0; i < front.size(); ++i) CHECK(front[i]["place"] == i + 1);
    }
  }
}

TEST_CASE("a Pareto figure has points, marks of the front, titles and its key") {
  figures::ParetoFigure figure = figure_of({1, 2, 2.2, 2.3}, {1, 3, 2, 3});
  figure.sets[0].names = {"a & b", "c", "d", "e"};
  auto json = figures::pareto_specification(figure);
  CHECK(rows(json, 0).size() == 4);
  CHECK(rows(json, 0)[0]["arch"] == "a & b");
  CHECK(rows(json, 2).size() == 2);  // (1, 1), (2, 3)
  CHECK(json["encoding"]["x"]["title"] == "size");
  CHECK(json["encoding"]["y"]["title"] == "quality");
  figure.sets.push_back({"all", {0.5, 1}, {1, 2}, {}, false});
  json = figures::pareto_specification(figure);
  CHECK(rows(json, 0).size() == 4);
  CHECK(rows(json, 2).size() == 4);
  CHECK(json["encoding"]["color"]["scale"]["domain"].back() == "all");
}

TEST_CASE("what is far worse than every front lies outside, the front never") {
  const auto json =
      figures::pareto_specification(figure_of({1, 2, 3, 2.9, 500, 2}, {80, 90, 95, 89, 94, 10}));
  const auto& domain = json["encoding"]["x"]["scale"]["domain"];
  CHECK(domain[0].get<double>() < 1);
  CHECK(domain[1].get<double>() > 3);
  CHECK(domain[1].get<double>() < 10);
  CHECK(json["encoding"]["y"]["scale"]["domain"][0].get<double>() > 10);
  // One point only: an axis of the data's own.
  const auto single = figures::pareto_specification(figure_of({2}, {3}));
  CHECK_FALSE(single["encoding"]["x"]["scale"].contains("domain"));
}

TEST_CASE("a Pareto figure without data is refused") {
  const auto refuse = [](const figures::ParetoFigure& figure, const char* reason) {
    CHECK_THROWS_AS(figures::pareto_specification(figure), std::invalid_argument);
    CHECK_THROWS_WITH(figures::pareto_specification(figure), Contains(reason));
  };
  refuse({}, "without sets");
  refuse(figure_of({}, {}), "'found' has 0 x");
  refuse(figure_of({1}, {1, 2}), "1 x, 2 y");
  refuse(figure_of({std::nan("")}, {1}), "");
  figures::ParetoFigure figure = figure_of({1, 2}, {1, 2});
  figure.sets[0].names = {"one"};
  refuse(figure, "1 names");
}
