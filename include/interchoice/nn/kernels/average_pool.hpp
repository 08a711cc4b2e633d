#pragma once

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "interchoice/nn/along_channels.hpp"
#include "interchoice/nn/kernels/bfloat16_rows.hpp"
#include "interchoice/nn/kernels/device_kernels.hpp"
#include "interchoice/nn/kernels/row_major.hpp"
#include "interchoice/nn/precision.hpp"

namespace interchoice {

namespace detail {

/// How many of the three rows (or columns) around `i` lie inside `size`.
inline std::int64_t inside3(std::int64_t i, std::int64_t size) {
  return 1 + (i > 0 ? 1 : 0) + (i + 1 < size ? 1 : 0);
}

/// sums[w, :] = sum of the up to nine in[h', w', :] around row h, row by row from the top left: the
/// order of libtorch's own pool, so that both agree to the bit. Rows outside are `zeros`: no sum
/// from zero on is a negative zero, so that they change none.
///
/// `finish(sum, i)` makes the result of the i-th sum.
template <class Value, class Result, class Finish>
INTERCHOICE_LOOP inline void sum_windows3x3(const Value* in, const Value* zeros, Result* out,
                                            std::int64_t h, std::int64_t height, std::int64_t width,
                                            std::int64_t channels, const Finish& finish) {
  using Number = computed_t<Value>;
  const std::int64_t row = width * channels;
  const Value* const a = h > 0 ? in + (h - 1) * row : zeros;
  const Value* const b = in + h * row;
  const Value* const c = h + 1 < height ? in + (h + 1) * row : zeros;
  // The sum of some columns around each value of [begin, end), from `left` to `right` of it.
  const auto sum = [&](std::int64_t begin, std::int64_t end, auto... columns) INTERCHOICE_LOOP {
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) {
      Number total{0};
      ((total += number(a[i + columns])), ...);
      ((total += number(b[i + columns])), ...);
      ((total += number(c[i + columns])), ...);
      store_number(finish(total, i), out[i]);
    }
  };
  constexpr std::int64_t kSame = 0;
  if (width == 1) return sum(0, row, kSame);
  sum(0, channels, kSame, channels);
  sum(channels, row - channels, -channels, kSame, channels);
  sum(row - channels, row, -channels, kSame);
}

/// What the sums of a row of windows are shifted and divided by: (sum + inside * shift) / divisor.
/// Three rows, since the windows around row h have one to three rows inside.
template <class Number>
class WindowDivision {
 public:
  /// A shift [C] of null is none.
  WindowDivision(const Number* shift, std::int64_t height, std::int64_t width,
                 std::int64_t channels, bool count_include_pad)
      : height_(height), row_(width * channels) {
    for (std::int64_t rows = 1; rows <= 3; ++rows) {
      for (std::int64_t w = 0; w < width; ++w) {
        const auto inside = static_cast<Number>(rows * inside3(w, width));
        divisors_.insert(divisors_.end(), static_cast<std::size_t>(channels),
                         count_include_pad ? Number{9} : inside);
        for (std::int64_t c = 0; shift != nullptr && c < channels; ++c) {
          shifts_.push_back(inside * shift[c]);
        }
      }
    }
  }

  /// Pools row h of an image. `out` may be the row of sums.
  template <class Value, class Result>
  void pool(const Value* in, const Value* zeros, Result* out, std::int64_t h, std::int64_t width,
            std::int64_t channels) const {
    const Number* const shifts = shifts_.empty() ? nullptr : shifts_.data() + first(h);
    const Number* const divisors = divisors_.data() + first(h);
    run_without_products([=, height = height_]() INTERCHOICE_LOOP {
      if (shifts == nullptr) {
        sum_windows3x3(in, zeros, out, h, height, width, channels,
                       [=](Number sum, std::int64_t i)
                           INTERCHOICE_LOOP { return sum / divisors[i]; });
      } else {
        sum_windows3x3(in, zeros, out, h, height, width, channels,
                       [=](Number sum, std::int64_t i)
                           INTERCHOICE_LOOP { return (sum + shifts[i]) / divisors[i]; });
      }
    });
  }

  /// The quotients of row h, in place.
  void apply(Number* sums, std::int64_t h) const {
    const Number* const divisors = divisors_.data() + first(h);
    run_vectorized([=, size = row_]() INTERCHOICE_LOOP {
#pragma omp simd
      for (std::int64_t i = 0; i < size; ++i) sums[i] /= divisors[i];
    });
  }

 private:
  // Of the numbers for row h.
  std::int64_t first(std::int64_t h) const { return (inside3(h, height_) - 1) * row_; }

  std::int64_t height_;
  std::int64_t row_;
  std::vector<Number> shifts_{};
  std::vector<Number> divisors_{};
};

/// A row of 2x2 windows, from two rows of 2 * width pixels.
template <class Value>
void pool_pairs(const Value* in, Value* out, std::int64_t width, std::int64_t channels) {
  run_without_products([=]() INTERCHOICE_LOOP {
    const Value* const below = in + 2 * width * channels;
    for (std::int64_t w = 0; w < width; ++w) {
      const std::int64_t left = 2 * w * channels;
      const std::int64_t right = left + channels;
      Value* const to = out + w * channels;
#pragma omp simd
      for (std::int64_t c = 0; c < channels; ++c) {
        computed_t<Value> sum{0};  // which makes a zero of negative ones
        sum += number(in[left + c]);
        sum += number(in[right + c]);
        sum += number(below[left + c]);
        sum += number(below[right + c]);
        store_number(sum / 4, to[c]);
      }
    }
  });
}

/// y = (sum of window + inside * vector) / divisor, the window 3x3, stride 1, padding 1.
struct AveragePoolFunction : torch::autograd::Function<AveragePoolFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const std::optional<at::Tensor>& vector, bool count_include_pad) {
    context->saved_data["has_vector"] = vector.has_value();
    context->saved_data["count_include_pad"] = count_include_pad;
    const at::Tensor v = vector ? vector->contiguous() : at::Tensor();
    at::Tensor y = at::empty_like(x);
    const std::int64_t channels = x.size(1);
    const std::int64_t height = x.size(2);
    const std::int64_t width = x.size(3);
    const std::int64_t image = channels * height * width;
    const std::int64_t row = channels * width;
    AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "average_pool", [&] {
      const scalar_t* in = x.const_data_ptr<scalar_t>();
      const computed_t<scalar_t>* shift =
          v.defined() ? v.const_data_ptr<computed_t<scalar_t>>() : nullptr;
      scalar_t* out = y.mutable_data_ptr<scalar_t>();
      const WindowDivision division(shift, height, width, channels, count_include_pad);
      at::parallel_for(0, x.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
        const std::vector<scalar_t> zeros(static_cast<std::size_t>(row));
        for (std::int64_t n = begin; n < end; ++n) {
          for (std::int64_t h = 0; h < height; ++h) {
            division.pool(in + n * image, zeros.data(), out + n * image + h * row, h, width,
                          channels);
          }
        }
      });
    });
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    check_single_backward("average_pool3x3");
    const bool has_vector = context->saved_data["has_vector"].toBool();
    const bool count_include_pad = context->saved_data["count_include_pad"].toBool();
    const at::Tensor g = grads[0].contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor grad_x = at::empty_like(g);
    const std::int64_t channels = g.size(1);
    const std::int64_t height = g.size(2);
    const std::int64_t width = g.size(3);
    const std::int64_t image = channels * height * width;
    const std::int64_t row = channels * width;
    at::Tensor grad_vectors;
    if (has_vector) {  // one an image
      grad_vectors = at::empty({g.size(0), channels}, empty_vector_of(g).options());
    }
    AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, g.scalar_type(), "average_pool_backward", [&] {
      using Number = computed_t<scalar_t>;
      const scalar_t* from = g.const_data_ptr<scalar_t>();
      scalar_t* to = grad_x.mutable_data_ptr<scalar_t>();
      Number* sums = has_vector ? grad_vectors.mutable_data_ptr<Number>() : nullptr;
      const WindowDivision<Number> division(nullptr, height, width, channels, count_include_pad);
      at::parallel_for(0, g.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
        std::vector<Number> quotients(static_cast<std::size_t>(image));
        const std::vector<Number> zeros(static_cast<std::size_t>(row));
        for (std::int64_t n = begin; n < end; ++n) {
          copy_values(from + n * image, quotients.data(), image);
          for (std::int64_t h = 0; h < height; ++h) {
            division.apply(quotients.data() + h * row, h);
          }
          for (std::int64_t h = 0; h < height; ++h) {
            run_without_products([&, at = to + n * image + h * row]() INTERCHOICE_LOOP {
              sum_windows3x3(quotients.data(), zeros.data(), at, h, height, width, channels,
                             [](Number sum, std::int64_t) INTERCHOICE_LOOP { return sum; });
            });
          }
          if (has_vector)
            sum_quotients(quotients.data(), sums + n * channels, height, width, channels);
        }
      });
    });
    return {grad_x, has_vector ? grad_vectors.sum(0) : at::Tensor(), at::Tensor()};
  }

 private:
  template <class Number>
  static void sum_quotients(const Number* quotients, Number* sums, std::int64_t height,
                            std::int64_t width, std::int64_t channels) {
    run_vectorized([=]() INTERCHOICE_LOOP {
      std::fill(sums, sums + channels, Number{0});
      for (std::int64_t h = 0; h < height; ++h) {
        for (std::int64_t w = 0; w < width; ++w) {
          const Number* pixel = quotients + (h * width + w) * channels;
          const auto inside = static_cast<Number>(inside3(h, height) * inside3(w, width));
#pragma omp simd
          for (std::int64_t c = 0; c < channels; ++c) sums[c] += inside * pixel[c];
        }
      }
    });
  }
};

}  // namespace detail

/// 3x3 average pool, stride 1, padding 1, of a shifted input.
///
///   y = pool(x + vector)      an undefined vector is zero; the padding is not shifted
///
/// Without a vector equal to libtorch's `avg_pool2d` to the bit, at a fraction of its time (its
/// kernel costs more than the 3x3 convolution beside it). bfloat16 x and a float vector are summed
/// as floats and rounded once. *Shapes*: x [N, C, H, W], vector
/// [C]. `count_include_pad`: divide by nine at the border, too (the paper's super-network), or by
/// the number of pixels inside (the benchmark's own networks). First derivative only.
inline at::Tensor average_pool3x3(const at::Tensor& x, const at::Tensor& vector,
                                  bool count_include_pad) {
  if (detail::has_row_major_values(x) && (!vector.defined() || detail::is_vector_of(vector, x))) {
    return detail::AveragePoolFunction::apply(
        x, vector.defined() ? std::optional(vector) : std::nullopt, count_include_pad);
  }
  if (detail::device_kernels.take(x, vector)) {
    return detail::device_kernels.average_pool(x, vector, count_include_pad);
  }
  return at::avg_pool2d(vector.defined() ? detail::narrowed(x + along_channels(vector, x), x) : x,
                        {3, 3}, {1, 1}, {1, 1}, false, count_include_pad);
}

/// 2x2 average pool, stride 2; at odd sizes the last row and column are pooled alone.
///
/// Equal to libtorch's `avg_pool2d` to the bit; bfloat16 is summed as floats and rounded once.
/// *Shapes*: x [N, C, H, W] -> [N, C, ceil(H/2), ceil(W/2)]. *Cost*: one read and a quarter of a
/// write for images of even sizes on the CPU in libtorch's channels-last memory format where no
/// gradients are recorded; libtorch's operator elsewhere.
inline at::Tensor average_pool2x2(const at::Tensor& x) {
  if (c10::GradMode::is_enabled() || !detail::has_row_major_values(x) || x.size(1) == 1 ||
      x.size(2) % 2 != 0 || x.size(3) % 2 != 0) {
    return at::avg_pool2d(x, {2, 2}, {2, 2}, {0, 0}, /*ceil_mode=*/true);
  }
  const std::int64_t channels = x.size(1);
  const std::int64_t half = x.size(3) / 2;
  at::Tensor y = at::empty({x.size(0), channels, x.size(2) / 2, half}, x.options(),
                           at::MemoryFormat::ChannelsLast);
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "average_pool", [&] {
    const scalar_t* const in = x.const_data_ptr<scalar_t>();
    scalar_t* const out = y.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, x.size(0) * x.size(2) / 2, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        detail::pool_pairs(in + row * 4 * half * channels, out + row * half * channels, half,
                           channels);
      }
    });
  });
  return y;
}

}  // namespace interchoice
