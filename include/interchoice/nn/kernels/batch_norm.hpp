#pragma once

#include <ATen/Dispatch.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/hardtanh_backward.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/threshold_backward.h>
#include <ATen/record_function.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstdint>
#include <optional>
#include <tuple>

#include "interchoice/nn/kernels/batch_norm_passes.hpp"
#include "interchoice/nn/kernels/batch_norm_state.hpp"
#include "interchoice/nn/kernels/row_major.hpp"
#include "interchoice/nn/norm_activation.hpp"

namespace interchoice {

/// Where a BatchNorm writes.
enum class NormOutput : std::uint8_t {
  kNew,
  kOverInput,  ///< over x, which is used no more, where loops of its own run without gradients
};

namespace detail {

#if defined(INTERCHOICE_FMA)

struct BatchNormFunction : torch::autograd::Function<BatchNormFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const std::optional<at::Tensor>& weight,
                            const std::optional<at::Tensor>& bias, const BatchNormState& state,
                            NormActivation activation) {
    at::Tensor y = at::empty_like(x);
    at::Tensor vectors = empty_norm_vectors(x);
    AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "batch_norm", [&] {
      batch_norm_forward<scalar_t>(x, state, activation, y, vectors);
    });
    context->saved_data["activation"] = static_cast<std::int64_t>(activation);
    context->saved_data["eps"] = state.eps;
    context->saved_data["bias"] = bias.has_value();
    context->save_for_backward({x, weight.value_or(at::Tensor()), vectors});
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &vectors = saved[2];
    const auto activation = static_cast<NormActivation>(context->saved_data["activation"].toInt());
    const bool has_bias = context->saved_data["bias"].toBool();
    const at::Tensor& gradient = grads[0];
    at::Tensor grad_x, grad_weight, grad_bias;
    if (c10::GradMode::is_enabled() || !gradient.is_contiguous(at::MemoryFormat::ChannelsLast)) {
      std::tie(grad_x, grad_weight, grad_bias) = at::native_batch_norm_backward(
          passed(gradient, x, vectors, activation), x, weight, {}, {}, vectors[0], vectors[1],
          /*train=*/true, context->saved_data["eps"].toDouble(),
          {true, weight.defined(), has_bias});
    } else {
      if (context->needs_input_grad(0)) grad_x = at::empty_like(x);
      grad_weight = empty_vector_of(x);
      grad_bias = empty_vector_of(x);
      AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "batch_norm_backward", [&] {
        batch_norm_backward<scalar_t>(x, gradient, weight, vectors, activation, grad_x, grad_weight,
                                      grad_bias);
      });
    }
    return {grad_x,
            weight.defined() ? grad_weight : at::Tensor(),
            has_bias ? grad_bias : at::Tensor(),
            {},
            {}};
  }

 private:
  /// What of the gradient passes the activation, by libtorch's operators.
  static at::Tensor passed(const at::Tensor& gradient, const at::Tensor& x,
                           const at::Tensor& vectors, NormActivation activation) {
    if (activation == NormActivation::kNone) return gradient;
    at::Tensor y = at::empty_like(x, x.options().requires_grad(false));
    AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "batch_norm", [&] {
      apply_batch_norm<scalar_t>(x, vectors, activation, y, false);
    });
    return activation == NormActivation::kRelu ? at::threshold_backward(gradient, y, 0)
                                               : at::hardtanh_backward(gradient, y, 0, 6);
  }
};

#endif

}  // namespace detail

/// A BatchNorm in training mode, with the activation behind it.
///
///   y = activation((x - mean(x)) / sqrt(var(x) + eps) * weight + bias)
///
/// Moves the running statistics by `momentum`. The numbers are those of libtorch's operators to the
/// bit, and as theirs depend on the number of threads; those of bfloat16 images with float vectors
/// are the floats' numbers, y rounded once. *Shapes*: x and y [N, C, ...], vectors [C]. *Cost*:
/// where x is an image in libtorch's channels-last memory format, float, bfloat16 or double, on an
/// x86-64 CPU with AVX2, three reads and a write forward and four reads and a write backward, with
/// the activation in them; libtorch's operators elsewhere.
inline at::Tensor batch_norm(const at::Tensor& x, const BatchNormState& state,
                             NormActivation activation = NormActivation::kNone,
                             NormOutput output = NormOutput::kNew) {
#if defined(INTERCHOICE_FMA)
  if (detail::has_batch_norm_rows(x, state)) {
    RECORD_FUNCTION("interchoice::batch_norm", c10::ArrayRef<const c10::IValue>());
    if (output == NormOutput::kOverInput && !c10::GradMode::is_enabled()) {
      const at::Tensor vectors = detail::empty_norm_vectors(x);
      AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "batch_norm", [&] {
        detail::batch_norm_forward<scalar_t>(x, state, activation, x, vectors);
      });
      return x;
    }
    const auto optional = [](const at::Tensor& vector) {
      return vector.defined() ? std::optional(vector) : std::nullopt;
    };
    return detail::BatchNormFunction::apply(x, optional(state.weight), optional(state.bias), state,
                                            activation);
  }
#endif
  return detail::activate_(
      at::batch_norm(x, state.weight, state.bias, state.running_mean, state.running_var,
                     /*training=*/true, state.momentum, state.eps, /*cudnn_enabled=*/true),
      activation);
}

/// A BatchNorm in evaluation mode, with the activation behind it.
///
///   y = activation((x - running_mean) / sqrt(running_var + eps) * weight + bias)
///
/// The numbers are those of libtorch's operators to the bit; of bfloat16 images with float vectors
/// the floats' numbers, rounded once. *Shapes*: x and y [N, C, ...], vectors [C]. *Cost*: where
/// `batch_norm` has loops of its own and no gradients are recorded, one read and one write with the
/// activation in them; libtorch's operators elsewhere.
inline at::Tensor inference_batch_norm(const at::Tensor& x, const BatchNormState& state,
                                       NormActivation activation = NormActivation::kNone,
                                       NormOutput output = NormOutput::kNew) {
#if defined(INTERCHOICE_FMA)
  if (!c10::GradMode::is_enabled() && state.running_mean.defined() && state.running_var.defined() &&
      detail::has_batch_norm_rows(x, state)) {
    RECORD_FUNCTION("interchoice::inference_batch_norm", c10::ArrayRef<const c10::IValue>());
    at::Tensor y = output == NormOutput::kOverInput ? x : at::empty_like(x);
    AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "batch_norm", [&] {
      detail::batch_norm_inference<scalar_t>(x, state, activation, y);
    });
    return y;
  }
#endif
  return detail::activate_(
      at::batch_norm(x, state.weight, state.bias, state.running_mean, state.running_var,
                     /*training=*/false, state.momentum, state.eps, /*cudnn_enabled=*/true),
      activation);
}

}  // namespace interchoice
