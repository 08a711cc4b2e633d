#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace interchoice::detail {

/// A name that ends in a number, such as `mlp_r4`, as a constant.
class NumberedName {
 public:
  constexpr NumberedName(std::string_view prefix, std::int64_t number) {
    for (const char letter : prefix) letters_[size_++] = letter;
    std::int64_t digit = 1;
    while (number / digit >= 10) digit *= 10;
    for (; digit > 0; digit /= 10) letters_[size_++] = static_cast<char>('0' + number / digit % 10);
  }

  constexpr std::string_view text() const { return {letters_.data(), size_}; }

 private:
  std::array<char, 48> letters_{};
  std::size_t size_ = 0;
};

}  // namespace interchoice::detail
