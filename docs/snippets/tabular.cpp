// Tabular benchmarks, of how-to/ground-truth.md. Compiled, not run: the tables are not ours.

#include <fmt/core.h>

#include <filesystem>

#include "interchoice/core.hpp"
#include "interchoice/evaluation/table_coverage.hpp"
#include "interchoice/evaluation/tabular_benchmark.hpp"

namespace ic = interchoice;

void nasbench201(const std::filesystem::path& folder) {
  using Space = ic::NasBench201Space;
  auto bench = ic::TabularBenchmark<Space>::read(folder / "nasbench201.csv");
  bench.join(folder / "hw_nas_bench_cifar10.csv", {.key = "index"});
  const auto accuracy = bench.column("c10_test_200");
  const auto latency = bench.column("edgetpu_latency", {.missing = {"-1"}});
  for (const auto& architecture : latency.architectures()) {
    fmt::print("{} {}\n", accuracy.value(architecture), latency.value(architecture));
  }
  ic::require_complete(accuracy, ic::all<Space>);  // names what is missing
}

void nasbench_macro(const std::filesystem::path& csv) {
  const auto bench = ic::TabularBenchmark<ic::NasBenchMacroSpace>::read(csv);
  const auto truth = bench.mean({"acc1", "acc2", "acc3"});
  const auto noise = ic::noise_ceiling(bench.values({"acc1", "acc2", "acc3"}),
                                       [](auto a, auto b) { return ic::kendall_tau_b(a, b); });
  fmt::print("{}, two runs agree to {:.3f}\n", truth.size(), noise.between_two);
}
