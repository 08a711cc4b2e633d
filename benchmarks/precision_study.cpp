// What bfloat16 does to the rankings of a super-network, beside what another seed does: a small
// NAS-Bench-201 super-network, only convolutions, bias<1>, on the images of one file of CIFAR-10's
// binary layout, of which a fifth is withheld to measure accuracies.
//
//   precision_study FILE [epochs] [seeds]
//
// Each seed is trained in f32 and in bf16; each network ranks the 64 architectures in the precision
// that it was trained in, the f32 networks in bf16, too. One thread.

#include <ATen/Parallel.h>
#include <fmt/core.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/training_steps.hpp"
#include "interchoice/core/enumeration.hpp"
#include "interchoice/data/batches.hpp"
#include "interchoice/data/cifar10.hpp"
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

  explicit Images(const std::string& file) {
    const ic::ImageSet all = ic::read_cifar10(file);
    auto [most, rest] = ic::hold_out(all, all.size() / 5, ic::Seed{0});
    training = std::move(most);
    validation = std::move(rest);
  }
  ic::Batches training_batches(std::uint64_t seed) const {
    return {training,
            {.batch_size = 64,
             .normalisation = ic::cifar10_normalisation(),
             .augmentation = ic::kCifar10Augmentation,
             .seed = ic::Seed{seed}}};
  }
  ic::Batches validation_batches() const {
    return {validation, {.batch_size = 200, .normalisation = ic::cifar10_normalisation()}};
  }
};

Supernet trained(const Images& images, std::uint64_t seed, Precision precision,
                 std::size_t epochs) {
  at::manual_seed(seed);
  Supernet net(ic::NasBench201Options{.cells_per_stage = {1, 1, 1}});
  const Clock clock;
  const auto record = ic::train(
      net, images.training_batches(seed), ic::Sampler{ic::Uniform{kSpace}, ic::Seed{seed}},
      {.epochs = epochs, .learning_rate = ic::cosine(0.05, 1e-5), .precision = precision});
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
  const double mean = std::accumulate(predictions.begin(), predictions.end(), 0.0) /
                      static_cast<double>(predictions.size());
  fmt::print("  {:36} mean accuracy {:.2f} %, {:.0f} s\n", name, 100 * mean, clock.seconds());
  std::fflush(stdout);
  return predictions;
}

void print_agreement(const std::string& name, const Predictions& a, const Predictions& b) {
  double difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference += (b[i] - a[i]) / static_cast<double>(a.size());
  fmt::print("  {:48} tau-b {:.3f}, mean accuracy {:+.2f} points\n", name, ic::kendall_tau_b(a, b),
             100 * difference);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "precision_study FILE [epochs] [seeds]\n");
    return 2;
  }
  const Images images(argv[1]);
  const auto epochs = static_cast<std::size_t>(argc > 2 ? std::atoi(argv[2]) : 12);
  const auto seeds = static_cast<std::uint64_t>(argc > 3 ? std::atoi(argv[3]) : 2);
  at::set_num_threads(1);
  ic::keep_freed_memory();
  fmt::print("{} training images, {} epochs of batch 64; {} images measure 64 architectures\n",
             images.training.size(), epochs, images.validation.size());
  std::vector<Predictions> wide;
  std::vector<Predictions> rounded;  // the same networks, evaluated in bf16
  std::vector<Predictions> narrow;   // trained in bf16, too
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    Supernet net = trained(images, seed, Precision::kFloat32, epochs);
    wide.push_back(ranked(net, images, Precision::kFloat32, "ranked in f32"));
    rounded.push_back(ranked(net, images, Precision::kBfloat16, "ranked in bf16"));
    Supernet other = trained(images, seed, Precision::kBfloat16, epochs);
    narrow.push_back(ranked(other, images, Precision::kBfloat16, "ranked in bf16"));
  }
  for (std::size_t s = 0; s < wide.size(); ++s) {
    fmt::print("seed {}\n", s);
    print_agreement("f32 network, ranked in f32 and in bf16", wide[s], rounded[s]);
    print_agreement("trained and ranked in f32, and in bf16", wide[s], narrow[s]);
    for (std::size_t t = s + 1; t < wide.size(); ++t) {
      print_agreement(fmt::format("f32, and f32 of seed {}", t), wide[s], wide[t]);
      print_agreement(fmt::format("bf16, and bf16 of seed {}", t), narrow[s], narrow[t]);
    }
  }
}
