#pragma once

#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/core/detail/joined.hpp"
#include "interchoice/core/identity.hpp"
#include "interchoice/core/shown.hpp"
#include "interchoice/data/detail/text_of.hpp"
#include "interchoice/distributed/group.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/file_lock.hpp"
#include "interchoice/io/input_file.hpp"
#include "interchoice/io/safetensors.hpp"
#include "interchoice/networks/saved_network.hpp"
#include "interchoice/nn/device.hpp"
#include "interchoice/nn/precision.hpp"
#include "interchoice/training/detail/environment.hpp"
#include "interchoice/training/detail/optimizer_state.hpp"
#include "interchoice/training/detail/training_file.hpp"
#include "interchoice/training/table_step.hpp"
#include "interchoice/training/training_position.hpp"
#include "interchoice/training/training_run.hpp"

namespace interchoice {

/// The file of a training's state, and when it is written beside the training's end, where it is
/// always: after so many epochs, steps, or minutes, each 0 for not by this measure.
struct TrainingStateFile {
  std::filesystem::path path = {};
  std::size_t epochs = 1;
  std::size_t steps = 0;
  double minutes = 0;
  /// Refuses, instead of warning, to go on where the bits may differ: with other threads, another
  /// instruction set, version, device, or precision.
  bool exact = false;
};

/// The identity of a training beside its network: the texts of its parts, its sampler and its data.
/// Trainings of equal identity go on alike under equal learning rates.
///
/// *Throws* c10::Error if a part has no text.
template <class Source, class Sampler>
Identity training_identity(const Source& data, const Sampler& sample, const Training& training) {
  Identity identity{
      {"loss", training.loss.text()},
      {"optimizer", training.optimizer.text()},
      {"unsampled weights", to_text(training.unsampled)},
      {"momentum of copies", training.copies.text()},
      {"batches of paths", training.path_batches == PathBatches::kSame ? "the same" : "successive"},
      {"precision", to_text(training.precision)},
      {"sampler", detail::text_of(sample)},
      {"data", detail::text_of(data)}};
  // Only where they say something: states of versions that had no other have no such facts.
  if (training.parts != 1) identity.set("parts of a batch", fmt::format("{}", training.parts));
  if (!training.group.is_alone() && training.ranks_share == RanksShare::kPaths) {
    identity.set("ranks share", "paths");
  }
  if (!training.group.is_alone() && training.synchronises_batch_norm) {
    identity.set("batch norm", "synchronised");
  }
  for (const auto& [name, text] : identity) {
    TORCH_CHECK(
        !text.empty(), "interchoice: the ", name,
        " of a training has no text that tells it from others; give its type a `std::string "
        "text() const` that names everything that changes what it does, or write Named{text, "
        "callable} for a lambda");
  }
  return identity;
}

namespace detail {

/// Whether what is done of a training is also what another training would have done: the same
/// parts, the same learning rates so far, and no split but at the same epoch. Tables move from the
/// fraction `tables_from` of either on.
inline void require_same_training(const std::filesystem::path& path, const TrainingFacts& there,
                                  const Identity& identity, const Training& training,
                                  double tables_from) {
  std::vector<std::string> lines = differences(there.identity, identity);
  const std::size_t epochs = there.done.epochs.size();
  const bool is_within = there.done.step > 0;  // an epoch
  const auto past = [&](std::vector<std::size_t> splits) {
    std::erase_if(splits, [&](std::size_t epoch) { return epoch >= epochs + (is_within ? 1 : 0); });
    return splits;
  };
  const auto split_text = [](const std::vector<std::size_t>& splits) {
    if (splits.empty()) return std::string("the policy's");
    std::vector<std::string> texts;
    for (const std::size_t epoch : splits) texts.push_back(std::to_string(epoch));
    return fmt::format("'{}'", joined(texts, ", "));
  };
  if (past(there.split_epochs) != past(training.split_epochs)) {
    lines.push_back(fmt::format("split epoch is {} there, {} here", split_text(there.split_epochs),
                                split_text(training.split_epochs)));
  }
  if (!lines.empty()) {
    fail_training(path,
                  fmt::format("is the state of another training; remove it to begin anew:\n  {}",
                              joined(lines, "\n  ")));
  }
  const std::size_t begun = epochs + (is_within ? 1 : 0);
  if (begun > training.epochs) {
    fail_training(path, fmt::format("has begun epoch {} of {}, the training has {} epochs; train "
                                    "for more, or remove it to begin anew",
                                    begun, there.planned_epochs, training.epochs));
  }
  const auto moves_tables = [&](std::size_t epoch, std::size_t epochs_in_all) {
    return static_cast<double>(epoch) / static_cast<double>(epochs_in_all) >= tables_from;
  };
  for (std::size_t e = 0; e < begun; ++e) {
    if (moves_tables(e, there.planned_epochs) != moves_tables(e, training.epochs)) {
      fail_training(path, fmt::format("tables that begin to move after {} of {} epochs do so at "
                                      "another one of {}: this training cannot be extended; begin "
                                      "it with as many epochs as it is to have",
                                      tables_from, there.planned_epochs, training.epochs));
    }
    const double was = e < epochs ? there.done.epochs[e].learning_rate : there.learning_rate;
    const double is = training.learning_rate(e, training.epochs);
    if (was == is) continue;
    if (there.planned_epochs == training.epochs) {
      fail_training(path, fmt::format("is the state of another training: the learning rate of "
                                      "epoch {} was {} and is {}; remove it to begin anew",
                                      e, was, is));
    }
    fail_training(
        path, fmt::format("the learning rate of epoch {} was {} of {} epochs and is {} of {}: this "
                          "schedule cannot be extended; use one that does not depend on the number "
                          "of epochs, such as constant(rate) or StepDecay, from the beginning",
                          e, was, there.planned_epochs, is, training.epochs));
  }
}

/// Says, or refuses, that the bits may differ from here on.
inline void compare_environments(const TrainingStateFile& state, const Identity& there,
                                 const Identity& here) {
  const std::vector<std::string> lines = differences(there, here);
  if (lines.empty()) return;
  const std::string text = joined(lines, "\n  ");
  if (state.exact) {
    fail_training(state.path,
                  fmt::format("was written where a training may have other bits; go on under the "
                              "same conditions, or without asking for exactness:\n  {}",
                              text));
  }
  TORCH_WARN("interchoice: ", state.path.string(),
             ": the training goes on under other conditions, and may so end in other bits than "
             "without an interruption:\n  ",
             text);
}

/// Calls `take`; an error of libtorch's becomes one of the file's, without stack frames.
template <class Take>
void with_path(const std::filesystem::path& path, const Take& take) {
  try {
    take();
  } catch (const c10::Error& error) {
    constexpr std::string_view kOwn = "interchoice: ";
    std::string_view text = error.what_without_backtrace();
    if (text.starts_with(kOwn)) text.remove_prefix(kOwn.size());
    fail_training(path, text);
  }
}

/// When a state is due.
class StateSchedule {
 public:
  explicit StateSchedule(const TrainingStateFile& state) : state_(state) {
    TORCH_CHECK(state.minutes >= 0, "interchoice: TrainingStateFile::minutes is ", state.minutes,
                "; 0, for not by time, or more is needed");
  }

  /// After a step.
  bool is_due(const TrainingPosition& position, bool is_over) {
    ++steps_;
    const bool is_epoch_due =
        position.step == 0 && state_.epochs > 0 && position.epoch % state_.epochs == 0;
    const bool is_step_due = state_.steps > 0 && steps_ % state_.steps == 0;
    const auto now = Clock::now();
    const bool is_time = state_.minutes > 0 && now - written_ >= Minutes(state_.minutes);
    if (!is_over && !is_epoch_due && !is_step_due && !is_time) return false;
    written_ = now;
    return true;
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Minutes = std::chrono::duration<double, std::ratio<60>>;

  const TrainingStateFile& state_;
  std::size_t steps_ = 0;  // of this process
  Clock::time_point written_ = Clock::now();
};

/// The file of a state, on every rank as rank 0 has read it: there may be no other that has it.
inline TensorFile state_of_first(const std::filesystem::path& path, const Group& group) {
  if (group.is_alone()) return read_tensor_file(path);
  return tensor_file_of(group.text_of_first(group.is_first() ? InputFile(path).text() : ""), path);
}

/// Takes up a state of a training: network, optimizer, gradients, generators, and how far it came.
template <class Network, class Run>
void take_training(const std::filesystem::path& path, Network& network, Run& run,
                   TrainingFacts facts, const std::map<std::string, at::Tensor>& optimizer,
                   const std::map<std::string, at::Tensor>& generator_states) {
  auto parameters = network->named_parameters();
  auto states = optimizer_states(path, *network, run.optimizer(), optimizer);
  for (const std::string& name : facts.gradients) {
    if (parameters.contains(name)) continue;
    fail_training(path, fmt::format("the network has no parameter {}", shown(name)));
  }
  if (const auto& owed = facts.done.owed; !owed.empty() && owed.size() != parameters.size()) {
    fail_training(path, fmt::format("it has {} owed steps for {} parameters", owed.size(),
                                    parameters.size()));
  }
  run.go_on_after(std::move(facts.done));
  take_generators(path, device_of(*network), generator_states);
  for (auto& [name, state] : states) {
    run.optimizer().state()[parameters[name].unsafeGetTensorImpl()] = std::move(state);
  }
  for (const std::string& name : facts.gradients) {
    parameters[name].mutable_grad() = at::zeros_like(parameters[name]);
  }
}

}  // namespace detail

/// `train` in a way that an interruption undoes nothing: the state is written to a file, after
/// every epoch or more often, at a stop, and at the end; a call that finds the file goes on from
/// there, within an epoch too.
///
/// The result is, bit by bit, that of a training that was never interrupted (on a device and with a
/// number of threads that compute alike): weights, buffers, splits, the optimizer's state, the
/// states of libtorch's random number generators, and the records but for their seconds. A finished
/// training's file gives back its network and its record at once.
///
/// A training goes on from the state of any training that has done the same so far: a finished one
/// is extended by more epochs where the learning rates of those done do not change by it. Meanwhile
/// the file is locked (`FileLock`). Under another number of threads, instruction set, version,
/// device, or precision it goes on with a libtorch warning, or is refused (`exact`).
///
/// In a group rank 0 alone reads and writes the file, and the others have it from there; another
/// number of ranks goes on from it as another number of threads does.
///
/// `network` is as it is before its first step. *Throws* c10::Error for what cannot be kept or told
/// apart: an optimizer that is none of libtorch's SGD, Adam, AdamW, RMSprop and Adagrad, parts
/// without text (`training_identity`). std::runtime_error, before the first step, for a file that
/// is damaged, of another network, or of another training (every difference is named), that is in
/// use, or cannot be written; the file is left alone then, network and generators too if only the
/// training differs. The same for a state that is not finite, which is never written. And as
/// `train`. *Cost*: writes the network's weights and the optimizer's state each time.
template <class Network, class Source, class Sampler, class Report = NoProgress>
TrainingRecord train_resumable(const TrainingStateFile& state, const Network& network,
                               const Source& data, const Sampler& sample, const Training& training,
                               Report&& report = {}) {
  static_assert(detail::CheckedTraining<Network, Source, Sampler>::value);
  Network shared = network;
  detail::StateSchedule schedule(state);
  const auto made = training.optimizer(*shared);
  TORCH_CHECK(
      detail::empty_optimizer_state(*made) != nullptr,
      "interchoice: train_resumable keeps the state of libtorch's SGD, Adam, AdamW, RMSprop "
      "and Adagrad; use one of them, or train");
  const Identity identity = training_identity(data, sample, training);
  const Identity environment = detail::environment_of(*shared, training.group);
  const Group& group = training.group;
  std::optional<FileLock> lock;
  if (group.is_first()) {
    lock = FileLock::require(state.path);
    require_writable(state.path);
  }
  const bool is_begun = group.any(group.is_first() && std::filesystem::exists(state.path));
  TensorFile file;
  detail::TrainingFacts facts;
  std::map<std::string, at::Tensor> optimizer;
  std::map<std::string, at::Tensor> generators;
  if (is_begun) {
    file = detail::state_of_first(state.path, group);
    facts = detail::parse_training_facts(state.path, file);
    detail::require_same_training(state.path, facts, identity, training,
                                  detail::tables_from(*made));
    detail::compare_environments(state, facts.environment, environment);
    optimizer = detail::extract_tensors(file, detail::kOptimizerPrefix);
    generators = detail::extract_tensors(file, detail::kGeneratorPrefix);
    detail::with_path(state.path, [&] { detail::take_network(state.path, file, shared); });
  }
  TrainingRun run(shared, data, sample, training);
  if (is_begun) {
    detail::with_path(state.path, [&] {
      detail::take_training(state.path, shared, run, std::move(facts), optimizer, generators);
    });
  }
  while (!run.is_over()) {
    run.run_step(report);
    const bool is_due = schedule.is_due(run.position(), run.is_over());
    if (!group.any(group.is_first() && is_due)) continue;
    detail::TrainingFacts now{.identity = identity,
                              .environment = environment,
                              .planned_epochs = training.epochs,
                              .split_epochs = training.split_epochs,
                              .learning_rate = run.learning_rate(),
                              .done = run.done()};
    if (!group.is_first()) continue;
    write_tensor_file(state.path,
                      detail::training_file(state.path, shared, run.optimizer(), std::move(now)));
  }
  return run.record();
}

}  // namespace interchoice
