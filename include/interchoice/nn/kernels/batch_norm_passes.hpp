#pragma once

// The passes over an image that a BatchNorm is made of, by the loops of `NormColumns`.

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "interchoice/nn/kernels/batch_norm_rows.hpp"
#include "interchoice/nn/kernels/batch_norm_state.hpp"
#include "interchoice/nn/kernels/bfloat16_rows.hpp"
#include "interchoice/nn/kernels/norm_sums.hpp"
#include "interchoice/nn/kernels/row_major.hpp"
#include "interchoice/nn/norm_activation.hpp"

#if defined(INTERCHOICE_FMA)

namespace interchoice::detail {

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

}  // namespace interchoice::detail

#endif
