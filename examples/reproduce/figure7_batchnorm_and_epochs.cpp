// Figure 7: how long to train, with how much augmentation, and whether to reset BatchNorm's
// statistics before they are made an architecture's own. Baseline super-networks of
// NAS-Bench-Macro, which stands in for the paper's SubImageNet: half, all and one and a half times
// the budget's epochs, no and twice the augmentation, all evaluated in both ways.
//
// Data: CIFAR-10's binary files; NAS-Bench-Macro's table as CSV (arch, acc1, acc2, acc3, mean_acc).
// Command: figure7_batchnorm_and_epochs --budget cpu --data cifar10:FOLDER
//                                       --truth nas-bench-macro.csv
// Expected: reproduction/figure7/index.html; what it says is in docs/reproduction.md.

#include <fmt/core.h>

#include <string>
#include <utility>
#include <vector>

#include "examples/reproduce/nasbench_macro_study.hpp"
#include "examples/reproduce/result_page.hpp"
#include "examples/reproduce/study_program.hpp"

namespace {

using namespace reproduce;

void run(const StudyOptions& options, const NasBenchMacroData& data, const std::string& command) {
  StudyRuns runs(place_of(options));
  const std::vector<Method> baseline{{.label = "baseline"}};
  const std::vector<std::pair<NasBenchMacroVariant, std::string>> variants{
      {{}, ""},
      {{.epochs_factor = 0.5}, ""},
      {{.epochs_factor = 1.5}, ""},
      {{.augmentation = "none"}, ", no augmentation"},
      {{.augmentation = "strong"}, ", strong augmentation"}};
  std::vector<Experiment> experiments;
  for (const auto& [variant, label] : variants) {
    experiments.push_back(nasbench_macro_experiment(data, options.budget, variant));
    auto& evaluations = experiments.back().evaluations;
    evaluations.push_back(evaluations.front());
    evaluations.back().name = "reset_first";
    evaluations.back().recalibration.method = ic::Recalibration::Method::kResetMomentum;
  }
  for (const Experiment& experiment : experiments) runs.add(experiment, baseline);
  runs.complete();

  ic::Report kept = nasbench_macro_report(runs, experiments.front(), baseline, data.truth);
  kept.title = "nasbench_macro";
  kept.facts = {};
  std::erase_if(kept.predictors, [](const ic::Predictor& one) { return !one.baseline; });
  const std::vector<ic::Predictor> rules = std::exchange(kept.predictors, {});
  ic::Report reset = kept;
  reset.title += ", reset first";
  for (std::size_t i = 0; i < variants.size(); ++i) {
    const Experiment& experiment = experiments[i];
    const std::string epochs =
        fmt::format("{} epochs{}", experiment.training.epochs, variants[i].second);
    for (const auto& evaluation : experiment.evaluations) {
      const bool is_reset =
          evaluation.recalibration.method == ic::Recalibration::Method::kResetMomentum;
      ic::Report one = predictions_of(runs, experiment, evaluation, baseline);
      (is_reset ? reset : kept)
          .predictors.push_back({.label = is_reset ? epochs + ", reset first" : epochs,
                                 .runs = std::move(one.predictors.front().runs)});
    }
  }
  reset.predictors.insert(reset.predictors.begin(), kept.predictors.front());
  kept.predictors.insert(kept.predictors.end(), rules.begin(), rules.end());
  ResultPage page(
      options.page, "Figure 7: BatchNorm statistics, epochs, augmentation",
      "The paper: half of the epochs are too few, one and a half times as many are no "
      "better; augmentation was reduced, as networks learned too little under it; resetting "
      "the statistics is detrimental in nearly all cases. Below, the baseline is the first row.");
  add_comparison(page, "figure7", {kept, reset});
  page.finish({{"command", command}});
}

}  // namespace

int main(int argc, char** argv) {
  return reproduce::study_program(
      argc, argv,
      {"figure7_batchnorm_and_epochs",
       "Reproduces figure 7: epochs, augmentation, resetting BatchNorm's statistics.", "figure7"},
      run);
}
