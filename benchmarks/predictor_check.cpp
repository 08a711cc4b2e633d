// Our training-free scores beside those that others measured: NAS-Bench-201's own networks with
// fresh weights, one batch of 64 CIFAR-10 images, one thread.
//
//   predictor_check zero_cost_proxies.csv CIFAR10_FOLDER [count] [seed] [scores]
//
// Prints for each score Spearman's coefficient with the table's column over `count` random rows,
// and the seconds that it takes for an architecture. `scores` are names with commas between;
// without them all that the table has.

#include <ATen/Parallel.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/data/batches.hpp"
#include "interchoice/data/cifar10.hpp"
#include "interchoice/evaluation/tabular_benchmark.hpp"
#include "interchoice/export/subnet.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/predictors/predictor_scores.hpp"
#include "interchoice/predictors/standard_scores.hpp"
#include "interchoice/stats/spearman.hpp"
#include "interchoice/training/cpu_memory.hpp"

namespace {

namespace ic = interchoice;
using Space = ic::NasBench201Space;
using Path = ic::Architecture<Space>;
using Network = ic::Supernet<ic::NasBench201Benchmark, ic::none>;

/// Scores by the names of the table's columns.
const std::map<std::string, std::string> kColumns{
    {"parameters", "params"}, {"macs", "flops"},    {"synflow", "synflow"},     {"nwot", "nwot"},
    {"jacov", "jacov"},       {"snip", "snip"},     {"grad_norm", "grad_norm"}, {"zen", "zen"},
    {"l2_norm", "l2_norm"},   {"fisher", "fisher"}, {"grasp", "grasp"},         {"plain", "plain"}};

std::vector<ic::Score> scores_in(const std::string& list) {
  if (list.empty()) return ic::standard_scores();
  std::vector<ic::Score> scores;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    scores.push_back(ic::score_named(list.substr(begin, end - begin)));
    begin = end + 1;
  }
  return scores;
}

/// `count` different ones.
std::vector<Path> drawn(std::vector<Path> all, std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  count = std::min(count, all.size());
  for (std::size_t i = 0; i < count; ++i) std::swap(all[i], all[i + random() % (all.size() - i)]);
  all.resize(count);
  return all;
}

void check(const std::string& csv, const std::string& folder, std::size_t count, std::uint64_t seed,
           const std::vector<ic::Score>& scores, bool twice) {
  const auto table = ic::TabularBenchmark<Space>::read(csv);
  const std::vector<Path> paths = drawn(table.architectures(), count, seed);
  const ic::ImageSet images = ic::read_cifar10_train(folder);
  const ic::Batches data(images, {.batch_size = 64,
                                  .normalisation = ic::measure_normalisation(images),
                                  .seed = ic::Seed{seed}});
  const auto scored = [&](std::uint64_t weights) {
    return ic::predictor_scores(
        [](const Path& path) {
          return ic::Subnet<Network>(path, ic::NasBench201Benchmark::default_options());
        },
        paths, scores, {data.epoch(0)[0]}, {.seed = weights}, ic::TerminalProgress("scores"));
  };
  const auto found = scored(seed);
  std::optional<ic::PredictorScores> again;
  if (twice) again = scored(seed + 1);
  fmt::print("{} architectures of {}, seed {}\n", paths.size(), table.size(), seed);
  fmt::print("{:12} {:>9} {:>8}{}\n", "score", "Spearman", "seconds", twice ? "  with itself" : "");
  for (const ic::ScoreColumn& column : found.columns) {
    const std::vector<double> theirs = table.column(kColumns.at(column.name)).values(paths);
    fmt::print("{:12} {:9.3f} {:8.2f}", column.name, ic::spearman(column.values, theirs),
               column.seconds / static_cast<double>(paths.size()));
    if (again) fmt::print("  {:11.3f}", ic::spearman(column.values, again->of(column.name)));
    fmt::print("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(
        stderr,
        "predictor_check zero_cost_proxies.csv CIFAR10_FOLDER [count] [seed] [scores] [twice]\n");
    return 2;
  }
  at::set_num_threads(1);
  ic::keep_freed_memory();
  try {
    check(argv[1], argv[2], argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 300,
          argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 0, scores_in(argc > 5 ? argv[5] : ""),
          argc > 6);
  } catch (const std::exception& error) {
    fmt::print(stderr, "predictor_check: {}\n", error.what());
    return 1;
  }
}
