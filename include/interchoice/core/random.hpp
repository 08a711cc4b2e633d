#pragma once

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace interchoice {

/// The one number that a run's randomness is derived from.
///
/// A type of its own, so that no count or index is ever taken for a seed: `Seed{42}`.
struct Seed {
  std::uint64_t value = 0;

  friend constexpr bool operator==(Seed, Seed) = default;
};

/// The purpose of random numbers. Each has its own sequences, so that drawing more or
/// fewer numbers for one never changes another.
///
/// The numbers are part of every recorded result: add at the end, never renumber.
enum class Stream : std::uint32_t {
  kPaths = 0,         ///< which architecture a training step trains
  kDataOrder = 1,     ///< in which order an epoch visits the images
  kAugmentation = 2,  ///< how one image is shifted and flipped
  kSplit = 3,         ///< which images are for training, which for validation
  kCalibration = 4,   ///< which images recalibrate BatchNorm
  kEvaluation = 5,    ///< which architectures are evaluated
  kBootstrap = 6,     ///< which architectures or seeds a resample holds
  kSearch = 7,        ///< every draw of a search: first architectures, parents, offspring
  kSignFlips = 8,     ///< which differences a permutation test negates
};

namespace detail {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

/// Philox4x32-10: a bijection of 128-bit counters for each 64-bit key, whose outputs for counters
/// 0, 1, 2, … are random numbers.
///
/// *Source*: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011,
/// section 3.3. The tests hold it to the known answers that its authors publish with Random123.
constexpr PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53;
  constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9;  // golden ratio
  constexpr std::uint32_t kWeyl1 = 0xBB67AE85;  // sqrt(3) - 1
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = kMultiplier0 * counter[0];
    const std::uint64_t product1 = kMultiplier1 * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

}  // namespace detail

/// A random number generator whose sequence is a pure function of (seed, stream, epoch, position).
///
/// Word 4b + w of the sequence is word w of Philox4x32-10 with
///
///     key     = (seed mod 2^32, seed div 2^32)
///     counter = (b, position, epoch, stream)
///
/// Every tuple has its own 2^34 words: two different tuples never share a (key, counter) pair, and
/// nothing is hashed or added, so no two can collide. There is no state to save: a run restarted at
/// (epoch, position) draws the numbers of the uninterrupted run, on any number of threads. The
/// meaning of a position depends on the stream: a step, an image, …
///
/// Satisfies `std::uniform_random_bit_generator`. Prefer `below`, `unit`, `shuffle` and
/// `permutation` to the distributions and `std::shuffle` of the standard library, whose results
/// differ between libraries.
///
/// *Throws*: the constructor `std::out_of_range` if epoch or position is 2^32 or more; drawing
/// `std::length_error` after 2^34 words, rather than begin again.
///
/// *Cost*: 48 bytes; ten rounds of two multiplications for every four words.
class CounterRandom {
 public:
  using result_type = std::uint32_t;

  constexpr CounterRandom(Seed seed, Stream stream, std::uint64_t epoch, std::uint64_t position)
      : key_{static_cast<std::uint32_t>(seed.value), static_cast<std::uint32_t>(seed.value >> 32)},
        counter_{0, checked("position", position), checked("epoch", epoch),
                 static_cast<std::uint32_t>(stream)} {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  /// The next 32 random bits.
  constexpr result_type operator()() {
    if (used_ == block_.size()) next_block();
    return block_[used_++];
  }

  /// A number out of {0, …, n - 1}, each with probability exactly 1/n.
  ///
  /// *Throws*: `std::invalid_argument` if n is 0.
  ///
  /// *Source*: Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 29 (2019),
  /// algorithm 5: the high word of n · random, redrawn where the low word would favour some
  /// results.
  constexpr std::uint32_t below(std::uint32_t n) {
    if (n == 0) {
      throw std::invalid_argument(
          "interchoice: CounterRandom::below(0): there is no number below 0; ask for at least 1");
    }
    std::uint64_t product = std::uint64_t{(*this)()} * n;
    if (static_cast<std::uint32_t>(product) < n) {  // seldom: spares most calls the division
      const std::uint32_t surplus = (0 - n) % n;    // 2^32 mod n
      while (static_cast<std::uint32_t>(product) < surplus) {
        product = std::uint64_t{(*this)()} * n;
      }
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

  /// A number out of [0, 1): one of the 2^53 multiples of 2^-53, all equally probable.
  constexpr double unit() {
    const std::uint64_t high = (*this)() >> 5;  // 27 bits
    const std::uint64_t low = (*this)() >> 6;   // 26 bits
    return static_cast<double>((high << 26) | low) * 0x1p-53;
  }

 private:
  static constexpr std::uint32_t checked(std::string_view key, std::uint64_t value) {
    if (value > std::numeric_limits<std::uint32_t>::max()) {
      throw std::out_of_range(fmt::format(
          "interchoice: CounterRandom: {} {} does not fit 32 bits; the largest is 4294967295", key,
          value));
    }
    return static_cast<std::uint32_t>(value);
  }

  constexpr void next_block() {
    if (exhausted_) {
      throw std::length_error(
          "interchoice: CounterRandom: all 2^34 words of this (seed, stream, epoch, position) are "
          "used; go on with another position");
    }
    block_ = detail::philox4x32(counter_, key_);
    used_ = 0;
    exhausted_ = ++counter_[0] == 0;
  }

  detail::PhiloxKey key_;
  detail::PhiloxCounter counter_;
  detail::PhiloxCounter block_{};
  std::uint32_t used_ = 4;  // words of block_ that were handed out
  bool exhausted_ = false;  // the block number has wrapped round
};

/// Puts values into random order, each of the n! orders equally probable as far as the generator
/// goes. Unchecked: at most 4,294,967,295 values.
///
/// *Source*: Fisher-Yates, from the last place down (Knuth, TAOCP vol. 2, 3.4.2, algorithm P).
template <class Value>
constexpr void shuffle(std::span<Value> values, CounterRandom& random) {
  for (std::size_t last = values.size(); last > 1; --last) {
    std::swap(values[last - 1], values[random.below(static_cast<std::uint32_t>(last))]);
  }
}

/// The numbers 0, …, n - 1 in random order, each of the n! orders equally probable as far as the
/// generator goes.
///
/// Takes the generator by value: the result depends on nothing but n and the generator's four keys.
///
/// *Throws*: `std::invalid_argument` if n is negative or more than 4,294,967,295.
inline std::vector<std::int64_t> permutation(std::int64_t n, CounterRandom random) {
  if (n < 0 || n > std::int64_t{CounterRandom::max()}) {
    throw std::invalid_argument(fmt::format(
        "interchoice: permutation of {} numbers; from 0 to 4294967295 are possible", n));
  }
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
  shuffle(std::span(order), random);
  return order;
}

}  // namespace interchoice
