// Figures 8 and 9: figures 4 and 5 without their end at ten architectures, to show how chaotic the
// order of the very best is. The super-networks are those of figures 4 and 5: nothing is trained
// where their --out is given.
//
// Data: as for figure4_nasbench201 and figure5_sequential.
// Command: figures8_9_full_curves --budget cpu --data cifar10:FOLDER --truth nasbench201.csv
//                                 --macro-truth nas-bench-macro.csv
// Expected: reproduction/figures8_9/index.html; bands that widen towards the last architecture.

#include "examples/reproduce/full_data.hpp"
#include "examples/reproduce/result_page.hpp"
#include "examples/reproduce/study_program.hpp"

namespace {

using namespace reproduce;

void run(const StudyOptions& options, const FullData& data, const std::string& command) {
  const ic::figures::GridOptions to_the_end{.fewest = 1};
  ResultPage page(options.page, "Figures 8 and 9: all predictions",
                  "The paper: beyond ten architectures the curves are chaotic, the more so the "
                  "smaller the space, since nothing obviously bad is left to be told apart.");
  StudyRuns runs(place_of(options));
  const FullReports reports = full_reports(runs, data, options.budget);
  page.figure("figure8", nasbench201_figure(reports.nasbench201, to_the_end),
              "Figure 8: NAS-Bench-201, down to a single architecture.");
  if (reports.macro) {
    page.figure("figure9", ic::figures::improvement_grid({.rows = {{&*reports.macro}}}, to_the_end),
                "Figure 9: NAS-Bench-Macro, down to a single architecture.");
  }
  page.finish({{"command", command}});
}

}  // namespace

int main(int argc, char** argv) {
  return reproduce::study_program(
      argc, argv,
      {"figures8_9_full_curves",
       "Reproduces figures 8 and 9: improvement down to one architecture.", "figures8_9"},
      run);
}
