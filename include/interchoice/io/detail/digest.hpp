#pragma once

#include <ATen/core/Tensor.h>
#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace interchoice::detail {

/// FNV-1a over texts and tensors, eight bytes a step; the same on every device.
class Digest {
 public:
  void add(std::string_view text) {
    for (const char c : text) step(static_cast<unsigned char>(c));
    step(text.size());
  }
  void add(const at::Tensor& tensor) {
    const at::Tensor x = tensor.detach().cpu().contiguous();
    for (const std::int64_t size : x.sizes()) step(static_cast<std::uint64_t>(size));
    const auto* bytes = static_cast<const unsigned char*>(x.const_data_ptr());
    const std::size_t count = x.nbytes();
    for (std::size_t i = 0; i < count; i += 8) {
      std::uint64_t word = 0;
      for (std::size_t k = i; k < i + 8 && k < count; ++k) word = word << 8 | bytes[k];
      step(word);
    }
  }
  std::string text() const { return fmt::format("{:016x}", value_); }

 private:
  void step(std::uint64_t word) {
    value_ = (value_ ^ word) * 1099511628211ULL;
    value_ ^= value_ >> 32;  // high bits matter, too
  }
  std::uint64_t value_ = 14695981039346656037ULL;
};

}  // namespace interchoice::detail
