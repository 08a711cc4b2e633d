// The training steps of one variant, to be counted by callgrind: instructions tell apart what
// noise hides. benchmarks/count_instructions.sh runs it for all variants and prints ratios.
//
//   instruction_count VARIANT RESTRICTION STEPS BATCH

#include <ATen/Parallel.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "benchmarks/training_steps.hpp"

namespace {

using namespace benchmarks;

const std::vector<std::int64_t> kCells{1, 1, 1};

Step step_of(const std::string& variant, const std::string& restriction, const Data& data) {
  if (variant == "static") return static_step(data, kCells);
  if (variant == "none-fixed") {
    return supernet_step<ic::none>(data, kCells, ic::FixedSampler<Space>(kStaticPath));
  }
  const std::map<std::string, ic::Restriction<Space>> restrictions{
      {"all", ic::all<Space>},
      {"no_zero", ic::no_zero<Space>},
      {"only_conv", ic::only_convolutions<Space>}};
  const ic::UniformSampler<Space> sample(restrictions.at(restriction), ic::Seed{0});
  if (variant == "none") return supernet_step<ic::none>(data, kCells, sample);
  if (variant == "bias1") return supernet_step<ic::bias<1>>(data, kCells, sample);
  if (variant == "bias2") return supernet_step<ic::bias<2>>(data, kCells, sample);
  if (variant == "bias3") return supernet_step<ic::bias<3>>(data, kCells, sample);
  if (variant == "split") return supernet_step<ic::split<ic::on_demand>>(data, kCells, sample);
  std::fprintf(stderr, "unknown variant '%s'\n", variant.c_str());
  std::exit(2);
}

}  // namespace

// What callgrind counts: --toggle-collect names it.
extern "C" __attribute__((noinline)) void counted_steps(const Step& step, std::size_t begin,
                                                        std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) step(i);
}

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: instruction_count VARIANT RESTRICTION STEPS BATCH\n");
    return 2;
  }
  at::set_num_threads(1);
  const Data data = Data::random(std::atoi(argv[4]));
  const Step step = step_of(argv[1], argv[2], data);
  step(0);
  counted_steps(step, 1, 1 + static_cast<std::size_t>(std::atoi(argv[3])));
}
