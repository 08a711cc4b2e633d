// The cost of choice-dependent weights in a training step: time of forward, backward and SGD step
// of the paper's NAS-Bench-201 super-network, and of a narrow FairNAS one, under each policy,
// divided by that of `none` on the same paths; and `none` divided by a network written by hand for
// one path.
//
//   dependence_cost [rounds] [batch] [cpu|cuda]     one thread; ratios of interleaved rounds, an
//                                                   A/A pair

#include <ATen/Parallel.h>
#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "benchmarks/interleaved.hpp"
#include "benchmarks/policies.hpp"
#include "benchmarks/training_steps.hpp"
#include "interchoice/training/cpu_memory.hpp"

namespace {

using namespace benchmarks;

const ic::NasBench201Options kOptions{};

void print(const std::string& title, std::vector<Variant>& variants, std::size_t rounds) {
  run_interleaved(variants, 10, rounds);
  fmt::print("{}\n", title);
  for (const Variant& v : variants) {
    const Ratio r = ratio(v, variants[0]);
    fmt::print("  {:22} {:8.2f} ms   ratio {:.4f}   middle half [{:.4f}, {:.4f}]\n", v.name,
               1e3 * median(v.seconds), r.median, r.lower, r.upper);
  }
  std::fflush(stdout);
}

template <class Network>
void compare(const std::string& title, const Data& data, const typename Network::Options& options,
             const ic::Restriction<typename Network::Space>& restriction, std::size_t rounds) {
  const ic::Sampler sample(ic::Uniform{restriction}, ic::Seed{0});
  std::vector<Variant> variants;
  for_each_policy([&]<class Policy>(const char* name) {
    variants.push_back({name, supernet_step<Network, Policy>(data, options, sample)});
    if (variants.size() == 1) {
      variants.push_back(
          {"none again (A/A)", supernet_step<Network, Policy>(data, options, sample)});
    }
  });
  print(title, variants, rounds);
}

}  // namespace

int main(int argc, char** argv) {
  const auto rounds = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 100);
  const std::int64_t batch = argc > 2 ? std::atoi(argv[2]) : 64;
  const at::Device device(argc > 3 ? argv[3] : "cpu");
  at::set_num_threads(1);
  ic::keep_freed_memory();
  const Data data = Data::random(batch, 32, device);
  fmt::print("batch {}, {} rounds, one thread, {}\n", batch, rounds, device.str());
  compare<NasBench201>("all operations", data, kOptions, ic::all<Space>, rounds);
  compare<NasBench201>("no Zero", data, kOptions, ic::no_zero<Space>, rounds);
  compare<NasBench201>("only convolutions", data, kOptions, ic::only_convolutions<Space>, rounds);
  compare<FairNas>("FairNAS, narrow, 64 pixels", Data::random(batch / 2, 64, device),
                   {.classes = 10}, ic::all<FairNas::Space>, rounds);
  std::vector<Variant> variants{
      {"written by hand", static_step(data, kOptions.cells_per_stage)},
      {"again (A/A)", static_step(data, kOptions.cells_per_stage)},
      {"none", supernet_step<NasBench201, ic::none>(data, kOptions, ic::Fixed(kStaticPath))}};
  print("one path", variants, rounds);
}
