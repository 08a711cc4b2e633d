// What a ridge regression on a few true accuracies comes to on NAS-Bench-201: Kendall's tau-b over
// all architectures of the table, mean and standard deviation over ten draws of the few.
//
//   few_accuracies zero_cost_proxies.csv nasbench201.csv

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/evaluation/tabular_benchmark.hpp"
#include "interchoice/spaces/architecture_features.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/stats/mean_and_standard_deviation.hpp"
#include "interchoice/stats/ridge_regression.hpp"

namespace {

namespace ic = interchoice;
using Space = ic::NasBench201Space;
using Rows = std::vector<std::vector<double>>;

/// Of a regression on `count` random examples.
double tau_of(const Rows& features, const std::vector<double>& accuracies, std::size_t count,
              std::uint64_t seed) {
  ic::CounterRandom random(ic::Seed{seed}, ic::Stream::kPaths, 0, 0);
  Rows known;
  std::vector<double> targets;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = random.below(static_cast<std::uint32_t>(features.size()));
    known.push_back(features[at]);
    targets.push_back(accuracies[at]);
  }
  return ic::kendall_tau_b(ic::RidgeRegression(known, targets).predict(features), accuracies);
}

void print(const std::string& name, const Rows& features, const std::vector<double>& accuracies) {
  fmt::print("  {:20}", name);
  for (const std::size_t count : {20U, 50U, 100U, 200U}) {
    std::vector<double> taus;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      taus.push_back(tau_of(features, accuracies, count, seed));
    }
    const auto spread = ic::mean_and_standard_deviation(taus);
    fmt::print("  {:3}: {:.3f} +- {:.3f}", count, spread.mean, spread.standard_deviation);
  }
  fmt::print("\n");
}

void compare(const char* scores, const char* accuracies) {
  const auto listed = ic::TabularBenchmark<Space>::read(scores).architectures();
  const auto truth = ic::TabularBenchmark<Space>::read(accuracies).column("c10_test_200");
  for (const bool with_zero : {true, false}) {
    Rows counts;
    Rows choices;
    std::vector<double> values;
    for (const auto& architecture : listed) {
      if (!with_zero && !ic::no_zero<Space>.allows(architecture)) continue;
      counts.push_back(ic::operation_counts(architecture));
      choices.push_back(ic::one_hot_choices(architecture));
      values.push_back(truth.value(architecture));
    }
    fmt::print("{} architectures\n", values.size());
    print("counts", counts, values);
    print("one-hot choices", choices, values);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "few_accuracies zero_cost_proxies.csv nasbench201.csv\n");
    return 2;
  }
  try {
    compare(argv[1], argv[2]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "few_accuracies: {}\n", error.what());
    return 1;
  }
}
