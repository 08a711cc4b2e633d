// The time of an evaluation, an architecture: rankings of random architectures of the paper's
// NAS-Bench-201 super-network by the options of `RankingOptions`, and the operators that
// calibration and evaluation passes spend it in.
//
//   evaluation_cost [rounds] [batches] [images] [architectures]
//                       20 batches of 256 images to calibrate and 5,000 images to evaluate 20
//                       architectures unless said otherwise; one thread; CPU seconds, medians of
//                       interleaved rounds, an A/A pair beside them. No rounds: the operators
//                       alone.

#include <ATen/Parallel.h>
#include <ATen/ops/randint.h>
#include <ATen/record_function.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
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

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Seconds in each operator, without those that it calls; single-threaded, as this program is.
class OperatorTimes {
 public:
  OperatorTimes() {
    running_ = this;
    handle_ = at::addGlobalCallback(at::RecordFunctionCallback(begin, end));
  }
  ~OperatorTimes() { at::removeCallback(handle_); }
  OperatorTimes(const OperatorTimes&) = delete;
  OperatorTimes& operator=(const OperatorTimes&) = delete;

  const std::map<std::string, double>& seconds() const { return seconds_; }

 private:
  struct Open {
    double begin;
    double called = 0;
  };

  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction&) {
    running_->open_.push_back({cpu_seconds()});
    return nullptr;
  }
  static void end(const at::RecordFunction& function, at::ObserverContext*) {
    auto& open = running_->open_;
    const double all = cpu_seconds() - open.back().begin;
    running_->seconds_[function.name()] += all - open.back().called;
    open.pop_back();
    if (!open.empty()) open.back().called += all;
  }

  static inline OperatorTimes* running_ = nullptr;
  at::CallbackHandle handle_;
  std::vector<Open> open_;
  std::map<std::string, double> seconds_;
};

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
  const double start = cpu_seconds();
  std::map<std::string, double> times;
  {
    const OperatorTimes operators;
    ic::rank(net, data, paths, options);
    times = operators.seconds();
  }
  const double whole = cpu_seconds() - start;
  const auto count = static_cast<double>(paths.size());
  std::vector<std::pair<double, std::string>> sorted;
  double all = 0;
  for (const auto& [name, time] : times) {
    sorted.emplace_back(1e3 * time, name);
    all += 1e3 * time;
  }
  sorted.emplace_back(1e3 * whole - all, "outside of operators");
  std::sort(sorted.rbegin(), sorted.rend());
  sorted.resize(std::min<std::size_t>(sorted.size(), 14));
  fmt::print("{}: {:.0f} ms an architecture, {:.0f} page faults\n", title, 1e3 * whole / count,
             (static_cast<double>(page_faults()) - begin) / count);
  for (const auto& [time, name] : sorted) {
    fmt::print("  {:60} {:8.1f} ms  {:4.1f} %\n", name, time / count, time / 10 / whole);
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
  for (std::size_t round = 0; round < sizes.rounds; ++round) {  // as `run_interleaved`, in CPU time
    for (std::size_t i = 0; i < variants.size(); ++i) {
      Variant& variant = variants[(i + round) % variants.size()];
      const double begin = cpu_seconds();
      variant.run(round);
      variant.seconds.push_back(cpu_seconds() - begin);
    }
  }
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
