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
#include "interchoice/training/progress.hpp"
#include "interchoice/training/training.hpp"

namespace interchoice {

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
      "`size()`, `example_count()`, `epoch(e)[i]`, `evaluation(i)` and `calibration(i)`, "
      "see data/batch_source.hpp");
  static constexpr bool value = true;
};

}  // namespace detail

/// A training that runs epoch by epoch: what `train` loops over, for loops that do something
/// between epochs.
///
/// Takes references to all but the options; the network is in training mode from the beginning on.
/// *Throws*: as `train`.
template <class Network, class Source, class Sampler>
class TrainingRun {
  static_assert(detail::CheckedTraining<Network, Source, Sampler>::value);

 public:
  TrainingRun(Network& network, const Source& data, const Sampler& sample, Training training)
      : network_(network),
        data_(data),
        sample_(sample),
        training_(std::move(training)),
        paths_(paths_per_step(sample)),
        sgd_(make_sgd(*network, training_.sgd)),
        device_(device_of(*network)) {
    check_options();
    network->train();
  }

  bool is_over() const { return record_.stopped || record_.epochs.size() >= training_.epochs; }

  /// Trains the next epoch, or a part of it if `Training::stop` ends it.
  template <class Report = NoProgress>
  void run_epoch(Report&& report = {}) {
    using Clock = std::chrono::steady_clock;
    const std::size_t epoch = record_.epochs.size();
    split(epoch);
    const double learning_rate = training_.learning_rate(epoch, training_.epochs);
    set_learning_rate(sgd_, learning_rate);
    const auto begin = Clock::now();
    const auto batches = data_.epoch(epoch);
    Sums sums;
    std::size_t step = 0;
    for (; step < steps_ && !record_.stopped; ++step) {
      run_step(batches, epoch, step, sums);
      record_.stopped = training_.stop && training_.stop() &&
                        !(epoch + 1 == training_.epochs && step + 1 == steps_);
      char state[96];
      std::snprintf(state, sizeof state, "epoch %zu/%zu, loss %.4f, accuracy %.2f %%", epoch + 1,
                    training_.epochs, sums.mean_loss(), 100 * sums.accuracy());
      report(Progress{epoch * steps_ + step + 1, training_.epochs * steps_, state,
                      step + 1 == steps_});
    }
    record_.epochs.push_back({epoch, learning_rate, sums.mean_loss(), sums.accuracy(),
                              std::chrono::duration<double>(Clock::now() - begin).count(),
                              step < steps_});
  }

  const TrainingRecord& record() const { return record_; }
  torch::optim::SGD& sgd() { return sgd_; }

  /// Takes up a training whose epochs so far are these; network and optimizer are the caller's
  /// business.
  void go_on_after(std::vector<EpochRecord> epochs) { record_ = {std::move(epochs)}; }

 private:
  struct Sums {
    double loss = 0;
    std::int64_t correct = 0;
    std::int64_t images = 0;

    double mean_loss() const { return loss / static_cast<double>(images); }
    double accuracy() const { return static_cast<double>(correct) / static_cast<double>(images); }
  };

  void check_options() {
    TORCH_CHECK(!training_.split_epoch || *training_.split_epoch < training_.epochs,
                "interchoice: Training::split_epoch is ", training_.split_epoch.value_or(0), " of ",
                training_.epochs, " epochs, counted from 0; take an earlier one");
    TORCH_CHECK(training_.copy_momentum != CopyMomentum::kShared ||
                    training_.unsampled == UnsampledWeights::kFreeze,
                "interchoice: CopyMomentum::kShared with UnsampledWeights::kMove: every copy would "
                "move the shared momentum at every step; use kFreeze");
    TORCH_CHECK(paths_ > 0,
                "interchoice: the sampler draws 0 paths a step; at least one is needed");
    successive_ = training_.path_batches == PathBatches::kSuccessiveBatches;
    const std::size_t batches_a_step = successive_ ? paths_ : 1;
    steps_ = static_cast<std::size_t>(data_.size()) / batches_a_step;
    TORCH_CHECK(steps_ > 0, "interchoice: an epoch of ", data_.size(), " batches has no step of ",
                batches_a_step, " batches; use smaller batches or PathBatches::kSameBatch");
  }

  void split(std::size_t epoch) {
    add_new_parameters(sgd_, begin_epoch(*network_, epoch), training_.copy_momentum);
    if (training_.split_epoch != epoch) return;
    add_new_parameters(sgd_, split_now(*network_), training_.copy_momentum);
    TORCH_CHECK(is_split(*network_), "interchoice: Training::split_epoch is ", epoch,
                ", but no block's policy splits; use split<on_demand> or leave it out");
  }

  template <class Batches>
  void run_step(const Batches& batches, std::size_t epoch, std::size_t step, Sums& sums) {
    const auto architectures = paths_of_step(sample_, epoch, step);
    clear_gradients(*network_, training_.unsampled);
    Batch batch;
    for (std::size_t path = 0; path < paths_; ++path) {
      if (path == 0 || successive_) {
        const std::size_t index = successive_ ? step * paths_ + path : step;
        batch = on_device(batches[static_cast<std::int64_t>(index)], device_);
      }
      const auto& architecture = architectures[path];
      const at::Tensor logits = network_->forward(batch.data, architecture);
      const at::Tensor loss = at::cross_entropy_loss(logits, batch.target, {}, at::Reduction::Mean,
                                                     -100, training_.label_smoothing);
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
      sums.loss += value * static_cast<double>(count);
      sums.correct +=
          logits.detach().argmax(1).eq(batch.target).sum().template item<std::int64_t>();
      sums.images += count;
    }
    sgd_.step();
  }

  Network& network_;
  const Source& data_;
  const Sampler& sample_;
  Training training_;
  std::size_t paths_;
  std::size_t steps_ = 0;    // of an epoch
  bool successive_ = false;  // whether each path of a step has a batch of its own
  torch::optim::SGD sgd_;
  at::Device device_;
  TrainingRecord record_;
};

}  // namespace interchoice
