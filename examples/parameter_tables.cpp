// Prints the trainable parameters of the NAS-Bench-201 super-network row by row (the paper's
// Table 3, whose sum is 782,938), what each dependency adds, and which priors it uses.
//
//   parameter_tables

#include <cstdio>
#include <string>

#include "examples/command_line.hpp"
#include "interchoice/networks/dependency_report.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/parameter_report.hpp"

namespace {

namespace ic = interchoice;

template <class SkipOperation>
void print_rows(const char* title) {
  const ic::Supernet<ic::NasBench201<SkipOperation>, ic::none> net(ic::NasBench201Options{});
  const auto rows = ic::parameter_report(*net);
  std::printf("%s\n", title);
  for (const ic::ParameterRow& row : rows) {
    std::printf("  %-10s %9ld\n", row.part.c_str(), row.plain);
  }
  std::printf("  %-10s %9ld\n\n", "sum", ic::total(rows).plain);
}

template <class Policy>
void print_dependent() {
  ic::Supernet<ic::NasBench201<ic::LinearSkip>, Policy> net(ic::NasBench201Options{});
  ic::split_now(*net);
  std::printf("  %-18s %+9ld\n", ic::policy_text<Policy>().c_str(),
              ic::total(ic::parameter_report(*net)).dependent);
}

void run() {
  print_rows<ic::LinearSkip>("NAS-Bench-201, two cells a stage, linear Skip (Table 3)");
  print_rows<ic::Skip>("NAS-Bench-201, two cells a stage, identity Skip");
  std::printf("parameters that depend on combinations of choices\n");
  print_dependent<ic::bias<1>>();
  print_dependent<ic::bias<2>>();
  print_dependent<ic::bias<3>>();
  print_dependent<ic::bias<2, ic::dataflow>>();
  print_dependent<ic::split<125>>();
  std::printf("\npriors of bias<2>, first two cells\n");
  const ic::Supernet<ic::NasBench201<ic::LinearSkip>, ic::bias<2>> net(
      ic::NasBench201Options{.cells_per_stage = {2}});
  for (const ic::DependencyRow& row : ic::dependency_report(*net)) {
    std::printf("  %s\n", ic::to_text(row).c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Prints the parameters of the NAS-Bench-201 super-network.", "parameter_tables");
  return examples::run_program(app, argc, argv, run);
}
