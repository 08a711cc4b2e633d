// Training steps in bfloat16 against float: forward, backward and SGD step of the paper's
// NAS-Bench-201 super-network on one thread.
//
//   precision [rounds] [batch]     times of interleaved rounds, and how many times as fast as float
//                                  a variant is within a round, an A/A pair beside them; then the
//                                  operators that a bfloat16 step spends its time in
//
// "libtorch's autocast" is what plain modules and operators come to: a network written by hand for
// one path, beside the super-network on that path.

#include <ATen/Parallel.h>
#include <fmt/core.h>
#include <torch/csrc/autograd/profiler.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/interleaved.hpp"
#include "benchmarks/training_steps.hpp"
#include "interchoice/nn/precision.hpp"
#include "interchoice/training/cpu_memory.hpp"

namespace {

using namespace benchmarks;
using ic::Precision;

const ic::NasBench201Options kOptions{};

template <class Policy, class Sample>
Step step_in(Precision precision, const Data& data, Sample sample) {
  return supernet_step<NasBench201, Policy>(data, kOptions, sample, precision);
}

Step static_step_in(Precision precision, const Data& data) {
  return static_step(data, kOptions.cells_per_stage, precision);
}

void print(const std::string& title, std::vector<Variant> variants, std::size_t rounds) {
  run_interleaved(variants, 5, rounds);
  fmt::print("{}\n", title);
  for (const Variant& v : variants) {
    const Ratio r = ratio(variants[0], v);
    fmt::print("  {:24} {:8.1f} ms   {:.3f} times as fast, middle half [{:.3f}, {:.3f}]\n", v.name,
               1e3 * median(v.seconds), r.median, r.lower, r.upper);
  }
  std::fflush(stdout);
}

template <class Policy>
void compare(const std::string& title, const Data& data, const ic::Restriction<Space>& restriction,
             std::size_t rounds) {
  const ic::Sampler sample(ic::Uniform{restriction}, ic::Seed{0});
  print(title,
        {{"f32", step_in<Policy>(Precision::kFloat32, data, sample)},
         {"f32 again (A/A)", step_in<Policy>(Precision::kFloat32, data, sample)},
         {"bf16", step_in<Policy>(Precision::kBfloat16, data, sample)}},
        rounds);
}

/// The operators of most time in some steps, each without those that it calls.
void print_operators(const std::string& title, const Step& step, std::size_t steps) {
  using namespace torch::autograd::profiler;
  enableProfilerLegacy(ProfilerConfig(ProfilerState::CPU));
  for (std::size_t i = 0; i < steps; ++i) step(i);
  std::map<std::string, double> times;  // microseconds
  double all = 0;
  for (const auto& thread : disableProfilerLegacy()) {
    std::vector<std::pair<const LegacyEvent*, double>> open;  // with the time of what it calls
    for (const LegacyEvent& event : thread) {
      if (event.kindStr() == "push") open.push_back({&event, 0});
      if (event.kindStr() != "pop" || open.empty()) continue;
      const auto [begin, called] = open.back();
      open.pop_back();
      const double time = begin->cpuElapsedUs(event);
      times[begin->name()] += time - called;
      all += time - called;
      if (!open.empty()) open.back().second += time;
    }
  }
  std::vector<std::pair<double, std::string>> sorted;
  for (const auto& [name, time] : times) sorted.emplace_back(time, name);
  std::sort(sorted.rbegin(), sorted.rend());
  sorted.resize(std::min<std::size_t>(sorted.size(), 10));
  fmt::print("{}\n", title);
  for (const auto& [time, name] : sorted) {
    fmt::print("  {:60} {:7.2f} ms  {:4.1f} %\n", name, time / 1e3 / static_cast<double>(steps),
               100 * time / all);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto rounds = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 40);
  const std::int64_t batch = argc > 2 ? std::atoi(argv[2]) : 64;
  at::set_num_threads(1);
  ic::keep_freed_memory();
  const Data data = Data::random(batch, 32);
  fmt::print("batch {}, {} rounds, one thread; bfloat16 is {}this processor's own\n", batch, rounds,
             ic::is_native(Precision::kBfloat16, at::kCPU) ? "" : "not ");
  compare<ic::none>("none, all operations", data, ic::all<Space>, rounds);
  compare<ic::none>("none, only convolutions", data, ic::only_convolutions<Space>, rounds);
  compare<ic::bias<1>>("bias<1>, all operations", data, ic::all<Space>, rounds);
  compare<ic::bias<1>>("bias<1>, only convolutions", data, ic::only_convolutions<Space>, rounds);
  const ic::Fixed one_path(kStaticPath);
  print("one path",
        {{"by hand, f32", static_step_in(Precision::kFloat32, data)},
         {"libtorch's autocast, bf16", static_step_in(Precision::kBfloat16, data)},
         {"none, bf16", step_in<ic::none>(Precision::kBfloat16, data, one_path)},
         {"bias<1>, bf16", step_in<ic::bias<1>>(Precision::kBfloat16, data, one_path)}},
        rounds);
  const ic::Sampler sample(ic::Uniform{ic::only_convolutions<Space>}, ic::Seed{0});
  print_operators("a bf16 step of bias<1>, only convolutions",
                  step_in<ic::bias<1>>(Precision::kBfloat16, data, sample), 10);
}
