#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/batch_norm_update_stats.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/hardtanh_backward.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/threshold_backward.h>
#include <ATen/ops/var_mean.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <c10/util/DimVector.h>
#include <c10/util/Exception.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

#include "interchoice/distributed/group.hpp"
#include "interchoice/nn/kernels/batch_norm.hpp"
#include "interchoice/nn/kernels/batch_norm_state.hpp"
#include "interchoice/nn/kernels/row_major.hpp"
#include "interchoice/nn/norm_activation.hpp"

namespace interchoice {

/// Count, mean and biased variance of each channel's values over all ranks of a group, in double.
struct GroupMoments {
  at::Tensor count;     ///< [1]
  at::Tensor mean;      ///< [C]
  at::Tensor variance;  ///< [C]
};

namespace detail {

/// The type in which a BatchNorm computes: double for double, float for all that is narrower.
inline at::ScalarType norm_type_of(const at::Tensor& x) {
  return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

/// Count, mean, and sum of squared deviations of this rank's values, [1 + 2 C].
inline at::Tensor own_moments(const at::Tensor& x) {
  const at::TensorOptions options = x.options().dtype(at::kDouble);
  const std::int64_t channels = x.size(1);
  if (x.numel() == 0) return at::zeros({1 + 2 * channels}, options);
  const at::Tensor values = x.detach().to(norm_type_of(x));
  at::Tensor mean, variance;
  if (values.is_cpu()) {  // ten times as fast there, and in two passes, too
    std::tie(mean, variance) = at::batch_norm_update_stats(values, {}, {}, /*momentum=*/0);
  } else {
    c10::DimVector all_but_channels{0};
    for (std::int64_t d = 2; d < values.dim(); ++d) all_but_channels.push_back(d);
    std::tie(variance, mean) =
        at::var_mean(values, all_but_channels, /*correction=*/std::optional<at::Scalar>(0));
  }
  const auto count = static_cast<double>(x.numel() / channels);
  return at::cat(
      {at::full({1}, count, options), mean.to(at::kDouble), variance.to(at::kDouble) * count});
}

/// A group that a backward pass keeps.
struct KeptGroup : torch::CustomClassHolder {
  explicit KeptGroup(Group kept) : group(std::move(kept)) {}
  Group group;
};

/// The normalisation by a group's moments; its gradient goes through those of all ranks.
struct SynchronisedBatchNormFunction : torch::autograd::Function<SynchronisedBatchNormFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const std::optional<at::Tensor>& weight,
                            const std::optional<at::Tensor>& bias, const GroupMoments& moments,
                            double eps, NormActivation activation, const Group& group) {
    const at::ScalarType type = norm_type_of(x);
    const auto computed = [&](const std::optional<at::Tensor>& vector) {
      return vector ? vector->to(type) : at::Tensor();
    };
    const at::Tensor mean = moments.mean.to(type), variance = moments.variance.to(type);
    at::Tensor y = inference_batch_norm(
        x, {computed(weight), computed(bias), mean, variance, /*momentum=*/0, eps}, activation);
    context->saved_data["activation"] = static_cast<std::int64_t>(activation);
    context->saved_data["eps"] = eps;
    context->saved_data["bias_type"] =
        bias ? std::optional(static_cast<std::int64_t>(bias->scalar_type())) : std::nullopt;
    context->saved_data["group"] = at::IValue::make_capsule(c10::make_intrusive<KeptGroup>(group));
    context->save_for_backward({x, weight.value_or(at::Tensor()), mean, variance, moments.count,
                                activation == NormActivation::kNone ? at::Tensor() : y});
    return y;
  }

  // With a = weight / sqrt(var + eps), u = (x - mean) / sqrt(var + eps), sums over all ranks:
  //   dx = a (dy - sum(dy) / N - u sum(dy u) / N)
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    check_single_backward("a BatchNorm of several ranks");
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &variance = saved[3],
                     &count = saved[4];
    const double eps = context->saved_data["eps"].toDouble();
    const at::ScalarType type = norm_type_of(x);
    const at::Tensor gradient = passed(
        grads[0], saved[5], static_cast<NormActivation>(context->saved_data["activation"].toInt()));
    const at::Tensor factor = weight.defined() ? weight.to(type) : at::ones_like(mean);

    // This rank's sum(dy) and sum(dy u): by the formula for given statistics.
    at::Tensor none, grad_weight, grad_bias;
    if (x.numel() > 0) {
      std::tie(none, grad_weight, grad_bias) = at::native_batch_norm_backward(
          gradient, x, factor, mean, variance, {}, {}, /*train=*/false, eps, {false, true, true});
    } else {
      grad_weight = at::zeros_like(mean);
      grad_bias = at::zeros_like(mean);
    }

    at::Tensor grad_x;
    if (context->needs_input_grad(0)) {
      at::Tensor sums = at::stack({grad_bias, grad_weight}).to(at::kDouble);  // [2, C]
      group_of(*context).sum(sums);
      sums = sums.div_(count).to(type);
      c10::DimVector along_channels(static_cast<std::size_t>(x.dim()), 1);
      along_channels[1] = x.size(1);
      const at::Tensor invstd = at::rsqrt(variance + eps);
      const at::Tensor a = factor * invstd;
      // A sum of three, from the small ones up, without a fourth tensor of x's size.
      grad_x = (x.to(type) - mean.view(along_channels))
                   .mul_((-a * invstd * sums[1]).view(along_channels))
                   .sub_((a * sums[0]).view(along_channels))
                   .addcmul_(gradient.to(type), a.view(along_channels))
                   .to(x.scalar_type());
    }
    const at::IValue& bias_type = context->saved_data["bias_type"];
    return {grad_x,
            weight.defined() ? grad_weight.to(weight.scalar_type()) : at::Tensor(),
            bias_type.isNone() ? at::Tensor()
                               : grad_bias.to(static_cast<at::ScalarType>(bias_type.toInt())),
            {},
            {},
            {},
            {}};
  }

 private:
  static const Group& group_of(torch::autograd::AutogradContext& context) {
    const c10::intrusive_ptr<torch::CustomClassHolder> holder =
        context.saved_data["group"].toCapsule();
    return static_cast<const KeptGroup&>(*holder).group;  // which the context keeps
  }

  /// What of the gradient passes the activation.
  static at::Tensor passed(const at::Tensor& gradient, const at::Tensor& y,
                           NormActivation activation) {
    switch (activation) {
      case NormActivation::kRelu:
        return at::threshold_backward(gradient, y, 0);
      case NormActivation::kRelu6:
        return at::hardtanh_backward(gradient, y, 0, 6);
      case NormActivation::kNone:
        break;
    }
    return gradient;
  }
};

}  // namespace detail

/// The moments of all ranks' values, by one exchange of 1 + 2 C numbers:
///
///   mean = sum_r n_r mean_r / N,   N var = sum_r n_r var_r + n_r (mean_r - mean)^2
///
/// The ranks' numbers are the same bits where their machines are of one kind. *Shapes*: x
/// [N_r, C, ...], N_r as the rank has them. *Source*: Chan, Golub and LeVeque (1979).
inline GroupMoments group_moments(const at::Tensor& x, const Group& group) {
  const c10::NoGradGuard no_grad;
  const std::int64_t channels = x.size(1);
  const at::Tensor all = group.gather(detail::own_moments(x));  // [R, 1 + 2 C]
  const at::Tensor counts = all.narrow(1, 0, 1);                // [R, 1]
  const at::Tensor means = all.narrow(1, 1, channels);          // [R, C]
  const at::Tensor squares = all.narrow(1, 1 + channels, channels);
  const at::Tensor count = counts.sum(0);  // [1]
  const at::Tensor mean = (counts * means).sum(0) / count;
  const at::Tensor deviations = means - mean;
  return {count, mean, (squares + counts * deviations * deviations).sum(0) / count};
}

/// A BatchNorm in training mode over the values of all ranks of a group, with the activation behind
/// it, and moves the running statistics by `momentum`, the variance's by the unbiased one:
///
///   y = activation((x - mean) / sqrt(var + eps) * weight + bias)
///
/// The gradient of x is that of the sum of all ranks' losses; those of the weight and the bias are
/// this rank's part, to be summed over the ranks with the gradients of all else. `moments` are
/// `group_moments(x, group)`. All ranks call it, and, where x has a gradient, its backward pass, in
/// one order.
///
/// *Shapes*: x and y [N_r, C, ...], vectors [C]. *Throws*: its second derivative `c10::Error`.
/// *Cost*: three reads and a write forward on the CPU; libtorch's operators backward.
inline at::Tensor synchronised_batch_norm(const at::Tensor& x, const BatchNormState& state,
                                          const GroupMoments& moments, const Group& group,
                                          NormActivation activation = NormActivation::kNone) {
  {
    const c10::NoGradGuard no_grad;
    const auto move = [&](const at::Tensor& average, const at::Tensor& value) {
      if (!average.defined()) return;
      average.mul_(1 - state.momentum).add_(value.to(average.scalar_type()), state.momentum);
    };
    move(state.running_mean, moments.mean);
    move(state.running_var, moments.variance * (moments.count / (moments.count - 1)));
  }
  const auto optional = [](const at::Tensor& vector) {
    return vector.defined() ? std::optional(vector) : std::nullopt;
  };
  return detail::SynchronisedBatchNormFunction::apply(
      x, optional(state.weight), optional(state.bias), moments, state.eps, activation, group);
}

}  // namespace interchoice
