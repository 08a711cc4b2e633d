// Kills trainings and lets them go on: the outcome has to be that of one that nobody touched.
//
//   interchoice_kills --kills 200 [--seed 1]
//
// A training saves its state within and between epochs, then its network. It is killed after a
// random time, or at a random call on its files (before, after, or half-way through a write), and
// begun again until it comes to its end. Then the checkpoint is compared byte by byte, and the
// state in all but the seconds.

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <fmt/core.h>
#include <torch/nn/pimpl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "examples/token_network.hpp"
#include "faults/child.hpp"
#include "faults/numbers.hpp"
#include "faults/state_content.hpp"
#include "faults/tiny_network.hpp"
#include "interchoice/networks/saved_network.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/strict_fair.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/resumable_training.hpp"
#include "support/temporary_folder.hpp"

namespace fs = std::filesystem;
using namespace interchoice;
using namespace interchoice::testing;

namespace {

/// The example's transformer, with dropout: it draws from libtorch's generator at every step.
template <class Policy>
struct DroppingTokensImpl : torch::nn::Module {
  at::Tensor forward(const at::Tensor& x, const Architecture<examples::TokenSpace>& architecture) {
    return net->forward(at::dropout(x, 0.3, is_training()), architecture);
  }
  examples::TokenNet<Policy> net = register_module("net", examples::TokenNet<Policy>());
};

template <class Policy>
struct DroppingTokens : torch::nn::ModuleHolder<DroppingTokensImpl<Policy>> {
  using Space = examples::TokenSpace;
  using torch::nn::ModuleHolder<DroppingTokensImpl<Policy>>::ModuleHolder;
};

struct Case {
  std::string name;
  int threads = 1;
  std::function<void(const fs::path& folder)> train;
};

template <class Net, class Distribution>
void train(const fs::path& folder, Net net, const Distribution& distribution, int threads) {
  at::set_num_threads(threads);
  Training training;
  training.epochs = 4;
  training.learning_rate = cosine(0.05, 1e-3);
  train_resumable({.path = folder / "state", .steps = 2}, net, tiny_batches(96, 8),
                  Sampler(distribution, Seed{4}), training);
  save(folder / "net.safetensors", net);
}

template <class Policy>
void train_images(const fs::path& folder, int threads) {
  at::manual_seed(1);
  train(folder, TinyNet<Policy>(TinySkeleton::Options{.width = 16}),
        Uniform(all<TinySkeleton::Space>), threads);
}

std::vector<Case> cases() {
  std::vector<Case> cases;
  for (const int threads : {1, 2}) {
    const auto add = [&](const char* name, auto train_in) {
      cases.push_back({name, threads,
                       [train_in, threads](const fs::path& folder) { train_in(folder, threads); }});
    };
    add("none", train_images<none>);
    add("bias<1>", train_images<bias<1>>);
    add("split<1>", train_images<split<1>>);
    add("several paths", [](const fs::path& folder, int count) {
      at::manual_seed(1);
      train(folder, TinyNet<none>(TinySkeleton::Options{.width = 16}),
            StrictFair(all<TinySkeleton::Space>), count);
    });
    add("transformer, dropout", [](const fs::path& folder, int count) {
      at::manual_seed(1);
      train(folder, DroppingTokens<bias<1>>(), Uniform(all<examples::TokenSpace>), count);
    });
  }
  return cases;
}

std::string read_bytes(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct Tally {
  std::size_t trainings = 0, by_time = 0, at_calls = 0, different = 0, stuck = 0;
};

/// A training, the outcome of one that nobody touched, and kills.
class Victim {
 public:
  Victim(const Case& training, const fs::path& base, std::mt19937& random)
      : training_(training), base_(base), random_(random) {
    fs::create_directories(base_ / "whole");
    plan_.set(base_ / "whole");
    const auto begin = std::chrono::steady_clock::now();
    const Ending ending = in_child([&] { training_.train(base_ / "whole"); }, plan_.get());
    duration_ = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - begin);
    if (ending.exit_code != 0 || ending.signal != 0) throw std::runtime_error(ending.message);
    calls_ = plan_->calls;
    checkpoint_ = read_bytes(base_ / "whole" / "net.safetensors");
    state_ = content_of_state(base_ / "whole" / "state", false);
  }

  /// Kills until there were so many kills and the training has come to its end.
  void kill(std::size_t kills, Tally& tally) {
    const fs::path folder = base_ / "killed";
    for (std::size_t done = 0; done < kills;) {
      fs::remove_all(folder);
      fs::create_directories(folder);
      for (;;) {
        const Ending ending =
            done < kills ? attack(folder, tally) : in_child([&] { training_.train(folder); });
        if (ending.signal == SIGKILL) {
          ++done;
          continue;
        }
        if (ending.signal != 0 || ending.exit_code != 0) {
          fmt::print(stderr, "{}, {} threads: it does not go on: {}\n", training_.name,
                     training_.threads, ending.message);
          ++tally.stuck;
          return;
        }
        break;
      }
      ++tally.trainings;
      if (read_bytes(folder / "net.safetensors") != checkpoint_ ||
          content_of_state(folder / "state", false) != state_) {
        fmt::print(stderr, "{}, {} threads: another outcome\n", training_.name, training_.threads);
        ++tally.different;
      }
    }
  }

 private:
  Ending attack(const fs::path& folder, Tally& tally) {
    const auto work = [&] { training_.train(folder); };
    if (random_() % 2 == 0) {
      const auto delay = std::chrono::microseconds(
          random_() % static_cast<std::uint64_t>(duration_.count() + duration_.count() / 10));
      const Ending ending = in_child(work, nullptr, delay);
      if (ending.signal == SIGKILL) ++tally.by_time;
      return ending;
    }
    constexpr std::array kKinds{kKillBefore, kKillAfter, kKillTorn};
    plan_.set(folder, 1 + static_cast<int>(random_() % static_cast<unsigned>(calls_)),
              kKinds[random_() % kKinds.size()]);
    const Ending ending = in_child(work, plan_.get());
    if (ending.signal == SIGKILL) ++tally.at_calls;
    return ending;
  }

  Case training_;
  fs::path base_;
  std::mt19937& random_;
  SharedPlan plan_;
  std::chrono::microseconds duration_{};
  int calls_ = 0;
  std::string checkpoint_;
  std::string state_;
};

}  // namespace

int main(int argc, char** argv) {
  // Threads that spin while they wait take the processor from those they wait for. OpenMP's runtime
  // reads its environment before main, so the program begins a second time.
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) {
    ::setenv("OMP_WAIT_POLICY", "passive", 1);
    ::execv("/proc/self/exe", argv);
  }
  at::set_num_threads(1);  // a thread of this process would not be there in its children
  const auto numbers = numbers_in(argc, argv, {{"--kills", 0}, {"--seed", 1}});
  const std::size_t kills = numbers.at("--kills");
  try {
    std::mt19937 random(static_cast<unsigned>(numbers.at("--seed")));
    const TemporaryFolder folder;
    const fs::path base = fs::canonical(folder.path());
    const std::vector<Case> all_cases = cases();
    fmt::print("{:24} {:>7} {:>9} {:>8} {:>8} {:>10} {:>6}\n", "training", "threads", "trainings",
               "by time", "at calls", "different", "stuck");
    Tally sum;
    for (std::size_t i = 0; i < all_cases.size(); ++i) {
      // The first cases have one more where they do not divide.
      const std::size_t own = (kills + all_cases.size() - 1 - i) / all_cases.size();
      if (own == 0) continue;
      Tally tally;
      Victim(all_cases[i], base / fmt::format("{}", i), random).kill(own, tally);
      fmt::print("{:24} {:>7} {:>9} {:>8} {:>8} {:>10} {:>6}\n", all_cases[i].name,
                 all_cases[i].threads, tally.trainings, tally.by_time, tally.at_calls,
                 tally.different, tally.stuck);
      std::fflush(stdout);
      sum.trainings += tally.trainings;
      sum.by_time += tally.by_time;
      sum.at_calls += tally.at_calls;
      sum.different += tally.different;
      sum.stuck += tally.stuck;
    }
    fmt::print("{} kills of {} trainings: {} with another outcome, {} stuck\n",
               sum.by_time + sum.at_calls, sum.trainings, sum.different, sum.stuck);
    return sum.different + sum.stuck == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
