#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string>

#include "interchoice/core/restriction.hpp"

namespace interchoice {

/// All architectures that a restriction allows, in lexicographic order, made when asked for.
///
/// A sized random-access range of prvalues. *Cost*: O(choices) an element, no storage.
template <SearchSpace Space>
class EveryArchitecture {
 public:
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
    constexpr Iterator operator++(int) {
      const Iterator before = *this;
      ++index_;
      return before;
    }
    constexpr Iterator& operator--() { return *this -= 1; }
    constexpr Iterator operator--(int) {
      const Iterator before = *this;
      --index_;
      return before;
    }
    constexpr Iterator& operator+=(difference_type n) {
      index_ += n;
      return *this;
    }
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

  /// *Throws* std::invalid_argument if the restriction allows 2^63 architectures or more.
  constexpr explicit EveryArchitecture(const Restriction<Space>& restriction)
      : restriction_(restriction), size_(restriction.architecture_count()) {
    if (size_ == 0 || size_ > static_cast<std::uint64_t>(PTRDIFF_MAX)) {
      throw std::invalid_argument("interchoice: '" + std::string(Space::name) +
                                  "' has too many architectures to enumerate (the limit is 2^63 - "
                                  "1); draw a sample instead");
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
  Restriction<Space> restriction_;
  std::uint64_t size_;
};

/// All architectures that a restriction allows, lazily, in lexicographic order.
template <SearchSpace Space>
constexpr EveryArchitecture<Space> every_architecture(const Restriction<Space>& restriction) {
  return EveryArchitecture<Space>(restriction);
}

}  // namespace interchoice
