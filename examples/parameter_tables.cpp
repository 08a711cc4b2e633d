// Prints the trainable parameters of the super-networks row by row (the paper's Table 3, 782,938,
// and Table 4, 14,839,700), what each dependency adds to them, and which priors it uses.
//
//   parameter_tables
//
// Two numbers for each policy: the weights that can matter, which is what the library keeps, and
// all entries of the paper's tables (`keep_inert`).

#include <cstdio>
#include <string>

#include "examples/command_line.hpp"
#include "interchoice/networks/dependency_report.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/nn/begin_epoch.hpp"

namespace {

namespace ic = interchoice;
using NasBench201 = ic::NasBench201<ic::LinearSkip>;

template <class Network>
void print_rows(const char* title) {
  const ic::Supernet<Network, ic::none> net(typename Network::Options{});
  const auto rows = ic::parameter_report(*net);
  std::printf("%s\n", title);
  for (const ic::ParameterRow& row : rows) {
    std::printf("  %-10s %10ld\n", row.part.c_str(), row.plain);
  }
  std::printf("  %-10s %10ld\n\n", "sum", ic::total(rows).plain);
}

template <class Network, class Policy>
long dependent() {
  ic::Supernet<Network, Policy> net(typename Network::Options{});
  ic::split_now(*net);
  return ic::total(ic::parameter_report(*net)).dependent;
}

template <class Network, class... Policies>
void print_policies(const char* title) {
  std::printf("%s\n  %-34s %10s %12s\n", title, "policy", "can matter", "all entries");
  (std::printf("  %-34s %10ld %12ld\n", ic::policy_text<Policies>().c_str(),
               dependent<Network, Policies>(), dependent<Network, ic::keep_inert<Policies>>()),
   ...);
  std::printf("\n");
}

void run() {
  print_rows<NasBench201>("NAS-Bench-201, two cells a stage, linear Skip (Table 3)");
  print_rows<ic::NasBench201<ic::Skip>>("NAS-Bench-201, two cells a stage, identity Skip");
  print_rows<ic::FairNas>("FairNAS, 100 classes (Table 4)");
  print_policies<NasBench201, ic::bias<1>, ic::bias<2>, ic::bias<3>, ic::bias<2, ic::dataflow>,
                 ic::bias_sum<1>, ic::bias_sum<2>, ic::bias_sum<3>, ic::scale<1>,
                 ic::attention<1, 1, ic::without_own_choice>, ic::attention<1>, ic::attention<2>,
                 ic::attention<1, 2>, ic::attention<3, 2>, ic::shift<1>, ic::affine<1>,
                 ic::split<125>>(
      "NAS-Bench-201 with linear Skip: parameters that depend on combinations of choices");
  print_policies<ic::FairNas, ic::bias<1>, ic::bias_sum<1>, ic::scale<1>, ic::attention<1>,
                 ic::shift<1>, ic::affine<1>>(
      "FairNAS: parameters that depend on combinations of choices");
  std::printf("bias<2> on NAS-Bench-201, first two cells of three\n");
  const ic::Supernet<NasBench201, ic::bias<2>> net(ic::NasBench201Options{.cells_per_stage = {3}});
  const std::string text = ic::describe(*net);
  std::printf("%s", text.substr(0, text.find("cells.2.")).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Prints the parameters of super-networks and of what their weights depend on.",
               "parameter_tables");
  return examples::run_program(app, argc, argv, run);
}
