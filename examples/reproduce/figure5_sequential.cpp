// Figure 5: what dependent weights do in sequential networks. NAS-Bench-Macro, a space of eight
// MobileNetV2 blocks whose ground truth is public; and the paper's own, FairNAS on a folder of
// images, where there is a ground truth of it (the paper's was never published).
//
// Data: CIFAR-10's binary files; NAS-Bench-Macro's table as CSV (arch, acc1, acc2, acc3, mean_acc).
// For FairNAS: images, and a CSV file with `arch` and `accuracy` of the architectures to rank.
// Command: figure5_sequential --budget cpu --data cifar10:FOLDER --truth nas-bench-macro.csv
//                             [--images FOLDER --fairnas-truth TABLE.csv]
// Expected: reproduction/figure5/index.html; what it says is in docs/reproduction.md.

#include "examples/reproduce/result_page.hpp"
#include "examples/reproduce/self_consistency_study.hpp"
#include "examples/reproduce/study_program.hpp"

namespace {

using namespace reproduce;

struct Data {
  SelfConsistencyData spaces;
  std::string fairnas_truth;
};

void add_data_options(CLI::App& app, Data& data) {
  add_data_options(app, data.spaces);
  app.add_option("--fairnas-truth", data.fairnas_truth,
                 "CSV file with `arch` and `accuracy`; with --images FairNAS is studied, too")
      ->check(CLI::ExistingFile);
}

/// FairNAS' super-networks on the architectures that the table lists.
ic::Report fairnas_report(StudyRuns& runs, const Data& data, Budget budget) {
  Experiment experiment = fairnas_experiment(data.spaces.images, budget);
  auto& evaluation = experiment.evaluations.emplace_back(experiment.evaluations.front());
  evaluation.name = "with_truth";
  evaluation.architectures = ic::CsvTable::read(data.fairnas_truth).texts("arch");
  for (std::string& text : evaluation.architectures) text = experiment.kind->spelling(text);
  runs.add(experiment, fairnas_methods());
  runs.complete();
  ic::Report report = report_of(
      runs, experiment, evaluation, fairnas_methods(),
      experiment.kind->table_column(data.fairnas_truth, "accuracy", evaluation.architectures));
  add_rules(report, experiment, evaluation);
  return report;
}

void run(const StudyOptions& options, const Data& data, const std::string& command) {
  if (data.spaces.images.empty() != data.fairnas_truth.empty()) {
    throw examples::UsageError("--images and --fairnas-truth need each other");
  }
  StudyRuns runs(place_of(options));
  const Experiment experiment = nasbench_macro_experiment(data.spaces.macro, options.budget);
  std::vector<ic::Report> reports{
      nasbench_macro_report(runs, experiment, nasbench_macro_methods(), data.spaces.macro.truth)};
  if (!data.fairnas_truth.empty()) reports.push_back(fairnas_report(runs, data, options.budget));
  ResultPage page(options.page, "Figure 5: sequential networks",
                  "The paper, on FairNAS' space and SubImageNet: bias and split weights improve "
                  "the ten best over the baseline, though not as significantly as in NAS-Bench-201 "
                  "with convolutions only. On such blocks bias computes nothing in training, so "
                  "shift and affine stand here in its place.");
  add_comparison(page, "figure5", reports);
  page.finish({{"command", command}});
}

}  // namespace

int main(int argc, char** argv) {
  return reproduce::study_program(
      argc, argv,
      {"figure5_sequential", "Reproduces figure 5: dependent weights in sequential networks.",
       "figure5"},
      run);
}
