// What sharing prefixes saves, and whether `sharing_cost` with `SegmentSeconds` says so
// beforehand: narrow FairNAS blocks, evaluated with shared prefixes and one by one. Every round
// predicts anew, as the machine's speed drifts.
//
//   random      architectures drawn uniformly
//   evolution   what a regularised evolution asks for, in its order
//   tails       one prefix with all 6^3 tails
//
//   prefix_sharing [architectures] [batches] [images] [rounds] [pixels]
//                                          batches of so many images to calibrate, as many to
//                                          evaluate; one thread; CPU seconds, median of rounds

#include <ATen/Parallel.h>
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

/// Every choice adds what its candidate is worth, drawn once.
double worth(const Path& path) {
  double sum = 0;
  for (std::size_t i = 0; i < Space::choice_count; ++i) {
    sum += ic::CounterRandom(ic::Seed{2}, ic::Stream::kEvaluation, i, path[i]).unit();
  }
  return sum;
}

std::vector<Path> evolution_paths(std::size_t count) {
  ic::SearchProblem<Space> problem;
  problem.objectives.push_back(ic::maximise<Space>("worth", worth));
  const auto history = ic::regularised_evolution(
      problem, {.seed = ic::Seed{3},
                .population = 50,
                .sample = 10,
                .offspring = static_cast<std::uint32_t>(2 * count), .swap_probability = 0.1,  // some were there before
                .max_evaluations = count});
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

/// Seconds of one round: what the model said at its beginning, and what was measured.
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

void compare(const std::string& name, Net& net, const RandomBatches& data,
             const std::vector<Path>& paths, const Sizes& sizes) {
  const ic::Recalibration recalibration = ic::Recalibration::paper(sizes.batches);
  const ic::SharingPlan plan = ic::plan_sharing(net, {data, data}, paths, recalibration);
  const auto predict = [&] {
    SegmentSeconds seconds(net, {data, data}, sizes.batches, paths.front());
    return ic::sharing_cost(plan, paths, seconds);
  };
  const double begin = cpu_seconds();
  const ic::SharingCost cost = predict();
  std::printf("%s: %zu architectures, %zu networks\n", name.c_str(), paths.size(), cost.networks);
  std::printf("  model       segment runs %zu of %zu, cost %.4f of one by one, found in %.1f s\n",
              cost.runs_shared, cost.runs_alone, cost.ratio(), cpu_seconds() - begin);
  std::fflush(stdout);

  std::vector<double> results;
  const auto measure = [&](ic::RankingOptions options) {
    options.recalibration = recalibration;
    const double start = cpu_seconds();
    const auto predictions = ic::rank(net, {data, data}, paths, options).predictions;
    const double seconds = cpu_seconds() - start;
    if (results.empty()) results = predictions;
    if (results != predictions) std::printf("  DIFFERENT RESULTS\n");
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
    std::printf("  %-11s predicted %8.2f s   measured %8.2f s   measured / predicted %.3f\n",
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
  std::printf("  speed-up    predicted %.3f, measured %.3f (A/A %.3f)\n",
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
  const RandomBatches data(sizes.batches, sizes.images, sizes.pixels);
  std::printf("%ld + %ld batches of %ld images of %ld pixels, %zu rounds, one thread\n",
              sizes.batches, sizes.batches, sizes.images, sizes.pixels, sizes.rounds);
  compare("random", net, data, random_paths(sizes.architectures), sizes);
  compare("evolution", net, data, evolution_paths(3 * sizes.architectures / 10), sizes);
  compare("tails", net, data, tail_paths(), sizes);
}
