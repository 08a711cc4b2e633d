#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "interchoice/nn/any_choice_block.hpp"
#include "interchoice/nn/begin_epoch.hpp"

namespace interchoice {

/// The group of each context of a location, by the name of its block; groups count from 0 and have
/// no gaps.
using ContextGroups = std::map<std::string, std::vector<std::size_t>>;

namespace detail {

inline constexpr const char* kContextGroups = "context_groups";

/// The groups of a `grouped_split`'s block; undefined for other blocks, and where there is no
/// prior.
inline at::Tensor groups_buffer(const torch::nn::Module& block) {
  const auto buffers = block.named_buffers(/*recurse=*/false);
  const at::Tensor* const groups = buffers.find(kContextGroups);
  return groups == nullptr ? at::Tensor() : *groups;
}

inline std::vector<std::size_t> read_groups(const at::Tensor& buffer) {
  const at::Tensor values = buffer.to(at::kCPU, at::kLong).contiguous();
  const auto* const first = values.const_data_ptr<std::int64_t>();
  return {first, first + values.numel()};
}

}  // namespace detail

/// The groups of all contexts of a network's `grouped_split` blocks.
inline ContextGroups context_groups(const torch::nn::Module& network) {
  ContextGroups all;
  detail::for_each_choice_block(network, [&](const std::string& name, const AnyChoiceBlock& block) {
    const at::Tensor buffer = detail::groups_buffer(block);
    if (buffer.defined()) all[name] = detail::read_groups(buffer);
  });
  return all;
}

/// Sets the groups in which a `grouped_split` will split the contexts of some of its blocks.
///
/// *Throws* c10::Error, and sets none, for a name that is no such block or is split already, and
/// for groups that are not one of each context, or have gaps.
inline void set_context_groups(torch::nn::Module& network, const ContextGroups& groups) {
  std::map<std::string, AnyChoiceBlock*> blocks;
  detail::for_each_choice_block(network, [&](const std::string& name, AnyChoiceBlock& block) {
    if (detail::groups_buffer(block).defined()) blocks[name] = &block;
  });
  for (const auto& [name, own] : groups) {
    const auto block = blocks.find(name);
    TORCH_CHECK(
        block != blocks.end(), "interchoice: set_context_groups: '", name,
        "' is no choice block of a grouped_split with priors; context_groups(network) lists "
        "those that are");
    TORCH_CHECK(!block->second->is_split(), "interchoice: set_context_groups: '", name,
                "' is split already; set its groups before");
    const std::size_t contexts = block->second->context().context_count();
    TORCH_CHECK(own.size() == contexts, "interchoice: set_context_groups: ", own.size(),
                " groups for the ", contexts, " contexts of '", name, "'; give one for each");
    const std::size_t most = *std::max_element(own.begin(), own.end());
    for (std::size_t g = 0; g < most; ++g) {
      TORCH_CHECK(std::find(own.begin(), own.end(), g) != own.end(),
                  "interchoice: set_context_groups: '", name, "' has a group ", most, ", but none ",
                  g, "; count groups from 0 without gaps");
    }
  }
  const c10::NoGradGuard no_grad;
  for (const auto& [name, own] : groups) {
    const std::vector<std::int64_t> values(own.begin(), own.end());
    detail::groups_buffer(*blocks.at(name)).copy_(at::tensor(values, at::kLong));
  }
}

}  // namespace interchoice
