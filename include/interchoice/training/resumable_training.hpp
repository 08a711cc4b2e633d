#pragma once

#include <ATen/Context.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/core/detail/joined.hpp"
#include "interchoice/core/identity.hpp"
#include "interchoice/data/any_batch_source.hpp"
#include "interchoice/data/detail/text_of.hpp"
#include "interchoice/io/digest.hpp"
#include "interchoice/io/safetensors.hpp"
#include "interchoice/networks/saved_network.hpp"
#include "interchoice/nn/device.hpp"
#include "interchoice/training/detail/optimizer_state.hpp"
#include "interchoice/training/training_run.hpp"

namespace interchoice {

/// The file of a training's state.
struct TrainingStateFile {
  std::filesystem::path path = {};
  /// Epochs between two states; the last epoch's is always kept.
  std::size_t every = 1;
};

/// The identity of a training beside its network: the texts of its parts, its sampler and its data,
/// and the learning rates of all epochs. Trainings of equal identity go on alike.
///
/// *Throws* c10::Error if a part has no text.
template <class Source, class Sampler>
Identity training_identity(const Source& data, const Sampler& sample, const Training& training) {
  Digest rates;
  for (std::size_t epoch = 0; epoch < training.epochs; ++epoch) {
    rates.add(fmt::format("{}", training.learning_rate(epoch, training.epochs)));
  }
  Identity identity{
      {"epochs", fmt::format("{}", training.epochs)},
      {"loss", training.loss.text()},
      {"optimizer", training.optimizer.text()},
      {"learning rates",
       fmt::format("from {}, digest {}", training.learning_rate(0, training.epochs), rates.text())},
      {"unsampled weights", training.unsampled.text()},
      {"momentum of copies", training.copies.text()},
      {"batches of paths", training.path_batches == PathBatches::kSame ? "the same" : "successive"},
      {"split epoch",
       training.split_epoch ? fmt::format("{}", *training.split_epoch) : "the policy's"},
      {"sampler", detail::text_of(sample)},
      {"data", detail::text_of(data)}};
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

inline constexpr const char* kTrainingKey = "interchoice_training";
inline constexpr int kTrainingFormat = 2;
inline constexpr std::string_view kOptimizerPrefix = "optimizer.";
inline constexpr std::string_view kGeneratorPrefix = "generator.";

[[noreturn]] inline void fail_training(const std::filesystem::path& path,
                                       std::string_view message) {
  throw std::runtime_error(fmt::format("interchoice: {}: {}", path.string(), message));
}

/// libtorch's random number generators that a network on a device may draw from (dropout does).
inline std::map<std::string, at::Generator> generators(const at::Device& device) {
  std::map<std::string, at::Generator> all{
      {"cpu", at::globalContext().defaultGenerator(at::Device(at::kCPU))}};
  if (!device.is_cpu()) {
    all.emplace(c10::DeviceTypeName(device.type(), /*lower_case=*/true),
                at::globalContext().defaultGenerator(device));
  }
  return all;
}

/// Everything that a training is after an epoch.
template <class Network, class Run>
TensorFile training_file(Network& network, Run& run, const Identity& identity) {
  TensorFile file = network_file(network, {});
  nlohmann::json json{{"format", kTrainingFormat}};
  for (const auto& [name, text] : identity) json["training"][name] = text;
  json["gradients"] = nlohmann::json::array();
  json["epochs"] = nlohmann::json::array();
  for (const auto& parameter : network->named_parameters()) {
    for (const auto& [member, tensor] : state_tensors(run.optimizer(), parameter.value())) {
      file.tensors[fmt::format("{}{}.{}", kOptimizerPrefix, parameter.key(), member)] = tensor;
    }
    // Values are cleared before the next step; whether there are any decides what moves.
    if (parameter.value().grad().defined()) json["gradients"].push_back(parameter.key());
  }
  for (const auto& [name, generator] : generators(device_of(*network))) {
    file.tensors[std::string(kGeneratorPrefix) + name] = generator.get_state();
  }
  for (const EpochRecord& e : run.record().epochs) {
    const nlohmann::json accuracy = e.accuracy ? nlohmann::json(*e.accuracy) : nlohmann::json();
    json["epochs"].push_back({e.learning_rate, e.loss, accuracy, e.seconds});
  }
  file.metadata[kTrainingKey] = json.dump();
  return file;
}

/// The metadata of a training's file.
struct TrainingFacts {
  Identity identity;
  std::vector<std::string> gradients;
  std::vector<EpochRecord> epochs;
};

inline TrainingFacts parse_training_facts(const std::filesystem::path& path,
                                          const TensorFile& file) {
  const auto found = file.metadata.find(kTrainingKey);
  if (found == file.metadata.end()) {
    fail_training(path,
                  fmt::format("is no state of a training: its metadata has no '{}'", kTrainingKey));
  }
  TrainingFacts facts;
  try {
    const auto json = nlohmann::json::parse(found->second);
    if (const int format = json.at("format").get<int>(); format != kTrainingFormat) {
      fail_training(path, fmt::format("training state of format {}, this version reads format {}; "
                                      "remove it to begin anew",
                                      format, kTrainingFormat));
    }
    for (const auto& [name, text] : json.at("training").items()) facts.identity.set(name, text);
    json.at("gradients").get_to(facts.gradients);
    for (const auto& row : json.at("epochs")) {
      if (row.size() != 4) fail_training(path, "an epoch has not 4 values");
      std::optional<double> accuracy;
      if (!row.at(2).is_null()) accuracy = row.at(2).get<double>();
      facts.epochs.push_back({facts.epochs.size(), row.at(0), row.at(1), accuracy, row.at(3)});
    }
  } catch (const nlohmann::json::exception& error) {
    fail_training(path, fmt::format("the training's state is damaged: {}", error.what()));
  }
  return facts;
}

inline void require_same_training(const std::filesystem::path& path, const Identity& there,
                                  const Identity& here) {
  const std::vector<std::string> lines = differences(there, here);
  if (lines.empty()) return;
  fail_training(path,
                fmt::format("is the state of another training; remove it to begin anew:\n  {}",
                            joined(lines, "\n  ")));
}

/// The tensors below a prefix, taken out of a file's.
inline std::map<std::string, at::Tensor> extract_tensors(TensorFile& file,
                                                         std::string_view prefix) {
  std::map<std::string, at::Tensor> taken;
  for (auto at = file.tensors.begin(); at != file.tensors.end();) {
    if (!std::string_view(at->first).starts_with(prefix)) {
      ++at;
      continue;
    }
    taken.emplace(at->first.substr(prefix.size()), at->second);
    at = file.tensors.erase(at);
  }
  return taken;
}

/// Takes up optimizer, gradients and generators of a file, once its network has been loaded.
/// Nothing is changed if something does not fit.
template <class Network, class Run>
void take_training(const std::filesystem::path& path, Network& network, Run& run,
                   const TrainingFacts& facts, const std::map<std::string, at::Tensor>& optimizer,
                   const std::map<std::string, at::Tensor>& generator_states) {
  auto parameters = network->named_parameters();
  std::map<std::string, StateTensors> members;  // by parameter
  for (const auto& [name, tensor] : optimizer) {
    const std::size_t dot = std::min(name.rfind('.'), name.size());
    members[name.substr(0, dot)].emplace(name.substr(std::min(dot + 1, name.size())), tensor);
  }
  std::map<std::string, std::unique_ptr<OptimizerState>> states;
  for (const auto& [name, tensors] : members) {
    const at::Tensor* const parameter = parameters.find(name);
    if (parameter != nullptr) states[name] = optimizer_state(run.optimizer(), *parameter, tensors);
    if (states[name] == nullptr) {
      fail_training(path, fmt::format("the optimizer's state for '{}' fits no parameter of the "
                                      "network",
                                      name));
    }
  }
  for (const std::string& name : facts.gradients) {
    if (parameters.find(name) == nullptr) {
      fail_training(path, fmt::format("there is no parameter '{}' to have a gradient", name));
    }
  }
  auto random = generators(device_of(*network));
  for (auto& [name, generator] : random) {
    const auto state = generator_states.find(name);
    if (state == generator_states.end() || state->second.scalar_type() != at::kByte ||
        state->second.sizes() != generator.get_state().sizes()) {
      fail_training(path, fmt::format("the state of the random number generator '{}' is missing or "
                                      "not this libtorch's; on this device the training cannot go "
                                      "on from here",
                                      name));
    }
  }
  for (auto& [name, state] : states) {
    run.optimizer().state()[parameters[name].unsafeGetTensorImpl()] = std::move(state);
  }
  for (const std::string& name : facts.gradients) {
    parameters[name].mutable_grad() = at::zeros_like(parameters[name]);
  }
  for (auto& [name, generator] : random) generator.set_state(generator_states.at(name));
}

}  // namespace detail

/// `train` in a way that an interruption undoes no finished epoch: the state is written to a file
/// after every epoch, and a call that finds the file goes on from there.
///
/// The result is, bit by bit, that of a training that was never interrupted (on a device and with a
/// number of threads that compute alike): weights, buffers, splits, the optimizer's state, the
/// states of libtorch's random number generators, and the records. What was stopped within an epoch
/// begins that epoch again. A finished training's file gives back its network and its record at
/// once.
///
/// `network` is as it is before its first step. *Throws* c10::Error for what cannot be kept or told
/// apart: an optimizer that is none of libtorch's SGD, Adam, AdamW, RMSprop and Adagrad, parts
/// without text (`training_identity`). std::runtime_error for a file that is damaged, of another
/// network, or of another training (every difference is named); the file is left alone then,
/// network and generators too if only the training differs. And as `train`. *Cost*: writes the
/// network's weights and the optimizer's state each time.
template <class Network, class Source, class Sampler, class Report = NoProgress>
TrainingRecord train_resumable(const TrainingStateFile& state, const Network& network,
                               const Source& data, const Sampler& sample, const Training& training,
                               Report&& report = {}) {
  static_assert(detail::CheckedTraining<Network, Source, Sampler>::value);
  Network shared = network;
  TORCH_CHECK(state.every >= 1, "interchoice: TrainingStateFile::every is 0; at least 1 is needed");
  TORCH_CHECK(
      detail::empty_optimizer_state(*training.optimizer(*shared)) != nullptr,
      "interchoice: train_resumable keeps the state of libtorch's SGD, Adam, AdamW, RMSprop "
      "and Adagrad; use one of them, or train");
  const Identity identity = training_identity(data, sample, training);
  const bool is_begun = std::filesystem::exists(state.path);
  TensorFile file;
  detail::TrainingFacts facts;
  std::map<std::string, at::Tensor> optimizer;
  std::map<std::string, at::Tensor> generators;
  if (is_begun) {
    file = read_tensor_file(state.path);
    facts = detail::parse_training_facts(state.path, file);
    detail::require_same_training(state.path, facts.identity, identity);
    if (facts.epochs.size() > training.epochs) {
      detail::fail_training(state.path, "has more epochs than the training");
    }
    optimizer = detail::extract_tensors(file, detail::kOptimizerPrefix);
    generators = detail::extract_tensors(file, detail::kGeneratorPrefix);
    detail::take_network(state.path, file, shared);
  }
  TrainingRun run(shared, data, sample, training, facts.epochs);
  if (is_begun) detail::take_training(state.path, shared, run, facts, optimizer, generators);
  while (!run.is_over()) {
    run.run_epoch(report);
    const std::size_t done = run.record().epochs.size();
    if (run.record().epochs.back().is_partial) break;
    if (done % state.every == 0 || run.is_over()) {
      write_tensor_file(state.path, detail::training_file(shared, run, identity));
    }
  }
  return run.record();
}

}  // namespace interchoice
