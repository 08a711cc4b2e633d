#pragma once

// The reference's recorded numbers: reading a file, and its parameter names in our spelling.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/io/safetensors.hpp"

namespace interchoice::testing {

struct Fixture {
  std::map<std::string, at::Tensor> tensors;
  nlohmann::json meta;

  bool has(const std::string& name) const { return tensors.contains(name); }
  const at::Tensor& operator[](const std::string& name) const {
    const auto found = tensors.find(name);
    if (found == tensors.end()) throw std::out_of_range("the fixture has no tensor " + name);
    return found->second;
  }
  /// The tensors below a prefix, by the rest of their names.
  std::map<std::string, at::Tensor> below(const std::string& prefix) const {
    std::map<std::string, at::Tensor> found;
    for (const auto& [name, tensor] : tensors) {
      if (name.starts_with(prefix)) found[name.substr(prefix.size())] = tensor;
    }
    return found;
  }
  /// The name of a recorded parameter or buffer in our network.
  std::string our_name(const std::string& theirs) const;

  /// A row of an integer tensor as an architecture's candidates.
  std::vector<std::uint8_t> candidates(const std::string& name, std::int64_t row) const {
    const at::Tensor values = (*this)[name][row].contiguous();
    std::vector<std::uint8_t> candidates;
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      candidates.push_back(static_cast<std::uint8_t>(values.const_data_ptr<std::int64_t>()[i]));
    }
    return candidates;
  }
};

/// Reads a recorded case.
inline Fixture read_fixture(const std::filesystem::path& path) {
  TensorFile file = read_tensor_file(path);
  return {std::move(file.tensors), nlohmann::json::parse(file.metadata.at("meta"))};
}

/// The name of a parameter or buffer of the reference's FairNAS network in ours; empty if it is
/// none.
inline std::string our_fairnas_name(const std::string& theirs) {
  static const char* const blocks[] = {"k3e3", "k5e3", "k7e3", "k3e6", "k5e6", "k7e6"};
  static const std::map<std::string, std::string> steps{{"0", "expansion"},  {"1", "norm1"},
                                                        {"3", "depthwise"},  {"4", "norm2"},
                                                        {"6", "projection"}, {"7", "norm3"}};
  static const std::regex block(
      R"(net\.cells\.(\d+)\.op\.submodules\.(\d)\.block\.(?:module\.)?(\d)\.(\w+))");
  std::smatch part;
  if (std::regex_match(theirs, part, block)) {
    return "body." + part.str(1) + "." + blocks[std::stoi(part.str(2))] + "." +
           steps.at(part.str(3)) + "." + part.str(4);
  }
  static const std::pair<std::regex, const char*> others[] = {
      {std::regex(R"(net\.cells\.(\d+)\.op\._biases)"), "body.$1.bias_table"},
      {std::regex(R"(net\.stem\.stem0\.steps\.0\.)"), "stem.convolution."},
      {std::regex(R"(net\.stem\.stem0\.steps\.1\.)"), "stem.norm1."},
      {std::regex(R"(net\.stem\.stem1\.block\.0\.)"), "stem.depthwise."},
      {std::regex(R"(net\.stem\.stem1\.block\.1\.)"), "stem.norm2."},
      {std::regex(R"(net\.stem\.stem1\.block\.3\.)"), "stem.projection."},
      {std::regex(R"(net\.stem\.stem1\.block\.4\.)"), "stem.norm3."}};
  for (const auto& [pattern, ours] : others) {
    if (std::regex_search(theirs, pattern, std::regex_constants::match_continuous)) {
      return std::regex_replace(theirs, pattern, ours);
    }
  }
  return "";
}

/// The name of a parameter or buffer of the reference's NAS-Bench-201 network in ours.
inline std::string our_nasbench201_name(const std::string& theirs) {
  static const std::regex edge(
      R"(net\.cells\.(\d+)\.blocks\.(\d)\.ops\.(\d)\.module\.wrapped\.(.*))");
  std::smatch part;
  if (std::regex_match(theirs, part, edge)) {
    const std::string block = "cells." + part.str(1) + ".edge" + part.str(3) +
                              std::to_string(std::stoi(part.str(2)) + 1) + ".";
    const std::string rest = part.str(4);
    if (rest == "_biases") return block + "bias_table";
    if (rest.starts_with("_biases.")) {  // of depth 2; theirs begin with the farthest prior
      const int tables = part.str(1) == "0" && block.ends_with("edge02.") ? 2 : 3;
      return block + "bias_table" + std::to_string(tables - 1 - std::stoi(rest.substr(8)));
    }
    if (rest.starts_with("_attention_op.0.")) return block + "attention0." + rest.substr(16);
    static const std::regex candidate(R"(submodules\.(\d)\.(steps\.1|steps\.2|conv)\.(\w+))");
    static const char* const names[] = {"none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3",
                                        "avg_pool_3x3"};
    if (std::regex_match(rest, part, candidate)) {
      return block + names[std::stoi(part.str(1))] +
             (part.str(2) == "steps.2" ? ".norm." : ".convolution.") + part.str(3);
    }
  }
  static const std::pair<std::regex, const char*> others[] = {
      {std::regex(R"(net\.stem\.stem_module\.steps\.0\.)"), "stem.convolution."},
      {std::regex(R"(net\.stem\.stem_module\.steps\.1\.)"), "stem.norm."},
      {std::regex(R"(net\.cells\.(\d+)\.op\.block\.module\.1\.)"), "cells.$1.convolution1."},
      {std::regex(R"(net\.cells\.(\d+)\.op\.block\.module\.2\.)"), "cells.$1.norm1."},
      {std::regex(R"(net\.cells\.(\d+)\.op\.block\.module\.4\.)"), "cells.$1.convolution2."},
      {std::regex(R"(net\.cells\.(\d+)\.op\.block\.module\.5\.)"), "cells.$1.norm2."},
      {std::regex(R"(net\.cells\.(\d+)\.op\.shortcut\.1\.)"), "cells.$1.shortcut."},
      {std::regex(R"(net\.heads\.0\.head_module\.0\.)"), "head.norm."},
      {std::regex(R"(net\.heads\.0\.head_module\.5\.)"), "head.linear."}};
  for (const auto& [pattern, ours] : others) {
    if (std::regex_search(theirs, pattern, std::regex_constants::match_continuous)) {
      return std::regex_replace(theirs, pattern, ours);
    }
  }
  return "";
}

/// The name of a parameter or buffer of a recorded network in ours.
inline std::string our_name(const std::string& theirs, bool is_fairnas) {
  static const std::pair<std::string, std::string> head[] = {
      {"net.heads.0.head_module.0.", "head.convolution."},
      {"net.heads.0.head_module.1.", "head.norm."},
      {"net.heads.0.head_module.6.", "head.linear."}};
  if (is_fairnas) {
    for (const auto& [prefix, ours] : head) {
      if (theirs.starts_with(prefix)) return ours + theirs.substr(prefix.size());
    }
  }
  const std::string name = is_fairnas ? our_fairnas_name(theirs) : our_nasbench201_name(theirs);
  if (name.empty()) throw std::out_of_range("no name of ours for " + theirs);
  return name;
}

inline std::string Fixture::our_name(const std::string& theirs) const {
  return testing::our_name(theirs, meta.at("net").at("space") == "fairnas");
}

}  // namespace interchoice::testing
