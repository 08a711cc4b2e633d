#pragma once

#include <ATen/ops/cross_entropy_loss.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>
#include <torch/optim/sgd.h>

#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/core/text.hpp"
#include "interchoice/data/batch.hpp"
#include "interchoice/data/batch_source.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/device.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/training/copy_momentum.hpp"
#include "interchoice/training/learning_rate.hpp"
#include "interchoice/training/path_batches.hpp"
#include "interchoice/training/progress.hpp"
#include "interchoice/training/sgd.hpp"
#include "interchoice/training/unsampled_weights.hpp"

namespace interchoice {

/// How a super-network is trained. The defaults are the paper's on NAS-Bench-201 (Table 5).
struct Training {
  std::size_t epochs = 250;
  LearningRate learning_rate = cosine(0.025, 1e-5);
  SgdOptions sgd = {};
  UnsampledWeights unsampled = UnsampledWeights::kMove;
  /// Targets (1 - e) onehot + e / classes.
  double label_smoothing = 0;
  /// Which batches the paths of a step see, where the sampler draws several.
  PathBatches path_batches = PathBatches::kSameBatch;
  /// The epoch of a split for policies `split<on_demand, ...>`; other policies know theirs.
  std::optional<std::size_t> split_epoch = {};
  /// With which momentum the copies of a split begin. `kShared` needs `UnsampledWeights::kFreeze`.
  CopyMomentum copy_momentum = CopyMomentum::kCopied;
  /// Asked after every step; true ends the training cleanly.
  std::function<bool()> stop = {};
};

/// What an epoch of training came to.
struct EpochRecord {
  std::size_t epoch;
  double learning_rate;
  double loss;      // mean over the epoch's images, each counted for every path that saw it
  double accuracy;  // share of them that was classified right by that path
  double seconds;
  bool is_partial = false;  // stopped before its last step
};

/// What a training came to.
struct TrainingRecord {
  std::vector<EpochRecord> epochs;
  /// Whether `Training::stop` ended it before its last step.
  bool stopped = false;
};

namespace detail {

template <class Network, class Space>
concept ForwardsPaths = requires(Network& network, const at::Tensor& x,
                                 const Architecture<Space>& architecture) {
  { network->forward(x, architecture) } -> std::convertible_to<at::Tensor>;
  { *network } -> std::convertible_to<torch::nn::Module&>;
};

// One check a requirement: what a bad argument is told of itself before anything else fails.
template <class Network, class Source, class Sampler>
struct CheckedTraining {
  static_assert(AnySampler<Sampler>,
                "interchoice: train needs a sampler: a callable `sample(epoch, step)` that returns "
                "an Architecture<Space>, or `paths_per_step()` and `paths(epoch, step)`; see "
                "sampling/sampler.hpp");
  static_assert(!AnySampler<Sampler> || ForwardsPaths<Network, space_of_sampler_t<Sampler>>,
                "interchoice: train needs a network: a module holder with `forward(x, "
                "architecture)` for the architectures that the sampler draws; see "
                "networks/supernet.hpp");
  static_assert(
      BatchSource<Source>,
      "interchoice: train needs a batch source, such as Batches; a type of your own needs "
      "`size()`, `image_count()`, `epoch(e)[i]`, `evaluation(i)` and `calibration(i)`, "
      "see data/batch_source.hpp");
  static constexpr bool value = true;
};

}  // namespace detail

/// Trains one random path a step, or several.
///
/// For each epoch: let splits happen, set the learning rate; for each step: sample architectures,
/// clear gradients; cross entropy and backward for each of them; SGD step. A thin loop over public
/// parts: write your own where it does not fit.
///
/// `network` is a module holder with `forward(x, architecture)`, `data` a `BatchSource`, `sample` a
/// `PathSampler` or a `MultiPathSampler`. Gradients of several paths are added up;
/// `Training::path_batches` says which batches they see. The same seeds give the same result,
/// whatever ran before. *Throws* std::runtime_error if a loss is not finite, before the weights are
/// touched (BatchNorm's running statistics have seen the batch by then).
template <class Network, class Source, class Sampler, class Report = NoProgress>
TrainingRecord train(Network& network, const Source& data, const Sampler& sample,
                     const Training& training, Report&& report = {}) {
  static_assert(detail::CheckedTraining<Network, Source, Sampler>::value);
  using Clock = std::chrono::steady_clock;
  TORCH_CHECK(!training.split_epoch || *training.split_epoch < training.epochs,
              "interchoice: Training::split_epoch is ", training.split_epoch.value_or(0), " of ",
              training.epochs, " epochs, counted from 0; take an earlier one");
  TORCH_CHECK(training.copy_momentum != CopyMomentum::kShared ||
                  training.unsampled == UnsampledWeights::kFreeze,
              "interchoice: CopyMomentum::kShared with UnsampledWeights::kMove: every copy would "
              "move the shared momentum at every step; use kFreeze");
  const std::size_t paths = paths_per_step(sample);
  TORCH_CHECK(paths > 0, "interchoice: the sampler draws 0 paths a step; at least one is needed");
  const bool successive = training.path_batches == PathBatches::kSuccessiveBatches;
  const std::size_t batches_a_step = successive ? paths : 1;
  const std::size_t steps = static_cast<std::size_t>(data.size()) / batches_a_step;
  TORCH_CHECK(steps > 0, "interchoice: an epoch of ", data.size(), " batches has no step of ",
              batches_a_step, " batches; use smaller batches or PathBatches::kSameBatch");
  torch::optim::SGD sgd = make_sgd(*network, training.sgd);
  const at::Device device = device_of(*network);
  TrainingRecord record;
  network->train();
  for (std::size_t epoch = 0; epoch < training.epochs && !record.stopped; ++epoch) {
    add_grown(sgd, begin_epoch(*network, epoch), training.copy_momentum);
    if (training.split_epoch == epoch) {
      add_grown(sgd, split_now(*network), training.copy_momentum);
      TORCH_CHECK(is_split(*network), "interchoice: Training::split_epoch is ", epoch,
                  ", but no block's policy splits; use split<on_demand> or leave it out");
    }
    const double learning_rate = training.learning_rate(epoch, training.epochs);
    set_learning_rate(sgd, learning_rate);
    const auto begin = Clock::now();
    const auto batches = data.epoch(epoch);
    double loss_sum = 0;
    std::int64_t correct = 0;
    std::int64_t images = 0;
    std::size_t step = 0;
    for (; step < steps && !record.stopped; ++step) {
      const auto architectures = paths_of_step(sample, epoch, step);
      clear_gradients(*network, training.unsampled);
      Batch batch;
      for (std::size_t path = 0; path < paths; ++path) {
        if (path == 0 || successive) {
          const std::size_t index = step * batches_a_step + path;
          batch = on_device(batches[static_cast<std::int64_t>(index)], device);
        }
        const auto& architecture = architectures[path];
        const at::Tensor logits = network->forward(batch.data, architecture);
        const at::Tensor loss = at::cross_entropy_loss(
            logits, batch.target, {}, at::Reduction::Mean, -100, training.label_smoothing);
        const double value = loss.template item<double>();
        if (!std::isfinite(value)) {
          throw std::runtime_error(
              "interchoice: the loss is " + std::to_string(value) + " in epoch " +
              std::to_string(epoch) + ", step " + std::to_string(step) + ", architecture " +
              to_text(architecture) +
              "; the weights are those of the step before. Use a smaller learning rate or check "
              "the data");
        }
        loss.backward();
        const std::int64_t count = batch.target.size(0);
        loss_sum += value * static_cast<double>(count);
        correct += logits.detach().argmax(1).eq(batch.target).sum().template item<std::int64_t>();
        images += count;
      }
      sgd.step();
      record.stopped =
          training.stop && training.stop() && !(epoch + 1 == training.epochs && step + 1 == steps);
      char state[96];
      std::snprintf(state, sizeof state, "epoch %zu/%zu, loss %.4f, accuracy %.2f %%", epoch + 1,
                    training.epochs, loss_sum / static_cast<double>(images),
                    100 * static_cast<double>(correct) / static_cast<double>(images));
      report(Progress{epoch * steps + step + 1, training.epochs * steps, state, step + 1 == steps});
    }
    record.epochs.push_back({epoch, learning_rate, loss_sum / static_cast<double>(images),
                             static_cast<double>(correct) / static_cast<double>(images),
                             std::chrono::duration<double>(Clock::now() - begin).count(),
                             step < steps});
  }
  return record;
}

}  // namespace interchoice
