#pragma once

#include <ATen/Context.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>

#include <cstddef>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/io/safetensors.hpp"
#include "interchoice/nn/device.hpp"
#include "interchoice/training/checkpoint.hpp"
#include "interchoice/training/training_identity.hpp"
#include "interchoice/training/training_run.hpp"

namespace interchoice {

/// Where a training keeps its state.
struct TrainingStateFile {
  std::filesystem::path path = {};
  /// Epochs between two states; the last epoch's is always kept.
  std::size_t every = 1;
};

namespace detail {

inline constexpr const char* kTrainingKey = "interchoice_training";
inline constexpr std::string_view kMomentumPrefix = "momentum.";
inline constexpr std::string_view kGeneratorPrefix = "generator.";

[[noreturn]] inline void fail_training(const std::filesystem::path& path, const std::string& what) {
  throw std::runtime_error("interchoice: " + path.string() + ": " + what);
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
TensorFile training_file(const std::filesystem::path& path, Network& network, Run& run,
                         const CheckpointHeader& header, const TrainingIdentity& identity) {
  TensorFile file = network_file(path, *network, header);
  nlohmann::json json{{"format", 1}, {"training", identity}};
  json["gradients"] = nlohmann::json::array();
  json["epochs"] = nlohmann::json::array();
  for (const auto& parameter : network->named_parameters()) {
    const at::Tensor momentum = momentum_of(run.sgd(), parameter.value());
    if (momentum.defined()) {
      file.tensors[std::string(kMomentumPrefix) + parameter.key()] = momentum;
    }
    // Values are cleared before the next step; whether there are any decides what moves.
    if (parameter.value().grad().defined()) json["gradients"].push_back(parameter.key());
  }
  for (const auto& [name, generator] : generators(device_of(*network))) {
    file.tensors[std::string(kGeneratorPrefix) + name] = generator.get_state();
  }
  for (const EpochRecord& e : run.record().epochs) {
    json["epochs"].push_back({e.learning_rate, e.loss, e.accuracy, e.seconds});
  }
  file.metadata[kTrainingKey] = json.dump();
  return file;
}

/// What the metadata of a training's file says.
struct TrainingFacts {
  TrainingIdentity identity;
  std::vector<std::string> gradients;
  std::vector<EpochRecord> epochs;
};

inline TrainingFacts parse_training_facts(const std::filesystem::path& path,
                                          const TensorFile& file) {
  const auto found = file.metadata.find(kTrainingKey);
  if (found == file.metadata.end()) {
    fail_training(
        path, "is no state of a training: its metadata has no '" + std::string(kTrainingKey) + "'");
  }
  TrainingFacts facts;
  try {
    const auto json = nlohmann::json::parse(found->second);
    if (const int format = json.at("format").get<int>(); format != 1) {
      fail_training(path, "training state of format " + std::to_string(format) +
                              ", this version reads format 1");
    }
    json.at("training").get_to(facts.identity);
    json.at("gradients").get_to(facts.gradients);
    for (const auto& row : json.at("epochs")) {
      const auto values = row.get<std::vector<double>>();
      if (values.size() != 4) fail_training(path, "an epoch has not 4 values");
      facts.epochs.push_back({facts.epochs.size(), values[0], values[1], values[2], values[3]});
    }
  } catch (const nlohmann::json::exception& error) {
    fail_training(path, std::string("the training's state is damaged: ") + error.what());
  }
  return facts;
}

inline void require_same_training(const std::filesystem::path& path, const TrainingIdentity& is,
                                  const TrainingIdentity& wanted) {
  std::string message;
  for (const auto& [name, text] : wanted) {
    const auto found = is.find(name);
    const std::string other = found == is.end() ? "" : found->second;
    if (other != text) message += "\n  " + name + ": '" + other + "', here '" + text + "'";
  }
  if (!message.empty()) {
    throw std::runtime_error(
        "interchoice: " + path.string() +
        " is the state of another training; remove it to begin anew:" + message);
  }
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

/// Momentum, gradients and generators of a file, once its network has been loaded. Nothing is
/// changed if something does not fit.
template <class Network, class Run>
void take_training(const std::filesystem::path& path, Network& network, Run& run,
                   const TrainingFacts& facts, const std::map<std::string, at::Tensor>& momenta,
                   const std::map<std::string, at::Tensor>& states) {
  auto parameters = network->named_parameters();
  for (const auto& [name, momentum] : momenta) {
    const at::Tensor* const parameter = parameters.find(name);
    if (parameter == nullptr || parameter->sizes() != momentum.sizes() ||
        parameter->scalar_type() != momentum.scalar_type()) {
      fail_training(path, "the momentum of '" + name + "' fits no parameter of the network");
    }
  }
  for (const std::string& name : facts.gradients) {
    if (parameters.find(name) == nullptr) {
      fail_training(path, "there is no parameter '" + name + "' to have a gradient");
    }
  }
  auto random = generators(device_of(*network));
  for (auto& [name, generator] : random) {
    const auto state = states.find(name);
    if (state == states.end() || state->second.scalar_type() != at::kByte ||
        state->second.sizes() != generator.get_state().sizes()) {
      fail_training(path, "the state of the random number generator '" + name +
                              "' is missing or not this libtorch's; on this device the training "
                              "cannot go on from here");
    }
  }
  for (const auto& [name, momentum] : momenta) {
    at::Tensor& parameter = parameters[name];
    set_momentum(run.sgd(), parameter, momentum.to(parameter.device()));
  }
  for (const std::string& name : facts.gradients) {
    parameters[name].mutable_grad() = at::zeros_like(parameters[name]);
  }
  for (auto& [name, generator] : random) generator.set_state(states.at(name));
  run.go_on_after(facts.epochs);
}

}  // namespace detail

/// `train` in a way that an interruption undoes no finished epoch: the state is written to a file
/// after every epoch, and a call that finds the file goes on from there.
///
/// The result is, bit by bit, that of a training that was never interrupted (on a device and with a
/// number of threads that compute alike): weights, buffers, splits, momentum, the state of
/// libtorch's random number generators, and the records. What was stopped within an epoch begins
/// that epoch again. A finished training's file gives back its network and its record at once.
///
/// `network` is as it is before its first step; `header` says what it is (`checkpoint_header`).
/// *Throws* c10::Error for what cannot be kept: `CopyMomentum::kShared`, and policies of
/// `last_used` copies. std::runtime_error for a file that is damaged, of another network, or of
/// another training (`training_identity`; every difference is named); the file is left alone then,
/// network and generators too if only the training differs. And what `train` throws. *Cost*: writes
/// the network twice over (weights, momentum) for each state.
template <class Network, class Source, class Sampler, class Report = NoProgress>
TrainingRecord train_resumable(const TrainingStateFile& state, Network& network,
                               const CheckpointHeader& header, const Source& data,
                               const Sampler& sample, const Training& training,
                               Report&& report = {}) {
  static_assert(detail::CheckedTraining<Network, Source, Sampler>::value);
  TORCH_CHECK(state.every >= 1, "interchoice: TrainingStateFile::every is 0; at least 1 is needed");
  TORCH_CHECK(training.copy_momentum != CopyMomentum::kShared,
              "interchoice: train_resumable: CopyMomentum::kShared cannot be kept in a file; use "
              "train, or another CopyMomentum");
  detail::for_each_choice_block(*network, [](const std::string& name, const AnyChoiceBlock& block) {
    TORCH_CHECK(block.is_saveable(), "interchoice: train_resumable: block '", name,
                "' has the policy ", block.policy(),
                ", whose copies cannot be saved; use split<Epoch>, or train");
  });
  const TrainingIdentity identity = training_identity(data, sample, training);
  const bool is_begun = std::filesystem::exists(state.path);
  TensorFile file;
  detail::TrainingFacts facts;
  std::map<std::string, at::Tensor> momenta;
  std::map<std::string, at::Tensor> generators;
  if (is_begun) {
    file = read_tensor_file(state.path);
    facts = detail::parse_training_facts(state.path, file);
    detail::require_same_training(state.path, facts.identity, identity);
    if (facts.epochs.size() > training.epochs) {
      detail::fail_training(state.path, "has more epochs than the training");
    }
    momenta = detail::extract_tensors(file, detail::kMomentumPrefix);
    generators = detail::extract_tensors(file, detail::kGeneratorPrefix);
    detail::take_network(state.path, file, *network, header);
  }
  TrainingRun run(network, data, sample, training);
  if (is_begun) detail::take_training(state.path, network, run, facts, momenta, generators);
  while (!run.is_over()) {
    run.run_epoch(report);
    const std::size_t done = run.record().epochs.size();
    if (run.record().epochs.back().is_partial) break;
    if (done % state.every == 0 || run.is_over()) {
      write_tensor_file(state.path,
                        detail::training_file(state.path, network, run, header, identity));
    }
  }
  return run.record();
}

}  // namespace interchoice
