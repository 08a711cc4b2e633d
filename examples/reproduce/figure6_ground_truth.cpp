// Figure 6: how well repeated trainings of the same architectures agree, which bounds what any
// prediction can reach. The paper's SubImageNet trainings were never published; here any table with
// repeated measurements will do: NAS-Bench-Macro's, or one that train_standalone wrote.
//
// Data: a CSV file with a column for each training; without one the embedded table of the digits.
// Command: figure6_ground_truth --table nas-bench-macro.csv --columns acc1,acc2,acc3
// Expected: reproduction/figure6/index.html; tau-b 0.880 to 0.882 between two of Macro's trainings.

#include <string_view>

#include "embedded/digits_truth.hpp"
#include "examples/reproduce/result_page.hpp"
#include "examples/reproduce/study_program.hpp"
#include "interchoice/report/scatter_figure.hpp"
#include "interchoice/report/series_style.hpp"
#include "interchoice/stats/noise_ceiling.hpp"
#include "interchoice/stats/spearman.hpp"

namespace {

using namespace reproduce;

struct RepeatedTrainings {
  std::string table;
  std::vector<std::string> columns{"accuracy_0", "accuracy_1", "accuracy_2"};
};

void add_data_options(CLI::App& app, RepeatedTrainings& data) {
  app.add_option("--table", data.table, "CSV file with `arch` and a column for each training")
      ->check(CLI::ExistingFile);
  app.add_option("--columns", data.columns, "its columns, two or more")
      ->delimiter(',')
      ->capture_default_str();
}

ic::CsvTable read(const std::string& path) {
  if (!path.empty()) return ic::CsvTable::read(path);
  return ic::CsvTable::parse(std::string_view(reinterpret_cast<const char*>(embedded::digits_truth),
                                              embedded::digits_truth_size),
                             "the embedded ground truth");
}

void run(const PageOptions& options, const RepeatedTrainings& data, const std::string& command) {
  const ic::CsvTable csv = read(data.table);
  std::vector<std::vector<double>> trainings;
  for (const std::string& column : data.columns) trainings.push_back(csv.numbers(column));
  const std::vector<double> mean = ic::mean_of_predictions(trainings);

  ic::figures::Table table{{"", "tau-b", "Pearson", "Spearman"}, {}};
  std::vector<ic::figures::ScatterPanel> panels;
  const auto add = [&](const std::string& name, const std::string& x_title,
                       const std::vector<double>& x, const std::string& y_title,
                       const std::vector<double>& y) {
    const auto text = [](double value) { return ic::figures::fixed_text(value, 3); };
    const std::string tau = text(ic::kendall_tau_b(x, y));
    table.groups.back().rows.push_back(
        {{name}, {tau}, {text(ic::pearson(x, y))}, {text(ic::spearman(x, y))}});
    panels.push_back({.title = name,
                      .x_title = x_title + " [%]",
                      .y_title = y_title + " [%]",
                      .x = x,
                      .y = y,
                      .style = ic::figures::series_style(panels.size())});
  };
  table.groups.push_back({.heading = "two trainings", .rows = {}});
  for (std::size_t i = 0; i < trainings.size(); ++i) {
    for (std::size_t j = i + 1; j < trainings.size(); ++j) {
      add(data.columns[i] + ", " + data.columns[j], data.columns[i], trainings[i], data.columns[j],
          trainings[j]);
    }
  }
  table.groups.push_back(
      {.heading = "one training and the mean of all, which it is part of", .rows = {}});
  add(data.columns[0] + ", mean", data.columns[0], trainings[0], "mean", mean);
  const ic::NoiseCeiling ceiling = ic::noise_ceiling(trainings);
  const auto number = [](double value) {
    return std::vector<ic::figures::Cell>{
        {"mean"}, {ic::figures::fixed_text(value, 3)}, {""}, {""}};
  };
  table.groups.push_back({.heading = "two trainings", .rows = {number(ceiling.between_two)}});
  table.groups.push_back(
      {.heading = "one training and the mean of the others", .rows = {number(ceiling.with_rest)}});

  ResultPage page(options.page, "Figure 6: how noisy the ground truth is",
                  "The paper, 50 architectures on SubImageNet: tau-b about 0.72 between the test "
                  "accuracy of a training and the mean of two, about 0.5 with a fifth of the "
                  "validation images.");
  page.figure(
      "figure6",
      ic::figures::scatter_figure("Trainings of the same architectures", csv.texts("arch"), panels),
      "Test accuracy (%) of each architecture in several trainings.");
  page.table("agreement", table, "Correlations over all architectures of the table.");
  page.finish({{"command", command}});
}

}  // namespace

int main(int argc, char** argv) {
  return reproduce::study_program(
      argc, argv,
      {"figure6_ground_truth", "Reproduces figure 6: agreement of repeated trainings.", "figure6"},
      run);
}
