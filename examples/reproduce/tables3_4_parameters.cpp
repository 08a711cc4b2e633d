// Tables 3 and 4: the trainable parameters of the super-networks row by row (782,938 and
// 14,839,700), and what each dependency adds to them.
//
// Data: none. Command: tables3_4_parameters
// Expected: the paper's numbers in every row, beside ours, in reproduction/tables3_4/.

#include <fmt/core.h>

#include <string>

#include "examples/reproduce/result_page.hpp"
#include "examples/reproduce/study_program.hpp"
#include "interchoice/networks/dependency_report.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/nn/begin_epoch.hpp"

namespace {

using namespace reproduce;
using NasBench201Net = ic::NasBench201<ic::LinearSkip>;
using ic::figures::count_text;

const std::vector<long> kTable3{464,    16'896, 16'896,  14'464,  67'584,
                                67'584, 57'600, 270'336, 270'336, 778};
const std::vector<long> kTable4{1'824,     34'800,    83'040,  90'048,  121'080,   121'080,
                                121'080,   164'760,   414'960, 414'960, 414'960,   449'712,
                                580'896,   580'896,   580'896, 830'880, 2'157'120, 2'157'120,
                                2'157'120, 2'822'208, 540'260};

std::string number(long value) { return count_text(static_cast<std::size_t>(value)); }

/// Rows of a network's parts; the paper's numbers where it has them.
template <class Network>
ic::figures::RowGroup rows_of(const std::string& title, const std::vector<long>& paper) {
  const ic::Supernet<Network, ic::none> net(typename Network::Options{});
  const auto rows = ic::parameter_report(*net);
  ic::figures::RowGroup group{.heading = title, .rows = {}};
  long sum = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool has_paper = rows.size() == paper.size();
    group.rows.push_back(
        {{rows[i].part}, {number(rows[i].plain)}, {has_paper ? number(paper[i]) : ""}});
    if (has_paper) sum += paper[i];
  }
  group.rows.push_back(
      {{"sum"}, {number(ic::parameter_total(rows).plain)}, {sum > 0 ? number(sum) : ""}});
  return group;
}

template <class Network, class Policy>
long dependent() {
  ic::Supernet<Network, Policy> net(typename Network::Options{});
  ic::begin_epoch(*net, 1000);  // every split has happened
  return ic::parameter_total(ic::parameter_report(*net)).dependent;
}

/// Two numbers for each policy: the weights that can matter, which is what the library keeps, and
/// all entries of the paper's tables (`keep_inert`).
template <class Network, class... Policies>
ic::figures::RowGroup policies(const std::string& title) {
  return {.heading = title,
          .rows = {{{ic::policy_text<Policies>()},
                    {number(dependent<Network, Policies>())},
                    {number(dependent<Network, ic::keep_inert<Policies>>())}}...}};
}

void run(const PageOptions& options, const NoData&, const std::string& command) {
  ResultPage page(options.page, "Tables 3 and 4: parameters",
                  "The paper's Table 3 comes out with a linear Skip only, a 1x1 convolution; its "
                  "text does not say so.");
  page.table(
      "tables3_4",
      {{"part", "ours", "the paper's"},
       {rows_of<NasBench201Net>("Table 3: NAS-Bench-201, two cells a stage, linear Skip", kTable3),
        rows_of<ic::NasBench201<ic::Skip>>("the same with identity Skip", {}),
        rows_of<ic::FairNas>("Table 4: FairNAS, 100 classes", kTable4)}},
      "Trainable parameters.");
  page.table(
      "dependent",
      {{"policy", "can matter", "all entries"},
       {policies<NasBench201Net, ic::bias<1>, ic::bias<2>, ic::bias<3>, ic::bias<2, ic::dataflow>,
                 ic::bias_sum<1>, ic::bias_sum<2>, ic::bias_sum<3>, ic::scale<1>,
                 ic::attention<1, 1, ic::without_own_choice>, ic::attention<1>, ic::attention<2>,
                 ic::attention<1, 2>, ic::attention<3, 2>, ic::shift<1>, ic::affine<1>,
                 ic::split<125>>("NAS-Bench-201 with linear Skip"),
        policies<ic::FairNas, ic::bias<1>, ic::bias_sum<1>, ic::scale<1>, ic::attention<1>,
                 ic::shift<1>, ic::affine<1>>("FairNAS")}},
      "Parameters that depend on combinations of choices: those that can change an output, which "
      "is "
      "what the library keeps, and all entries of the paper's tables (keep_inert).");
  page.finish({{"command", command}});
  examples::say("\nbias<2> on NAS-Bench-201, first two cells of three\n");
  const ic::Supernet<NasBench201Net, ic::bias<2>> net(
      ic::NasBench201Options{.cells_per_stage = {3}});
  const std::string text = ic::describe(*net);
  examples::say("{}", text.substr(0, text.find("cells.2.")));
}

}  // namespace

int main(int argc, char** argv) {
  return reproduce::study_program(
      argc, argv,
      {"tables3_4_parameters",
       "Prints the parameters of super-networks and of what their weights depend on.", "tables3_4"},
      run);
}
