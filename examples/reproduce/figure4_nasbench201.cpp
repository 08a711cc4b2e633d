// Figure 4: what dependent weights do for the ranking of NAS-Bench-201 architectures. Bias of depth
// 1 to 3 and weights split at 50, 70 and 80 % of the epochs, in three restrictions of the space,
// each with several seeds.
//
// Data: CIFAR-10's binary files; NAS-Bench-201's table as CSV with the columns arch, c10_test_200.
// Command: figure4_nasbench201 --budget cpu --data cifar10:FOLDER --truth nasbench201.csv
// Expected: reproduction/figure4/index.html; what it says is in docs/reproduction.md.

#include "examples/reproduce/nasbench201_study.hpp"
#include "examples/reproduce/result_page.hpp"
#include "examples/reproduce/study_program.hpp"

namespace {

using namespace reproduce;

void run(const StudyOptions& options, const NasBench201Data& data, const std::string& command) {
  StudyRuns runs(place_of(options));
  const auto experiments = nasbench201_experiments(data, options.budget);
  const auto reports = nasbench201_reports(runs, experiments, nasbench201_methods(), data);
  ResultPage page(options.page, "Figure 4: NAS-Bench-201",
                  "The paper: with all operations the baseline is hard to beat; without Zero "
                  "dependent weights are at least equal; with convolutions only they can be "
                  "significantly better.");
  page.figure("figure4", nasbench201_figure(reports, {}),
              "Mean ground truth of the architectures that are left when those with the worst "
              "predictions are removed. Mean and standard deviation over seeds.");
  page.table("standings", standings(reports), kStandingsNote);
  for (const ic::Report& report : reports) {
    page.report(report.title + "-bias", without(report, "split"));
    page.report(report.title + "-split", without(report, "bias"));
  }
  page.finish({{"command", command}});
}

}  // namespace

int main(int argc, char** argv) {
  return reproduce::study_program(
      argc, argv,
      {"figure4_nasbench201", "Reproduces figure 4: dependent weights on NAS-Bench-201.",
       "figure4"},
      run);
}
