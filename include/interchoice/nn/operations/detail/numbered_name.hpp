#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace interchoice::detail {

/// A name of texts and numbers, such as `mlp_r4`, as a constant.
class NumberedName {
 public:
  template <class... Parts>
  explicit constexpr NumberedName(const Parts&... parts) {
    (append(parts), ...);
  }

  constexpr std::string_view text() const { return {letters_.data(), size_}; }

 private:
  constexpr void append(std::string_view text) {
    for (const char letter : text) letters_[size_++] = letter;
  }
  constexpr void append(std::int64_t number) {
    std::int64_t digit = 1;
    while (number / digit >= 10) digit *= 10;
    for (; digit > 0; digit /= 10) letters_[size_++] = static_cast<char>('0' + number / digit % 10);
  }

  std::array<char, 48> letters_{};
  std::size_t size_ = 0;
};

}  // namespace interchoice::detail
