// The saving by `RankingOptions::fold_batch_norm`: time of a ranking with it / without, for
// evaluation passes alone and with the paper's recalibration, which folding leaves as it is.
//
//   batch_norm_folding [rounds] [architectures]     one thread, batches of 64 random images, 40 to
//                                                   evaluate and 20 to recalibrate

#include <ATen/Parallel.h>
#include <fmt/core.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "benchmarks/interleaved.hpp"
#include "benchmarks/random_batches.hpp"
#include "benchmarks/training_steps.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/networks/nasbench_macro.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "interchoice/training/cpu_memory.hpp"

namespace {

using namespace benchmarks;

struct Sizes {
  std::size_t rounds = 15;
  std::uint64_t architectures = 2;
};

template <class Network>
void compare(const char* name, const typename Network::Options& options, std::int64_t pixels,
             const Sizes& sizes) {
  ic::Supernet<Network, ic::none> net(options);
  const RandomBatches batches(40, 64, pixels);
  const ic::EvaluationData data{.calibration = batches, .validation = batches};
  const auto paths = ic::distinct_architectures(ic::all<typename Network::Space>,
                                                sizes.architectures, ic::Seed{0});
  for (const auto& recalibration : {ic::Recalibration::none(), ic::Recalibration::paper()}) {
    const auto variant = [&](const char* label, bool folds) {
      return Variant{label, [&, folds](std::size_t) {
                       ic::rank(net, data, paths,
                                {.recalibration = recalibration, .fold_batch_norm = folds});
                     }};
    };
    std::vector<Variant> variants{variant("plain", false), variant("folded", true),
                                  variant("again", false)};
    run_interleaved(variants, 1, sizes.rounds);
    const Ratio folded = ratio(variants[1], variants[0]);
    const Ratio again = ratio(variants[2], variants[0]);
    fmt::print("{:20} {:14} {:8.0f} ms   folded {}   A/A {}\n", name, ic::to_text(recalibration),
               1e3 * median(variants[0].seconds), to_text(folded), to_text(again));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Sizes sizes;
  if (argc > 1) sizes.rounds = static_cast<std::size_t>(std::atoll(argv[1]));
  if (argc > 2) sizes.architectures = static_cast<std::uint64_t>(std::atoll(argv[2]));
  at::set_num_threads(1);
  ic::keep_freed_memory();
  at::manual_seed(0);
  fmt::print("ranking of {} architectures, {} rounds\n", sizes.architectures, sizes.rounds);
  compare<NasBench201>("NAS-Bench-201", {}, 32, sizes);
  compare<ic::NasBenchMacro>("NAS-Bench-Macro", {.width = 16, .head_width = 320}, 32, sizes);
  compare<FairNas>("FairNAS, narrow", {.classes = 10}, 64, sizes);
}
