#pragma once

#include <cstring>

#include "interchoice/nn/kernels/cuda/text/macros.hpp"

namespace interchoice::cuda {

/// IEEE half precision on the host; the device has instructions for both.
inline float float_of_half(unsigned short bits) {
  const unsigned exponent = (bits >> 10) & 31U;
  const unsigned fraction = bits & 1023U;
  float value = static_cast<float>(fraction) * 0x1p-24F;  // subnormal
  if (exponent != 0) {
    const unsigned wide = (exponent == 31 ? 255U << 23 : (exponent + 112) << 23) | (fraction << 13);
    std::memcpy(&value, &wide, sizeof value);
  }
  return (bits & 0x8000U) != 0 ? -value : value;
}

/// Rounded to the nearest, ties to even.
inline unsigned short half_of_float(float value) {
  unsigned bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  const unsigned sign = (bits >> 16) & 0x8000U;
  bits &= 0x7FFFFFFFU;
  if (bits > 0x7F800000U) return static_cast<unsigned short>(0x7FFFU);  // NaN
  if (bits >= 0x477FF000U) return static_cast<unsigned short>(sign | 0x7C00U);
  if (bits < 0x38800000U) {  // subnormal: the addition rounds to multiples of 2^-24
    float magnitude = 0;
    std::memcpy(&magnitude, &bits, sizeof magnitude);
    magnitude += 0.5F;
    std::memcpy(&bits, &magnitude, sizeof bits);
    return static_cast<unsigned short>(sign | (bits - 0x3F000000U));
  }
  bits += 0xFFFU + ((bits >> 13) & 1U);
  return static_cast<unsigned short>(sign | ((bits - 0x38000000U) >> 13));
}

}  // namespace interchoice::cuda

// On the device an instruction each.
// clang-format off
INTERCHOICE_CUDA_DEVICE_TEXT(kHalfText,
namespace interchoice::cuda {

INTERCHOICE_CUDA_FUNCTION float float_of_half(unsigned short bits) {
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
  return value;
}

INTERCHOICE_CUDA_FUNCTION unsigned short half_of_float(float value) {
  unsigned short bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
}

}
)
// clang-format on
