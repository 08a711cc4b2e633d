// Table 2: how far super-networks that differ only in their seed predict alike.
//
// Data: a folder of images for FairNAS' space (the paper's is SubImageNet, 100 classes); CIFAR-10
// and NAS-Bench-Macro's table for a second sequential space, whose super-networks are figure 5's.
// Command: table2_self_consistency --budget cpu --images FOLDER --data cifar10:FOLDER
//                                  --truth nas-bench-macro.csv
// Expected: reproduction/table2/index.html; what it says is in docs/reproduction.md.

#include "examples/reproduce/result_page.hpp"
#include "examples/reproduce/self_consistency_study.hpp"
#include "examples/reproduce/study_program.hpp"
#include "interchoice/stats/pearson.hpp"
#include "interchoice/stats/self_consistency.hpp"
#include "interchoice/stats/spearman.hpp"

namespace {

using namespace reproduce;
using Runs = std::vector<std::vector<double>>;

const std::vector<std::vector<ic::figures::Cell>> kPaper{
    {{"baseline"}, {"0.761"}, {"0.948"}, {"0.927"}},
    {{"bias D=1"}, {"0.730"}, {"0.932"}, {"0.904"}},
    {{"split at 400 of 600"}, {"0.700"}, {"0.905"}, {"0.883"}},
    {{"split at 500 of 600"}, {"0.703"}, {"0.908"}, {"0.884"}}};

template <class Correlation>
ic::figures::Cell cell(const Runs& runs, const Correlation& correlation) {
  const auto matrix = ic::self_consistency(
      runs,
      [&](std::span<const double> x, std::span<const double> y) { return correlation(x, y); });
  const auto pairs = matrix.pairs();
  if (pairs.empty()) return {"–"};
  const auto [low, high] = std::minmax_element(pairs.begin(), pairs.end());
  return {.text = ic::figures::fixed_text(matrix.mean(), 3),
          .detail = "[" + ic::figures::fixed_text(*low, 3) + ", " +
                    ic::figures::fixed_text(*high, 3) + "]"};
}

void run(const StudyOptions& options, const SelfConsistencyData& data, const std::string& command) {
  ic::figures::Table table{{"", "tau-b", "Pearson", "Spearman"},
                           {{.heading = "the paper, FairNAS on SubImageNet", .rows = kPaper}}};
  for (const ic::Report& report : self_consistency_reports(options, data)) {
    ic::figures::RowGroup group{.heading = report.title, .rows = {}};
    for (const ic::Predictor& predictor : report.predictors) {
      const Runs& runs = predictor.runs;
      group.rows.push_back({{predictor.label},
                            cell(runs, [](auto x, auto y) { return ic::kendall_tau_b(x, y); }),
                            cell(runs, [](auto x, auto y) { return ic::pearson(x, y); }),
                            cell(runs, [](auto x, auto y) { return ic::spearman(x, y); })});
    }
    table.groups.push_back(std::move(group));
  }
  ResultPage page(
      options.page, "Table 2: self-consistency",
      "The paper: more weights, less agreement between seeds; most for early splits. "
      "Its baseline and its bias compute the same function in training (docs/method.md), "
      "so the difference of those two rows says how much of all this is chance.");
  page.table("self_consistency", table,
             "Mean correlation of the predictions of every two seeds, and the lowest and highest.");
  page.finish({{"command", command}});
}

}  // namespace

int main(int argc, char** argv) {
  return reproduce::study_program(
      argc, argv,
      {"table2_self_consistency", "Reproduces table 2: agreement of super-networks over seeds.",
       "table2"},
      run);
}
