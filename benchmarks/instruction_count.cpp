// The training steps of one variant, to be counted by callgrind: instructions tell apart what
// noise hides. benchmarks/count_instructions.sh runs it for all variants and prints ratios.
//
//   instruction_count VARIANT SPACE STEPS BATCH      SPACE: all, no_zero, only_conv, fairnas

#include <ATen/Parallel.h>
#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "benchmarks/policies.hpp"
#include "benchmarks/training_steps.hpp"

namespace {

using namespace benchmarks;

const ic::NasBench201Options kOptions{.cells_per_stage = {1, 1, 1}};

template <class Network>
Step step_of(const std::string& variant, const Data& data, const typename Network::Options& options,
             const ic::Restriction<typename Network::Space>& restriction) {
  const ic::Sampler sample(ic::Uniform{restriction}, ic::Seed{0});
  Step step;
  for_each_policy([&]<class Policy>(const char* name) {
    if (variant == name) step = supernet_step<Network, Policy>(data, options, sample);
  });
  return step;
}

Step step_of(const std::string& variant, const std::string& space, std::int64_t batch) {
  if (space == "fairnas") {
    return step_of<FairNas>(variant, Data::random(batch, 64), {.classes = 10},
                            ic::all<FairNas::Space>);
  }
  const Data data = Data::random(batch, 32);
  if (variant == "static") return static_step(data, kOptions.cells_per_stage);
  if (variant == "none-fixed") {
    return supernet_step<NasBench201, ic::none>(data, kOptions, ic::Fixed(kStaticPath));
  }
  const std::map<std::string, ic::Restriction<Space>> restrictions{
      {"all", ic::all<Space>},
      {"no_zero", ic::no_zero<Space>},
      {"only_conv", ic::only_convolutions<Space>}};
  return step_of<NasBench201>(variant, data, kOptions, restrictions.at(space));
}

}  // namespace

// The steps that callgrind counts: --toggle-collect names them.
extern "C" __attribute__((noinline)) void counted_steps(const Step& step, std::size_t begin,
                                                        std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) step(i);
}

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: instruction_count VARIANT SPACE STEPS BATCH\n");
    return 2;
  }
  at::set_num_threads(1);
  const Step step = step_of(argv[1], argv[2], std::atoi(argv[4]));
  if (!step) {
    fmt::print(stderr, "instruction_count: unknown variant '{}'\n", argv[1]);
    return 2;
  }
  step(0);
  counted_steps(step, 1, 1 + static_cast<std::size_t>(std::atoi(argv[3])));
}
