#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "interchoice/dependency/grouped_split.hpp"
#include "interchoice/nn/candidate_bank.hpp"
#include "interchoice/nn/context_groups.hpp"
#include "interchoice/nn/dependency_state.hpp"

namespace interchoice {

/// y = op_c^(g(p1, ..., pD))(x): g is the buffer `context_groups`, so that it is saved and moved
/// with the network; read anew only where somebody has written it.
template <std::size_t Depth, class Order>
struct dependency_state<grouped_split<Depth, Order>> {
  dependency_state(torch::nn::Module& owner, const Site& site) {
    const auto contexts = static_cast<std::int64_t>(site.context().context_count());
    if (contexts > 1) {
      buffer_ = owner.register_buffer(detail::kContextGroups, at::arange(contexts, at::kLong));
    }
  }

  std::size_t copy(const Selection& selection) {
    return is_split_ && buffer_.defined() ? groups()[selection.context()] : 0;
  }

  NewParameters split(CandidateBank& bank) {
    is_split_ = true;
    if (!buffer_.defined()) return {};
    return bank.grow_to(1 + *std::max_element(groups().begin(), groups().end()));
  }
  bool is_split() const { return is_split_; }

 private:
  const std::vector<std::size_t>& groups() {
    if (groups_.empty() || version_ != buffer_._version()) {
      groups_ = detail::read_groups(buffer_);
      version_ = buffer_._version();
    }
    return groups_;
  }

  at::Tensor buffer_;                // [contexts]
  std::vector<std::size_t> groups_;  // the same on the host
  std::int64_t version_ = 0;
  bool is_split_ = false;
};

}  // namespace interchoice
