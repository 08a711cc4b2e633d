// Figure 10: the predictions behind table 2, one super-network's against another's of the same
// kind. Nothing is trained where table2_self_consistency has run with the same --out.
//
// Data and command: as for table2_self_consistency.
// Expected: reproduction/figure10/index.html; clouds along the diagonal, some with an offset.

#include "examples/reproduce/result_page.hpp"
#include "examples/reproduce/self_consistency_study.hpp"
#include "examples/reproduce/study_program.hpp"
#include "interchoice/report/report_figures.hpp"

namespace {

using namespace reproduce;

void run(const StudyOptions& options, const SelfConsistencyData& data, const std::string& command) {
  ResultPage page(options.page, "Figure 10: self-consistency",
                  "The paper: some methods' super-networks differ by an offset in accuracy, which "
                  "has no impact on rank correlations.");
  for (const ic::Report& report : self_consistency_reports(options, data)) {
    page.heading(report.title);
    page.figure(report.title + "-pairs", ic::figures::self_consistency_figure(report),
                "Predicted accuracy of every architecture, one seed against another.");
    page.figure(report.title + "-matrix", ic::figures::agreement_figure(report),
                "Kendall's tau-b of every two super-networks, of all methods.");
  }
  page.finish({{"command", command}});
}

}  // namespace

int main(int argc, char** argv) {
  return reproduce::study_program(
      argc, argv,
      {"figure10_self_consistency",
       "Reproduces figure 10: predictions of one seed against another.", "figure10"},
      run);
}
