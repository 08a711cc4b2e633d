#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/report/curve_figures.hpp"
#include "interchoice/report/report_figures.hpp"
#include "report_folder.hpp"
#include "support/catch.hpp"
#include "xml_document.hpp"

namespace ic = interchoice;
namespace figures = interchoice::figures;
using Catch::Matchers::Contains;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> bands_of(const XmlDocument& elements) {
  std::vector<std::string> paths;
  for (const auto& path : elements.named("path")) {
    if (path.attribute("fill-opacity")) paths.push_back(path.attribute("d").value());
  }
  return paths;
}

std::ptrdiff_t count(const std::vector<std::string>& texts, const std::string& text) {
  return std::count(texts.begin(), texts.end(), text);
}

}  // namespace

TEST_CASE("a band goes along its upper end and back along its lower one, around gaps") {
  const figures::Frame frame{
      {0, 0, 100, 100}, figures::exact_axis("", 0, 10, 5), figures::exact_axis("", 0, 1, 5)};
  const auto path = [&](std::vector<double> low, std::vector<double> high) {
    figures::Series series{"", {}, {0, 2, 4, 6, 8}, std::vector<double>(5, 0.5)};
    series.low = std::move(low);
    series.high = std::move(high);
    return figures::detail::band_path(frame, series);
  };
  CHECK(path({0, 0, 0.5, 0.5, 0}, {1, 1, 1, 1, 1}) ==
        "M0 0L20 0L40 0L60 0L80 0L80 100L60 50L40 50L20 100L0 100Z");
  CHECK(path({0, 0, kNan, 0, 0}, {1, 1, 1, 1, 1}) ==
        "M0 0L20 0L20 100L0 100ZM60 0L80 0L80 100L60 100Z");
  CHECK(path(std::vector<double>(5, kNan), std::vector<double>(5, kNan)).empty());
}

TEST_CASE("the band of a predictor is one standard deviation to either side of its mean") {
  const ic::Report report = report_of_runs();
  const auto values = figures::curve_over_runs(
      report.predictors[0], report.truth,
      [](const auto& p, const auto& t) { return ic::improvement_curve(p, t).mean; });
  const figures::Series series =
      figures::detail::curve_with_band(report.predictors[0], {}, values, 10);
  REQUIRE(series.low.size() == 31);  // from 10 to 40
  REQUIRE(series.x.size() == 31);
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    const auto n = static_cast<std::size_t>(series.x[i]);
    double sum = 0;
    double squares = 0;
    for (const auto& run : report.predictors[0].runs) {
      const double value = ic::improvement_curve(run, report.truth).mean[n - 1];
      sum += value;
      squares += (value - series.y[i]) * (value - series.y[i]);
    }
    CHECK(series.y[i] == Approx(sum / 3));
    CHECK(series.high[i] == Approx(series.y[i] + std::sqrt(squares / 2)));
    CHECK(series.low[i] == Approx(series.y[i] - std::sqrt(squares / 2)));
  }
  // One run has no band, in no figure.
  CHECK_FALSE(figures::detail::curve_with_band(report.predictors[2], {}, values, 10).has_band());
  ic::Report single = report;
  for (auto& predictor : single.predictors) predictor.runs.resize(1);
  for (const auto& svg :
       {figures::improvement_figure(report), figures::correlation_figure(report)}) {
    const auto elements = XmlDocument(svg);
    CHECK(bands_of(elements).size() == 4);  // two, and a sample of each in the key
    elements.check_numbers();
  }
  CHECK(bands_of(XmlDocument(figures::improvement_figure(single))).empty());
}

TEST_CASE("a grid shows every report in its place under one key") {
  ic::Report above = report_of_runs();
  ic::Report below = above;
  above.predictors.erase(above.predictors.begin());
  below.predictors.erase(below.predictors.begin() + 1);
  ic::Report other = report_of_runs(80);
  const figures::PanelGrid grid{
      {{&above, &other}, {&below, nullptr}, {&other}}, {"a <", "b", "c"}, {"left", "right"}};
  for (const auto& svg : {figures::improvement_grid(grid), figures::correlation_grid(grid)}) {
    const auto elements = XmlDocument(svg);
    elements.check_numbers();
    const auto shown = elements.texts("text");
    for (const char* title : {"a <, left", "a <, right", "b, left", "c, left"}) {
      CHECK(count(shown, title) == 1);
    }
    CHECK(count(shown, "b, right") == 0);
    for (const auto& predictor : other.predictors) CHECK(count(shown, predictor.label) == 1);
    CHECK(bands_of(elements).size() == 2 + 1 + 2 + 1 + 2);  // the key, then the panels
    // Areas of one column are below each other, all within the drawing.
    const double height = elements[0].attribute("height").as_double();
    const double width = elements[0].attribute("width").as_double();
    for (const auto& element : elements.named("line")) {
      for (const char* name : {"x1", "x2"}) {
        CHECK(element.attribute(name).as_double() <= width);
        CHECK(element.attribute(name).as_double() >= 0);
      }
      CHECK(element.attribute("y2").as_double() <= height);
    }
  }
}

TEST_CASE("a label looks the same in all panels of a grid, whatever stands before it") {
  ic::Report first = report_of_runs();
  ic::Report second = first;
  std::swap(second.predictors[0], second.predictors[1]);
  figures::PredictorStyles styles;
  styles.add(first);
  const auto none = styles.of(first.predictors[0]);
  styles.add(second);
  CHECK(styles.of(second.predictors[1]).stroke.colour == none.stroke.colour);
  CHECK(styles.of(second.predictors[0]).stroke.colour != none.stroke.colour);
  second.predictors[0].label = "new";
  styles.add(second);
  CHECK(styles.of(second.predictors[0]).stroke.colour == figures::series_style(2).stroke.colour);
  CHECK_THROWS_AS(styles.of(ic::Predictor{.label = "unknown", .runs = {}}), std::out_of_range);
}

TEST_CASE("panels of one truth share their axis, and titles stay at the edge of the grid") {
  const ic::Report report = report_of_runs();
  ic::Report narrow = report;
  narrow.predictors = {{"rule", {report.truth}, true, {}, {}}};
  const figures::PanelGrid grid{{{&report, &narrow}, {&narrow, &report}}};
  const auto shown = XmlDocument(figures::improvement_grid(grid)).texts("text");
  CHECK(count(shown, "mean accuracy [%]") == 2);
  CHECK(count(shown, "normalised improvement") == 2);
  CHECK(count(shown, "architectures left, the best by prediction") == 2);
  const auto ticks = [](const std::string& svg, double left_of) {
    std::vector<std::string> labels;
    const XmlDocument drawn(svg);
    for (const auto& element : drawn.named("text")) {
      if (element.attribute("text-anchor").value() == std::string("end") &&
          element.attribute("x").as_double() < left_of) {
        labels.push_back(element.child_value());
      }
    }
    return labels;
  };
  // One below the other: the same labels twice, though alone the second needs others.
  const std::string both = figures::correlation_grid({{{&report}, {&narrow}}});
  const auto labels = ticks(both, 200);
  const auto half = static_cast<std::ptrdiff_t>(labels.size() / 2);
  CHECK(std::vector(labels.begin(), labels.begin() + half) ==
        std::vector(labels.begin() + half, labels.end()));
  CHECK(ticks(figures::correlation_grid({{{&narrow}}}), 200) !=
        ticks(figures::correlation_grid({{{&report}}}), 200));
}

TEST_CASE("the curves of a grid end where they are told to") {
  const ic::Report report = report_of_runs();
  const auto last_tick = [&](figures::GridOptions options) {
    const auto shown = XmlDocument(figures::improvement_grid({{{&report}}}, options)).texts("text");
    return count(shown, "1") == 1 ? 1 : count(shown, "10") >= 1 ? 10 : 0;
  };
  CHECK(last_tick({}) == 10);
  CHECK(last_tick({.fewest = 1}) == 1);
  CHECK(last_tick({.fewest = 0}) == 1);
  CHECK(figures::detail::last_count(10, 10) == 1);
  CHECK(figures::detail::last_count(11, 10) == 10);
}

TEST_CASE("a grid without reports, with titles that do not fit or an unfit report is refused") {
  ic::Report report = report_of_runs();
  const auto refuse = [](const figures::PanelGrid& grid, const char* reason) {
    CHECK_THROWS_AS(figures::improvement_grid(grid), std::invalid_argument);
    CHECK_THROWS_WITH(figures::correlation_grid(grid),
                      Contains("interchoice: ") && Contains(reason));
  };
  refuse({}, "it has no report");
  refuse({{{}, {nullptr}}}, "it has no report");
  refuse({{{&report}}, {"a", "b"}}, "2 titles of rows for 1");
  refuse({{{&report}}, {}, {"a", "b"}}, "2 titles of columns for 1");
  report.truth.pop_back();
  refuse({{{&report}}}, "the truth has 39 values");
}

TEST_CASE("the matrix of agreement holds every pair of runs, with a number each") {
  const ic::Report report = report_of_runs();
  const auto elements = XmlDocument(figures::agreement_figure(report));
  elements.check_numbers();
  const auto shown = elements.texts("text");
  CHECK(count(shown, "none, run 2") == 2);  // of a row and of a column
  CHECK(count(shown, "bias<1>, x, run 3") == 2);
  CHECK(count(shown, "rule") == 0);
  CHECK(count(shown, "1.00") == 6);
  CHECK(shown.size() == 1 + 12 + 36);
  const double tau = ic::kendall_tau_b(report.predictors[0].runs[1], report.predictors[1].runs[2]);
  CHECK(count(shown, figures::fixed_text(tau, 2)) >= 2);

  CHECK(figures::correlation_colour(0) == "#ffffff");
  CHECK(figures::correlation_colour(1) == "#0072b2");
  CHECK(figures::correlation_colour(-1) == "#d55e00");
  CHECK(figures::correlation_colour(kNan) == "#d9d9d9");
  figures::MatrixFigure figure{"", "", {"a", "b"}, {{1, kNan}, {kNan, 1}}};
  CHECK(count(XmlDocument(figures::to_svg(figure)).texts("text"), "–") == 2);
  for (const std::size_t runs : {1u, 2u, 60u}) {
    figure.labels.assign(runs, std::string(200, 'x'));
    figure.values.assign(runs, std::vector<double>(runs, 0.5));
    figure.groups.assign(runs, 1);
    const auto drawn = XmlDocument(figures::to_svg(figure));
    CHECK((runs < 33) == (count(drawn.texts("text"), "0.50") > 0));
    const double width = drawn[0].attribute("width").as_double();
    const double height = drawn[0].attribute("height").as_double();
    CHECK(height <= width + 50);
    for (const auto& element : drawn.named("text")) {
      if (element.child_value() != std::string("0.50")) continue;
      CHECK(element.attribute("x").as_double() < width);
      CHECK(element.attribute("y").as_double() < height);
    }
  }
}

TEST_CASE("self-consistency shows the first three runs of each super-network, pair by pair") {
  ic::Report report = report_of_runs();
  report.predictors[0].runs.push_back(report.predictors[0].runs[0]);
  report.predictors[1].runs.resize(2);
  report.predictors[2].runs.push_back(report.predictors[2].runs[0]);  // a baseline: not shown
  const auto elements = XmlDocument(figures::self_consistency_figure(report));
  elements.check_numbers();
  const auto shown = elements.texts("text");
  CHECK(count(shown, "none") == 3);
  CHECK(count(shown, "bias<1>, x") == 1);
  CHECK(count(shown, "rule") == 0);
  CHECK(count(shown, "run 1") == 3);
  CHECK(count(shown, "run 3") == 2);
  CHECK(count(shown, "run 4") == 0);
  CHECK(elements.named("circle").size() == 4 * 40);
  for (auto& predictor : report.predictors) predictor.runs.resize(1);
  CHECK(figures::self_consistency_figure(report).empty());
  CHECK(figures::agreement_figure(report).empty());
}

TEST_CASE("no band of correlations goes beyond 1") {
  ic::Report report;
  report.title = "two runs, one right and one wrong throughout";
  for (int i = 0; i < 12; ++i) {
    report.architectures.push_back(std::to_string(i));
    report.truth.push_back(i);
  }
  report.truth_label = "truth";
  std::vector<double> wrong(report.truth.rbegin(), report.truth.rend());
  report.predictors = {{.label = "both", .runs = {report.truth, wrong}}};
  const std::string svg = figures::correlation_grid({.rows = {{&report}}}, {.fewest = 2});
  CHECK_THAT(svg, Contains(">1.0<") && Contains(">\u22121.0<"));  // 0 ± 1.41
  CHECK_THAT(svg, !Contains(">1.5<") && !Contains(">\u22121.5<"));
  XmlDocument(svg).check_numbers();
}
