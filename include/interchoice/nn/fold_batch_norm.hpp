#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/rsqrt.h>
#include <c10/util/DimVector.h>

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

/// A convolution's weight [C', ...] with each output channel multiplied by its factor.
inline at::Tensor scaled_outputs(const at::Tensor& weight, const at::Tensor& factors) {
  c10::DimVector sizes(static_cast<std::size_t>(weight.dim()), 1);
  sizes[0] = factors.numel();
  return at::mul(weight, factors.view(sizes));
}

/// Folded convolutions by what they were made of; made again where that has changed since.
class FoldedConvolutions : public ThreadScope<FoldedConvolutions> {
 public:
  template <class Convolution, class Norm>
  const FoldedConvolution& of(const Convolution& convolution, const Norm& norm) {
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

  template <class Convolution, class Norm>
  static FoldedConvolution fold(const Convolution& convolution, const Norm& norm) {
    at::Tensor factor = at::rsqrt(norm.running_var + norm.options.eps());
    if (norm.weight.defined()) factor = factor * norm.weight;
    at::Tensor bias =
        convolution.bias.defined() ? convolution.bias - norm.running_mean : -norm.running_mean;
    bias = bias * factor;
    if (norm.bias.defined()) bias = bias + norm.bias;
    const at::ScalarType type = convolution.weight.scalar_type();
    return {scaled_outputs(convolution.weight, factor).to(type), bias.to(type)};
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
/// run as without it. Guards nest; it is neither copied nor moved to another thread.
///
/// *Cost*: O(weights) where a convolution is met first or its statistics have changed; up to a copy
/// of the convolutions' weights while it lives. Saves the pass of BatchNorm over each output.
/// *Source*: Jacob et al. (CVPR 2018), section 3.2.
class FoldBatchNorm {
  detail::FoldedConvolutions convolutions_{};
};

}  // namespace interchoice
