// What bfloat16 does to the rankings of a super-network, beside what another seed does: a small
// NAS-Bench-201 super-network, only convolutions, bias<1>, one cell a stage, on the images of
// digits.bin or of one file of CIFAR-10's binary layout, of which a part is withheld to measure
// accuracies.
//
//   precision_study FILE [epochs] [seeds] [width]
//
// Each seed is trained in f32 and in bf16; each network ranks the 64 architectures in the precision
// that it was trained in, the f32 networks in bf16, too. One thread.

#include <ATen/Parallel.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/training_steps.hpp"
#include "interchoice/core/enumeration.hpp"
#include "interchoice/data/batches.hpp"
#include "interchoice/data/cifar10.hpp"
#include "interchoice/data/digits.hpp"
#include "interchoice/data/hold_out.hpp"
#include "interchoice/evaluation/prefix_sharing.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/training/cpu_memory.hpp"
#include "interchoice/training/train.hpp"

namespace {

using namespace benchmarks;
using ic::Precision;
using Supernet = ic::Supernet<NasBench201, ic::bias<1>>;
using Predictions = std::vector<double>;

const ic::Restriction<Space> kSpace = ic::only_convolutions<Space>;

double mean(const Predictions& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

class Clock {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

struct Images {
  ic::ImageSet training;
  ic::ImageSet validation;
  ic::Normalisation normalisation;
  bool is_cifar10;

  explicit Images(const std::string& file) {
    is_cifar10 = !file.ends_with("digits.bin");
    const ic::ImageSet all = is_cifar10 ? ic::read_cifar10(file) : ic::read_digits(file);
    // Digits are easy: few to learn from, and many to tell networks apart by.
    auto [most, rest] =
        ic::hold_out(all, is_cifar10 ? all.size() / 5 : all.size() * 3 / 4, ic::Seed{0});
    normalisation = ic::measure_normalisation(most);
    training = std::move(most);
    validation = std::move(rest);
  }
  ic::Batches training_batches(std::uint64_t seed) const {
    return {training,
            {.batch_size = 64,
             .normalisation = normalisation,
             .augmentation = is_cifar10 ? ic::kCifar10Augmentation : ic::Augmentation{.shift = 1},
             .seed = ic::Seed{seed}}};
  }
  ic::Batches validation_batches() const {
    return {validation, {.batch_size = 200, .normalisation = normalisation}};
  }
};

struct Settings {
  std::size_t epochs = 12;
  std::uint64_t seeds = 2;
  std::int64_t width = 16;
};

Supernet trained(const Images& images, std::uint64_t seed, Precision precision,
                 const Settings& settings) {
  at::manual_seed(seed);
  Supernet net(ic::NasBench201Options{.input_channels = images.training.images.size(1),
                                      .width = settings.width,
                                      .cells_per_stage = {1, 1, 1}});
  const Clock clock;
  const auto record = ic::train(
      net, images.training_batches(seed), ic::Sampler{ic::Uniform{kSpace}, ic::Seed{seed}},
      {.epochs = settings.epochs, .learning_rate = ic::cosine(0.05, 1e-5), .precision = precision});
  fmt::print("seed {} trained in {:4}: last loss {:.4f}, {:.0f} s\n", seed, to_text(precision),
             record.epochs.back().loss, clock.seconds());
  std::fflush(stdout);
  return net;
}

Predictions ranked(Supernet& net, const Images& images, Precision precision,
                   const std::string& name) {
  const Clock clock;
  const auto predictions =
      ic::rank(
          net,
          {.calibration = images.training_batches(0), .validation = images.validation_batches()},
          ic::every_architecture(kSpace), {.sharing = ic::PrefixSharing{}, .precision = precision})
          .predictions;
  fmt::print("  {:36} mean accuracy {:.2f} %, {:.0f} s\n", name, 100 * mean(predictions),
             clock.seconds());
  std::fflush(stdout);
  return predictions;
}

/// Two rankings, and what tells them apart.
struct Pair {
  std::string name;
  Predictions first;
  Predictions second;
};

/// tau-b and the difference of mean accuracies, over the pairs of a name: mean, least and most.
void print_agreement(const std::vector<Pair>& pairs) {
  struct Values {
    Predictions correlations;
    Predictions differences;
  };
  std::map<std::string, Values> all;
  for (const Pair& pair : pairs) {
    Values& values = all[pair.name];
    values.correlations.push_back(ic::kendall_tau_b(pair.first, pair.second));
    values.differences.push_back(100 * (mean(pair.second) - mean(pair.first)));
  }
  for (const auto& [name, values] : all) {
    const auto text = [](const Predictions& v) {
      return fmt::format("{:6.3f} [{:.3f}, {:.3f}]", mean(v), *std::min_element(v.begin(), v.end()),
                         *std::max_element(v.begin(), v.end()));
    };
    fmt::print("{:50} tau-b {}, mean accuracy {} points, {} pairs\n", name,
               text(values.correlations), text(values.differences), values.correlations.size());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "precision_study FILE [epochs] [seeds] [width]\n");
    return 2;
  }
  const Images images(argv[1]);
  Settings settings;
  if (argc > 2) settings.epochs = static_cast<std::size_t>(std::atoi(argv[2]));
  if (argc > 3) settings.seeds = static_cast<std::uint64_t>(std::atoi(argv[3]));
  if (argc > 4) settings.width = std::atoi(argv[4]);
  at::set_num_threads(1);
  ic::keep_freed_memory();
  fmt::print("{} training images, {} epochs of batch 64; {} images measure 64 architectures\n",
             images.training.size(), settings.epochs, images.validation.size());
  std::vector<Predictions> wide;
  std::vector<Predictions> rounded;  // the same networks, evaluated in bf16
  std::vector<Predictions> narrow;   // trained in bf16, too
  for (std::uint64_t seed = 0; seed < settings.seeds; ++seed) {
    Supernet net = trained(images, seed, Precision::kFloat32, settings);
    wide.push_back(ranked(net, images, Precision::kFloat32, "ranked in f32"));
    rounded.push_back(ranked(net, images, Precision::kBfloat16, "ranked in bf16"));
    Supernet other = trained(images, seed, Precision::kBfloat16, settings);
    narrow.push_back(ranked(other, images, Precision::kBfloat16, "ranked in bf16"));
  }
  std::vector<Pair> pairs;
  for (std::size_t s = 0; s < wide.size(); ++s) {
    pairs.push_back({"one f32 network, ranked in f32 and in bf16", wide[s], rounded[s]});
    pairs.push_back({"one seed, trained and ranked in f32 and in bf16", wide[s], narrow[s]});
    for (std::size_t t = s + 1; t < wide.size(); ++t) {
      pairs.push_back({"two seeds in f32", wide[s], wide[t]});
      pairs.push_back({"two seeds in bf16", narrow[s], narrow[t]});
    }
  }
  print_agreement(pairs);
}
