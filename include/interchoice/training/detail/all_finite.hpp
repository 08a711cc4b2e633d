#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/isfinite.h>

#include <cstdint>
#include <cstring>

#include "interchoice/nn/kernels/row_major.hpp"

namespace interchoice::detail {

/// Whether no exponent of `count` floating-point numbers is all ones, as those of infinities and
/// NaN are. `exponent` has its bits. Bits, so that -ffast-math does not optimise the question away.
template <class Bits>
bool all_finite_bits(const void* values, std::int64_t count, Bits exponent) {
  const auto* const bytes = static_cast<const char*>(values);
  Bits found = 0;
  run_vectorized([=, &found]() INTERCHOICE_LOOP {
    Bits bad = 0;
#pragma omp simd reduction(| : bad)
    for (std::int64_t i = 0; i < count; ++i) {
      Bits bits;
      std::memcpy(&bits, bytes + i * static_cast<std::int64_t>(sizeof bits), sizeof bits);
      bad |= static_cast<Bits>((bits & exponent) == exponent ? 1 : 0);
    }
    found = bad;
  });
  return found == 0;
}

/// Whether `all_finite(type, ...)` knows numbers of a type.
inline bool has_known_exponent(at::ScalarType type) {
  return type == at::kFloat || type == at::kDouble || type == at::kHalf || type == at::kBFloat16;
}

/// Whether `count` numbers of a type that lie in a row in memory are finite.
inline bool all_finite(at::ScalarType type, const void* values, std::int64_t count) {
  switch (type) {
    case at::kFloat:
      return all_finite_bits<std::uint32_t>(values, count, 0x7f800000);
    case at::kDouble:
      return all_finite_bits<std::uint64_t>(values, count, 0x7ff0000000000000);
    case at::kHalf:
      return all_finite_bits<std::uint16_t>(values, count, 0x7c00);
    case at::kBFloat16:
      return all_finite_bits<std::uint16_t>(values, count, 0x7f80);
    default:
      return true;
  }
}

/// Whether the numbers of a tensor lie in a row in this process's memory, in any order, and are of
/// a type that the function above knows.
inline bool is_plain(const at::Tensor& tensor) {
  return tensor.device().is_cpu() && tensor.layout() == at::kStrided &&
         has_known_exponent(tensor.scalar_type()) && tensor.is_non_overlapping_and_dense();
}

/// Whether all elements of a tensor are finite, whatever its type, layout and device.
inline bool all_finite(const at::Tensor& tensor) {
  if (is_plain(tensor)) {
    return all_finite(tensor.scalar_type(), tensor.const_data_ptr(), tensor.numel());
  }
  const at::Tensor values = tensor.is_sparse() ? tensor._values() : tensor;
  return at::isfinite(values.detach()).all().item<bool>();
}

}  // namespace interchoice::detail
