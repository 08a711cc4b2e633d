#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "interchoice/nn/kernels/is_traced.hpp"

/// Loops over channels-last images as a matrix: a row a pixel, a column a channel.
namespace interchoice::detail {

/// Whether a tensor is one of images on the CPU, channels-last, not empty.
inline bool is_row_major(const at::Tensor& x) {
  return x.device().is_cpu() && x.layout() == at::kStrided && x.dim() == 4 && x.numel() > 0 &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast) && !is_traced();
}

/// Whether our own loops can take a tensor: float or double so. Everything else goes through
/// libtorch's operators, and so does everything while they are traced.
inline bool has_row_major_pixels(const at::Tensor& x) {
  return (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble) && is_row_major(x);
}

/// The same for loops that take bfloat16, too (see bfloat16_rows.hpp).
inline bool has_row_major_values(const at::Tensor& x) {
  return has_row_major_pixels(x) || (x.scalar_type() == at::kBFloat16 && is_row_major(x));
}

/// The same for a vector beside such a tensor; a float one beside bfloat16: rows of a table are
/// never rounded.
inline bool is_vector_of(const at::Tensor& vector, const at::Tensor& x) {
  const at::ScalarType type = x.scalar_type() == at::kBFloat16 ? at::kFloat : x.scalar_type();
  return vector.device().is_cpu() && vector.dim() == 1 && vector.size(0) == x.size(1) &&
         vector.scalar_type() == type;
}

/// A new vector beside such a tensor.
inline at::Tensor empty_vector_of(const at::Tensor& x) {
  const bool is_narrow = x.scalar_type() == at::kBFloat16;
  return at::empty({x.size(1)}, is_narrow ? x.options().dtype(at::kFloat) : x.options());
}

/// Our kernels have a first derivative only; a silent zero as second one would be a lie.
inline void check_single_backward(const char* kernel) {
  TORCH_CHECK(!c10::GradMode::is_enabled(), "interchoice: ", kernel,
              " has no second derivative; call backward without create_graph");
}

/// Calls a loop compiled for AVX2 where the machine has it: users' files are usually compiled for
/// the oldest x86-64. Without FMA, so that results equal those of the plain loop to the bit.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__AVX2__)
template <class Loop>
__attribute__((target("avx2"))) void run_avx2(const Loop& loop) {
  loop();
}
template <class Loop>
void run_vectorized(const Loop& loop) {
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  has_avx2 ? run_avx2(loop) : loop();
}
#else
template <class Loop>
void run_vectorized(const Loop& loop) {
  loop();
}
#endif

/// A loop body that must be inlined to be compiled for its caller's instruction set.
#define INTERCHOICE_LOOP __attribute__((always_inline))

/// Adds the sums over rows to `sums`.
template <class Number>
void add_rows(const Number* from, Number* sums, std::int64_t rows, std::int64_t channels) {
  run_vectorized([=]() INTERCHOICE_LOOP {
    for (std::int64_t row = 0; row < rows; ++row) {
      const Number* a = from + row * channels;
#pragma omp simd
      for (std::int64_t c = 0; c < channels; ++c) sums[c] += a[c];
    }
  });
}

inline constexpr std::int64_t kRowsPerTask = 1024;

/// Calls `task(begin, end)` for fixed ranges of rows, in parallel.
template <class Task>
void for_row_ranges(std::int64_t rows, const Task& task) {
  const std::int64_t tasks = (rows + kRowsPerTask - 1) / kRowsPerTask;
  at::parallel_for(0, tasks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      task(t * kRowsPerTask, std::min(rows, (t + 1) * kRowsPerTask));
    }
  });
}

/// Sums over rows: `task(begin, end, sums)` adds a range's sums of each channel to `sums`.
/// Ranges are fixed and added in order, in double: the result does not depend on threads.
template <class Scalar, class Task>
void sum_row_ranges(std::int64_t rows, std::int64_t channels, Scalar* total, const Task& task) {
  const auto width = static_cast<std::size_t>(channels);
  std::vector<Scalar> partial(
      static_cast<std::size_t>((rows + kRowsPerTask - 1) / kRowsPerTask) * width, Scalar{0});
  for_row_ranges(rows, [&](std::int64_t begin, std::int64_t end) {
    task(begin, end, &partial[static_cast<std::size_t>(begin / kRowsPerTask) * width]);
  });
  for (std::size_t c = 0; c < width; ++c) {
    double sum = 0;
    for (std::size_t i = c; i < partial.size(); i += width) sum += static_cast<double>(partial[i]);
    total[c] = static_cast<Scalar>(sum);
  }
}

}  // namespace interchoice::detail
