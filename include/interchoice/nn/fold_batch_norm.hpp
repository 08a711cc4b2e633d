#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/rsqrt.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "interchoice/nn/detail/thread_scope.hpp"

namespace interchoice {

namespace detail {

/// A convolution with the BatchNorm behind it folded in.
struct FoldedConvolution {
  at::Tensor weight;  // as the convolution's
  at::Tensor bias;    // [C']
};

/// Folded convolutions by what they were made of; made again where that has changed since.
class FoldedConvolutions : public ThreadScope<FoldedConvolutions> {
 public:
  const FoldedConvolution& of(const torch::nn::Conv2dImpl& convolution,
                              const torch::nn::BatchNorm2dImpl& norm) {
    Entry& entry = entries_[{convolution.weight.unsafeGetTensorImpl(),
                             norm.running_mean.unsafeGetTensorImpl()}];
    const Sources sources{convolution.weight, convolution.bias,  norm.weight,
                          norm.bias,          norm.running_mean, norm.running_var};
    std::array<State, std::tuple_size_v<Sources>> states;
    for (std::size_t i = 0; i < sources.size(); ++i) states[i] = State::of(sources[i]);
    if (!entry.folded.weight.defined() || entry.states != states) {
      entry = {sources, states, fold(convolution, norm)};
    }
    return entry.folded;
  }

 private:
  using Sources = std::array<at::Tensor, 6>;

  struct State {
    const void* data = nullptr;
    std::int64_t version = 0;

    static State of(const at::Tensor& x) {
      if (!x.defined()) return {};
      return {x.const_data_ptr(), x._version()};
    }
    friend bool operator==(const State&, const State&) = default;
  };

  struct Entry {
    Sources sources;  // kept, so that no other tensor gets their addresses
    std::array<State, std::tuple_size_v<Sources>> states;
    FoldedConvolution folded;
  };

  static FoldedConvolution fold(const torch::nn::Conv2dImpl& convolution,
                                const torch::nn::BatchNorm2dImpl& norm) {
    at::Tensor factor = at::rsqrt(norm.running_var + norm.options.eps());
    if (norm.weight.defined()) factor = factor * norm.weight;
    at::Tensor bias =
        convolution.bias.defined() ? convolution.bias - norm.running_mean : -norm.running_mean;
    bias = bias * factor;
    if (norm.bias.defined()) bias = bias + norm.bias;
    const at::ScalarType type = convolution.weight.scalar_type();
    return {at::mul(convolution.weight, factor.view({-1, 1, 1, 1})).to(type), bias.to(type)};
  }

  std::map<std::pair<const void*, const void*>, Entry> entries_{};
};

/// Those of this thread's innermost `FoldBatchNorm`; null outside of all.
inline FoldedConvolutions* folded_convolutions() { return FoldedConvolutions::current(); }

}  // namespace detail

/// While it lives, this thread computes a convolution and the BatchNorm behind it as one
/// convolution wherever `convolution_norm` stands, in evaluation mode and without gradients:
///
///   W' = W * f,   b' = (b - mean) * f + beta,   f = gamma / sqrt(variance + eps)    per channel
///
/// The same function with other rounding: results differ in the last bits. Training, BatchNorms in
/// training mode, passes that record gradients, and BatchNorms that follow no convolution
/// run as ever. Guards nest; it is neither copied nor handed to another thread.
///
/// *Cost*: O(weights) where a convolution is met first or its statistics have changed; up to a copy
/// of the convolutions' weights while it lives. Saves the pass of BatchNorm over each output.
/// *Source*: Jacob et al. (CVPR 2018), section 3.2.
class FoldBatchNorm {
  detail::FoldedConvolutions convolutions_{};
};

}  // namespace interchoice
