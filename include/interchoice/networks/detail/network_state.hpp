#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/isnan.h>
#include <c10/util/StringUtil.h>
#include <fmt/core.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/nn/any_choice_block.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/resolution.hpp"

/// The tensors of a network by the names that they have in a file.
namespace interchoice::detail {

inline constexpr std::string_view kTensorPrefix = "network.";  // room for momentum., ...

/// Everything of a network that a file has to hold, by name.
inline std::map<std::string, at::Tensor> named_state(const torch::nn::Module& network) {
  std::map<std::string, at::Tensor> state;
  const auto add = [&](const auto& tensors) {
    for (const auto& t : tensors) state[std::string(kTensorPrefix) + t.key()] = t.value();
  };
  add(network.named_parameters());
  add(network.named_buffers());
  return state;
}

/// What of a network is not finite: a parameter, or a buffer with a NaN (an infinity may be a
/// mask's). Empty if all is.
inline std::string part_not_finite(const torch::nn::Module& network) {
  for (const auto& p : network.named_parameters()) {
    if (!at::isfinite(p.value()).all().item<bool>()) {
      return fmt::format("the parameter '{}'", p.key());
    }
  }
  for (const auto& b : network.named_buffers()) {
    if (at::isnan(b.value()).any().item<bool>()) return fmt::format("the buffer '{}'", b.key());
  }
  return {};
}

/// The differences between a file's tensors and a network's. `may_come(name)` says which tensors
/// the network may still get.
template <class MayCome>
std::vector<std::string> tensor_differences(const std::map<std::string, at::Tensor>& there,
                                            const std::map<std::string, at::Tensor>& here,
                                            const MayCome& may_come) {
  std::vector<std::string> lines;
  const auto text = [](const at::Tensor& t) { return c10::str(t.scalar_type(), t.sizes()); };
  for (const auto& [name, tensor] : here) {
    const auto found = there.find(name);
    const std::string other = found == there.end() ? "missing" : text(found->second);
    if (other != text(tensor)) {
      lines.push_back(fmt::format("tensor '{}' is {} there, {} here", name, other, text(tensor)));
    }
  }
  for (const auto& [name, tensor] : there) {
    if (here.contains(name) || may_come(name)) continue;
    lines.push_back(fmt::format("tensor '{}' is {} there, missing here", name, text(tensor)));
  }
  return lines;
}

/// The constants that a file has for blocks of a subnet and that these do not have yet, without
/// their values. Adds them to the state.
inline std::vector<std::pair<AnyChoiceBlock*, Resolution>> new_constants(
    torch::nn::Module& network, const std::map<std::string, at::Tensor>& there,
    std::map<std::string, at::Tensor>& state) {
  std::vector<std::pair<AnyChoiceBlock*, Resolution>> all;
  const auto parameters = network.parameters();
  for_each_choice_block(network, [&](const std::string& name, AnyChoiceBlock& block) {
    if (!block.is_fixed()) return;
    Resolution resolution;
    const std::int64_t inputs = block.bank().geometry().channels;
    const std::int64_t norm = block.bank().at(0, block.fixed_candidate()).norm_channels();
    for (auto& [constant, tensor] : resolution.constants()) {
      const std::string key = fmt::format("{}{}{}", kTensorPrefix, prefix_of(name), constant);
      const auto found = there.find(key);
      if (found == there.end() || state.contains(key)) continue;
      const at::Tensor& saved = found->second;
      const bool is_of_norm = tensor == &resolution.norm.scale || tensor == &resolution.norm.shift;
      std::vector<std::int64_t> sizes{is_of_norm ? norm : inputs};
      if (sizes.front() == 0) sizes = saved.sizes().vec();  // without a normalisation: unused
      *tensor = at::empty(sizes, (parameters.empty() ? saved : parameters.front()).options());
      state[key] = *tensor;
    }
    all.emplace_back(&block, std::move(resolution));
  });
  return all;
}

}  // namespace interchoice::detail
