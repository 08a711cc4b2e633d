// The time of an evaluation, an architecture: rankings of random architectures of the paper's
// NAS-Bench-201 super-network by the options of `RankingOptions`, and the operators that
// calibration and evaluation passes spend it in.
//
//   evaluation_cost [rounds] [batches] [images] [architectures]
//                       20 batches of 256 images to calibrate and 5,000 images to evaluate 20
//                       architectures unless said otherwise; one thread; medians of interleaved
//                       rounds, an A/A pair beside them. No rounds: the operators alone.

#include <ATen/Parallel.h>
#include <ATen/ops/randint.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <torch/csrc/autograd/profiler.h>

#include <algorithm>
#include <chrono>
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
#include "interchoice/data/batches.hpp"
#include "interchoice/evaluation/prefix_sharing.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "interchoice/training/cpu_memory.hpp"

namespace {

using namespace benchmarks;
using ic::Precision;

struct Sizes {
  std::size_t rounds = 3;
  std::int64_t batches = 20;
  std::int64_t images = 5000;
  std::uint64_t architectures = 20;
};

ic::Batches random_images(std::int64_t count) {
  return {{.images = at::randint(256, {count, 3, 32, 32}, at::kByte),
           .labels = at::randint(10, {count}, at::kLong),
           .classes = 10},
          {.normalisation = ic::cifar10_normalisation(), .seed = ic::Seed{0}}};
}

/// Operators of some rankings, each without those that it calls: milliseconds.
std::map<std::string, double> operators_of(const auto& work) {
  using namespace torch::autograd::profiler;
  enableProfilerLegacy(ProfilerConfig(ProfilerState::CPU));
  work();
  std::map<std::string, double> times;
  for (const auto& thread : disableProfilerLegacy()) {
    std::vector<std::pair<const LegacyEvent*, double>> open;  // with the time of what it calls
    for (const LegacyEvent& event : thread) {
      if (event.kindStr() == "push") open.push_back({&event, 0});
      if (event.kindStr() != "pop" || open.empty()) continue;
      const auto [begin, called] = open.back();
      open.pop_back();
      const double time = begin->cpuElapsedUs(event) / 1e3;
      times[begin->name()] += time - called;
      if (!open.empty()) open.back().second += time;
    }
  }
  return times;
}

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

template <class Net>
void print_operators(const std::string& title, Net& net, const ic::EvaluationData& data,
                     const std::vector<ic::Architecture<Space>>& paths,
                     const ic::RankingOptions& options) {
  const double begin = static_cast<double>(page_faults());
  const auto start = std::chrono::steady_clock::now();
  const auto times = operators_of([&] { ic::rank(net, data, paths, options); });
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - start;
  const auto count = static_cast<double>(paths.size());
  std::vector<std::pair<double, std::string>> sorted;
  double all = 0;
  for (const auto& [name, time] : times) {
    sorted.emplace_back(time, name);
    all += time;
  }
  sorted.emplace_back(1e3 * whole.count() - all, "outside of operators");
  std::sort(sorted.rbegin(), sorted.rend());
  sorted.resize(std::min<std::size_t>(sorted.size(), 14));
  fmt::print("{}: {:.0f} ms an architecture, {:.0f} page faults\n", title,
             1e3 * whole.count() / count, (static_cast<double>(page_faults()) - begin) / count);
  for (const auto& [time, name] : sorted) {
    fmt::print("  {:60} {:8.1f} ms  {:4.1f} %\n", name, time / count, time / 10 / whole.count());
  }
  std::fflush(stdout);
}

template <class Policy>
void compare(const Sizes& sizes) {
  at::manual_seed(0);
  ic::Supernet<NasBench201, Policy> net(NasBench201::Options{});
  const ic::EvaluationData data{
      .calibration = random_images(256 * std::max(sizes.batches, std::int64_t{1})),
      .validation = random_images(sizes.images)};
  const auto paths = ic::distinct_architectures(ic::all<Space>, sizes.architectures, ic::Seed{0});
  const auto calibration = ic::Recalibration::paper(sizes.batches);
  using Options = ic::RankingOptions;
  const std::vector<std::pair<std::string, Options>> all{
      {"f32", {}},
      {"f32 again (A/A)", {}},
      {"prefix sharing", {.sharing = ic::PrefixSharing{}}},
      {"folded", {.fold_batch_norm = true}},
      {"bf16", {.precision = Precision::kBfloat16}},
      {"bf16, folded", {.fold_batch_norm = true, .precision = Precision::kBfloat16}},
      {"bf16, folded, sharing",
       {.sharing = ic::PrefixSharing{},
        .fold_batch_norm = true,
        .precision = Precision::kBfloat16}}};
  const std::string policy = ic::policy_text<Policy>();
  if (sizes.rounds == 0) {
    for (const std::size_t i : {0, 0, 4, 5}) {
      Options options = all[i].second;
      if (i != 5) {
        options.recalibration = ic::Recalibration::none();
        print_operators(policy + ", evaluation passes, " + all[i].first, net, data, paths, options);
      }
      options.recalibration = calibration;
      print_operators(policy + ", all, " + all[i].first, net, data, paths, options);
    }
    return;
  }
  std::vector<Variant> variants;
  for (const auto& variant : all) {
    variants.push_back({variant.first, [&, options = variant.second](std::size_t) mutable {
                          options.recalibration = calibration;
                          ic::rank(net, data, paths, options);
                        }});
  }
  run_interleaved(variants, 0, sizes.rounds);
  fmt::print("{}\n", policy);
  for (const Variant& variant : variants) {
    fmt::print("  {:24} {:8.3f} s an architecture   of f32 {}\n", variant.name,
               median(variant.seconds) / static_cast<double>(paths.size()),
               to_text(ratio(variant, variants[0])));
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  Sizes sizes;
  if (argc > 1) sizes.rounds = static_cast<std::size_t>(std::atoll(argv[1]));
  if (argc > 2) sizes.batches = std::atoll(argv[2]);
  if (argc > 3) sizes.images = std::atoll(argv[3]);
  if (argc > 4) sizes.architectures = static_cast<std::uint64_t>(std::atoll(argv[4]));
  at::set_num_threads(1);
  ic::keep_freed_memory();
  fmt::print("{} + {} images, {} architectures, {} rounds, one thread; bfloat16 is {}native\n",
             256 * sizes.batches, sizes.images, sizes.architectures, sizes.rounds,
             ic::is_native(Precision::kBfloat16, at::kCPU) ? "" : "not ");
  compare<ic::none>(sizes);
  compare<ic::bias<1>>(sizes);
}
