// Writes reports of all kinds for check_pages.py: sample_reports FOLDER

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "interchoice/io/atomic_file.hpp"
#include "interchoice/report/html.hpp"
#include "interchoice/report/line_figure.hpp"
#include "interchoice/report/pareto_figure.hpp"
#include "interchoice/report/write_report.hpp"
#include "report/sample_reports.hpp"

namespace ic = interchoice;
namespace fs = std::filesystem;

namespace {

/// Texts that would be markup, scripts or expressions of Vega if they were taken for them.
ic::Report hostile_report() {
  ic::Report report = report_of_runs();
  const std::string nasty = "</script><img src=x onerror=\"window.taken=1\"> {{x}} \\u0022 ' <!--";
  report.title = "title " + nasty;
  report.introduction = "introduction " + nasty;
  report.truth_label = "accuracy['" + nasty;
  for (std::string& architecture : report.architectures) architecture += nasty;
  for (ic::Predictor& predictor : report.predictors) predictor.label += " p.q[0] " + nasty;
  report.facts.set("machine " + nasty, nasty);
  return report;
}

/// More series than there are colours.
ic::Report many_predictors() {
  ic::Report report = report_of_runs(64);
  report.title = "Ten predictors";
  for (int i = 0; i < 8; ++i) {
    ic::Predictor predictor = report.predictors[0];
    predictor.label = "split at " + std::to_string(10 * (i + 1)) + " % of the epochs";
    for (auto& run : predictor.runs) {
      for (std::size_t k = 0; k < run.size(); ++k)
        run[k] = 90 + (run[k] - 90) / (i + 2.0) + static_cast<double>(k % 7);
    }
    predictor.runs.resize(1);
    report.predictors.push_back(std::move(predictor));
  }
  return report;
}

ic::Report large_report() {
  ic::Report report = report_of_runs(3'200);
  report.title = "A whole benchmark";
  for (ic::Predictor& predictor : report.predictors) predictor.runs.resize(1);
  return report;
}

ic::Report without_truth() {
  ic::Report report = report_of_runs();
  report.title = "Without a truth";
  report.truth.clear();
  report.truth_repeats.clear();
  return report;
}

/// A page that reloads itself, as watch_report makes; a training of so many epochs.
std::string reloading_page(std::size_t epochs) {
  namespace figures = ic::figures;
  figures::SeriesStyles styles;
  std::vector<figures::Series> losses;
  for (const char* label : {"one", "other"}) {
    styles.add(label, figures::series_style(styles.size()));
    losses.push_back({label, {}, {}});
    for (std::size_t i = 1; i <= epochs; ++i) {
      losses.back().x.push_back(static_cast<double>(i));
      losses.back().y.push_back(static_cast<double>(losses.size()) / static_cast<double>(i));
    }
  }
  figures::HtmlPage page("Work in progress", 600);
  for (int line = 0; line < 60; ++line) page.note("Space to scroll over.");
  page.figure("training",
              figures::line_figure(
                  "losses", {{"", {.title = "epoch (number)", .counts = true}, {"loss"}, losses}},
                  styles, 1, 200),
              "Of the batches.");
  for (int line = 0; line < 60; ++line) page.note("And more.");
  return std::move(page).finish();
}

}  // namespace

int main(int, char** argv) {
  const fs::path folder = argv[1];
  ic::write_report(folder / "small", small_report());
  ic::write_report(folder / "runs", report_of_runs());
  ic::write_report(folder / "hostile", hostile_report());
  ic::write_report(folder / "many", many_predictors());
  ic::write_report(folder / "large", large_report());
  ic::write_report(folder / "unjudged", without_truth());
  ic::write_report(folder / "network", report_of_runs(), ic::VegaRuntime::from_network());

  const ic::Report report = report_of_runs();
  ic::figures::HtmlPage page("A search");
  const auto figure = ic::figures::pareto_specification(
      {.description = "all that was evaluated",
       .x_title = "parameters (number)",
       .y_title = "accuracy [%]",
       .sets = {{"evolution, 40 evaluations", report.predictors[0].runs[0], report.truth,
                 report.architectures}}});
  page.figure("pareto", figure, "The front.");
  fs::create_directories(folder / "search");
  ic::write_file_atomically(folder / "search/pareto.vl.json",
                            ic::figures::specification_text(figure));
  ic::write_file_atomically(folder / "search/report.html", std::move(page).finish());

  ic::write_file_atomically(folder / "watch.html", reloading_page(10));
  ic::write_file_atomically(folder / "later.html", reloading_page(12));
}
