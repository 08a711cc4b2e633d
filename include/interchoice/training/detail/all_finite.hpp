#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/isfinite.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace interchoice::detail {

/// Whether no exponent of `count` floating-point numbers is all ones, as those of infinities and
/// NaN are. `exponent` has its bits: adding their lowest one to an exponent carries into the sign
/// where all are ones. Bits, so that -ffast-math does not optimise the question away; in vectors of
/// 16 bytes, which every x86-64 and ARM64 has, since compilers at -O2 do not find them by
/// themselves.
template <class Bits>
bool all_finite_bits(const void* values, std::int64_t count, Bits exponent) {
  typedef Bits Vector __attribute__((vector_size(16)));
  constexpr std::int64_t kSize = sizeof(Bits);
  constexpr std::int64_t kStep = 4 * 16 / kSize;
  const auto* const bytes = static_cast<const char*>(values);
  const Bits lowest = static_cast<Bits>(exponent & -exponent);
  Vector found[4] = {};
  std::int64_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    for (int k = 0; k < 4; ++k) {
      Vector bits;
      std::memcpy(&bits, bytes + i * kSize + 16 * k, 16);
      found[k] |= (bits & exponent) + lowest;
    }
  }
  const Vector all = found[0] | found[1] | found[2] | found[3];
  Bits carried = 0;
  for (int k = 0; k < 16 / static_cast<int>(kSize); ++k) carried |= all[k];
  for (; i < count; ++i) {
    Bits bits;
    std::memcpy(&bits, bytes + i * kSize, sizeof bits);
    carried |= static_cast<Bits>((bits & exponent) + lowest);
  }
  constexpr Bits kSign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
  return (carried & kSign) == 0;
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

/// Plain tensors that are read together, in pieces of like size that threads share out.
class PlainTensors {
 public:
  void clear() {
    pieces_.clear();
    count_ = 0;
  }

  void add(const at::Tensor& tensor) {
    constexpr std::int64_t kPiece = 1 << 15;
    const auto* const data = static_cast<const char*>(tensor.const_data_ptr());
    const auto size = static_cast<std::int64_t>(tensor.element_size());
    const std::int64_t count = tensor.numel();
    for (std::int64_t at = 0; at < count; at += kPiece) {
      pieces_.push_back({tensor.scalar_type(), data + at * size, std::min(kPiece, count - at)});
    }
    count_ += count;
  }

  bool are_finite() const {
    const auto size = static_cast<std::int64_t>(pieces_.size());
    const bool is_small = count_ < 1 << 18;  // not worth other threads
    std::atomic<bool> finite = true;
    at::parallel_for(0, size, is_small ? size : 1, [&](std::int64_t begin, std::int64_t end) {
      bool all = true;
      for (std::int64_t i = begin; i < end; ++i) {
        const Piece& piece = pieces_[static_cast<std::size_t>(i)];
        all = all_finite(piece.type, piece.data, piece.count) && all;
      }
      if (!all) finite = false;
    });
    return finite;
  }

 private:
  struct Piece {
    at::ScalarType type;
    const char* data;
    std::int64_t count;
  };

  std::vector<Piece> pieces_;
  std::int64_t count_ = 0;  // of numbers
};

}  // namespace interchoice::detail
