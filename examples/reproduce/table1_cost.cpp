// Table 1: the cost of dependent weights in training. The time of a training step of each method
// over that of the baseline on the same paths, in three restrictions of NAS-Bench-201; rounds are
// interleaved, one thread, medians, with an A/A pair that says how much of it is noise.
//
// Data: none (random images). Command: table1_cost --budget cpu
// Expected: reproduction/table1/index.html. The paper's +18 to +38 % for bias (GTX 1080 Ti) come
// down to a few per cent: docs/benchmarks.md says why, and has more policies and a GPU.

#include <fmt/core.h>

#include "benchmarks/interleaved.hpp"
#include "benchmarks/training_steps.hpp"
#include "examples/reproduce/result_page.hpp"
#include "examples/reproduce/study_program.hpp"
#include "interchoice/dependency/bias.hpp"
#include "interchoice/dependency/split.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/nn/begin_epoch.hpp"

namespace {

using namespace reproduce;
using Network = benchmarks::NasBench201;
using Space = Network::Space;

struct Sizes {
  std::size_t rounds;
  std::int64_t batch;
  ic::NasBench201Options network;
};

Sizes sizes_of(Budget budget) {
  if (budget == Budget::kPaper) return {200, 256, {}};
  if (budget == Budget::kCpu) return {60, 64, {}};
  return {2, 2, {.width = 2, .cells_per_stage = {1}}};
}

/// A restriction with the paper's seconds for a training: baseline, bias 1 to 3, splits at 50 %.
struct Column {
  const char* name;
  ic::Restriction<Space> restriction;
  double paper[5];
};
const Column kColumns[] = {
    {"all operations", ic::all<Space>, {1549, 1923, 1930, 2047, 1878}},
    {"no Zero", ic::no_zero<Space>, {1881, 2228, 2361, 2593, 2073}},
    {"only convolutions", ic::only_convolutions<Space>, {2490, 2941, 3156, 3346, 2550}}};

template <class Policy>
std::string parameters(const ic::NasBench201Options& options) {
  ic::Supernet<Network, Policy> net(options);
  ic::begin_epoch(*net, 0);  // a split happens
  const auto count = ic::parameter_total(ic::parameter_report(*net));
  return ic::figures::count_text(static_cast<std::size_t>(count.plain + count.dependent));
}

std::string percent(double ratio) {
  return (ratio < 1 ? "" : "+") + ic::figures::fixed_text(100 * (ratio - 1), 1) + " %";
}

void run(const MeasurementOptions& options, const NoData&, const std::string& command) {
  const at::Device device = examples::prepare(options.machine);
  const Sizes sizes = sizes_of(options.budget);
  const auto data = benchmarks::Data::random(sizes.batch, 32, device);
  ic::figures::Table table{
      {"", "time of\na step", "over the\nbaseline", "the paper's", "parameters"}, {}};
  for (const Column& column : kColumns) {
    const ic::Sampler sample(ic::Uniform{column.restriction}, ic::Seed{0});
    std::vector<benchmarks::Variant> variants;
    std::vector<std::string> counts;
    const auto add = [&]<class Policy>(const char* name) {
      variants.push_back(
          {name, benchmarks::supernet_step<Network, Policy>(data, sizes.network, sample)});
      counts.push_back(parameters<Policy>(sizes.network));
    };
    add.template operator()<ic::none>("baseline");
    add.template operator()<ic::bias<1>>("bias D=1");
    add.template operator()<ic::bias<2>>("bias D=2");
    add.template operator()<ic::bias<3>>("bias D=3");
    add.template operator()<ic::split<0>>("split, after the split");
    add.template operator()<ic::none>("baseline again (A/A)");
    benchmarks::run_interleaved(variants, sizes.rounds / 10 + 1, sizes.rounds);
    ic::figures::RowGroup group{.heading = column.name, .rows = {}};
    for (std::size_t i = 0; i < variants.size(); ++i) {
      const auto ratio = benchmarks::ratio(variants[i], variants.front());
      group.rows.push_back(
          {{variants[i].name},
           {ic::figures::fixed_text(1e3 * benchmarks::median(variants[i].seconds), 1) + " ms"},
           {.text = percent(ratio.median),
            .detail = "[" + percent(ratio.lower) + ", " + percent(ratio.upper) + "]"},
           {i < std::size(column.paper) && i > 0 ? percent(column.paper[i] / column.paper[0]) : ""},
           {counts[i]}});
    }
    table.groups.push_back(std::move(group));
  }
  ResultPage page(
      options.page, "Table 1: the cost of training",
      fmt::format(
          "The paper's numbers are whole trainings on a GTX 1080 Ti, split networks half of "
          "the time before their split; ours are single steps with batch {} on {}.",
          sizes.batch, device.str()));
  page.table("table1", table,
             fmt::format("Medians of {} interleaved rounds; in brackets the middle half of the "
                         "rounds' ratios.",
                         sizes.rounds));
  page.finish({{"command", command}});
}

}  // namespace

int main(int argc, char** argv) {
  return reproduce::study_program(
      argc, argv,
      {"table1_cost", "Reproduces table 1: time of training with dependent weights.", "table1"},
      run);
}
