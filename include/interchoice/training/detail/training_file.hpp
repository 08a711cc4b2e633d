#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

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

#include "interchoice/core/identity.hpp"
#include "interchoice/core/shown.hpp"
#include "interchoice/io/safetensors.hpp"
#include "interchoice/networks/saved_network.hpp"
#include "interchoice/nn/detail/generators.hpp"
#include "interchoice/nn/device.hpp"
#include "interchoice/training/detail/all_finite.hpp"
#include "interchoice/training/detail/optimizer_state.hpp"
#include "interchoice/training/training_run.hpp"

namespace interchoice::detail {

inline constexpr const char* kTrainingKey = "interchoice_training";
inline constexpr int kTrainingFormat = 4;  // 3 had no owed steps
inline constexpr std::string_view kOptimizerPrefix = "optimizer.";
inline constexpr std::string_view kGeneratorPrefix = "generator.";

[[noreturn]] inline void fail_training(const std::filesystem::path& path,
                                       std::string_view message) {
  throw std::runtime_error(fmt::format("interchoice: {}: {}", path.string(), message));
}

/// What a state says of its training, beside tensors.
struct TrainingFacts {
  Identity identity;
  Identity environment;
  std::size_t planned_epochs = 0;
  std::vector<std::size_t> split_epochs = {};
  /// Of the epoch of which some steps are done.
  double learning_rate = 0;
  DoneTraining done;
  std::vector<std::string> gradients = {};  // parameters that have one
};

inline nlohmann::json to_json(const TrainingFacts& facts) {
  const auto texts = [](const Identity& identity) {
    nlohmann::json json = nlohmann::json::object();
    for (const auto& [name, text] : identity) json[name] = text;
    return json;
  };
  const EpochSums& sums = facts.done.sums;
  nlohmann::json json{{"format", kTrainingFormat},
                      {"training", texts(facts.identity)},
                      {"environment", texts(facts.environment)},
                      {"planned_epochs", facts.planned_epochs},
                      {"split_epoch", nullptr},
                      {"learning_rate", facts.learning_rate},
                      {"step", facts.done.step},
                      {"sums",
                       {{"loss", sums.loss},
                        {"examples", sums.examples},
                        {"correct", sums.correct},
                        {"targets", sums.targets},
                        {"skipped", sums.skipped},
                        {"seconds", sums.seconds}}},
                      {"epochs", nlohmann::json::array()},
                      {"gradients", facts.gradients},
                      {"owed", facts.done.owed}};
  // One is no list, as in states that could have no more.
  if (facts.split_epochs.size() == 1) json["split_epoch"] = facts.split_epochs[0];
  if (facts.split_epochs.size() > 1) json["split_epoch"] = facts.split_epochs;
  for (const EpochRecord& e : facts.done.epochs) {
    const nlohmann::json accuracy = e.accuracy ? nlohmann::json(*e.accuracy) : nlohmann::json();
    json["epochs"].push_back({e.learning_rate, e.loss, accuracy, e.seconds, e.skipped});
  }
  return json;
}

inline TrainingFacts facts_from(const std::filesystem::path& path, const nlohmann::json& json) {
  if (const int format = json.at("format").get<int>(); format != kTrainingFormat) {
    fail_training(path, fmt::format("training state of format {}, this version reads format {}; "
                                    "remove it to begin anew",
                                    format, kTrainingFormat));
  }
  TrainingFacts facts;
  for (const auto& [name, text] : json.at("training").items()) facts.identity.set(name, text);
  for (const auto& [name, text] : json.at("environment").items()) facts.environment.set(name, text);
  json.at("planned_epochs").get_to(facts.planned_epochs);
  if (const auto& epochs = json.at("split_epoch"); epochs.is_array()) {
    epochs.get_to(facts.split_epochs);
  } else if (!epochs.is_null()) {
    facts.split_epochs = {epochs.get<std::size_t>()};
  }
  json.at("learning_rate").get_to(facts.learning_rate);
  json.at("step").get_to(facts.done.step);
  const auto& sums = json.at("sums");
  facts.done.sums = {.loss = sums.at("loss"),
                     .examples = sums.at("examples"),
                     .correct = sums.at("correct"),
                     .targets = sums.at("targets"),
                     .skipped = sums.at("skipped"),
                     .seconds = sums.at("seconds")};
  for (const auto& row : json.at("epochs")) {
    if (row.size() != 5) fail_training(path, "an epoch has not 5 values");
    std::optional<double> accuracy;
    if (!row.at(2).is_null()) accuracy = row.at(2).get<double>();
    facts.done.epochs.push_back({.epoch = facts.done.epochs.size(),
                                 .learning_rate = row.at(0),
                                 .loss = row.at(1),
                                 .accuracy = accuracy,
                                 .seconds = row.at(3),
                                 .skipped = row.at(4)});
  }
  json.at("gradients").get_to(facts.gradients);
  json.at("owed").get_to(facts.done.owed);
  for (const std::int64_t steps : facts.done.owed) {
    if (steps >= 0 && static_cast<std::size_t>(steps) <= facts.done.step) continue;
    fail_training(path, fmt::format("the training's state is damaged: a weight owes {} of {} steps",
                                    steps, facts.done.step));
  }
  return facts;
}

inline TrainingFacts parse_training_facts(const std::filesystem::path& path,
                                          const TensorFile& file) {
  const auto found = file.metadata.find(kTrainingKey);
  if (found == file.metadata.end()) {
    fail_training(path,
                  fmt::format("is no state of a training: its metadata has no '{}'", kTrainingKey));
  }
  try {
    const TrainingFacts facts = facts_from(path, nlohmann::json::parse(found->second));
    if (!file.has_digest) fail_training(path, "is damaged: it has lost its digest");
    return facts;
  } catch (const nlohmann::json::exception& error) {
    fail_training(path, fmt::format("the training's state is damaged: {}", error.what()));
  }
}

/// Everything that a training is between two steps. *Throws* std::runtime_error for what no
/// training can go on from: parameters and an optimizer's state that are not finite, NaN in
/// buffers.
template <class Network>
TensorFile training_file(const std::filesystem::path& path, const Network& network,
                         torch::optim::Optimizer& optimizer, TrainingFacts facts) {
  std::string not_finite = part_not_finite(*network);
  std::map<std::string, at::Tensor> optimizer_tensors;
  for (const auto& parameter : network->named_parameters()) {
    for (const auto& [member, tensor] : state_tensors(optimizer, parameter.value())) {
      if (not_finite.empty() && !all_finite(tensor)) {
        not_finite =
            fmt::format("the optimizer's '{}' of the parameter '{}'", member, parameter.key());
      }
      optimizer_tensors[fmt::format("{}{}.{}", kOptimizerPrefix, parameter.key(), member)] = tensor;
    }
    // Values are cleared before the next step; whether there are any decides what moves.
    if (parameter.value().grad().defined()) facts.gradients.push_back(parameter.key());
  }
  if (!not_finite.empty()) {
    fail_training(path, fmt::format("no state of epoch {}, step {} is written, since {} is not "
                                    "finite; what is there stays. Use a smaller learning rate or "
                                    "check the data",
                                    facts.done.epochs.size(), facts.done.step, not_finite));
  }
  TensorFile file = network_file(network, {});
  file.tensors.merge(optimizer_tensors);
  for (const auto& [name, generator] : generators(device_of(*network))) {
    file.tensors[std::string(kGeneratorPrefix) + name] = state_of(generator);
  }
  file.metadata[kTrainingKey] = to_json(facts).dump();
  return file;
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

/// The states of a file's optimizer by parameter. *Throws* std::runtime_error if one fits no
/// parameter.
inline std::map<std::string, std::unique_ptr<OptimizerState>> optimizer_states(
    const std::filesystem::path& path, const torch::nn::Module& network,
    const torch::optim::Optimizer& optimizer, const std::map<std::string, at::Tensor>& tensors) {
  const auto parameters = network.named_parameters();
  std::map<std::string, StateTensors> members;  // by parameter
  for (const auto& [name, tensor] : tensors) {
    const std::size_t dot = std::min(name.rfind('.'), name.size());
    members[name.substr(0, dot)].emplace(name.substr(std::min(dot + 1, name.size())), tensor);
  }
  std::map<std::string, std::unique_ptr<OptimizerState>> states;
  for (const auto& [name, state] : members) {
    const at::Tensor* const parameter = parameters.find(name);
    if (parameter != nullptr) states[name] = optimizer_state(optimizer, *parameter, state);
    if (states[name] == nullptr) {
      fail_training(path, fmt::format("the optimizer's state for {} fits no parameter of the "
                                      "network",
                                      shown(name)));
    }
  }
  return states;
}

/// Sets the generators that a network may draw from to the states of a file. *Throws*
/// std::runtime_error, and sets none, if one is missing or not this libtorch's.
inline void take_generators(const std::filesystem::path& path, const at::Device& device,
                            const std::map<std::string, at::Tensor>& states) {
  const auto random = generators(device);
  std::map<std::string, at::Tensor> before;
  for (const auto& [name, generator] : random) before[name] = state_of(generator);
  for (const auto& [name, generator] : random) {
    const auto state = states.find(name);
    try {
      TORCH_CHECK(state != states.end() && state->second.sizes() == before[name].sizes());
      set_state(generator, state->second);
    } catch (const c10::Error&) {
      for (const auto& [other, former] : before) set_state(random.at(other), former);
      fail_training(path, fmt::format("the state of the random number generator '{}' is missing or "
                                      "not this libtorch's; on this device the training cannot go "
                                      "on from here",
                                      name));
    }
  }
}

}  // namespace interchoice::detail
