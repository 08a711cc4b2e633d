#pragma once

#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/data/any_batch_source.hpp"
#include "interchoice/data/batch.hpp"
#include "interchoice/nn/device.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/training/path_step.hpp"
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

// One check a requirement, so that a wrong argument is named before anything else fails.
template <class Network, class Source, class Sampler>
struct CheckedTraining {
  static_assert(PathSampler<Sampler>,
                "interchoice: train needs a sampler: a callable `sample(epoch, step)` that returns "
                "an Architecture<Space>, or a range of `paths_per_step()` of them; see "
                "sampling/sampler.hpp");
  static_assert(!PathSampler<Sampler> || ForwardsPaths<Network, sampled_space_t<Sampler>>,
                "interchoice: train needs a network: a module holder with `forward(x, "
                "architecture)` for the architectures that the sampler draws; see "
                "networks/supernet.hpp");
  static_assert(
      BatchSource<Source>,
      "interchoice: train needs a batch source, such as Batches; a type of your own needs "
      "`size()`, `example_count()`, `epoch(e)`, `evaluation(i)` and `calibration(i)`, "
      "see data/batch_source.hpp");
  static constexpr bool value = true;
};

// Sums over what an epoch has seen.
struct EpochSums {
  double loss = 0;  // each example's, for every path
  std::int64_t examples = 0;
  std::int64_t correct = 0;
  std::int64_t targets = 0;  // that are classes

  void add(double mean_loss, std::int64_t count) {
    loss += mean_loss * static_cast<double>(count);
    examples += count;
  }
  void judge(const at::Tensor& logits, const at::Tensor& target) {
    if (logits.dim() < 2 || target.is_floating_point()) return;
    const at::Tensor predicted = logits.detach().argmax(1);
    if (predicted.sizes() != target.sizes()) return;
    correct += predicted.eq(target).sum().item<std::int64_t>();
    targets += target.numel();
  }
  double mean_loss() const { return loss / static_cast<double>(examples); }
  std::optional<double> accuracy() const {
    if (targets == 0) return std::nullopt;
    return static_cast<double>(correct) / static_cast<double>(targets);
  }
};

}  // namespace detail

/// A training that runs epoch by epoch, for loops that do something between epochs; `train` is a
/// loop around it.
///
/// Shares the network, which is in training mode from the beginning on, and has copies of all else.
/// Goes on after the epochs `done`; network and optimizer as those left them are the caller's
/// business. *Throws*: as `train`.
template <class Network, class Sampler>
class TrainingRun {
  static_assert(detail::CheckedTraining<Network, AnyBatchSource, Sampler>::value);

 public:
  TrainingRun(Network network, AnyBatchSource data, Sampler sample, Training training,
              std::vector<EpochRecord> done = {})
      : network_(std::move(network)),
        data_(std::move(data)),
        sample_(std::move(sample)),
        training_(std::move(training)),
        paths_(paths_per_step(sample_)),
        optimizer_(training_.optimizer(*network_)),
        step_(network_, *optimizer_, {training_.unsampled, training_.copies}),
        device_(device_of(*network_)),
        record_{std::move(done)} {
    check_options();
    network_->train();
  }

  bool is_over() const { return record_.stopped || record_.epochs.size() >= training_.epochs; }

  /// Trains the next epoch, or a part of it if `Training::stop` ends it. *Throws* c10::Error if the
  /// training is over.
  template <class Report = NoProgress>
  void run_epoch(Report&& report = {}) {
    using Clock = std::chrono::steady_clock;
    const std::size_t epoch = record_.epochs.size();
    TORCH_CHECK(!is_over(), "interchoice: TrainingRun::run_epoch after the end of the training, ",
                epoch, " of ", training_.epochs, " epochs; call it while is_over() is false");
    step_.begin(epoch);
    if (training_.split_epoch == epoch) step_.split();
    const double learning_rate = training_.learning_rate(epoch, training_.epochs);
    set_learning_rate(*optimizer_, learning_rate);
    const auto begin = Clock::now();
    const AnyBatchSource::Epoch batches = data_.epoch(epoch);
    detail::EpochSums sums;
    std::size_t step = 0;
    for (; step < steps_ && !record_.stopped; ++step) {
      run_step(batches, step, sums);
      record_.stopped = training_.stop && training_.stop() &&
                        !(epoch + 1 == training_.epochs && step + 1 == steps_);
      std::string state =
          fmt::format("epoch {}/{}, loss {:.4f}", epoch + 1, training_.epochs, sums.mean_loss());
      if (const auto accuracy = sums.accuracy()) {
        state += fmt::format(", accuracy {:.2f} %", 100 * *accuracy);
      }
      report(Progress{epoch * steps_ + step + 1, training_.epochs * steps_, std::move(state),
                      step + 1 == steps_});
    }
    record_.epochs.push_back({epoch, learning_rate, sums.mean_loss(), sums.accuracy(),
                              std::chrono::duration<double>(Clock::now() - begin).count(),
                              step < steps_});
  }

  const TrainingRecord& record() const { return record_; }
  torch::optim::Optimizer& optimizer() { return *optimizer_; }

 private:
  void check_options() {
    TORCH_CHECK(!training_.split_epoch || *training_.split_epoch < training_.epochs,
                "interchoice: Training::split_epoch is ", training_.split_epoch.value_or(0), " of ",
                training_.epochs, " epochs, counted from 0; take an earlier one");
    TORCH_CHECK(paths_ > 0,
                "interchoice: the sampler draws 0 paths a step; at least one is needed");
    batches_a_step_ = training_.path_batches == PathBatches::kSuccessive ? paths_ : 1;
    steps_ = static_cast<std::size_t>(data_.size()) / batches_a_step_;
    TORCH_CHECK(steps_ > 0, "interchoice: an epoch of ", data_.size(), " batches has no step of ",
                batches_a_step_, " batches; use smaller batches or PathBatches::kSame");
  }

  void run_step(const AnyBatchSource::Epoch& batches, std::size_t step, detail::EpochSums& sums) {
    Batch batch;
    std::vector<std::int64_t> counts;  // examples, by path
    const auto record = step_(sample_, [&](const auto& path, std::size_t index) {
      if (index < batches_a_step_) {
        const std::size_t next = step * batches_a_step_ + index;
        batch = on_device(batches[static_cast<std::int64_t>(next)], device_);
      }
      const at::Tensor logits = network_->forward(batch.data, path);
      sums.judge(logits, batch.target);
      counts.push_back(batch.target.size(0));
      return training_.loss(logits, batch.target, batch.data);
    });
    for (std::size_t p = 0; p < counts.size(); ++p) sums.add(record.losses[p], counts[p]);
  }

  Network network_;
  AnyBatchSource data_;
  Sampler sample_;
  Training training_;
  std::size_t paths_;
  std::size_t batches_a_step_ = 1;
  std::size_t steps_ = 0;  // of an epoch
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  PathStep step_;
  at::Device device_;
  TrainingRecord record_;
};

}  // namespace interchoice
