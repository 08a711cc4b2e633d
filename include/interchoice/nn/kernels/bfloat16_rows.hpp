#pragma once

#include <c10/util/BFloat16.h>
#include <c10/util/bit_cast.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "interchoice/nn/kernels/row_major.hpp"

/// bfloat16 in our kernels: blocks of rows are widened to float, computed on by the loops for
/// float, and rounded once, when they are stored.
namespace interchoice::detail {

/// The type that loops compute in on values of a tensor.
template <class Value>
using computed_t = std::conditional_t<std::is_same_v<Value, c10::BFloat16>, float, Value>;

/// Calls a loop without products compiled for AVX-512 where the machine has it, as machines that
/// multiply bfloat16 do: AVX-512 has fused multiply-add, of which other loops keep clear.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__AVX512BW__)
template <class Loop>
__attribute__((target("avx512f,avx512bw,avx512vl"))) void run_avx512(const Loop& loop) {
  loop();
}
template <class Loop>
void run_without_products(const Loop& loop) {
  static const bool has_avx512 = __builtin_cpu_supports("avx512f") &&
                                 __builtin_cpu_supports("avx512bw") &&
                                 __builtin_cpu_supports("avx512vl");
  has_avx512 ? run_avx512(loop) : run_vectorized(loop);
}
#else
template <class Loop>
void run_without_products(const Loop& loop) {
  run_vectorized(loop);
}
#endif

/// A value as a number to compute with. Exact: a bfloat16 is the upper half of a float.
template <class Value>
INTERCHOICE_LOOP inline computed_t<Value> number(Value value) {
  if constexpr (std::is_same_v<Value, c10::BFloat16>) {
    return c10::bit_cast<float>(std::uint32_t{value.x} << 16);
  } else {
    return value;
  }
}

/// A number as a value: to nearest, ties to even; not-a-number stays one. The bits are those of
/// libtorch's conversion, which g++ does not vectorise.
template <class Value>
INTERCHOICE_LOOP inline void store_number(computed_t<Value> from, Value& to) {
  if constexpr (std::is_same_v<Value, c10::BFloat16>) {
    const auto bits = c10::bit_cast<std::uint32_t>(from);
    const std::uint32_t rounded = bits + 0x7fffU + ((bits >> 16) & 1U);
    const bool is_nan = (bits & 0x7fffffffU) > 0x7f800000U;
    const std::uint32_t mask = is_nan ? 0xffffffffU : 0U;
    to.x = static_cast<std::uint16_t>(((rounded & ~mask) | (0x7fc00000U & mask)) >> 16);
  } else {
    to = from;
  }
}

inline void widen_values(const c10::BFloat16* from, float* to, std::int64_t size) {
  run_without_products([=]() INTERCHOICE_LOOP {
#pragma omp simd
    for (std::int64_t i = 0; i < size; ++i) to[i] = number(from[i]);
  });
}

/// The same for values that need no widening.
template <class Value>
void copy_values(const Value* from, computed_t<Value>* to, std::int64_t size) {
  if constexpr (std::is_same_v<Value, computed_t<Value>>) {
    std::copy_n(from, size, to);
  } else {
    widen_values(from, to, size);
  }
}

inline void round_values(const float* from, c10::BFloat16* to, std::int64_t size) {
  run_without_products([=]() INTERCHOICE_LOOP {
#pragma omp simd
    for (std::int64_t i = 0; i < size; ++i) store_number(from[i], to[i]);
  });
}

/// A block of a tensor's values as numbers that loops compute with: the tensor's memory itself, or
/// for bfloat16 a copy that stays in the cache.
template <class Value>
class BlockBuffer {
 public:
  /// For at most so many values.
  explicit BlockBuffer(std::int64_t size) : copy_(kIsCopy ? static_cast<std::size_t>(size) : 0) {}

  const computed_t<Value>* read(const Value* from, [[maybe_unused]] std::int64_t size) {
    if constexpr (kIsCopy) {
      widen_values(from, copy_.data(), size);
      return copy_.data();
    } else {
      return from;
    }
  }

  /// Where a loop writes what `store` will bring to the same place.
  computed_t<Value>* target([[maybe_unused]] Value* to) {
    if constexpr (kIsCopy) {
      return copy_.data();
    } else {
      return to;
    }
  }
  void store([[maybe_unused]] Value* to, [[maybe_unused]] std::int64_t size) const {
    if constexpr (kIsCopy) round_values(copy_.data(), to, size);
  }

 private:
  static constexpr bool kIsCopy = !std::is_same_v<Value, computed_t<Value>>;

  std::vector<computed_t<Value>> copy_;
};

/// Cuts rows into blocks: one of all rows, or for bfloat16 as many as stay in the first cache.
template <class Value>
class RowBlocks {
 public:
  RowBlocks(std::int64_t begin, std::int64_t end, std::int64_t channels)
      : begin_(begin), end_(end), channels_(channels), most_(end - begin) {
    if constexpr (!std::is_same_v<Value, computed_t<Value>>) {
      most_ = std::clamp<std::int64_t>(kValues / channels, 1, most_);
    }
  }

  BlockBuffer<Value> buffer() const { return BlockBuffer<Value>(most_ * channels_); }
  std::int64_t channels() const { return channels_; }
  std::int64_t most_values() const { return most_ * channels_; }

  /// Calls `task(at, size)` for each: the place of its first value, and its values.
  template <class Task>
  void for_each(const Task& task) const {
    for (std::int64_t first = begin_; first < end_; first += most_) {
      task(first * channels_, std::min(most_, end_ - first) * channels_);
    }
  }

 private:
  static constexpr std::int64_t kValues = 768;

  std::int64_t begin_;
  std::int64_t end_;
  std::int64_t channels_;
  std::int64_t most_;  // rows in a block
};

/// A vector beside the rows of blocks. Loops over few channels cost more than they compute, so a
/// bfloat16 block is taken for one row, and the vector repeated along it.
template <class Value>
class VectorBeside {
 public:
  using Number = computed_t<Value>;

  VectorBeside(const RowBlocks<Value>& blocks, const Number* vector)
      : channels_(blocks.channels()), vector_(vector) {
    if constexpr (kIsRepeated) {
      repeated_.resize(static_cast<std::size_t>(blocks.most_values()));
      for (std::int64_t i = 0; i < blocks.most_values(); i += channels_) {
        std::copy_n(vector, channels_, repeated_.data() + i);
      }
    }
  }

  const Number* data() const { return kIsRepeated ? repeated_.data() : vector_; }
  /// The rows and channels that a block of so many values is taken for.
  std::int64_t rows(std::int64_t size) const { return kIsRepeated ? 1 : size / channels_; }
  std::int64_t channels(std::int64_t size) const { return kIsRepeated ? size : channels_; }

 private:
  static constexpr bool kIsRepeated = !std::is_same_v<Value, Number>;

  std::int64_t channels_;
  const Number* vector_;
  std::vector<Number> repeated_{};
};

/// The same for sums over rows, which `finish` brings to the vector.
template <class Value>
class SumsBeside {
 public:
  using Number = computed_t<Value>;

  SumsBeside(const RowBlocks<Value>& blocks, Number* sums)
      : channels_(blocks.channels()), sums_(sums) {
    if constexpr (kIsRepeated) {
      repeated_.resize(static_cast<std::size_t>(blocks.most_values()), Number{0});
    }
  }

  Number* data() { return kIsRepeated ? repeated_.data() : sums_; }
  std::int64_t rows(std::int64_t size) const { return kIsRepeated ? 1 : size / channels_; }
  std::int64_t channels(std::int64_t size) const { return kIsRepeated ? size : channels_; }
  void finish() {
    const auto size = static_cast<std::int64_t>(repeated_.size());
    for (std::int64_t i = 0; i < size; i += channels_) {
      for (std::int64_t c = 0; c < channels_; ++c)
        sums_[c] += repeated_[static_cast<std::size_t>(i + c)];
    }
  }

 private:
  static constexpr bool kIsRepeated = !std::is_same_v<Value, Number>;

  std::int64_t channels_;
  Number* sums_;
  std::vector<Number> repeated_{};
};

}  // namespace interchoice::detail
