#pragma once

#include <ATen/ops/cross_entropy_loss.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>
#include <torch/optim/sgd.h>

#include <chrono>
#include <cmath>
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
#include "interchoice/data/batches.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/device.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/training/learning_rate.hpp"
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
  /// The epoch of a split for policies `split<on_demand, ...>`; other policies know theirs.
  std::optional<std::size_t> split_epoch = {};
  /// Asked after every step; true ends the training cleanly.
  std::function<bool()> stop = {};
};

/// What an epoch of training came to.
struct EpochRecord {
  std::size_t epoch;
  double learning_rate;
  double loss;      // mean over the epoch's images
  double accuracy;  // share of images classified right by the path that was sampled for them
  double seconds;
};

/// What a training came to.
struct TrainingRecord {
  std::vector<EpochRecord> epochs;
  /// Whether `Training::stop` ended it before its last step.
  bool stopped = false;
};

/// Trains one random path a batch.
///
/// For each epoch: let splits happen, set the learning rate; for each batch: sample an
/// architecture, clear gradients, cross entropy, backward, SGD step. A thin loop over public parts:
/// write your own where it does not fit.
///
/// `network` is a module holder with `forward(x, architecture)`. The same seeds give the same
/// result, whatever ran before.
/// *Throws* std::runtime_error if the loss is not finite, before the weights are touched
/// (BatchNorm's running statistics have seen the batch by then).
template <class Network, class Sampler, class Report = NoProgress>
TrainingRecord train(Network& network, const Batches& data, const Sampler& sample,
                     const Training& training, Report&& report = {}) {
  using Clock = std::chrono::steady_clock;
  TORCH_CHECK(!training.split_epoch || *training.split_epoch < training.epochs,
              "interchoice: Training::split_epoch is ", training.split_epoch.value_or(0), " of ",
              training.epochs, " epochs, counted from 0; take an earlier one");
  torch::optim::SGD sgd = make_sgd(*network, training.sgd);
  const auto steps = static_cast<std::size_t>(data.size());
  const at::Device device = device_of(*network);
  TrainingRecord record;
  network->train();
  for (std::size_t epoch = 0; epoch < training.epochs && !record.stopped; ++epoch) {
    add_grown(sgd, begin_epoch(*network, epoch));
    if (training.split_epoch == epoch) {
      add_grown(sgd, split_now(*network));
      TORCH_CHECK(is_split(*network), "interchoice: Training::split_epoch is ", epoch,
                  ", but no block's policy splits; use split<on_demand> or leave it out");
    }
    const double learning_rate = training.learning_rate(epoch, training.epochs);
    set_learning_rate(sgd, learning_rate);
    const auto begin = Clock::now();
    const Batches::Epoch batches = data.epoch(epoch);
    double loss_sum = 0;
    std::int64_t correct = 0;
    std::int64_t images = 0;
    for (std::size_t step = 0; step < steps && !record.stopped; ++step) {
      const Batch batch = on_device(batches[static_cast<std::int64_t>(step)], device);
      const auto architecture = sample(epoch, step);
      clear_gradients(*network, training.unsampled);
      const at::Tensor logits = network->forward(batch.data, architecture);
      const at::Tensor loss = at::cross_entropy_loss(logits, batch.target, {}, at::Reduction::Mean,
                                                     -100, training.label_smoothing);
      const double value = loss.item<double>();
      if (!std::isfinite(value)) {
        throw std::runtime_error("interchoice: the loss is " + std::to_string(value) +
                                 " in epoch " + std::to_string(epoch) + ", step " +
                                 std::to_string(step) + ", architecture " + to_text(architecture) +
                                 "; the weights are those of the step before. Use a smaller "
                                 "learning rate or check the data");
      }
      loss.backward();
      sgd.step();
      const std::int64_t count = batch.target.size(0);
      loss_sum += value * static_cast<double>(count);
      correct += logits.detach().argmax(1).eq(batch.target).sum().template item<std::int64_t>();
      images += count;
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
                             std::chrono::duration<double>(Clock::now() - begin).count()});
  }
  return record;
}

}  // namespace interchoice
