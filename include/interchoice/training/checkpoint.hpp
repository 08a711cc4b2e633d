#pragma once

#include <c10/core/GradMode.h>
#include <torch/nn/module.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/core/space.hpp"
#include "interchoice/dependency/policy.hpp"
#include "interchoice/io/safetensors.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/version.hpp"

namespace interchoice {

/// What a checkpoint says of itself beside its tensors.
struct CheckpointHeader {
  std::string space;   // space_signature<Space>()
  std::string policy;  // policy_text<Policy>()
  /// What the network was built with, such as {"width", "16"}. Must agree when it is loaded.
  std::map<std::string, std::string> sizes;
  /// Anything to remember: data, seeds, epochs. Never compared.
  std::map<std::string, std::string> facts = {};
  bool is_split = false;
};

/// The header of a super-network type.
template <SearchSpace Space, DependencyPolicy Policy>
CheckpointHeader checkpoint_header(std::map<std::string, std::string> sizes) {
  return {space_signature<Space>(), policy_text<Policy>(), std::move(sizes)};
}

namespace detail {

inline constexpr const char* kCheckpointKey = "interchoice";
inline constexpr const char* kNetworkPrefix = "network.";  // room for optimizer., sampler., ...

/// Everything of a network that a file has to hold, by name.
inline std::map<std::string, at::Tensor> named_state(const torch::nn::Module& network) {
  std::map<std::string, at::Tensor> state;
  for (const auto& p : network.named_parameters()) state[kNetworkPrefix + p.key()] = p.value();
  for (const auto& b : network.named_buffers()) state[kNetworkPrefix + b.key()] = b.value();
  return state;
}

inline std::string version_text() {
  return std::to_string(INTERCHOICE_VERSION_MAJOR) + "." +
         std::to_string(INTERCHOICE_VERSION_MINOR) + "." +
         std::to_string(INTERCHOICE_VERSION_PATCH);
}

inline CheckpointHeader parse_checkpoint_header(const std::string& path, const TensorFile& file) {
  const auto found = file.metadata.find(kCheckpointKey);
  if (found == file.metadata.end()) {
    throw std::runtime_error("interchoice: " + path +
                             ": is a tensor file but no checkpoint: its metadata has no '" +
                             kCheckpointKey + "'");
  }
  try {
    const auto json = nlohmann::json::parse(found->second);
    if (const int format = json.at("format").get<int>(); format != 1) {
      throw std::runtime_error("interchoice: " + path + ": checkpoint format " +
                               std::to_string(format) + ", this version reads format 1");
    }
    CheckpointHeader header;
    json.at("space").get_to(header.space);
    json.at("policy").get_to(header.policy);
    json.at("sizes").get_to(header.sizes);
    json.at("facts").get_to(header.facts);
    json.at("is_split").get_to(header.is_split);
    return header;
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error("interchoice: " + path +
                             ": the checkpoint's header is damaged: " + error.what());
  }
}

/// How a file's header differs from the network's.
inline std::vector<std::string> header_differences(const CheckpointHeader& header,
                                                   const CheckpointHeader& expected) {
  std::vector<std::string> differences;
  const auto compare = [&](const std::string& what, const std::string& is,
                           const std::string& wanted) {
    if (is != wanted) {
      differences.push_back(what + " is '" + is + "', the network's '" + wanted + "'");
    }
  };
  compare("space", header.space, expected.space);
  compare("policy", header.policy, expected.policy);
  for (const auto& [name, wanted] : expected.sizes) {
    const auto found = header.sizes.find(name);
    compare(name, found == header.sizes.end() ? "" : found->second, wanted);
  }
  for (const auto& [name, is] : header.sizes) {
    if (!expected.sizes.contains(name)) compare(name, is, "");
  }
  return differences;
}

/// How a file's tensors differ from the network's. With `copies_follow` the network is still to be
/// split: tensors of copies are not yet unknown.
inline std::vector<std::string> tensor_differences(const std::map<std::string, at::Tensor>& tensors,
                                                   const std::map<std::string, at::Tensor>& state,
                                                   bool copies_follow) {
  std::vector<std::string> differences;
  const auto text = [](const at::Tensor& tensor) {
    return c10::str(tensor.scalar_type(), tensor.sizes());
  };
  for (const auto& [name, tensor] : state) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      differences.push_back("tensor '" + name + "' is missing");
    } else if (found->second.sizes() != tensor.sizes() ||
               found->second.scalar_type() != tensor.scalar_type()) {
      differences.push_back("tensor '" + name + "' is " + text(found->second) + ", the network's " +
                            text(tensor));
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (state.contains(name) || (copies_follow && name.find(".copy") != name.npos)) continue;
    differences.push_back("tensor '" + name + "' is unknown");
  }
  return differences;
}

/// A network as the content of a file.
///
/// *Throws* std::runtime_error, `path` is for the text only.
inline TensorFile network_file(const std::filesystem::path& path, const torch::nn::Module& network,
                               CheckpointHeader header) {
  header.is_split = is_split(network);
  for_each_choice_block(network, [&](const std::string& name, const AnyChoiceBlock& block) {
    if (!block.is_saveable() && header.is_split) {
      throw std::runtime_error("interchoice: " + path.string() + ": block '" + name +
                               "' has the policy " + block.policy() +
                               ", whose copies cannot be saved; use split<Epoch>");
    }
  });
  TensorFile file;
  file.tensors = named_state(network);
  try {
    file.metadata[kCheckpointKey] = nlohmann::json{
        {"format", 1},
        {"version", version_text()},
        {"space", header.space},
        {"policy", header.policy},
        {"sizes", header.sizes},
        {"facts", header.facts},
        {"is_split", header.is_split}}.dump();
  } catch (const nlohmann::json::exception& error) {  // a text that is not UTF-8
    throw std::runtime_error("interchoice: " + path.string() +
                             ": the checkpoint's header cannot be written: " + error.what());
  }
  return file;
}

/// Takes a network over from the content of a file; see `load_checkpoint`.
inline CheckpointHeader take_network(const std::filesystem::path& path, const TensorFile& file,
                                     torch::nn::Module& network, const CheckpointHeader& expected) {
  CheckpointHeader header = parse_checkpoint_header(path.string(), file);
  std::vector<std::string> differences = header_differences(header, expected);
  if (differences.empty() && is_split(network) && !header.is_split) {
    differences.push_back(
        "it was saved before the split, the network is split; load it into a new network");
  }
  if (differences.empty()) {
    const bool splits = header.is_split && !is_split(network);
    auto state = named_state(network);
    differences = tensor_differences(file.tensors, state, /*copies_follow=*/splits);
    if (differences.empty() && splits) {
      split_now(network);
      state = named_state(network);
      differences = tensor_differences(file.tensors, state, /*copies_follow=*/false);
    }
    if (differences.empty()) {
      const c10::NoGradGuard no_grad;
      for (const auto& [name, tensor] : state) tensor.copy_(file.tensors.at(name));
      return header;
    }
  }
  std::string message = "interchoice: " + path.string() + " does not fit the network:";
  for (const std::string& difference : differences) message += "\n  " + difference;
  throw std::runtime_error(message);
}

}  // namespace detail

/// Writes a network to a file, atomically: a safetensors file with the header as metadata.
///
/// *Throws* std::runtime_error with path and reason; a former file is then untouched.
inline void save_checkpoint(const std::filesystem::path& path, const torch::nn::Module& network,
                            CheckpointHeader header) {
  write_tensor_file(path, detail::network_file(path, network, std::move(header)));
}

/// The header of a checkpoint, to decide what to build. *Cost*: reads the whole file.
inline CheckpointHeader read_checkpoint_header(const std::filesystem::path& path) {
  return detail::parse_checkpoint_header(path.string(), read_tensor_file(path));
}

/// Reads a network's parameters and buffers from a file; splits the network first if the saved one
/// was split. Returns the file's header.
///
/// A split network takes no file of an unsplit one: build a new network, load, split that.
///
/// *Throws* std::runtime_error that names every difference (space, policy, sizes; tensors that are
/// missing, unknown, of another shape or type). No weight is changed then, and the network is split
/// only if nothing but its copies' tensors differ.
inline CheckpointHeader load_checkpoint(const std::filesystem::path& path,
                                        torch::nn::Module& network,
                                        const CheckpointHeader& expected) {
  return detail::take_network(path, read_tensor_file(path), network, expected);
}

}  // namespace interchoice
