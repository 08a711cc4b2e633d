#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "../stats/rankings.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/report/read_report.hpp"
#include "interchoice/report/write_report.hpp"
#include "interchoice/stats/prediction_quality.hpp"
#include "report_folder.hpp"
#include "support/catch.hpp"
#include "support/shared_data.hpp"
#include "xml_document.hpp"

namespace ic = interchoice;
namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

/// As XML can be read, which the scripts of an installed bundle cannot.
void write(const fs::path& folder, const ic::Report& report) {
  ic::write_report(folder, report, ic::VegaRuntime::from_network());
}

}  // namespace

TEST_CASE("a report is a folder with a page, its figures, and its numbers") {
  const ReportFolder folder;
  ic::Report report = small_report();
  write(folder.path(), report);
  CHECK(folder.names() == std::set<std::string>{"report.html", "improvement.vl.json",
                                                "correlation.vl.json", "predictions.vl.json",
                                                "training.vl.json", "metrics.csv", "metrics.json",
                                                "predictions.csv", "curves.csv"});
  const XmlDocument page(folder.content("report.html"));
  const auto charts = page.named_class("chart");
  CHECK(charts.size() == 4);
  for (const auto& chart : charts) {  // the page holds its figures
    const std::string name = chart.attribute("data-name").value();
    json shown = json::parse(chart.next_sibling().child_value());
    json file = json::parse(folder.content(name + ".vl.json"));
    file.erase("datasets");  // the table's data
    CHECK(shown == file);
  }
  report.predictors[0].training.clear();
  fs::remove_all(folder.path());
  write(folder.path() / "made" / "below", report);
  CHECK(fs::exists(folder.path() / "made/below/report.html"));
  CHECK_FALSE(fs::exists(folder.path() / "made/below/training.vl.json"));
}

TEST_CASE("the page of a report shows texts as they are, the best first, and expectations") {
  const ReportFolder folder;
  write(folder.path(), small_report());
  const std::string html = folder.content("report.html");
  const auto page = XmlDocument(html);
  CHECK(page.texts("h1") == std::vector<std::string>{"A <report>"});
  const auto paragraphs = page.texts("p");
  CHECK(paragraphs.at(0) == "First & foremost.");
  CHECK(paragraphs.at(1) == "Second.");
  const auto cells = page.texts("th");
  for (const char* text :
       {"bias<1>, \"seed\" 1", "3x3 count", "super-networks", "baselines, without training",
        "random choice, expected", "best possible", "seconds", "cost"}) {
    INFO(text);
    CHECK(std::find(cells.begin(), cells.end(), text) != cells.end());
  }
  CHECK(page.texts("dd") == std::vector<std::string>{"<1>", "two cores"});

  const auto sentences = page.texts("li");
  CHECK_THAT(sentences.at(0), Contains("bias<1>, \"seed\" 1 (Kendall's τ-b 0.727) ranks best"));
  CHECK_THAT(sentences.at(1), Contains("rule without training, 3x3 count"));
  CHECK_THAT(sentences.at(2), Contains("Best by the prediction of bias<1>") &&
                                  Contains("a<11>; accuracy 92.75 %, place 1 of 12"));
  const auto table = page.named("table").front();
  CHECK(table.attribute("id").value() == std::string("architectures"));
  const auto first = table.child("tbody").child("tr");
  CHECK(first.child("th").child_value() == std::string("a<11>"));
  CHECK(first.child("td").child_value() == std::string("92.75"));

  // 11 of 12 predictions of the baseline are equal: 90 and nine of the others, whose mean is 91.5.
  const auto numbers = page.texts("td");
  CHECK(std::count(numbers.begin(), numbers.end(), "91.35") == 1);

  for (const char* outside : {"@import", "url(", "<meta http-equiv", "<link"}) {
    CHECK(html.find(outside) == std::string::npos);
  }
  for (const auto& element : page) {
    const pugi::xml_attribute link = element.attribute("href");
    if (link) CHECK(fs::exists(folder.path() / link.value()));
  }
}

TEST_CASE("the table of the page has every architecture and every prediction") {
  const ReportFolder folder;
  const ic::Report report = report_of_runs();
  write(folder.path(), report);
  const XmlDocument page(folder.content("report.html"));
  const auto scripts = page.named("script");
  const auto data = std::find_if(scripts.begin(), scripts.end(), [](const auto& script) {
    return script.attribute("id").value() == std::string("architecture-data");
  });
  REQUIRE(data != scripts.end());
  const json table = json::parse(data->child_value());
  REQUIRE(table["rows"].size() == 40);
  std::vector<std::string> fields;
  for (const json& column : table["columns"]) fields.push_back(column["field"]);
  CHECK(fields == std::vector<std::string>{"arch", "truth", "p0", "s0", "p1", "s1", "p2"});
  CHECK(table["sort"] == 4);  // bias<1>, which ranks best
  CHECK(table["rows"][5][0] == report.architectures[5]);
  CHECK(table["rows"][5][1].get<double>() == Approx(report.truth[5]).epsilon(1e-5));
  CHECK(table["rows"][5][6].get<double>() == Approx(report.predictors[2].runs[0][5]).epsilon(1e-5));
}

TEST_CASE("a number is bold only if it is best beyond the noise") {
  const auto bold = [](const ic::Report& report) {
    const ReportFolder folder;
    write(folder.path(), report);
    return XmlDocument(folder.content("report.html")).texts("strong");
  };
  ic::Report report = report_of_runs();
  CHECK(bold(report).empty());  // three runs of 40 architectures do not tell these apart
  report.predictors[1].runs.assign(3, report.truth);
  const auto sure = bold(report);
  CHECK(sure.size() >= 1);
  CHECK_THAT(sure.at(0), Contains("1.000"));
  report.predictors[0].runs = report.predictors[1].runs;  // two that are alike
  CHECK(bold(report).empty());
}

TEST_CASE("a report without a truth shows predictions, trainings and the agreement of runs") {
  const ReportFolder folder;
  ic::Report report = report_of_runs();
  report.truth.clear();
  report.truth_repeats.clear();
  write(folder.path(), report);
  CHECK(folder.names() == std::set<std::string>{"report.html", "training.vl.json",
                                                "agreement.vl.json", "self-consistency.vl.json",
                                                "metrics.csv", "metrics.json", "predictions.csv"});
  const std::string html = folder.content("report.html");
  CHECK_THAT(html, !Contains("nan") && !Contains("How well the predictions rank"));
  CHECK_THAT(XmlDocument(html).texts("li").at(0), Contains("Best by the prediction of none: arch"));
  const json metrics = json::parse(folder.content("metrics.json"));
  CHECK(metrics["predictors"][0]["kendall_tau_b"].is_null());
  CHECK(metrics["predictors"][0]["self_consistency"]["pairs"] == 3);
  const ic::Report read = ic::read_report(folder.path());
  CHECK(read.truth.empty());
  CHECK(read.predictors[1].runs == report.predictors[1].runs);
}

TEST_CASE("the numbers of a report are the statistics' numbers, in JSON and in CSV") {
  const ReportFolder folder;
  const ic::Report report = small_report();
  write(folder.path(), report);
  const json metrics = json::parse(folder.content("metrics.json"));
  CHECK(metrics["title"] == "A <report>");
  CHECK(metrics["truth"]["architectures"] == 12);
  CHECK(metrics["truth"]["best"] == 92.75);
  CHECK(metrics["truth"]["best_architecture"] == "a<11>");
  CHECK(metrics["facts"][0] == json{{"name", "seed"}, {"value", "<1>"}});
  REQUIRE(metrics["predictors"].size() == 2);
  CHECK(metrics["predictors"][0]["best_architectures"][0] == "a<11>");
  CHECK(metrics["predictors"][0]["training"][0]["loss"] == 2.25);
  CHECK(metrics["predictors"][0]["training"][1]["loss"].is_null());
  CHECK(metrics["predictors"][1]["trivial"] == true);
  CHECK(metrics["predictors"][1]["tie_at_cut"] == true);

  const auto csv = ic::CsvTable::read(folder.path() / "metrics.csv");
  CHECK(csv.texts("predictor") == std::vector<std::string>{"bias<1>, \"seed\" 1", "3x3 count"});
  CHECK(csv.numbers("trivial") == std::vector<double>{0, 1});
  CHECK(csv.numbers("tie_at_cut") == std::vector<double>{0, 1});
  for (std::size_t i = 0; i < 2; ++i) {
    const auto quality = ic::prediction_quality(report.predictors[i].runs[0], report.truth);
    const std::vector<std::pair<const char*, double>> expected = {
        {"kendall_tau_b", quality.kendall_tau_b},
        {"pearson", quality.pearson},
        {"spearman", quality.spearman},
        {"best_kept", 10},
        {"best_mean", quality.best_mean},
        {"best_improvement", quality.best_improvement},
        {"best_mean_expected", quality.best_mean_expected},
        {"best_improvement_expected", quality.best_improvement_expected}};
    for (const auto& [name, value] : expected) {
      INFO(name);
      CHECK(metrics["predictors"][i][name].get<double>() == value);
      CHECK(csv.numbers(name)[i] == value);
    }
  }
}

TEST_CASE("predictions and curves of a report read back as they were") {
  const ReportFolder folder;
  const ic::Report report = small_report();
  write(folder.path(), report);
  const auto predictions = ic::CsvTable::read(folder.path() / "predictions.csv");
  CHECK(predictions.texts("arch") == report.architectures);
  CHECK(predictions.numbers("truth") == report.truth);
  for (const auto& predictor : report.predictors) {
    CHECK(predictions.numbers(predictor.label) == predictor.runs[0]);
  }
  const auto curves = ic::CsvTable::read(folder.path() / "curves.csv");
  CHECK(curves.size() == 12);
  CHECK(curves.numbers("n").back() == 12);
  const std::string& label = report.predictors[0].label;
  CHECK(curves.numbers("mean: " + label) ==
        ic::improvement_curve(report.predictors[0].runs[0], report.truth).mean);
  CHECK(curves.texts("tau_b: " + label).front().empty());  // undefined
}

TEST_CASE("the same report gives the same bytes, and replaces what was there") {
  const ReportFolder folder;
  write(folder.path(), small_report());
  std::map<std::string, std::string> first;
  for (const auto& name : folder.names()) first[name] = folder.content(name);
  write(folder.path(), small_report());
  for (const auto& [name, content] : first) CHECK(folder.content(name) == content);
  CHECK(folder.names().size() == first.size());
}

TEST_CASE("a report with undefined numbers and few architectures is still whole") {
  const ReportFolder folder;
  ic::Report report;
  report.architectures = {"a", "b"};
  report.truth = {1, 1};
  report.predictors = {{"constant", {{5, 5}}, false, {{7, std::nan(""), 1e300}}, {}}};
  write(folder.path(), report);
  const json metrics = json::parse(folder.content("metrics.json"));
  CHECK(metrics["predictors"][0]["kendall_tau_b"].is_null());
  CHECK(metrics["predictors"][0]["best_improvement"].is_null());
  CHECK(metrics["predictors"][0]["best_mean"] == 1);
  CHECK(ic::CsvTable::read(folder.path() / "metrics.csv").texts("pearson").at(0).empty());
  const std::string html = folder.content("report.html");
  CHECK_THAT(html, !Contains("nan") && !Contains(":inf"));
  CHECK(XmlDocument(html)[0].name() == std::string("html"));

  report.architectures.assign(7, "x");
  report.truth.assign(7, 0.1);  // whose mean may differ from it in the last bit
  report.predictors[0].runs[0] = {1, 2, 3, 4, 5, 6, 7};
  write(folder.path(), report);
  const auto cells = XmlDocument(folder.content("report.html")).texts("td");
  CHECK(std::count(cells.begin(), cells.end(), "0.10") == 3);

  report.architectures.assign(10, "x");
  report.truth.assign(10, 3);
  report.truth[4] = 4;
  report.predictors[0].runs[0] = report.truth;
  write(folder.path(), report);
  CHECK(XmlDocument(folder.content("report.html"))[0].name() == std::string("html"));
}

TEST_CASE("texts that are not UTF-8 do not cost a report its numbers") {
  const ReportFolder folder;
  ic::Report report = small_report();
  report.title = "latin-1: \xE9";
  write(folder.path(), report);
  CHECK(json::parse(folder.content("metrics.json"))["title"] == "latin-1: \uFFFD");
}

TEST_CASE("a report whose parts do not fit is refused, and nothing is written") {
  const ReportFolder folder;
  const auto write_changed = [&](auto change) {
    ic::Report report = small_report();
    change(report);
    write(folder.path(), report);
  };
  using R = ic::Report;
  const auto reject = [&](const char* reason, auto change) {
    INFO(reason);
    CHECK_THROWS_AS(write_changed(change), std::invalid_argument);
    CHECK_THROWS_WITH(write_changed(change), Contains("interchoice: report: ") && Contains(reason));
  };
  reject("0 architectures; at least 2", [](R& r) { r.architectures.clear(); });
  reject("the truth has 11 values for 12", [](R& r) { r.truth.pop_back(); });
  reject("the truth is nan for architecture 'a<3>'", [](R& r) { r.truth[3] = std::nan(""); });
  reject("predictor '3x3 count' has 13 values", [](R& r) { r.predictors[1].runs[0].push_back(0); });
  reject("predictor '3x3 count' is -inf",
         [](R& r) { r.predictors[1].runs[0][2] = -std::numeric_limits<double>::infinity(); });
  reject("1e100 can be shown", [](R& r) { r.truth[3] = 1e101; });
  reject("no predictors", [](R& r) { r.predictors.clear(); });
  reject("has no label", [](R& r) { r.predictors[0].label.clear(); });
  reject("label '3x3 count' is taken", [](R& r) { r.predictors[0].label = "3x3 count"; });
  reject("label 'best possible' is taken", [](R& r) { r.predictors[0].label = "best possible"; });
  reject("'bias<1>' has no run", [](R& r) {
    r.predictors[0].label = "bias<1>";
    r.predictors[0].runs.clear();
  });
  reject("predictor '3x3 count', run 2, has 11 values", [](R& r) {
    r.predictors[1].runs.push_back(r.predictors[1].runs[0]);
    r.predictors[1].runs[1].pop_back();
  });
  reject("'3x3 count, run 2' is taken", [](R& r) {
    r.predictors[1].runs.push_back(r.predictors[1].runs[0]);
    r.predictors[0].label = "3x3 count, run 2";
  });
  reject("1 repeat of the truth", [](R& r) { r.truth_repeats = {r.truth}; });
  reject("repeat 2 of the truth is nan for architecture 'a<4>'", [](R& r) {
    r.truth_repeats = {r.truth, r.truth};
    r.truth_repeats[1][4] = std::nan("");
  });
  reject("'truth, repeat 1' is taken", [](R& r) {
    r.truth_repeats = {r.truth, r.truth};
    r.predictors[0].label = "truth, repeat 1";
  });
  reject("label 'truth' is taken", [](R& r) { r.predictors[0].label = "truth"; });
  for (const std::string text : {"=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"}) {
    reject("begins as a formula", [&](R& r) { r.predictors[0].label = text; });
    reject("begins as a formula", [&](R& r) { r.architectures[0] = text; });
  }
  reject("facts of more than 1000 names", [](R& r) {
    for (int i = 0; i < 1'000; ++i) r.predictors[0].facts.set("f" + std::to_string(i), "");
  });
  CHECK_FALSE(fs::exists(folder.path()));
}

TEST_CASE("numbers that are not finite are empty fields, never texts") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double value : {std::nan(""), kInfinity, -kInfinity}) {
    CHECK(ic::figures::detail::number_field(value).empty());
  }
  CHECK(ic::figures::detail::number_field(-0.5) == "-0.5");
}

TEST_CASE("negative numbers and signs within a text are no formulas") {
  const ReportFolder folder;
  ic::Report report = small_report();
  report.truth[0] = -5;
  report.predictors[1].runs[0] = std::vector<double>(12, -0.5);
  report.predictors[0].label = "a=b, +c -d @e";
  report.architectures[0] = "3-0-1";
  write(folder.path(), report);
  CHECK_THAT(folder.content("predictions.csv"), Contains("\n3-0-1,-5,"));
}

TEST_CASE("a report that cannot be written leaves the one that is there") {
  const ReportFolder folder;
  write(folder.path(), small_report());
  fs::remove(folder.path() / "curves.csv");
  fs::create_directory(folder.path() / "curves.csv");
  const std::string metrics = folder.content("metrics.json");
  ic::Report changed = small_report();
  changed.title = "Changed";
  CHECK_THROWS_WITH(write(folder.path(), changed), Contains("curves.csv"));
  CHECK(folder.content("metrics.json") == metrics);
  CHECK_THAT(folder.content("report.html"), !Contains("Changed"));
}

TEST_CASE("a folder that cannot be made or written is named") {
  const ReportFolder folder;
  fs::create_directory(folder.path());
  std::ofstream(folder.path() / "file") << "x";
  CHECK_THROWS_AS(ic::write_report(folder.path() / "file", small_report()), std::runtime_error);
  CHECK_THROWS_WITH(ic::write_report(folder.path() / "file" / "below", small_report()),
                    Contains((folder.path() / "file/below").string()));
}

TEST_CASE("a report of a whole benchmark stays small", "[shared]") {
  const ReportFolder folder;
  const auto rankings =
      Rankings::read(ic::testing::shared_data() / "data/rankings/few_shot_nas_predictions.csv");
  ic::Report report;
  report.architectures = rankings.architectures;
  report.truth = rankings.truth;
  report.truth_label = "test accuracy, 200 epochs";
  report.truth_unit = "%";
  report.predictors = {{"one-shot", {rankings.one_shot}, false, {}, {}},
                       {"few-shot", {rankings.few_shot}, false, {}, {}}};
  write(folder.path(), report);
  CHECK(folder.content("report.html").size() < 3'000'000);
  CHECK(folder.content("curves.csv").size() < 200'000);
  const auto cells = XmlDocument(folder.content("report.html")).texts("td");
  // one_shot and few_shot of expected_metrics.json, where they are not the best of their column
  for (const char* text : {"0.484", "0.499", "0.676", "94.31", "87.06"}) {
    INFO(text);
    CHECK(std::find(cells.begin(), cells.end(), text) != cells.end());
  }
}
