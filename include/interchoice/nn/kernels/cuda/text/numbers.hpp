#pragma once

#include "interchoice/nn/kernels/cuda/text/half.hpp"
#include "interchoice/nn/kernels/cuda/text/macros.hpp"

// The short types, and what they are computed in.
// clang-format off
INTERCHOICE_CUDA_TEXT(kNumbersText,
namespace interchoice::cuda {

struct Bf16 {
  unsigned short bits;
};
struct F16 {
  unsigned short bits;
};

// Rows, sums and everything between loading and storing: float for the short types.
template <class T>
struct WideOf {
  using Type = float;
};
template <>
struct WideOf<double> {
  using Type = double;
};
template <class T>
using Wide = typename WideOf<T>::Type;

union FloatBits {
  float value;
  unsigned bits;
};

INTERCHOICE_CUDA_FUNCTION float widen(float value) { return value; }
INTERCHOICE_CUDA_FUNCTION double widen(double value) { return value; }
INTERCHOICE_CUDA_FUNCTION float widen(F16 value) { return float_of_half(value.bits); }
INTERCHOICE_CUDA_FUNCTION float widen(Bf16 value) {
  FloatBits wide;
  wide.bits = static_cast<unsigned>(value.bits) << 16;
  return wide.value;
}

INTERCHOICE_CUDA_FUNCTION void narrow(float value, float& to) { to = value; }
INTERCHOICE_CUDA_FUNCTION void narrow(double value, double& to) { to = value; }
INTERCHOICE_CUDA_FUNCTION void narrow(float value, F16& to) { to.bits = half_of_float(value); }
INTERCHOICE_CUDA_FUNCTION void narrow(float value, Bf16& to) {
  FloatBits wide;
  wide.value = value;
  const unsigned rounded = (wide.bits + 0x7FFFU + ((wide.bits >> 16) & 1U)) >> 16;
  to.bits = static_cast<unsigned short>(value != value ? 0x7FC0U : rounded);
}

}
)
// clang-format on
