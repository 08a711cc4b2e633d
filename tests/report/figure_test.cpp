#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/report/curve_figures.hpp"
#include "interchoice/report/report_figures.hpp"
#include "report_folder.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
namespace figures = interchoice::figures;
using Catch::Matchers::Contains;
using figures::Specification;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// The rows of a view that belong to a series.
std::vector<Specification> rows_of(const Specification& view, const std::string& series) {
  std::vector<Specification> rows;
  for (const Specification& row : view["data"]["values"]) {
    if (row["series"] == series) rows.push_back(row);
  }
  return rows;
}

std::vector<std::string> titles_of(const Specification& figure) {
  std::vector<std::string> titles;
  for (const Specification& view : figure["concat"]) titles.push_back(view["title"]);
  return titles;
}

}  // namespace

TEST_CASE("numbers for people have separators, true minus signs and no negative zero") {
  using figures::fixed_text;
  CHECK(fixed_text(93.1657, 2) == "93.17");
  CHECK(fixed_text(0, 0) == "0");
  CHECK(fixed_text(-0.0001, 2) == "0.00");
  CHECK(fixed_text(-0.5, 1) == "\u22120.5");
  CHECK(fixed_text(999, 0) == "999");
  CHECK(fixed_text(1000, 0) == "1,000");
  CHECK(fixed_text(-1234567.891, 2) == "\u22121,234,567.89");
  CHECK(fixed_text(999.999, 2) == "1,000.00");
  CHECK(fixed_text(1.23456e20, 2) == "1.235e+20");
  CHECK(fixed_text(-1.5e-30, 31) == "\u22121.500e-30");
  CHECK(fixed_text(kNan, 2) == "–");
  CHECK(fixed_text(std::numeric_limits<double>::infinity(), 2) == "–");
  CHECK(figures::count_text(15625) == "15,625");
}

TEST_CASE("numbers for programs read back as they were; figures show six digits") {
  for (const double value : {0.1, 1.0 / 3, 93.1657, 1e-300, -1.7976931348623157e308, 5e-324}) {
    CHECK(static_cast<double>(std::stold(figures::shortest_text(value))) == value);
  }
  CHECK(figures::shortest_text(93.17) == "93.17");
  CHECK(figures::shown_number(1.0 / 3) == 0.333333);
  CHECK(figures::shown_number(-123456789) == -123457000);
  CHECK(std::isnan(figures::shown_number(kNan)));
}

TEST_CASE("series are told apart by colour, dashes and marks together and one by one") {
  std::vector<std::string> looks;
  const auto add = [&](const figures::SeriesStyle& style) {
    looks.push_back(style.colour + style.shape + Specification(style.dash).dump());
  };
  for (std::size_t i = 0; i < 60; ++i) {
    const auto style = figures::series_style(i);
    const auto next = figures::series_style(i + 1);
    CHECK(style.colour != next.colour);
    CHECK(style.dash != next.dash);
    CHECK(style.shape != next.shape);
    add(style);
    if (i < 12) add(figures::reference_style(i));
  }
  std::sort(looks.begin(), looks.end());
  CHECK(std::adjacent_find(looks.begin(), looks.end()) == looks.end());
}

TEST_CASE("a label looks the same in all panels of a figure, whatever stands before it") {
  ic::Report first = report_of_runs();
  ic::Report second = first;
  std::swap(second.predictors[0], second.predictors[1]);
  figures::SeriesStyles styles;
  styles.add(first);
  styles.add(second);
  CHECK(styles.of("none").colour == figures::series_style(0).colour);
  CHECK(styles.of("bias<1>, x").colour == figures::series_style(1).colour);
  second.predictors[0].label = "new";
  styles.add(second);
  CHECK(styles.of("new").colour == figures::series_style(2).colour);
  CHECK_THROWS_AS(styles.of("unknown"), std::out_of_range);
  // The channels say of each label what the styles say.
  const Specification colour = styles.colour();
  for (std::size_t i = 0; i < colour["scale"]["domain"].size(); ++i) {
    const std::string label = colour["scale"]["domain"][i];
    CHECK(colour["scale"]["range"][i] == styles.of(label).colour);
    CHECK(styles.shape()["scale"]["range"][i] == styles.of(label).shape);
  }
}

TEST_CASE("a curve has gaps where its values are undefined, and a band only where it has one") {
  figures::Series series{"a", {1, 2, 3}, {0.5, kNan, 0.25}, {0.25, kNan, kNan}, {0.75, 1, 1}};
  figures::SeriesStyles styles;
  styles.add("a", figures::series_style(0));
  const auto figure = figures::line_figure("", {{"", {"x"}, {"y"}, {series}}}, styles, 1, 100);
  const auto rows = rows_of(figure, "a");
  REQUIRE(rows.size() == 3);
  CHECK(rows[1]["y"].is_null() == false);  // NaN, which is null as text
  CHECK(Specification::parse(figures::specification_text(rows[1]))["y"].is_null());
  CHECK(rows[0]["low"] == 0.25);
  CHECK_FALSE(rows[1].contains("low"));
  CHECK_FALSE(rows[2].contains("low"));
  CHECK(figure["layer"].size() == 3);
  series.low.clear();
  CHECK(figures::line_figure("", {{"", {"x"}, {"y"}, {series}}}, styles, 1, 100)["layer"].size() ==
        2);
}

TEST_CASE("improvement is the mean truth of the best, with one standard deviation around it") {
  const ic::Report report = report_of_runs();
  const auto figure = figures::improvement_grid({{{&report}}});
  CHECK(figure["encoding"]["x"]["scale"]["domain"] == Specification{10, 40});
  CHECK(figure["encoding"]["x"]["scale"]["reverse"] == true);
  CHECK(figure["layer"][1]["encoding"]["y"]["title"] == "mean accuracy [%]");
  const auto rows = rows_of(figure, "none");
  REQUIRE(rows.size() == 31);  // from 10 to 40
  for (const Specification& row : rows) {
    const auto n = static_cast<std::size_t>(row["x"].get<double>());
    double sum = 0;
    double squares = 0;
    const double shown = row["y"];
    for (const auto& run : report.predictors[0].runs) {
      const double value = ic::improvement_curve(run, report.truth).mean[n - 1];
      sum += value;
      squares += (value - shown) * (value - shown);
    }
    CHECK(shown == Approx(sum / 3).epsilon(1e-5));
    CHECK(row["high"].get<double>() - shown == Approx(std::sqrt(squares / 2)).margin(1e-3));
    CHECK(shown - row["low"].get<double>() == Approx(std::sqrt(squares / 2)).margin(1e-3));
    const double all = rows_of(figure, "random choice")[0]["y"];
    const double best = std::ranges::max(report.truth);
    CHECK(row["also"].get<double>() == Approx((shown - all) / (best - all)).margin(1e-3));
  }
  CHECK_FALSE(rows_of(figure, "rule")[0].contains("low"));  // a single run
  CHECK(rows_of(figure, "best possible").size() == 31);
}

TEST_CASE("of equal predictions a curve shows the expectation") {
  ic::Report report = small_report();  // 11 of the rule's 12 predictions are equal
  const auto rows = rows_of(figures::improvement_grid({{{&report}}}), "3x3 count");
  REQUIRE(rows.front()["x"] == 10);
  CHECK(rows.front()["y"].get<double>() == Approx((90 + 9 * 91.5) / 10));
}

TEST_CASE("curves of many architectures are thinned, and keep both ends") {
  const auto counts = figures::detail::shown_counts(15'625, 10);
  CHECK(counts.size() < 400);
  CHECK(counts.front() == 10);
  CHECK(counts.back() == 15'625);
  CHECK(std::ranges::is_sorted(counts, std::less_equal<>()));
  CHECK(figures::detail::shown_counts(12, 20).front() == 1);
  CHECK(figures::detail::last_count(10, 10) == 1);
  CHECK(figures::detail::last_count(11, 10) == 10);
}

TEST_CASE("a grid shows every report in its place; panels of one truth share their axis") {
  ic::Report above = report_of_runs();
  ic::Report narrow = above;
  narrow.predictors = {{"rule", {above.truth}, true, {}, {}}};
  ic::Report other = report_of_runs(80);
  const figures::PanelGrid grid{
      {{&above, &other}, {&narrow, &other}}, {"a <", "b"}, {"left", "right"}};
  for (const auto& figure : {figures::improvement_grid(grid), figures::correlation_grid(grid)}) {
    CHECK(titles_of(figure) ==
          std::vector<std::string>{"a <, left", "a <, right", "b, left", "b, right"});
    CHECK(figure["columns"] == 2);
    const auto domain = [&](std::size_t i) {
      return figure["concat"][i]["layer"].back()["encoding"]["y"]["scale"]["domain"];
    };
    CHECK(domain(0) == domain(2));
    CHECK(domain(1) == domain(3));
    CHECK(domain(0) != domain(1));
    CHECK(figure["concat"][3]["encoding"]["x"]["scale"]["domain"][1] == 80);
  }
}

TEST_CASE("a grid without reports, with titles that do not fit or an unfit report is refused") {
  ic::Report report = report_of_runs();
  const auto refuse = [](const figures::PanelGrid& grid, const char* reason) {
    CHECK_THROWS_AS(figures::improvement_grid(grid), std::invalid_argument);
    CHECK_THROWS_WITH(figures::correlation_grid(grid),
                      Contains("interchoice: ") && Contains(reason));
  };
  refuse({}, "it has no report");
  refuse({{{}}}, "it has no report");
  refuse({{{&report}, {}}}, "its rows differ");
  refuse({{{&report}}, {"a", "b"}}, "2 titles of rows for 1");
  refuse({{{&report}}, {}, {"a", "b"}}, "2 titles of columns for 1");
  report.truth.pop_back();
  refuse({{{&report}}}, "the truth has 39 values");
  report.truth.clear();
  report.truth_repeats.clear();
  refuse({{{&report}}}, "a report has no truth");
}

TEST_CASE("no band of correlations goes beyond 1") {
  ic::Report report;
  report.title = "two runs, one right and one wrong throughout";
  for (int i = 0; i < 12; ++i) {
    report.architectures.push_back(std::to_string(i));
    report.truth.push_back(i);
  }
  std::vector<double> wrong(report.truth.rbegin(), report.truth.rend());
  report.predictors = {{.label = "both", .runs = {report.truth, wrong}}};
  const auto rows =
      rows_of(figures::correlation_grid({.rows = {{&report}}}, {.fewest = 2}), "both");
  REQUIRE(rows.front()["x"] == 2);
  for (const Specification& row : rows) {
    CHECK(row["y"] == 0);  // 0 ± 1.41
    CHECK(row["low"] == -1);
    CHECK(row["high"] == 1);
  }
}

TEST_CASE("the figure of predictions holds every architecture's numbers, a panel a predictor") {
  const ic::Report report = report_of_runs();
  const auto statistics = figures::report_statistics(report);
  const auto figure = figures::prediction_figure(report, statistics);
  const Specification& rows = figure["datasets"]["architectures"];
  REQUIRE(rows.size() == 40);
  CHECK(rows[3]["arch"] == report.architectures[3]);
  CHECK(rows[3]["truth"].get<double>() == Approx(report.truth[3]).epsilon(1e-5));
  for (std::size_t p = 0; p < 3; ++p) {
    const std::string field = "p" + std::to_string(p);
    CHECK(rows[3][field].get<double>() ==
          Approx(statistics.predictors[p].mean_prediction[3]).epsilon(1e-5));
    CHECK(figure["concat"][p]["title"]["text"] == report.predictors[p].label);
    CHECK(figure["concat"][p]["encoding"]["x"]["field"] == field);
    CHECK(figure["params"][0]["views"][p] == figure["concat"][p]["name"]);
  }
}

TEST_CASE("of very many architectures the best are shown, and some of the others") {
  ic::Report report;
  std::vector<double> prediction;
  for (int i = 0; i < 50'000; ++i) {
    report.architectures.push_back(std::to_string(i));
    report.truth.push_back(i);
    prediction.push_back((i * 7919) % 50'000);
  }
  report.predictors = {{"one", {prediction}, false, {}, {}}};
  figures::ReportStatistics statistics;
  statistics.predictors.resize(1);
  statistics.predictors[0].mean_prediction = prediction;
  const auto shown = figures::shown_architectures(report, statistics);
  CHECK(shown.size() < figures::kMostShown);
  CHECK(shown.size() > 16'000);
  const auto is_shown = [&](std::size_t i) { return std::ranges::binary_search(shown, i); };
  for (std::size_t i = 49'900; i < 50'000; ++i) CHECK(is_shown(i));
  const auto best = std::ranges::max_element(prediction) - prediction.begin();
  CHECK(is_shown(static_cast<std::size_t>(best)));
}

TEST_CASE("the matrix of agreement holds every pair of runs, with a number each") {
  const ic::Report report = report_of_runs();
  const auto figure = figures::agreement_figure(report);
  const Specification& rows = figure["data"]["values"];
  REQUIRE(rows.size() == 36);
  CHECK(figure["layer"].size() == 2);
  for (const Specification& row : rows) {
    CHECK((row["row"] == row["column"]) == (row["tau_b"] == 1));
    CHECK_THAT(row["row"].get<std::string>(), !Contains("rule"));
  }
  const double tau = ic::kendall_tau_b(report.predictors[0].runs[1], report.predictors[1].runs[2]);
  CHECK(rows[1 * 6 + 5]["row"] == "none, run 2");
  CHECK(rows[1 * 6 + 5]["column"] == "bias<1>, x, run 3");
  CHECK(rows[1 * 6 + 5]["tau_b"].get<double>() == Approx(tau).epsilon(1e-5));
}

TEST_CASE("self-consistency shows the first three runs of each super-network, pair by pair") {
  ic::Report report = report_of_runs();
  report.predictors[0].runs.push_back(report.predictors[0].runs[0]);
  report.predictors[1].runs.resize(2);
  report.predictors[2].runs.push_back(report.predictors[2].runs[0]);  // a baseline: not shown
  const auto figure = figures::self_consistency_figure(report);
  REQUIRE(figure["concat"].size() == 4);
  const Specification& second = figure["concat"][1];  // runs 1 and 3
  CHECK(second["title"]["text"] == "none");
  const Specification& points = second["layer"][1];
  CHECK(points["encoding"]["y"]["title"] == "prediction of run 3");
  CHECK(points["encoding"]["x"]["scale"] == points["encoding"]["y"]["scale"]);
  CHECK(points["data"]["values"][7]["y"].get<double>() ==
        Approx(report.predictors[0].runs[2][7]).epsilon(1e-5));
  CHECK(figure["concat"][3]["title"]["text"] == "bias<1>, x");
  for (auto& predictor : report.predictors) predictor.runs.resize(1);
  CHECK(figures::self_consistency_figure(report).empty());
  CHECK(figures::agreement_figure(report).empty());
}

TEST_CASE("a training has a panel for the loss and one for the accuracy, of who was trained") {
  const ic::Report report = small_report();
  const auto figure = figures::training_figure(report);
  REQUIRE(figure["concat"].size() == 2);
  const auto losses = rows_of(figure["concat"][0], report.predictors[0].label);
  CHECK(losses[0]["y"] == 2.25);
  CHECK(std::isnan(losses[1]["y"].get<double>()));  // infinite
  CHECK(rows_of(figure["concat"][1], report.predictors[0].label)[1]["y"] == 20);
  CHECK(figure["concat"][0]["data"]["values"].size() == 2);
}
