#pragma once

#include <fmt/core.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>  // with std::ranges::enable_view, for a tenth of the cost of <ranges>
#include <stdexcept>
#include <type_traits>

#include "interchoice/core/restriction.hpp"

namespace interchoice {

/// All architectures that a restriction allows, in lexicographic order, made when asked for: a view
/// for the adaptors of `std::views` and of range-v3.
///
/// A sized random-access range of prvalues; it holds its restriction, and its iterators refer to
/// it. *Cost*: O(choices) an element, no storage.
template <SearchSpace Space>
class EveryArchitecture {
 public:
  /// Goes through them by position; random access.
  class Iterator {
   public:
    using iterator_concept = std::random_access_iterator_tag;
    using iterator_category = std::input_iterator_tag;  // dereferences to a prvalue
    using value_type = Architecture<Space>;
    using difference_type = std::ptrdiff_t;
    using reference = Architecture<Space>;
    using pointer = void;

    constexpr Iterator() = default;
    constexpr Iterator(const EveryArchitecture* range, difference_type index)
        : range_(range), index_(index) {}

    constexpr value_type operator*() const { return (*range_)[static_cast<std::uint64_t>(index_)]; }
    constexpr value_type operator[](difference_type n) const { return *(*this + n); }
    constexpr Iterator& operator++() { return *this += 1; }
    constexpr Iterator operator++(int) { return {range_, index_++}; }
    constexpr Iterator& operator--() { return *this += -1; }
    constexpr Iterator operator--(int) { return {range_, index_--}; }
    constexpr Iterator& operator+=(difference_type n) { return index_ += n, *this; }
    constexpr Iterator& operator-=(difference_type n) { return *this += -n; }
    friend constexpr Iterator operator+(Iterator i, difference_type n) { return i += n; }
    friend constexpr Iterator operator+(difference_type n, Iterator i) { return i += n; }
    friend constexpr Iterator operator-(Iterator i, difference_type n) { return i -= n; }
    friend constexpr difference_type operator-(const Iterator& a, const Iterator& b) {
      return a.index_ - b.index_;
    }
    friend constexpr bool operator==(const Iterator& a, const Iterator& b) {
      return a.index_ == b.index_;
    }
    friend constexpr auto operator<=>(const Iterator& a, const Iterator& b) {
      return a.index_ <=> b.index_;
    }

   private:
    const EveryArchitecture* range_ = nullptr;
    difference_type index_ = 0;
  };

  /// No architecture.
  constexpr EveryArchitecture() = default;

  /// *Throws* std::invalid_argument if the restriction allows 2^63 architectures or more.
  constexpr explicit EveryArchitecture(const Restriction<Space>& restriction)
      : restriction_(restriction), size_(restriction.architecture_count().value_or(UINT64_MAX)) {
    if (size_ > static_cast<std::uint64_t>(PTRDIFF_MAX)) {
      throw std::invalid_argument(
          fmt::format("interchoice: '{}' has too many architectures to enumerate (the limit is "
                      "2^63 - 1); draw a sample instead",
                      Space::name));
    }
  }

  constexpr std::uint64_t size() const { return size_; }
  constexpr Iterator begin() const { return {this, 0}; }
  constexpr Iterator end() const { return {this, static_cast<std::ptrdiff_t>(size_)}; }

  /// The architecture at a position. Unchecked.
  constexpr Architecture<Space> operator[](std::uint64_t position) const {
    std::array<std::uint8_t, Space::choice_count> candidates{};
    for (std::size_t choice = Space::choice_count; choice-- > 0;) {
      const auto allowed = restriction_.candidates(choice);
      candidates[choice] = allowed[static_cast<std::size_t>(position % allowed.size())];
      position /= allowed.size();
    }
    return Architecture<Space>(candidates);
  }

 private:
  Restriction<Space> restriction_ = all<Space>;
  std::uint64_t size_ = 0;
};

/// All architectures that a restriction allows, lazily, in lexicographic order.
template <SearchSpace Space>
constexpr EveryArchitecture<Space> every_architecture(const Restriction<Space>& restriction) {
  return EveryArchitecture<Space>(restriction);
}

}  // namespace interchoice

template <interchoice::SearchSpace Space>
inline constexpr bool std::ranges::enable_view<interchoice::EveryArchitecture<Space>> = true;

// Declared as range-v3 does, so that its adaptors take the view without its headers here.
namespace ranges::ext {
template <class T>
struct enable_view;
template <interchoice::SearchSpace Space>
struct enable_view<interchoice::EveryArchitecture<Space>> : std::true_type {};
}  // namespace ranges::ext
