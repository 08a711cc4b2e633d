// Appendix D: shared bias vectors (bias_sum) and attention over channels, with one and two layers,
// beside the baseline and bias, in the only-convolution space of NAS-Bench-201.
//
// Data: CIFAR-10's binary files; NAS-Bench-201's table as CSV with the columns arch, c10_test_200.
// Command: appendix_d_variants --budget cpu --data cifar10:FOLDER --truth nasbench201.csv
// Expected: reproduction/appendix_d/index.html; what it says is in docs/reproduction.md.

#include "examples/reproduce/nasbench201_study.hpp"
#include "examples/reproduce/result_page.hpp"
#include "examples/reproduce/study_program.hpp"

namespace {

using namespace reproduce;

void run(const StudyOptions& options, const NasBench201Data& data, const std::string& command) {
  StudyRuns runs(place_of(options));
  const std::vector<Experiment> only_convolutions{
      nasbench201_experiments(data, options.budget).front()};
  const std::vector<Method> methods{{.label = "baseline"},
                                    {.label = "bias D=1", .policy = "bias<1>"},
                                    {.label = "shared bias D=1", .policy = "bias_sum<1>"},
                                    {.label = "attention, 1 layer", .policy = "attention<1,1>"},
                                    {.label = "attention, 2 layers", .policy = "attention<1,2>"}};
  // The number of parameters orders these architectures as that of their 3x3 convolutions does.
  const ic::Report report =
      without(nasbench201_reports(runs, only_convolutions, methods, data).front(), "parameters");
  ResultPage page(options.page, "Appendix D: further methods",
                  "The paper: the shared bias is slightly worse and less robust than bias; both "
                  "forms of attention are worse than bias, yet beat the baseline.");
  add_comparison(page, "appendix_d", {report});
  page.finish({{"command", command}});
}

}  // namespace

int main(int argc, char** argv) {
  return reproduce::study_program(
      argc, argv,
      {"appendix_d_variants", "Reproduces appendix D: shared bias and attention.", "appendix_d"},
      run);
}
