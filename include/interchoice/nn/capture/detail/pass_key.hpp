#pragma once

#include <ATen/autocast_mode.h>
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>
#include <c10/util/DimVector.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "interchoice/nn/capture/detail/candidate_inputs.hpp"
#include "interchoice/nn/capture/detail/candidate_state.hpp"

namespace interchoice::detail {

/// All that a recorded pass of a candidate was made for: it serves the passes that agree in it.
class PassKey {
 public:
  PassKey(const CandidateInputs& inputs, bool records_gradients, const CandidateState& state)
      : is_deferred_(inputs.is_deferred),
        records_gradients_(records_gradients),
        has_autocast_(at::autocast::is_autocast_enabled(inputs.x().device().type())),
        settings_(state.settings()) {
    if (has_autocast_) {
      autocast_type_ = at::autocast::get_autocast_dtype(inputs.x().device().type());
    }
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      inputs_[i] = Form(inputs.tensors[i], records_gradients);
    }
  }

  bool records_gradients() const { return records_gradients_; }

  friend bool operator==(const PassKey& a, const PassKey& b) {
    return a.is_deferred_ == b.is_deferred_ && a.records_gradients_ == b.records_gradients_ &&
           a.has_autocast_ == b.has_autocast_ && a.autocast_type_ == b.autocast_type_ &&
           std::equal(a.settings_.begin(), a.settings_.end(), b.settings_.begin(),
                      b.settings_.end()) &&
           a.inputs_ == b.inputs_;
  }

 private:
  struct Form {
    bool is_defined = false;
    bool requires_grad = false;
    at::ScalarType type = at::kFloat;
    at::Device device = at::kCPU;
    c10::DimVector sizes = {};
    c10::DimVector strides = {};

    Form() = default;
    Form(const at::Tensor& x, bool records_gradients) {
      if (!x.defined()) return;
      is_defined = true;
      requires_grad = records_gradients && x.requires_grad();
      type = x.scalar_type();
      device = x.device();
      sizes.assign(x.sizes().begin(), x.sizes().end());
      strides.assign(x.strides().begin(), x.strides().end());
    }
    friend bool operator==(const Form& a, const Form& b) {
      return a.is_defined == b.is_defined && a.requires_grad == b.requires_grad &&
             a.type == b.type && a.device == b.device &&
             at::IntArrayRef(a.sizes) == at::IntArrayRef(b.sizes) &&
             at::IntArrayRef(a.strides) == at::IntArrayRef(b.strides);
    }
  };

  bool is_deferred_;
  bool records_gradients_;
  bool has_autocast_;
  at::ScalarType autocast_type_ = at::kFloat;
  CandidateState::Settings settings_;
  std::array<Form, std::tuple_size_v<decltype(CandidateInputs::tensors)>> inputs_;
};

}  // namespace interchoice::detail
