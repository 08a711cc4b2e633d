#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <c10/core/Device.h>
#include <c10/core/GradMode.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "interchoice/nn/detail/generators.hpp"

namespace interchoice::detail {

/// Puts buffers and libtorch's generators back when it ends: passes in between leave no trace but
/// the buffers' versions.
class KeptState {
 public:
  KeptState(const std::vector<at::Tensor>& buffers, const at::Device& device) {
    for (const at::Tensor& buffer : buffers) {
      if (buffer.defined()) buffers_.push_back({buffer, buffer.detach().clone()});
    }
    for (const auto& [name, generator] : generators(device)) {
      generators_.push_back({generator, state_of(generator)});
    }
  }
  ~KeptState() {
    const c10::NoGradGuard no_grad;
    for (auto& [buffer, kept] : buffers_) buffer.copy_(kept);
    for (const auto& [generator, state] : generators_) set_state(generator, state);
  }
  KeptState(const KeptState&) = delete;
  KeptState& operator=(const KeptState&) = delete;

  /// Whether random numbers were drawn meanwhile.
  bool has_drawn() const {
    for (const auto& [generator, state] : generators_) {
      if (!at::equal(state_of(generator), state)) return true;
    }
    return false;
  }

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> buffers_;
  std::vector<std::pair<at::Generator, at::Tensor>> generators_;
};

}  // namespace interchoice::detail
