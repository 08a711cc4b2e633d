#pragma once

#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/nn/module.h>
#include <torch/optim/lbfgs.h>
#include <torch/optim/optimizer.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "interchoice/core/text.hpp"
#include "interchoice/distributed/group.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/detail/used_rows.hpp"
#include "interchoice/nn/device.hpp"
#include "interchoice/nn/new_parameters.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/training/copy_momentum.hpp"
#include "interchoice/training/detail/changed_gradients.hpp"
#include "interchoice/training/detail/check_copies.hpp"
#include "interchoice/training/detail/device_guard.hpp"
#include "interchoice/training/detail/equal_ranks.hpp"
#include "interchoice/training/detail/host_guard.hpp"
#include "interchoice/training/detail/loss_of.hpp"
#include "interchoice/training/detail/step_guard.hpp"
#include "interchoice/training/detail/step_reduction.hpp"
#include "interchoice/training/detail/step_weights.hpp"
#include "interchoice/training/non_finite.hpp"
#include "interchoice/training/path_step_options.hpp"
#include "interchoice/training/ranks_share.hpp"
#include "interchoice/training/step_outcome.hpp"
#include "interchoice/training/training_position.hpp"
#include "interchoice/training/unsampled_weights.hpp"
#include "interchoice/training/weighed_loss.hpp"

namespace interchoice {

/// Steps of training on sampled paths: what `train` and loops of one's own consist of.
///
///   PathStep step(net, optimizer, {.copies = copied_momentum});
///   for (std::size_t epoch = 0; epoch < 60; ++epoch) {
///     step.begin(epoch);
///     for (auto [x, y] : data.epoch(epoch)) {
///       step(sample, [&](const auto& path) { return loss(net(x, path), y); });
///     }
///   }
///
/// Epochs and the steps within them are counted here, so that `sample(epoch, step)` is drawn
/// alike in every loop. Shares the network, a module holder; refers to the optimizer, any of
/// libtorch's but LBFGS, which must outlive it. With libtorch's SGD a step moves only the weights
/// that its paths use: what happens to others is put off until they are used or read (see
/// `settle_weights`).
///
/// *Throws*: the constructor c10::Error for LBFGS, and for an optimizer that was made before the
/// network was split and so lacks the copies of parameters that it trains.
class PathStep {
 public:
  template <class Network>
  PathStep(const Network& network, torch::optim::Optimizer& optimizer, PathStepOptions options = {})
      : network_(module_of(network)),
        optimizer_(&optimizer),
        options_(std::move(options)),
        weights_(network_, optimizer, options_.unsampled),
        reduction_(options_.group),
        parameters_(network_->parameters().size()) {
    if (options_.on_device || !device_of(*network_).is_cpu()) {
      guard_ = std::make_unique<detail::DeviceGuard>();
    } else {
      guard_ = std::make_unique<detail::HostGuard>();
    }
    TORCH_CHECK(dynamic_cast<const torch::optim::LBFGS*>(&optimizer) == nullptr,
                "interchoice: PathStep with LBFGS, which asks for the loss several times a step; "
                "use another of libtorch's optimizers");
    TORCH_CHECK(options_.parts > 0, "interchoice: PathStepOptions::parts is 0; take at least 1");
    detail::check_copies(*network_, optimizer);
  }

  /// Begins an epoch, counted from 0: splits whose epoch has come happen, and the new parameters
  /// join their sources' groups of the optimizer. Returns the new parameters. To be called at each
  /// epoch: a `split<N>` of a loop that begins epoch 0 only never happens. The ranks of a group
  /// take the weights and buffers of rank 0 at the first call, and compare weights at every other.
  ///
  /// *Throws* c10::Error if the epoch is not later than the one before, while steps are not read,
  /// or if something else has added parameters to the network since, which the optimizer then
  /// lacks; std::runtime_error with the parameter if a rank's weights are not those of rank 0.
  NewParameters begin(std::size_t epoch) { return begin(TrainingPosition{.epoch = epoch}); }

  /// The same for an epoch of which some steps are done, in another process: the next step is
  /// `position.step`. Network and optimizer are as those steps left them.
  NewParameters begin(const TrainingPosition& position,
                      const std::vector<std::int64_t>& owed = {}) {
    const std::size_t epoch = position.epoch;
    TORCH_CHECK(!epoch_ || epoch > *epoch_, "interchoice: PathStep::begin(", epoch,
                ") after begin(", epoch_.value_or(0), "); epochs are counted forward from 0");
    check_read("begin");
    const std::size_t parameters = network_->parameters().size();
    TORCH_CHECK(parameters == parameters_, "interchoice: PathStep::begin(", epoch,
                "): the network has ", parameters, " parameters, not the ", parameters_,
                " of before; begin_epoch and split_now of a network in training are called by "
                "PathStep::begin and PathStep::split, so that the optimizer gets what they add");
    step_ = position.step;
    settle();
    if (epoch_) {
      compare_ranks(fmt::format("before epoch {}", epoch));
    } else if (!is_begun_) {
      detail::take_weights_of_first(*network_, options_.group);
      is_begun_ = true;
    }
    NewParameters added = join(begin_epoch(*network_, epoch), epoch);
    if (!weights_.puts_off() || owed.empty()) return added;
    TORCH_CHECK(owed.size() == parameters_, "interchoice: PathStep::begin(", epoch, ") with ",
                owed.size(), " owed steps for ", parameters_,
                " parameters; give what `owed()` returned at that position");
    weights_.owe(owed);
    return added;
  }

  /// Splits now what is not split yet (`split<on_demand>`), or the next stage of a `staged_split`.
  /// Returns the new parameters, which have joined the optimizer.
  NewParameters split() {
    check_read("split");
    NewParameters added = split_now(*network_);  // applies before what is put off
    return added.empty() ? added : join(std::move(added), epoch_);
  }

  /// Applies the steps that are put off, for good; such as at the end of an epoch, as `begin` does.
  void settle() {
    check_read("settle");
    weights_.settle();
  }

  /// The steps that are put off, for each parameter of the network as it lies in memory then; empty
  /// where none ever are. For `begin` in another process.
  std::vector<std::int64_t> owed() {
    check_read("owed");
    return weights_.owed();
  }

  /// One step: clears gradients, draws the paths, calls `loss(path)`, or `loss(path, index)` with
  /// the path's place in the step, and backward for each, steps the optimizer. Gradients of several
  /// paths are added up. `loss` returns a scalar tensor; it uses a network's candidates by the
  /// forward passes of their blocks only.
  ///
  /// In a group gradients and losses are those of all ranks, on every rank: with equally large
  /// batches the mean over the ranks, else `loss` returns a `WeighedLoss`. With
  /// `PathStepOptions::parts` the same holds for `loss(path, index, part)`; an undefined loss says
  /// that there are fewer parts.
  ///
  /// A step whose losses, gradients, or buffers afterwards are not finite, and one that ends in an
  /// exception before the optimizer's step, change no bit of weights, optimizer, buffers and
  /// libtorch's generators, nor which parameters have a gradient; gradients that were there are
  /// zero then. What a buffer had of infinities before does not count.
  ///
  /// *Throws* c10::Error before the first `begin`, after one that failed, and while steps are not
  /// read; std::runtime_error with what was not finite, unless `NonFinite::kSkip`. *Cost*: copies
  /// the buffers and reads the gradients of the paths once. Waits for the device.
  template <class Sampler, class LossOfPath>
  auto operator()(const Sampler& sample, const LossOfPath& loss) {
    check_read("operator()");
    auto paths = enqueue(sample, loss);
    using Path = std::remove_cvref_t<decltype(*std::begin(paths))>;
    StepRecord<Path> record;
    record.paths.assign(std::begin(paths), std::end(paths));
    read([&](StepOutcome outcome) { static_cast<StepOutcome&>(record) = std::move(outcome); });
    return record;
  }

  /// The same without waiting for a device, whose steps follow one another then; what came of it
  /// `read` tells later. Returns the paths.
  ///
  /// Once a step was not finite, those after it change nothing until `read`. An optimizer other
  /// than libtorch's SGD is stepped by the host, which waits for the gradients.
  /// *Cost*: what the weights that come to be used were before is kept, up to 256 MB; then it
  /// waits.
  template <class Sampler, class LossOfPath>
  auto enqueue(const Sampler& sample, const LossOfPath& loss) {
    static_assert(PathSampler<Sampler>,
                  "interchoice: a training step needs a sampler: a callable `sample(epoch, step)` "
                  "that returns an Architecture<Space>; see sampling/sampler.hpp");
    TORCH_CHECK(epoch_,
                "interchoice: a step before PathStep::begin(epoch), or after one that failed; call "
                "it at the beginning of each epoch: it lets splits happen and the optimizer have "
                "what they add");
    auto paths = paths_of_step(sample, *epoch_, step_);
    if (is_halted()) return paths;
    guard_->note();
    try {
      weights_.begin_step();
      weights_.take_paths(paths);
      const detail::UsedRows rows;
      std::vector<at::Tensor> losses;
      for (const auto& path : paths) {
        const std::size_t index = losses.size();
        losses.emplace_back();  // undefined, of a path that another rank trains
        if (!is_own_path(index)) continue;
        for (std::size_t part = 0; part < options_.parts; ++part) {
          const WeighedLoss own = detail::loss_of(loss, path, index, part);
          if (part > 0 && !own.loss.defined()) break;
          detail::go_backward(own, default_weight(), losses.back());
        }
      }
      judge({.changed = weights_.changed(),
             .rows = rows,
             .losses = std::move(losses),
             .is_faulty = {}});
    } catch (...) {
      guard_->put_back();
      weights_.abandon_step();
      throw;
    }
    std::vector<std::string> texts;
    for (const auto& path : paths) texts.push_back(to_text(path));
    unread_.push_back({step_, std::move(texts)});
    weights_.step(*guard_);
    if (weights_.undo_bytes() > options_.undo_limit) collect();
    ++step_;
    if (options_.compare_every > 0 && step_ % options_.compare_every == 0) {
      compare_ranks(fmt::format("after epoch {}, step {}", *epoch_, step_ - 1));
    }
    return paths;
  }

  /// Waits for the steps since the last call and tells what came of them, in their order:
  /// `take(StepOutcome)`. With a step that was skipped it ends: those after it are undone, and the
  /// next one to be enqueued is the one behind it, which draws what it drew before.
  ///
  /// *Throws* std::runtime_error for a step that was not finite, unless `NonFinite::kSkip`, after
  /// those before it are told.
  template <class Take>
  void read(const Take& take) {
    collect();
    const auto steps = std::exchange(unread_, {});
    auto outcomes = std::exchange(outcomes_, {});
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      StepOutcome& outcome = outcomes[i];
      outcome.skipped = !outcome.fault.empty();
      if (outcome.skipped) {
        step_ = steps[i].step;
        if (options_.non_finite == NonFinite::kStop) fail(outcome, steps[i]);
        ++step_;
      }
      take(std::move(outcome));
    }
  }

 private:
  template <class Network>
  static std::shared_ptr<torch::nn::Module> module_of(const Network& network) {
    constexpr bool is_holder = requires(Network shared) {
      { shared->shared_from_this() } -> std::convertible_to<std::shared_ptr<torch::nn::Module>>;
    };
    static_assert(is_holder,
                  "interchoice: PathStep needs a module holder, such as TORCH_MODULE makes; give "
                  "it `net`, not `*net`");
    if constexpr (is_holder) {
      return Network(network)->shared_from_this();
    } else {
      return {};
    }
  }

  NewParameters join(NewParameters added, std::optional<std::size_t> epoch) {
    epoch_.reset();  // no step after a split that the optimizer did not take
    add_new_parameters(*optimizer_, added, options_.copies);
    parameters_ += added.size();
    guard_->watch(*network_, *optimizer_);
    reduction_.watch(*optimizer_);
    weights_.watch();
    epoch_ = epoch;
    return added;
  }

  bool shares_paths() const {
    return options_.ranks_share == RanksShare::kPaths && !options_.group.is_alone();
  }
  bool is_own_path(std::size_t index) const {
    return !shares_paths() || index % options_.group.size() == options_.group.rank();
  }

  /// What a loss without a weight counts.
  double default_weight() const {
    const std::size_t ranks = shares_paths() ? 1 : options_.group.size();
    return 1 / static_cast<double>(ranks * options_.parts);
  }

  void judge(detail::StepReduction::Made made) {
    if (!options_.group.is_alone()) {
      made.is_faulty = guard_->has_bad_buffers();
      reduction_.sum(made, shares_paths(),
                     [&](const at::Tensor& parameter) { weights_.use(parameter); });
      if (shares_paths()) made.changed = weights_.changed();
    }
    guard_->judge(*network_, *optimizer_, made.losses, detail::gradients_of(made.changed),
                  made.is_faulty);
  }

  void compare_ranks(const std::string& when) const {
    detail::require_equal_weights(*network_, options_.group, when, options_.has_equal_buffers);
  }

  /// Whether steps change nothing any more.
  bool is_halted() const {
    return (!outcomes_.empty() && !outcomes_.back().fault.empty()) || guard_->is_halted(false);
  }

  /// Takes over what the guard knows of the steps since the last call.
  void collect() {
    std::vector<StepOutcome> judged = guard_->read(*network_, *optimizer_);
    weights_.told(judged);
    std::move(judged.begin(), judged.end(), std::back_inserter(outcomes_));
  }

  void check_read(const char* call) const {
    TORCH_CHECK(unread_.empty(), "interchoice: PathStep::", call, " while ", unread_.size(),
                " steps that were enqueued are not read; call PathStep::read before");
  }

  struct Unread {
    std::size_t step;
    std::vector<std::string> paths;
  };

  [[noreturn]] void fail(const StepOutcome& outcome, const Unread& step) const {
    std::string paths;  // the one whose loss it was, or all of them
    for (std::size_t i = 0; i < step.paths.size(); ++i) {
      if (!std::isfinite(outcome.losses[i])) {
        paths = step.paths[i];
        break;
      }
      paths += (paths.empty() ? "" : " + ") + step.paths[i];
    }
    throw std::runtime_error(fmt::format(
        "interchoice: {} in epoch {}, step {}, architecture {}; the step has changed nothing. Use "
        "a smaller learning rate, check the data, or skip such steps (NonFinite::kSkip)",
        outcome.fault, *epoch_, step.step, paths));
  }

  std::shared_ptr<torch::nn::Module> network_;
  torch::optim::Optimizer* optimizer_;
  PathStepOptions options_;
  std::unique_ptr<detail::StepGuard> guard_;
  detail::StepWeights weights_;
  detail::StepReduction reduction_;
  bool is_begun_ = false;
  std::size_t parameters_;  // of the network, as far as they are known here
  std::optional<std::size_t> epoch_;
  std::size_t step_ = 0;
  std::vector<Unread> unread_;         // steps that nobody was told of
  std::vector<StepOutcome> outcomes_;  // of the first ones of them
};

}  // namespace interchoice
