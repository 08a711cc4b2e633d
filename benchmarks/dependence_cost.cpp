// What choice-dependent weights cost in a training step: time of forward, backward and SGD step of
// the paper's NAS-Bench-201 super-network under each policy, divided by that of `none` on the same
// paths; and `none` divided by a network written by hand for one path.
//
//   dependence_cost [rounds] [batch]        one thread; ratios of interleaved rounds, an A/A pair

#include <ATen/Parallel.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "benchmarks/interleaved.hpp"
#include "benchmarks/training_steps.hpp"
#include "interchoice/training/cpu_memory.hpp"

namespace {

using namespace benchmarks;

const std::vector<std::int64_t> kCells{2, 2, 2};

void print(const std::string& title, std::vector<Variant>& variants, std::size_t rounds) {
  run_interleaved(variants, 10, rounds);
  std::printf("%s\n", title.c_str());
  for (const Variant& v : variants) {
    const Ratio r = ratio(v, variants[0]);
    std::printf("  %-22s %8.2f ms   ratio %.4f   middle half [%.4f, %.4f]\n", v.name.c_str(),
                1e3 * median(v.seconds), r.median, r.lower, r.upper);
  }
  std::fflush(stdout);
}

void compare(const std::string& title, const Data& data, const ic::Restriction<Space>& restriction,
             std::size_t rounds) {
  const ic::UniformSampler<Space> sample(restriction, ic::Seed{0});
  std::vector<Variant> variants{
      {"none", supernet_step<ic::none>(data, kCells, sample)},
      {"none again (A/A)", supernet_step<ic::none>(data, kCells, sample)},
      {"bias<1>", supernet_step<ic::bias<1>>(data, kCells, sample)},
      {"bias<2>", supernet_step<ic::bias<2>>(data, kCells, sample)},
      {"bias<3>", supernet_step<ic::bias<3>>(data, kCells, sample)},
      {"split", supernet_step<ic::split<ic::on_demand>>(data, kCells, sample)}};
  print(title, variants, rounds);
}

}  // namespace

int main(int argc, char** argv) {
  const auto rounds = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 100);
  const std::int64_t batch = argc > 2 ? std::atoi(argv[2]) : 64;
  at::set_num_threads(1);
  ic::keep_freed_memory();
  const Data data = Data::random(batch);
  std::printf("batch %ld, %zu rounds, one thread\n", batch, rounds);
  compare("all operations", data, ic::all<Space>, rounds);
  compare("no Zero", data, ic::no_zero<Space>, rounds);
  compare("only convolutions", data, ic::only_convolutions<Space>, rounds);
  std::vector<Variant> variants{
      {"written by hand", static_step(data, kCells)},
      {"again (A/A)", static_step(data, kCells)},
      {"none", supernet_step<ic::none>(data, kCells, ic::FixedSampler<Space>(kStaticPath))}};
  print("one path", variants, rounds);
}
