// The saving by sharing prefixes, and the one that `sharing_cost` with `SegmentSeconds` predicts:
// narrow FairNAS blocks, evaluated with shared prefixes and one by one. Every round
// predicts anew, as the machine's speed drifts.
//
//   random      architectures drawn uniformly
//   evolution   the evaluations of a regularised evolution, in its order
//   tails       one prefix with all 6^3 tails
//
//   prefix_sharing [architectures] [batches] [images] [rounds] [pixels]
//                                          batches of so many images to calibrate, as many to
//                                          evaluate; one thread; CPU seconds, median of rounds

#include <ATen/Parallel.h>
#include <fmt/core.h>
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "benchmarks/interleaved.hpp"
#include "benchmarks/random_batches.hpp"
#include "benchmarks/segment_seconds.hpp"
#include "benchmarks/training_steps.hpp"
#include "interchoice/evaluation/prefix_sharing.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/evaluation/sharing_cost.hpp"
#include "interchoice/search/regularised_evolution.hpp"
#include "interchoice/training/cpu_memory.hpp"

namespace {

using namespace benchmarks;
using Space = FairNas::Space;
using Path = ic::Architecture<Space>;
using Net = ic::Supernet<FairNas, ic::none>;

struct Sizes {
  std::size_t architectures = 1000;
  std::int64_t batches = 2;
  std::int64_t images = 32;
  std::size_t rounds = 3;
  std::int64_t pixels = 64;
};

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

std::vector<Path> random_paths(std::size_t count) {
  const ic::Sampler sample(ic::Uniform{ic::all<Space>}, ic::Seed{1}, ic::Stream::kEvaluation);
  std::vector<Path> paths;
  for (std::size_t i = 0; i < count; ++i) paths.push_back(sample(0, i));
  return paths;
}

/// The sum of random values, one of each candidate at each choice.
double worth(const Path& path) {
  double sum = 0;
  for (std::size_t i = 0; i < Space::choice_count; ++i) {
    sum += ic::CounterRandom(ic::Seed{2}, ic::Stream::kEvaluation, i, path[i]).unit();
  }
  return sum;
}

std::vector<Path> evolution_paths(std::size_t count) {
  const ic::SearchProblem<Space> problem{.objectives = {ic::maximise<Space>("worth", worth)}};
  const auto history = ic::regularised_evolution(
      problem,
      {.seed = ic::Seed{3},
       .population = 50,
       .sample = 10,
       .offspring = static_cast<std::uint32_t>(2 * count),  // some were there before
       .max_evaluations = count},
      {}, {}, ic::SwapTwo(0.1));
  std::vector<Path> paths;
  for (const auto& evaluated : history) paths.push_back(evaluated.architecture);
  return paths;
}

std::vector<Path> tail_paths() {
  const Path prefix = random_paths(1).front();
  constexpr std::size_t kFirst = Space::choice_count - 3;
  std::vector<Path> paths;
  for (std::uint8_t i = 0; i < 6 * 6 * 6; ++i) {
    paths.push_back(prefix.with(kFirst, i / 36)
                        .with(kFirst + 1, static_cast<std::uint8_t>(i / 6 % 6))
                        .with(kFirst + 2, static_cast<std::uint8_t>(i % 6)));
  }
  return paths;
}

/// Seconds of one round: predicted by the model at its beginning, and measured.
struct Round {
  ic::SharingCost predicted;
  double shared = 0;
  double again = 0;
  double alone = 0;
};

template <class Value>
double median_of(const std::vector<Round>& rounds, const Value& value) {
  std::vector<double> values;
  for (const Round& round : rounds) values.push_back(value(round));
  return median(values);
}

void compare(const std::string& name, Net& net, const ic::EvaluationData& data,
             const std::vector<Path>& paths, const Sizes& sizes) {
  const ic::Recalibration recalibration = ic::Recalibration::paper(sizes.batches);
  const ic::SharingPlan plan = ic::plan_sharing(net, data, paths, recalibration);
  const auto predict = [&] {
    SegmentSeconds seconds(net, data, sizes.batches, paths.front());
    return ic::sharing_cost(plan, paths, seconds);
  };
  const double begin = cpu_seconds();
  const ic::SharingCost cost = predict();
  fmt::print("{}: {} architectures, {} networks\n", name, paths.size(), cost.networks);
  fmt::print("  model       segment runs {} of {}, cost {:.4f} of one by one, found in {:.1f} s\n",
             cost.runs_shared, cost.runs_alone, cost.ratio(), cpu_seconds() - begin);
  std::fflush(stdout);

  std::vector<double> results;
  const auto measure = [&](ic::RankingOptions options) {
    options.recalibration = recalibration;
    const double start = cpu_seconds();
    const auto predictions = ic::rank(net, data, paths, options).predictions;
    const double seconds = cpu_seconds() - start;
    if (results.empty()) results = predictions;
    if (results != predictions) fmt::print("  DIFFERENT RESULTS\n");
    return seconds;
  };
  std::vector<Round> rounds(sizes.rounds);
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    Round& round = rounds[i];
    const std::vector<std::function<void()>> work{
        [&] { round.shared = measure({.sharing = ic::PrefixSharing{}}); },
        [&] { round.alone = measure({}); },
        [&] { round.again = measure({.sharing = ic::PrefixSharing{}}); }};
    round.predicted = predict();
    for (std::size_t k = 0; k < work.size(); ++k) work[(i + k) % work.size()]();
  }
  const auto print = [&](const char* variant, const auto& measured, const auto& predicted) {
    fmt::print("  {:11} predicted {:8.2f} s   measured {:8.2f} s   measured / predicted {:.3f}\n",
               variant, median_of(rounds, predicted), median_of(rounds, measured),
               median_of(rounds, [&](const Round& r) { return measured(r) / predicted(r); }));
  };
  const auto shared_cost = [](const Round& r) { return r.predicted.cost_shared; };
  print(
      "shared", [](const Round& r) { return r.shared; }, shared_cost);
  print(
      "again (A/A)", [](const Round& r) { return r.again; }, shared_cost);
  print(
      "one by one", [](const Round& r) { return r.alone; },
      [](const Round& r) { return r.predicted.cost_alone; });
  fmt::print("  speed-up    predicted {:.3f}, measured {:.3f} (A/A {:.3f})\n",
             median_of(rounds, [](const Round& r) { return 1 / r.predicted.ratio(); }),
             median_of(rounds, [](const Round& r) { return r.alone / r.shared; }),
             median_of(rounds, [](const Round& r) { return r.alone / r.again; }));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, auto fallback) {
    return argc > i ? static_cast<decltype(fallback)>(std::atoll(argv[i])) : fallback;
  };
  Sizes sizes;
  sizes.architectures = argument(1, sizes.architectures);
  sizes.batches = argument(2, sizes.batches);
  sizes.images = argument(3, sizes.images);
  sizes.rounds = argument(4, sizes.rounds);
  sizes.pixels = argument(5, sizes.pixels);
  at::set_num_threads(1);
  ic::keep_freed_memory();
  at::manual_seed(0);
  Net net(ic::FairNasOptions{.classes = 10});
  const RandomBatches batches(sizes.batches, sizes.images, sizes.pixels);
  const ic::EvaluationData data{.calibration = batches, .validation = batches};
  fmt::print("{} + {} batches of {} images of {} pixels, {} rounds, one thread\n", sizes.batches,
             sizes.batches, sizes.images, sizes.pixels, sizes.rounds);
  compare("random", net, data, random_paths(sizes.architectures), sizes);
  compare("evolution", net, data, evolution_paths(3 * sizes.architectures / 10), sizes);
  compare("tails", net, data, tail_paths(), sizes);
}
