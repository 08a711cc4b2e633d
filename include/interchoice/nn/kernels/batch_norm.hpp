#pragma once

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/hardtanh_backward.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/threshold_backward.h>
#include <ATen/record_function.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "interchoice/nn/kernels/batch_norm_rows.hpp"
#include "interchoice/nn/kernels/bfloat16_rows.hpp"
#include "interchoice/nn/kernels/row_major.hpp"
#include "interchoice/nn/norm_activation.hpp"

namespace interchoice {

/// What a BatchNorm has beside its input; what is undefined it does without.
struct BatchNormState {
  at::Tensor weight;
  at::Tensor bias;
  at::Tensor running_mean;
  at::Tensor running_var;
  double momentum = 0.1;
  double eps = 1e-5;
};

/// Where a BatchNorm writes.
enum class NormOutput : std::uint8_t {
  kNew,
  kOverInput,  ///< over x, which is used no more, where loops of its own run without gradients
};

namespace detail {

#if defined(INTERCHOICE_FMA)

/// Whether the loops of `NormColumns` can take it: the processor has the instructions, and libtorch
/// uses them.
inline bool has_batch_norm_rows(const at::Tensor& x, const BatchNormState& state) {
  static const bool has_instructions = __builtin_cpu_supports("avx2") &&
                                       __builtin_cpu_supports("fma") &&
                                       at::get_cpu_capability() != "DEFAULT";
  const auto fits = [&](const at::Tensor& vector) {
    return !vector.defined() || (is_vector_of(vector, x) && vector.is_contiguous());
  };
  return has_instructions && has_row_major_values(x) &&
         // Libtorch adds in another way for one channel and where it has no row for each thread.
         x.size(1) > 1 && x.numel() / x.size(1) > at::get_num_threads() && fits(state.weight) &&
         fits(state.bias) && fits(state.running_mean) && fits(state.running_var);
}

/// The rows of a BatchNorm's input in the parts and the order in which libtorch adds them: as many
/// ranges as there are threads. The result depends on their number, as libtorch's does.
template <class Scalar>
class NormSums {
 public:
  NormSums(std::int64_t rows, std::int64_t channels)
      : rows_(rows),
        channels_(channels),
        ranges_(at::in_parallel_region() ? 1 : at::get_num_threads()) {}

  /// `width` sums over all rows: `add(begin, end, sums)` adds those of some rows to `sums`.
  template <class Add>
  std::vector<double> sum(std::int64_t width, const Add& add) const {
    std::vector<Scalar> parts(static_cast<std::size_t>(ranges_ * width), Scalar{0});
    for_ranges([&](std::int64_t range, std::int64_t begin, std::int64_t end) {
      for (; begin < end; begin += tile_rows()) {
        add(begin, std::min(end, begin + tile_rows()), parts.data() + range * width);
      }
    });
    std::vector<double> total(static_cast<std::size_t>(width), 0);
    for (std::size_t p = 0; p < parts.size(); ++p) total[p % total.size()] += double{parts[p]};
    return total;
  }

  /// `visit(begin, end)` for all rows.
  template <class Visit>
  void visit(const Visit& visit) const {
    for_ranges([&](std::int64_t, std::int64_t begin, std::int64_t end) {
      for (; begin < end; begin += tile_rows()) visit(begin, std::min(end, begin + tile_rows()));
    });
  }

  /// The same, the last ones first: they are still in a cache.
  template <class Visit>
  void visit_backwards(const Visit& visit) const {
    for_ranges([&](std::int64_t, std::int64_t begin, std::int64_t end) {
      for (; begin < end; end -= std::min(end - begin, tile_rows())) {
        visit(std::max(begin, end - tile_rows()), end);
      }
    });
  }

 private:
  // Few enough for the nearest cache, so that all columns find them there.
  std::int64_t tile_rows() const {
    return std::max<std::int64_t>(1,
                                  16384 / (channels_ * static_cast<std::int64_t>(sizeof(Scalar))));
  }

  template <class Task>
  void for_ranges(const Task& task) const {
    const std::int64_t size = (rows_ + ranges_ - 1) / ranges_;
    at::parallel_for(0, ranges_, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t range = first; range < last; ++range) {
        task(range, std::min(rows_, range * size), std::min(rows_, (range + 1) * size));
      }
    });
  }

  std::int64_t rows_;
  std::int64_t channels_;
  std::int64_t ranges_;
};

/// factor * value + (1 - factor) * average, each product rounded: that file of libtorch's is not
/// compiled for fused multiplications.
template <class Scalar, class Value>
void move_average(Scalar& average, Value value, double momentum) {
  const auto rounded = [](auto a) {
    asm("" : "+x"(a));
    return a;
  };
  const auto factor = static_cast<Scalar>(momentum);
  average = static_cast<Scalar>(rounded(factor * value) + rounded((1 - factor) * average));
}

/// The vectors that forward hands to backward: mean, invstd, alpha and beta, [4, C].
inline at::Tensor empty_norm_vectors(const at::Tensor& x) {
  return at::empty({4, x.size(1)}, empty_vector_of(x).options());
}
template <class Scalar, class Value>
void set_norm_vectors(NormRows<Scalar, Value>& r, const at::Tensor& vectors) {
  r.mean = vectors.const_data_ptr<Scalar>();
  r.invstd = r.mean + r.channels;
  r.alpha = r.invstd + r.channels;
  r.beta = r.alpha + r.channels;
}

template <class Scalar>
const Scalar* data_or_null(const at::Tensor& vector) {
  return vector.defined() ? vector.const_data_ptr<Scalar>() : nullptr;
}

/// y = activation(x * alpha + beta); `was_read`: by a pass just before.
template <class Value>
void apply_batch_norm(const at::Tensor& x, const at::Tensor& vectors, NormActivation activation,
                      const at::Tensor& y, bool was_read) {
  using Scalar = computed_t<Value>;
  const std::int64_t channels = x.size(1);
  NormRows<Scalar, Value> r;
  r.channels = channels;
  r.x = x.const_data_ptr<Value>();
  r.out = y.mutable_data_ptr<Value>();
  set_norm_vectors(r, vectors);
  with_activation(activation, [&]<NormActivation kActivation>() {
    const NormSums<Scalar> tiles(x.numel() / channels, channels);
    const auto apply = [&](std::int64_t begin, std::int64_t end) {
      for_norm_columns<Scalar>(channels, [&](auto columns, std::int64_t column) {
        columns.template apply<kActivation>(r, column, begin, end);
      });
    };
    was_read ? tiles.visit_backwards(apply) : tiles.visit(apply);
  });
}

/// Fills the vectors, moves the running statistics and writes y.
template <class Value>
void batch_norm_forward(const at::Tensor& x, const BatchNormState& state, NormActivation activation,
                        const at::Tensor& y, const at::Tensor& vectors) {
  using Scalar = computed_t<Value>;
  const std::int64_t channels = x.size(1);
  const std::int64_t rows = x.numel() / channels;
  const NormSums<Scalar> sums(rows, channels);
  Scalar* mean = vectors.mutable_data_ptr<Scalar>();
  Scalar* invstd = mean + channels;
  Scalar* alpha = invstd + channels;
  Scalar* beta = alpha + channels;
  NormRows<Scalar, Value> r;
  r.channels = channels;
  r.x = x.const_data_ptr<Value>();
  set_norm_vectors(r, vectors);

  const std::vector<double> sum =
      sums.sum(channels, [&](std::int64_t begin, std::int64_t end, Scalar* to) {
        for_norm_columns<Scalar>(channels, [&](auto columns, std::int64_t column) {
          columns.add(r, column, begin, end, to);
        });
      });
  for (std::int64_t c = 0; c < channels; ++c) {
    mean[c] = static_cast<Scalar>(sum[static_cast<std::size_t>(c)] / static_cast<double>(rows));
  }
  const std::vector<double> squares =
      sums.sum(channels, [&](std::int64_t begin, std::int64_t end, Scalar* to) {
        for_norm_columns<Scalar>(channels, [&](auto columns, std::int64_t column) {
          columns.add_squares(r, column, begin, end, to);
        });
      });

  const Scalar* weight = data_or_null<Scalar>(state.weight);
  const Scalar* bias = data_or_null<Scalar>(state.bias);
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto square = static_cast<Scalar>(squares[static_cast<std::size_t>(c)]);
    const double variance = square / static_cast<Scalar>(rows);
    invstd[c] = static_cast<Scalar>(
        variance == 0 && state.eps == 0 ? 0 : 1 / std::sqrt(variance + state.eps));
    alpha[c] = invstd[c] * (weight == nullptr ? Scalar{1} : weight[c]);
    beta[c] = rounded_once(-mean[c], alpha[c], bias == nullptr ? Scalar{0} : bias[c]);
    if (state.running_mean.defined()) {
      move_average(state.running_mean.mutable_data_ptr<Scalar>()[c], mean[c], state.momentum);
    }
    if (state.running_var.defined()) {
      move_average(state.running_var.mutable_data_ptr<Scalar>()[c],
                   double{square / static_cast<Scalar>(rows - 1)}, state.momentum);
    }
  }

  apply_batch_norm<Value>(x, vectors, activation, y, /*was_read=*/true);
}

/// The output by the running statistics.
template <class Value>
void batch_norm_inference(const at::Tensor& x, const BatchNormState& state,
                          NormActivation activation, const at::Tensor& y) {
  using Scalar = computed_t<Value>;
  const std::int64_t channels = x.size(1);
  const at::Tensor vectors = empty_norm_vectors(x);
  Scalar* alpha = vectors.mutable_data_ptr<Scalar>() + 2 * channels;
  Scalar* beta = alpha + channels;
  const Scalar* mean = state.running_mean.const_data_ptr<Scalar>();
  const Scalar* variance = state.running_var.const_data_ptr<Scalar>();
  const Scalar* weight = data_or_null<Scalar>(state.weight);
  const Scalar* bias = data_or_null<Scalar>(state.bias);
  for (std::int64_t c = 0; c < channels; ++c) {
    const Scalar invstd = 1 / std::sqrt(variance[c] + static_cast<Scalar>(state.eps));
    alpha[c] = invstd * (weight == nullptr ? Scalar{1} : weight[c]);
    beta[c] = rounded_once(-mean[c], alpha[c], bias == nullptr ? Scalar{0} : bias[c]);
  }
  apply_batch_norm<Value>(x, vectors, activation, y, /*was_read=*/false);
}

/// Writes the gradient of x where it is defined, those of the weight and the bias always.
template <class Value>
void batch_norm_backward(const at::Tensor& x, const at::Tensor& gradient, const at::Tensor& weight,
                         const at::Tensor& vectors, NormActivation activation,
                         const at::Tensor& grad_x, const at::Tensor& grad_weight,
                         const at::Tensor& grad_bias) {
  using Scalar = computed_t<Value>;
  const std::int64_t channels = x.size(1);
  const std::int64_t rows = x.numel() / channels;
  const NormSums<Scalar> sums(rows, channels);
  NormRows<Scalar, Value> r;
  r.channels = channels;
  r.x = x.const_data_ptr<Value>();
  r.gradient = gradient.const_data_ptr<Value>();
  r.weight = data_or_null<Scalar>(weight);
  set_norm_vectors(r, vectors);
  with_activation(activation, [&]<NormActivation kActivation>() {
    const std::vector<double> total =
        sums.sum(2 * channels, [&](std::int64_t begin, std::int64_t end, Scalar* to) {
          for_norm_columns<Scalar>(channels, [&](auto columns, std::int64_t column) {
            columns.template add_gradients<kActivation>(r, column, begin, end, to, to + channels);
          });
        });
    Scalar* to_bias = grad_bias.mutable_data_ptr<Scalar>();
    Scalar* to_weight = grad_weight.mutable_data_ptr<Scalar>();
    std::vector<Scalar> centre_and_slope(total.size());
    Scalar* centre = centre_and_slope.data();
    Scalar* slope = centre + channels;
    const auto count = static_cast<Scalar>(rows);
    for (std::int64_t c = 0; c < channels; ++c) {
      const auto sum = static_cast<Scalar>(total[static_cast<std::size_t>(c)]);
      const auto product = static_cast<Scalar>(total[static_cast<std::size_t>(c + channels)]);
      to_bias[c] = sum;
      to_weight[c] = product * r.invstd[c];
      centre[c] = sum / count;
      slope[c] = product * r.invstd[c] * r.invstd[c] / count;
    }
    if (!grad_x.defined()) return;
    r.centre = centre;
    r.slope = slope;
    r.out = grad_x.mutable_data_ptr<Value>();
    sums.visit_backwards([&](std::int64_t begin, std::int64_t end) {
      for_norm_columns<Scalar>(channels, [&](auto columns, std::int64_t column) {
        columns.template differentiate<kActivation>(r, column, begin, end);
      });
    });
  });
}

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
