#pragma once

#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/data/any_batch_source.hpp"
#include "interchoice/data/batch.hpp"
#include "interchoice/data/detail/batch_share.hpp"
#include "interchoice/distributed/group.hpp"
#include "interchoice/nn/device.hpp"
#include "interchoice/nn/precision.hpp"
#include "interchoice/nn/synchronised_batch_norm.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/training/detail/epoch_sums.hpp"
#include "interchoice/training/detail/step_counts.hpp"
#include "interchoice/training/path_step.hpp"
#include "interchoice/training/progress.hpp"
#include "interchoice/training/ranks_share.hpp"
#include "interchoice/training/training.hpp"
#include "interchoice/training/training_position.hpp"
#include "interchoice/training/weighed_loss.hpp"

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

}  // namespace detail

/// The part of a training that is done, and a run goes on from: epochs, and some steps of the next
/// one with the sums over them.
struct DoneTraining {
  std::vector<EpochRecord> epochs = {};
  std::size_t step = 0;
  detail::EpochSums sums = {};
  std::vector<std::int64_t> owed = {};  ///< `PathStep::owed`, within an epoch
};

/// A training that runs step by step, or epoch by epoch, for loops that do something in between;
/// `train` is a loop around it.
///
/// Shares the network, which is in training mode from the beginning on, and has copies of all else.
/// *Throws*: as `train`.
template <class Network, class Sampler>
class TrainingRun {
  static_assert(detail::CheckedTraining<Network, AnyBatchSource, Sampler>::value);

 public:
  TrainingRun(Network network, AnyBatchSource data, Sampler sample, Training training)
      : network_(std::move(network)),
        training_(std::move(training)),
        data_(own_share(std::move(data), training_)),
        sample_(std::move(sample)),
        paths_(paths_per_step(sample_)),
        optimizer_(training_.optimizer(*network_)),
        device_(device_of(*network_)),
        read_every_(training_.read_every.value_or(device_.is_cpu() ? 1 : 64)),
        step_(network_, *optimizer_,
              {.unsampled = training_.unsampled,
               .copies = training_.copies,
               .non_finite = training_.non_finite,
               .on_device = read_every_ > 1,
               .group = training_.group,
               .ranks_share = training_.ranks_share,
               .compare_every = training_.compare_every,
               .has_equal_buffers = training_.synchronises_batch_norm,
               .parts = training_.parts}) {
    check_options();
    network_->train();
  }

  /// Goes on after what is done; before the first step. Network, optimizer and gradients as that
  /// left them are the caller's business. *Throws* c10::Error for more than the training has.
  void go_on_after(DoneTraining done) {
    const std::size_t epoch = done.epochs.size();
    TORCH_CHECK(record_.position == TrainingPosition{}, "interchoice: TrainingRun::go_on_after in ",
                "epoch ", record_.position.epoch, "; call it before the first step");
    TORCH_CHECK(epoch + (done.step > 0 ? 1 : 0) <= training_.epochs && done.step < steps_,
                "interchoice: ", epoch, " epochs and ", done.step, " steps are done of ",
                training_.epochs, " epochs of ", steps_, " steps");
    record_.epochs = std::move(done.epochs);
    record_.position = {epoch, done.step};
    sums_ = done.sums.of_rank(training_.group);
    owed_ = std::move(done.owed);
    before_ = epoch * steps_ + done.step;
  }

  /// Whether all epochs are done, or the training was stopped.
  bool is_over() const { return record_.stopped || record_.position.epoch >= training_.epochs; }

  /// Trains one step; begins and ends epochs as they come. *Throws* c10::Error if the training is
  /// over.
  template <class Report = NoProgress>
  void run_step(Report&& report = {}) {
    using Clock = std::chrono::steady_clock;
    check_not_over("run_step");
    const auto begin = Clock::now();
    if (!batches_) begin_epoch();
    const std::size_t epoch = record_.position.epoch;
    enqueue_step();
    if (next_step() == steps_ || unread_.size() == read_every_) read_steps();
    const bool is_asked_to = training_.group.any(training_.stop && training_.stop());
    record_.stopped = is_asked_to && !(epoch + 1 == training_.epochs && next_step() == steps_);
    if (record_.stopped) read_steps();
    const bool is_last = next_step() == steps_;  // unless steps have to be done again
    report(Progress{epoch * steps_ + next_step(), training_.epochs * steps_, state_text(), is_last,
                    before_});
    sums_.seconds += std::chrono::duration<double>(Clock::now() - begin).count();
    if (is_last || record_.stopped) {
      const detail::EpochSums sums = sums_.of_group(training_.group);
      record_.epochs.push_back({epoch, learning_rate_, sums.mean_loss(), sums.accuracy(),
                                sums.seconds, !is_last, sums.skipped});
    }
    if (is_last) {
      step_.settle();
      record_.position = {epoch + 1, 0};
      sums_ = {};
      batches_.reset();
      if (training_.after_epoch) training_.after_epoch(record_);
    }
  }

  /// Trains to the end of the epoch, or until `Training::stop` ends it. *Throws* c10::Error if the
  /// training is over.
  template <class Report = NoProgress>
  void run_epoch(Report&& report = {}) {
    check_not_over("run_epoch");
    const std::size_t epoch = record_.position.epoch;
    while (!is_over() && record_.position.epoch == epoch) run_step(report);
  }

  /// Of the steps that are read (`Training::read_every`).
  const TrainingRecord& record() const { return record_; }
  /// The step that comes next.
  TrainingPosition position() const { return {record_.position.epoch, next_step()}; }
  /// What is done, to go on after: the record without the part of an epoch that a stop ends it
  /// with. Waits for the device, and for the other ranks; *throws* as a step does.
  DoneTraining done() {
    read_steps();
    DoneTraining done{record_.epochs, record_.position.step, sums_.of_group(training_.group)};
    if (done.step > 0) done.owed = step_.owed();
    done.epochs.resize(record_.position.epoch, EpochRecord{});
    return done;
  }
  /// The learning rate of the epoch in progress, or of the last one.
  double learning_rate() const { return learning_rate_; }
  /// The optimizer that steps the weights.
  torch::optim::Optimizer& optimizer() { return *optimizer_; }

 private:
  static AnyBatchSource own_share(AnyBatchSource data, const Training& training) {
    const Group& group = training.group;
    if (group.is_alone() || training.ranks_share == RanksShare::kPaths) return data;
    return data.share(group.rank(), group.size());
  }

  void check_options() {
    const bool shares_paths = training_.ranks_share == RanksShare::kPaths;
    TORCH_CHECK(
        !shares_paths || paths_ >= training_.group.size(), "interchoice: ", training_.group.size(),
        " ranks share the paths of a step, of which there ", paths_ == 1 ? "is 1" : "are fewer",
        "; use a sampler of more paths, or RanksShare::kExamples");
    TORCH_CHECK(!training_.synchronises_batch_norm || (!shares_paths && training_.parts == 1),
                "interchoice: a BatchNorm can be synchronised where all ranks train the same paths "
                "at once: with RanksShare::kExamples and Training::parts of 1");
    for (std::size_t i = 0; i < training_.split_epochs.size(); ++i) {
      const std::size_t epoch = training_.split_epochs[i];
      TORCH_CHECK(epoch < training_.epochs, "interchoice: one of Training::split_epochs is ", epoch,
                  " of ", training_.epochs, " epochs, counted from 0; take an earlier one");
      TORCH_CHECK(i == 0 || training_.split_epochs[i - 1] < epoch,
                  "interchoice: Training::split_epochs has ", epoch, " behind ",
                  training_.split_epochs[i > 0 ? i - 1 : 0], "; give them in ascending order");
    }
    TORCH_CHECK(paths_ > 0,
                "interchoice: the sampler draws 0 paths a step; at least one is needed");
    batches_a_step_ = training_.path_batches == PathBatches::kSuccessive ? paths_ : 1;
    steps_ = static_cast<std::size_t>(data_.size()) / batches_a_step_;
    TORCH_CHECK(steps_ > 0, "interchoice: an epoch of ", data_.size(), " batches has no step of ",
                batches_a_step_, " batches; use smaller batches or PathBatches::kSame");
    TORCH_CHECK(read_every_ > 0, "interchoice: Training::read_every is 0; take at least 1");
  }

  void check_not_over(const char* call) const {
    TORCH_CHECK(!is_over(), "interchoice: TrainingRun::", call, " after the end of the training, ",
                record_.epochs.size(), " of ", training_.epochs,
                " epochs; call it while is_over() is false");
  }

  void begin_epoch() {
    const std::size_t epoch = record_.position.epoch;
    step_.begin(record_.position, std::exchange(owed_, {}));
    const auto& splits = training_.split_epochs;
    const bool is_done = record_.position.step > 0;  // in the process that began the epoch
    if (!is_done && std::count(splits.begin(), splits.end(), epoch) > 0) step_.split();
    learning_rate_ = training_.learning_rate(epoch, training_.epochs);
    TORCH_CHECK(std::isfinite(learning_rate_), "interchoice: the learning rate of epoch ", epoch,
                " is ", learning_rate_, "; a finite one is needed");
    set_learning_rate(*optimizer_, learning_rate_,
                      static_cast<double>(epoch) / static_cast<double>(training_.epochs));
    batches_.emplace(data_.epoch(epoch));
  }

  /// The step after those that are done and those that are enqueued.
  std::size_t next_step() const { return record_.position.step + unread_.size(); }

  void enqueue_step() {
    Batch batch;
    std::optional<std::size_t> place;  // of the batch in its epoch
    detail::StepCounts counts;
    step_.enqueue(sample_, [&](const auto& path, std::size_t index, std::size_t part) {
      const std::size_t next = next_step() * batches_a_step_ + std::min(index, batches_a_step_ - 1);
      if (place != next) {
        batch = on_device((*batches_)[static_cast<std::int64_t>(next)], device_);
        place = next;
      }
      const Batch own = detail::BatchShare(part, training_.parts).part(batch);
      if (own.data.size(0) == 0) return WeighedLoss(at::Tensor());
      const SynchronisedBatchNorm scope(training_.synchronises_batch_norm ? training_.group
                                                                          : Group());
      const at::Tensor logits = in_precision(training_.precision, device_,
                                             [&] { return network_->forward(own.data, path); });
      counts.add(index, logits, own.target);
      return WeighedLoss(training_.loss(logits, own.target, own.data), own.fraction);
    });
    unread_.push_back(std::move(counts));
  }

  /// Takes what came of the steps that are enqueued; of those behind a skipped one nothing did.
  void read_steps() {
    std::vector<StepOutcome> outcomes;
    const auto take = [&] {
      std::vector<std::vector<double>> losses;
      for (const StepOutcome& outcome : outcomes) {
        losses.push_back(outcome.skipped ? std::vector<double>() : outcome.losses);
      }
      record_.position.step += outcomes.size();
      sums_.add(detail::sums_of(std::exchange(unread_, {}), losses));
    };
    try {
      step_.read([&](StepOutcome outcome) { outcomes.push_back(std::move(outcome)); });
    } catch (...) {
      take();
      throw;
    }
    take();
    if (outcomes.empty() || !outcomes.back().skipped) return;
    if (++sums_.skipped == steps_) {
      throw std::runtime_error(fmt::format(
          "interchoice: every step of epoch {} was skipped, at the last one because {}; use a "
          "smaller learning rate or check the data",
          record_.position.epoch, outcomes.back().fault));
    }
  }

  std::string state_text() const {
    std::string text = fmt::format("epoch {}/{}", record_.position.epoch + 1, training_.epochs);
    if (sums_.examples > 0) text += fmt::format(", loss {:.4f}", sums_.mean_loss());
    if (const auto accuracy = sums_.accuracy()) {
      text += fmt::format(", accuracy {:.2f} %", 100 * *accuracy);
    }
    if (sums_.skipped > 0) text += fmt::format(", {} skipped", sums_.skipped);
    return text;
  }

  Network network_;
  Training training_;
  AnyBatchSource data_;
  Sampler sample_;
  std::size_t paths_;
  std::size_t batches_a_step_ = 1;
  std::size_t steps_ = 0;  // of an epoch
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  at::Device device_;
  std::size_t read_every_;
  PathStep step_;
  TrainingRecord record_;
  std::size_t before_ = 0;                        // steps that were done at the beginning
  std::optional<AnyBatchSource::Epoch> batches_;  // of the epoch in progress
  detail::EpochSums sums_;                        // over it, as far as it is read
  std::vector<detail::StepCounts> unread_;        // steps that are not
  std::vector<std::int64_t> owed_;                // at its beginning here
  double learning_rate_ = 0;
};

}  // namespace interchoice
