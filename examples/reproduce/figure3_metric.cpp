// Figure 3: the improvement metric. Above, the mean ground truth of what is left when a
// super-network's predictions are trusted; below, its correlation with the ground truth when the
// truly worst are removed. Two of figure 4's super-networks, in the only-convolution space.
//
// Data: CIFAR-10's binary files; NAS-Bench-201's table as CSV with the columns arch, c10_test_200.
// Command: figure3_metric --budget cpu --data cifar10:FOLDER --truth nasbench201.csv
// Expected: reproduction/figure3/index.html; a correlation that falls to about 0 on the right.

#include "examples/reproduce/nasbench201_study.hpp"
#include "examples/reproduce/result_page.hpp"
#include "examples/reproduce/study_program.hpp"

namespace {

using namespace reproduce;

void run(const StudyOptions& options, const NasBench201Data& data, const std::string& command) {
  StudyRuns runs(place_of(options));
  const std::vector<Experiment> only_convolutions{
      nasbench201_experiments(data, options.budget).front()};
  auto methods = nasbench201_methods();
  methods.resize(2);  // baseline and bias D=1
  const ic::Report report = nasbench201_reports(runs, only_convolutions, methods, data).front();
  ResultPage page(options.page, "Figure 3: the improvement metric",
                  "The paper: a single correlation hides that removing architectures stops to "
                  "help, which happens about where the correlation among the rest is 0.");
  page.figure("improvement", ic::figures::improvement_grid({.rows = {{&report}}}, {.fewest = 1}),
              "What is gained: the worst by prediction are removed.");
  page.figure("correlation", ic::figures::correlation_grid({.rows = {{&report}}}, {.fewest = 2}),
              "What the correlation says: the truly worst are removed.");
  page.table("standings", standings({report}), kStandingsNote);
  page.finish({{"command", command}});
}

}  // namespace

int main(int argc, char** argv) {
  return reproduce::study_program(
      argc, argv, {"figure3_metric", "Reproduces figure 3: the improvement metric.", "figure3"},
      run);
}
