#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "interchoice/report/line_figure.hpp"
#include "interchoice/report/scatter_figure.hpp"
#include "support/catch.hpp"
#include "xml_document.hpp"

namespace figures = interchoice::figures;
using Catch::Matchers::Contains;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

figures::LinePanel panel_of(std::vector<double> x, std::vector<double> y) {
  return {"",
          figures::exact_axis("n", 0, 10, 5),
          figures::exact_axis("value", 0, 1, 5),
          {},
          {{"a curve", figures::series_style(0), std::move(x), std::move(y)}}};
}

std::ptrdiff_t count(const std::string& text, char c) {
  return std::count(text.begin(), text.end(), c);
}

}  // namespace

TEST_CASE("a curve goes through the places of its points") {
  const figures::Frame frame{
      {100, 50, 200, 80}, figures::exact_axis("", 0, 10, 5), figures::exact_axis("", -1, 1, 5)};
  const figures::Series series{"", {}, {0, 5, 10}, {-1, 0, 1}};
  CHECK(figures::detail::curve_path(frame, series) == "M100 130L200 90L300 50");
}

TEST_CASE("a curve has gaps where its values are undefined") {
  const figures::Frame frame{
      {0, 0, 100, 100}, figures::exact_axis("", 0, 10, 5), figures::exact_axis("", 0, 1, 5)};
  const auto path = [&](std::vector<double> y) {
    const figures::Series series{"", {}, {0, 2, 4, 6, 8}, std::move(y)};
    return figures::detail::curve_path(frame, series);
  };
  CHECK(path({kNan, 0, 1, kNan, 1}) == "M20 100L40 0M80 0");
  CHECK(path({kNan, kNan, kNan, kNan, kNan}).empty());
}

TEST_CASE("a curve of many points is thinned to what can be seen and keeps its ends") {
  figures::Series series{"", {}, {}, {}};
  for (int i = 0; i <= 100000; ++i) {
    series.x.push_back(i);
    series.y.push_back(i % 2);
  }
  const figures::Frame frame{
      {0, 0, 600, 100}, figures::exact_axis("", 0, 100000, 5), figures::exact_axis("", 0, 1, 5)};
  const std::string path = figures::detail::curve_path(frame, series);
  CHECK(count(path, 'L') > 1000);
  CHECK(count(path, 'L') <= 1201);
  CHECK(path.starts_with("M0 100L"));
  CHECK(path.ends_with("L600 100"));
}

TEST_CASE("a line figure shows titles, ticks and one key for all panels") {
  figures::LineFigure figure{"what it shows", {panel_of({1, 2, 3}, {0.1, 0.5, 0.4})}, 760, 300};
  figure.panels[0].right = figures::exact_axis("other unit", -1, 1, 4);
  figure.panels[0].title = "first";
  figure.panels.push_back(panel_of({1, 2}, {0.2, 0.3}));
  figure.panels[1].series.push_back({"b <2>", figures::series_style(1), {1, 2}, {kNan, kNan}});
  const auto elements = XmlDocument(figures::to_svg(figure));
  const auto shown = elements.texts("text");
  for (const char* text : {"a curve", "b <2>", "n", "value", "other unit", "first", "0.2", "10"}) {
    INFO(text);
    CHECK(std::find(shown.begin(), shown.end(), text) != shown.end());
  }
  CHECK(std::count(shown.begin(), shown.end(), "a curve") == 1);
  elements.check_numbers();
}

TEST_CASE("series are told apart by colour, dashes and marks together and one by one") {
  std::vector<std::string> looks;
  for (std::size_t i = 0; i < 60; ++i) {
    const auto style = figures::series_style(i);
    const auto next = figures::series_style(i + 1);
    CHECK(style.stroke.colour != next.stroke.colour);
    CHECK(style.stroke.dash != next.stroke.dash);
    CHECK(style.marker != next.marker);
    looks.push_back(style.stroke.colour + style.stroke.dash +
                    std::to_string(static_cast<int>(style.marker)));
    if (i < 12) {
      const auto reference = figures::reference_style(i);
      looks.push_back(reference.stroke.colour + reference.stroke.dash +
                      std::to_string(static_cast<int>(reference.marker)));
    }
  }
  std::sort(looks.begin(), looks.end());
  CHECK(std::adjacent_find(looks.begin(), looks.end()) == looks.end());
}

TEST_CASE("the key puts long rows below each other and stays within its width") {
  std::vector<figures::Legend::Entry> entries;
  for (int i = 0; i < 9; ++i) entries.push_back({"predictor number " + std::to_string(i), {}});
  const double one_row = figures::Legend({entries[0]}, 600).height();
  CHECK(figures::Legend(entries, 600).height() > one_row);
  CHECK(figures::Legend({}, 600).height() == 0);

  entries.push_back({std::string(500, 'x'), {}});
  figures::SvgDrawing drawing(600, 600, "");
  figures::Legend(entries, 600).draw(drawing, {0, 0});
  const XmlDocument drawn(std::move(drawing).finish());
  for (const auto& element : drawn.named("text")) {
    CHECK(element.attribute("x").as_double() + figures::text_width(element.child_value(), 12) <=
          600);
  }
}

TEST_CASE("few points are drawn one by one with their names") {
  figures::ScatterFigure figure{"", "x", "y", {1, 2, 3}, {"a<", "b", "c"}};
  figure.panels = {{"first", "note", "#0072b2", {3, 2, 1}}, {"second", "", "#d55e00", {1, 1, 1}}};
  const auto elements = XmlDocument(figures::to_svg(figure));
  std::vector<double> heights;
  for (const auto& circle : elements.named("circle")) {
    heights.push_back(circle.attribute("cy").as_double());
  }
  CHECK(elements.texts("title") == std::vector<std::string>{"a<", "b", "c", "a<", "b", "c"});
  REQUIRE(heights.size() == 6);
  CHECK(heights[0] > heights[1]);  // larger values are higher up
  CHECK(heights[1] > heights[2]);
  CHECK(heights[0] == heights[3]);  // both panels have the same vertical axis
}

TEST_CASE("many points are counted in squares: every square that holds one, and no other") {
  figures::ScatterFigure figure{"", "x", "y", {}, {}, {{"p", "", "#0072b2", {}}}};
  for (int i = 0; i < 5000; ++i) {
    figure.y.push_back(i % 10);
    figure.panels[0].x.push_back(i % 10 == 9 && i > 100 ? 8 : i % 10);
    figure.names.push_back("");
  }
  const std::string svg = figures::to_svg(figure);
  CHECK(svg.size() < 20000);
  std::ptrdiff_t squares = 0;
  const XmlDocument elements(svg);
  CHECK(elements.named("circle").empty());
  for (const auto& path : elements.named("path")) {
    if (path.attribute("fill").value() == std::string("#0072b2")) {
      squares += count(path.attribute("d").value(), 'M');
    }
  }
  CHECK(squares == 11);  // (0, 0), …, (9, 9) and (8, 9)
}

TEST_CASE("scatter panels are laid out for any number of them") {
  for (std::size_t panels = 1; panels <= 10; ++panels) {
    figures::ScatterFigure figure{"", "x", "y", {1, 2}, {"a", "b"}};
    for (std::size_t i = 0; i < panels; ++i) {
      figure.panels.push_back({"p" + std::to_string(i), "", "#0072b2", {1, 2}});
    }
    const auto elements = XmlDocument(figures::to_svg(figure));
    const double height = elements[0].attribute("height").as_double();
    CHECK(elements.named("circle").size() == 2 * panels);
    for (const auto& element : elements.named("circle")) {
      CHECK(element.attribute("cx").as_double() < 760);
      CHECK(element.attribute("cy").as_double() < height);
    }
  }
}
