// Figure 5: what dependent weights do in sequential networks. The paper's ground truth on
// SubImageNet was never published; NAS-Bench-Macro's is, a space of eight MobileNetV2 blocks.
//
// Data: CIFAR-10's binary files; NAS-Bench-Macro's table as CSV (arch, acc1, acc2, acc3, mean_acc).
// Command: figure5_sequential --budget cpu --data cifar10:FOLDER --truth nas-bench-macro.csv
// Expected: reproduction/figure5/index.html; what it says is in docs/reproduction.md.

#include "examples/reproduce/nasbench_macro_study.hpp"
#include "examples/reproduce/result_page.hpp"
#include "examples/reproduce/study_program.hpp"

namespace {

using namespace reproduce;

void run(const StudyOptions& options, const NasBenchMacroData& data, const std::string& command) {
  Study study(options);
  const NasBenchMacro experiment = nasbench_macro_experiment(data, options.budget);
  const ic::Report report =
      nasbench_macro_report(study, experiment, nasbench_macro_methods(), data.truth);
  ResultPage page(options.out / "figure5", "Figure 5: sequential networks, NAS-Bench-Macro",
                  "The paper, on FairNAS' space and SubImageNet: bias and split weights improve "
                  "the ten best over the baseline, though not as significantly as in NAS-Bench-201 "
                  "with convolutions only. On such blocks bias computes nothing in training, so "
                  "shift and affine stand here in its place.");
  add_comparison(page, "figure5", report);
  page.finish(command);
}

}  // namespace

int main(int argc, char** argv) {
  return reproduce::study_program<NasBenchMacroData>(
      argc, argv,
      {"figure5_sequential", "Reproduces figure 5: dependent weights in sequential networks."},
      run);
}
