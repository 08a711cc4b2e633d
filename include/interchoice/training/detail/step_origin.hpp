#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <cstddef>
#include <unordered_set>
#include <vector>

#include "interchoice/nn/detail/generators.hpp"
#include "interchoice/nn/device.hpp"

namespace interchoice::detail {

/// What a step changes beside buffers before its optimizer moves: libtorch's generators, and which
/// parameters have a gradient.
class StepOrigin {
 public:
  struct Note {
    std::vector<at::Tensor> generators = {};
    std::vector<bool> has_gradient = {};
  };

  /// Looks up the parameters of a network and its optimizer; again whenever they get more.
  void watch(const torch::nn::Module& network, const torch::optim::Optimizer& optimizer) {
    parameters_ = network.parameters();
    std::unordered_set<const void*> known;
    for (const at::Tensor& p : parameters_) known.insert(p.unsafeGetTensorImpl());
    for (const auto& group : optimizer.param_groups()) {
      for (const at::Tensor& p : group.params()) {
        if (known.insert(p.unsafeGetTensorImpl()).second) parameters_.push_back(p);
      }
    }
    generators_.clear();
    for (const auto& item : generators(device_of(network))) generators_.push_back(item.second);
  }

  /// Takes note before a step, before gradients are cleared.
  Note note() const {
    Note note;
    for (const at::Generator& generator : generators_) {
      note.generators.push_back(state_of(generator));
    }
    note.has_gradient.resize(parameters_.size());
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      note.has_gradient[i] = parameters_[i].grad().defined();
    }
    return note;
  }

  /// Puts back what was noted. Gradients that were there are zero then.
  void put_back(const Note& note) {
    const c10::NoGradGuard no_grad;
    for (std::size_t i = 0; i < generators_.size(); ++i) {
      set_state(generators_[i], note.generators[i]);
    }
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      at::Tensor& gradient = parameters_[i].mutable_grad();
      if (!note.has_gradient[i]) {
        gradient.reset();
      } else if (gradient.defined()) {
        gradient.zero_();
      } else {
        gradient = at::zeros_like(parameters_[i]);
      }
    }
  }

 private:
  std::vector<at::Generator> generators_;
  std::vector<at::Tensor> parameters_;  // of the network and the optimizer
};

}  // namespace interchoice::detail
