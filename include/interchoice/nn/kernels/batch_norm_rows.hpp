#pragma once

#if defined(__x86_64__) && defined(__GNUC__)

#include <c10/util/BFloat16.h>
#include <immintrin.h>

#include <cstdint>

#include "interchoice/nn/norm_activation.hpp"

/// Loops of BatchNorm over rows of channels, with the additions in the order of libtorch's
/// channels-last kernel and fused multiplications and additions where its compiler put them: the
/// same numbers to the bit. Libtorch's adds each row to a buffer in memory; here the sums of a few
/// channels stay in registers for a tile of rows. bfloat16 values are widened as they are read,
/// computed on as floats, and rounded once as they are written.
namespace interchoice::detail {

// For functions that run on processors with AVX2 and FMA only, whatever the file is compiled for.
#define INTERCHOICE_FMA __attribute__((target("avx2,fma")))
#define INTERCHOICE_FMA_INLINE INTERCHOICE_FMA __attribute__((always_inline)) static inline

/// A vector register of channels.
template <class Scalar>
struct Lanes;

template <>
struct Lanes<float> {
  using Scalar = float;
  using Vector = __m256;
  static constexpr std::int64_t kWidth = 8;
  INTERCHOICE_FMA_INLINE __m256i mask(std::int64_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  INTERCHOICE_FMA_INLINE Vector zero() { return _mm256_setzero_ps(); }
  INTERCHOICE_FMA_INLINE Vector broadcast(float a) { return _mm256_set1_ps(a); }
  INTERCHOICE_FMA_INLINE Vector load(const float* from) { return _mm256_loadu_ps(from); }
  INTERCHOICE_FMA_INLINE Vector load(const float* from, __m256i mask) {
    return _mm256_maskload_ps(from, mask);
  }
  INTERCHOICE_FMA_INLINE void store(float* to, Vector a) { _mm256_storeu_ps(to, a); }
  INTERCHOICE_FMA_INLINE void store(float* to, Vector a, __m256i mask) {
    _mm256_maskstore_ps(to, mask, a);
  }
  /// Exact: a bfloat16 is the upper half of a float.
  INTERCHOICE_FMA_INLINE Vector load(const c10::BFloat16* from) {
    const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  }
  INTERCHOICE_FMA_INLINE Vector load(const c10::BFloat16* from, __m256i mask) {
    c10::BFloat16 values[kWidth] = {};
    const int lanes = count(mask);
    for (int i = 0; i < lanes; ++i) values[i] = from[i];
    return load(values);
  }
  /// To nearest, ties to even; not-a-number stays one: libtorch's bits (`round_values`).
  INTERCHOICE_FMA_INLINE void store(c10::BFloat16* to, Vector a) {
    const __m256i bits = _mm256_castps_si256(a);
    const __m256i is_odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded =
        _mm256_add_epi32(bits, _mm256_add_epi32(is_odd, _mm256_set1_epi32(0x7fff)));
    const __m256 is_nan = _mm256_cmp_ps(a, a, _CMP_UNORD_Q);
    const __m256 result = _mm256_blendv_ps(
        _mm256_castsi256_ps(rounded), _mm256_castsi256_ps(_mm256_set1_epi32(0x7fc00000)), is_nan);
    const __m256i halves = _mm256_srli_epi32(_mm256_castps_si256(result), 16);
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(halves, halves), 0x08);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(packed));
  }
  INTERCHOICE_FMA_INLINE void store(c10::BFloat16* to, Vector a, __m256i mask) {
    c10::BFloat16 values[kWidth];
    store(values, a);
    const int lanes = count(mask);
    for (int i = 0; i < lanes; ++i) to[i] = values[i];
  }
  /// The lanes of a mask.
  INTERCHOICE_FMA_INLINE int count(__m256i mask) {
    return __builtin_popcount(static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(mask))));
  }
  INTERCHOICE_FMA_INLINE Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
  INTERCHOICE_FMA_INLINE Vector subtract(Vector a, Vector b) { return _mm256_sub_ps(a, b); }
  INTERCHOICE_FMA_INLINE Vector multiply(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
  /// Keeps the compiler from fusing a product with an addition.
  INTERCHOICE_FMA_INLINE Vector rounded(Vector a) {
    asm("" : "+x"(a));
    return a;
  }
  /// a * b + c and c - a * b, rounded once.
  INTERCHOICE_FMA_INLINE Vector multiply_add(Vector a, Vector b, Vector c) {
    return _mm256_fmadd_ps(a, b, c);
  }
  INTERCHOICE_FMA_INLINE Vector subtract_product(Vector c, Vector a, Vector b) {
    return _mm256_fnmadd_ps(a, b, c);
  }
  /// NaN stays NaN.
  INTERCHOICE_FMA_INLINE Vector at_least(Vector low, Vector a) { return _mm256_max_ps(low, a); }
  INTERCHOICE_FMA_INLINE Vector at_most(Vector high, Vector a) { return _mm256_min_ps(high, a); }
  /// The gradient or zero; libtorch lets it through at NaN for the first and not for the second.
  INTERCHOICE_FMA_INLINE Vector unless_at_most(Vector gradient, Vector a, Vector limit) {
    return _mm256_andnot_ps(_mm256_cmp_ps(a, limit, _CMP_LE_OQ), gradient);
  }
  INTERCHOICE_FMA_INLINE Vector where_between(Vector gradient, Vector low, Vector a, Vector high) {
    return _mm256_and_ps(
        _mm256_and_ps(_mm256_cmp_ps(low, a, _CMP_LT_OQ), _mm256_cmp_ps(a, high, _CMP_LT_OQ)),
        gradient);
  }
};

template <>
struct Lanes<double> {
  using Scalar = double;
  using Vector = __m256d;
  static constexpr std::int64_t kWidth = 4;
  INTERCHOICE_FMA_INLINE __m256i mask(std::int64_t count) {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
  }
  INTERCHOICE_FMA_INLINE Vector zero() { return _mm256_setzero_pd(); }
  INTERCHOICE_FMA_INLINE Vector broadcast(double a) { return _mm256_set1_pd(a); }
  INTERCHOICE_FMA_INLINE Vector load(const double* from) { return _mm256_loadu_pd(from); }
  INTERCHOICE_FMA_INLINE Vector load(const double* from, __m256i mask) {
    return _mm256_maskload_pd(from, mask);
  }
  INTERCHOICE_FMA_INLINE void store(double* to, Vector a) { _mm256_storeu_pd(to, a); }
  INTERCHOICE_FMA_INLINE void store(double* to, Vector a, __m256i mask) {
    _mm256_maskstore_pd(to, mask, a);
  }
  INTERCHOICE_FMA_INLINE Vector add(Vector a, Vector b) { return _mm256_add_pd(a, b); }
  INTERCHOICE_FMA_INLINE Vector subtract(Vector a, Vector b) { return _mm256_sub_pd(a, b); }
  INTERCHOICE_FMA_INLINE Vector multiply(Vector a, Vector b) { return _mm256_mul_pd(a, b); }
  INTERCHOICE_FMA_INLINE Vector rounded(Vector a) {
    asm("" : "+x"(a));
    return a;
  }
  INTERCHOICE_FMA_INLINE Vector multiply_add(Vector a, Vector b, Vector c) {
    return _mm256_fmadd_pd(a, b, c);
  }
  INTERCHOICE_FMA_INLINE Vector subtract_product(Vector c, Vector a, Vector b) {
    return _mm256_fnmadd_pd(a, b, c);
  }
  INTERCHOICE_FMA_INLINE Vector at_least(Vector low, Vector a) { return _mm256_max_pd(low, a); }
  INTERCHOICE_FMA_INLINE Vector at_most(Vector high, Vector a) { return _mm256_min_pd(high, a); }
  INTERCHOICE_FMA_INLINE Vector unless_at_most(Vector gradient, Vector a, Vector limit) {
    return _mm256_andnot_pd(_mm256_cmp_pd(a, limit, _CMP_LE_OQ), gradient);
  }
  INTERCHOICE_FMA_INLINE Vector where_between(Vector gradient, Vector low, Vector a, Vector high) {
    return _mm256_and_pd(
        _mm256_and_pd(_mm256_cmp_pd(low, a, _CMP_LT_OQ), _mm256_cmp_pd(a, high, _CMP_LT_OQ)),
        gradient);
  }
};

/// A matrix of rows of values, and the vectors of a number a channel that the loops below need.
template <class Scalar, class Value = Scalar>
struct NormRows {
  std::int64_t channels = 0;
  const Value* x = nullptr;
  const Value* gradient = nullptr;  // of the output
  Value* out = nullptr;             // the output, or the gradient of x
  const Scalar* mean = nullptr;
  const Scalar* invstd = nullptr;
  const Scalar* weight = nullptr;  // null: 1
  const Scalar* alpha = nullptr;   // the output is x * alpha + beta
  const Scalar* beta = nullptr;
  const Scalar* slope = nullptr;   // sum((x - mean) * gradient) / variance / rows
  const Scalar* centre = nullptr;  // mean of the gradient
};

/// Loops over the rows [begin, end) of `Count` registers of channels from a column on; `Part`: of
/// the first `channels - column` lanes of one register.
template <class Scalar, std::int64_t Count, bool Part>
struct NormColumns {
  using L = Lanes<Scalar>;
  using Vector = typename L::Vector;
  static constexpr std::int64_t kWidth = Count * L::kWidth;

  /// sums += x
  template <class Value>
  INTERCHOICE_FMA static void add(const NormRows<Scalar, Value>& r, std::int64_t column,
                                  std::int64_t begin, std::int64_t end, Scalar* sums) {
    const __m256i mask = L::mask(r.channels - column);
    Vector sum[Count];
#pragma GCC unroll 4
    for (std::int64_t i = 0; i < Count; ++i) sum[i] = load(sums + column, i, mask);
    for (std::int64_t row = begin; row < end; ++row) {
      const Value* x = r.x + row * r.channels + column;
#pragma GCC unroll 4
      for (std::int64_t i = 0; i < Count; ++i) sum[i] = L::add(sum[i], load(x, i, mask));
    }
#pragma GCC unroll 4
    for (std::int64_t i = 0; i < Count; ++i) store(sums + column, i, sum[i], mask);
  }

  /// sums += (x - mean)^2
  template <class Value>
  INTERCHOICE_FMA static void add_squares(const NormRows<Scalar, Value>& r, std::int64_t column,
                                          std::int64_t begin, std::int64_t end, Scalar* sums) {
    const __m256i mask = L::mask(r.channels - column);
    Vector sum[Count], mean[Count];
#pragma GCC unroll 4
    for (std::int64_t i = 0; i < Count; ++i) {
      sum[i] = load(sums + column, i, mask);
      mean[i] = load(r.mean + column, i, mask);
    }
    for (std::int64_t row = begin; row < end; ++row) {
      const Value* x = r.x + row * r.channels + column;
#pragma GCC unroll 4
      for (std::int64_t i = 0; i < Count; ++i) {
        const Vector distance = L::subtract(load(x, i, mask), mean[i]);
        sum[i] = L::multiply_add(distance, distance, sum[i]);
      }
    }
#pragma GCC unroll 4
    for (std::int64_t i = 0; i < Count; ++i) store(sums + column, i, sum[i], mask);
  }

  /// out = activation(x * alpha + beta)
  template <NormActivation Activation, class Value>
  INTERCHOICE_FMA static void apply(const NormRows<Scalar, Value>& r, std::int64_t column,
                                    std::int64_t begin, std::int64_t end) {
    const __m256i mask = L::mask(r.channels - column);
    Vector alpha[Count], beta[Count];
#pragma GCC unroll 4
    for (std::int64_t i = 0; i < Count; ++i) {
      alpha[i] = load(r.alpha + column, i, mask);
      beta[i] = load(r.beta + column, i, mask);
    }
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t at = row * r.channels + column;
#pragma GCC unroll 4
      for (std::int64_t i = 0; i < Count; ++i) {
        Vector y = L::multiply_add(load(r.x + at, i, mask), alpha[i], beta[i]);
        if constexpr (Activation != NormActivation::kNone) y = L::at_least(L::zero(), y);
        if constexpr (Activation == NormActivation::kRelu6) y = L::at_most(L::broadcast(6), y);
        store(r.out + at, i, y, mask);
      }
    }
  }

  /// sums += g, products += (x - mean) * g       g: the gradient behind the activation
  template <NormActivation Activation, class Value>
  INTERCHOICE_FMA static void add_gradients(const NormRows<Scalar, Value>& r, std::int64_t column,
                                            std::int64_t begin, std::int64_t end, Scalar* sums,
                                            Scalar* products) {
    const __m256i mask = L::mask(r.channels - column);
    Vector sum[Count], product[Count], mean[Count];
#pragma GCC unroll 4
    for (std::int64_t i = 0; i < Count; ++i) {
      sum[i] = load(sums + column, i, mask);
      product[i] = load(products + column, i, mask);
      mean[i] = load(r.mean + column, i, mask);
    }
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t at = row * r.channels + column;
#pragma GCC unroll 4
      for (std::int64_t i = 0; i < Count; ++i) {
        const Vector x = load(r.x + at, i, mask);
        const Vector g = passed<Activation>(r, column, i, mask, x, load(r.gradient + at, i, mask));
        sum[i] = L::add(sum[i], g);
        product[i] = L::multiply_add(L::subtract(x, mean[i]), g, product[i]);
      }
    }
#pragma GCC unroll 4
    for (std::int64_t i = 0; i < Count; ++i) {
      store(sums + column, i, sum[i], mask);
      store(products + column, i, product[i], mask);
    }
  }

  /// out = (g - centre - (x - mean) * slope) * invstd * weight
  template <NormActivation Activation, class Value>
  INTERCHOICE_FMA static void differentiate(const NormRows<Scalar, Value>& r, std::int64_t column,
                                            std::int64_t begin, std::int64_t end) {
    const __m256i mask = L::mask(r.channels - column);
    Vector mean[Count], slope[Count], centre[Count], invstd[Count], weight[Count];
#pragma GCC unroll 4
    for (std::int64_t i = 0; i < Count; ++i) {
      mean[i] = load(r.mean + column, i, mask);
      slope[i] = load(r.slope + column, i, mask);
      centre[i] = load(r.centre + column, i, mask);
      invstd[i] = load(r.invstd + column, i, mask);
      weight[i] = r.weight == nullptr ? L::broadcast(1) : load(r.weight + column, i, mask);
    }
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t at = row * r.channels + column;
#pragma GCC unroll 4
      for (std::int64_t i = 0; i < Count; ++i) {
        const Vector x = load(r.x + at, i, mask);
        const Vector g = passed<Activation>(r, column, i, mask, x, load(r.gradient + at, i, mask));
        // Libtorch 2.11 was compiled with a fused product, but not for a last part of doubles.
        const Vector rest =
            Part && sizeof(Scalar) == 8
                ? L::subtract(L::subtract(g, centre[i]),
                              L::rounded(L::multiply(L::subtract(x, mean[i]), slope[i])))
                : L::subtract_product(L::subtract(g, centre[i]), L::subtract(x, mean[i]), slope[i]);
        store(r.out + at, i, L::multiply(L::multiply(rest, invstd[i]), weight[i]), mask);
      }
    }
  }

 private:
  template <class Value>
  INTERCHOICE_FMA_INLINE Vector load(const Value* from, std::int64_t i, __m256i mask) {
    if constexpr (Part) {
      return L::load(from, mask);
    } else {
      return L::load(from + i * L::kWidth);
    }
  }
  template <class Value>
  INTERCHOICE_FMA_INLINE void store(Value* to, std::int64_t i, Vector a, __m256i mask) {
    if constexpr (Part) {
      L::store(to, a, mask);
    } else {
      L::store(to + i * L::kWidth, a);
    }
  }

  /// What of the gradient passes the activation. The output is computed again, not read.
  template <NormActivation Activation, class Value>
  INTERCHOICE_FMA_INLINE Vector passed(const NormRows<Scalar, Value>& r, std::int64_t column,
                                       std::int64_t i, __m256i mask, Vector x, Vector gradient) {
    if constexpr (Activation == NormActivation::kNone) {
      return gradient;
    } else {
      const Vector y =
          L::multiply_add(x, load(r.alpha + column, i, mask), load(r.beta + column, i, mask));
      if constexpr (Activation == NormActivation::kRelu) {
        return L::unless_at_most(gradient, y, L::zero());
      } else {
        return L::where_between(gradient, L::zero(), y, L::broadcast(6));
      }
    }
  }
};

/// Calls `visit(columns, column)` for all channels, four, two or one register at a time.
template <class Scalar, class Visit>
void for_norm_columns(std::int64_t channels, const Visit& visit) {
  constexpr std::int64_t kLanes = Lanes<Scalar>::kWidth;
  std::int64_t column = 0;
  for (; channels - column >= 4 * kLanes; column += 4 * kLanes) {
    visit(NormColumns<Scalar, 4, false>(), column);
  }
  for (; channels - column >= 2 * kLanes; column += 2 * kLanes) {
    visit(NormColumns<Scalar, 2, false>(), column);
  }
  for (; channels - column >= kLanes; column += kLanes) {
    visit(NormColumns<Scalar, 1, false>(), column);
  }
  if (column < channels) visit(NormColumns<Scalar, 1, true>(), column);
}

/// a * b + c, rounded once.
INTERCHOICE_FMA inline float rounded_once(float a, float b, float c) {
  return __builtin_fmaf(a, b, c);
}
INTERCHOICE_FMA inline double rounded_once(double a, double b, double c) {
  return __builtin_fma(a, b, c);
}

/// Calls `visit` with the activation as a constant.
template <class Visit>
void with_activation(NormActivation activation, const Visit& visit) {
  switch (activation) {
    case NormActivation::kNone:
      return visit.template operator()<NormActivation::kNone>();
    case NormActivation::kRelu:
      return visit.template operator()<NormActivation::kRelu>();
    case NormActivation::kRelu6:
      return visit.template operator()<NormActivation::kRelu6>();
  }
}

#undef INTERCHOICE_FMA_INLINE

}  // namespace interchoice::detail

#endif
