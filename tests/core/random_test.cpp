#include "interchoice/core/random.hpp"
#include "support/catch.hpp"
#include "support/chi_square.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace ic = interchoice;

static_assert(std::uniform_random_bit_generator<ic::CounterRandom>);
static_assert(!std::is_convertible_v<std::uint64_t, ic::Seed>);
static_assert(!std::is_constructible_v<ic::CounterRandom, std::uint64_t, ic::Stream, int, int>);

namespace {

std::vector<std::uint32_t> draw(ic::CounterRandom random, std::size_t count) {
  std::vector<std::uint32_t> words(count);
  for (auto& word : words) word = random();
  return words;
}

using interchoice::testing::chi_square;

}  // namespace

TEST_CASE("Philox4x32-10 gives the known answers of Random123") {
  // kat_vectors of Random123 1.14.0, the three lines "philox4x32 10".
  using Words = ic::detail::PhiloxCounter;
  STATIC_REQUIRE(ic::detail::philox4x32({0, 0, 0, 0}, {0, 0}) ==
                 Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(ic::detail::philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                               {0xffffffff, 0xffffffff}) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(ic::detail::philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                               {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("the four keys go where the documentation says") {
  const auto stream = static_cast<std::uint32_t>(ic::Stream::kCalibration);
  const auto words = draw({ic::Seed{0x0123456789abcdef}, ic::Stream::kCalibration, 7, 11}, 8);
  for (std::uint32_t block = 0; block < 2; ++block) {
    const auto expected = ic::detail::philox4x32({block, 11, 7, stream}, {0x89abcdef, 0x01234567});
    for (std::size_t word = 0; word < 4; ++word) CHECK(words[4 * block + word] == expected[word]);
  }
  // Written down once: recorded results rest on these numbers.
  CHECK(draw({ic::Seed{1}, ic::Stream::kPaths, 0, 0}, 2) ==
        draw({ic::Seed{1}, ic::Stream{0}, 0, 0}, 2));
  CHECK(static_cast<int>(ic::Stream::kDataOrder) == 1);
  CHECK(static_cast<int>(ic::Stream::kAugmentation) == 2);
  CHECK(static_cast<int>(ic::Stream::kSplit) == 3);
  CHECK(static_cast<int>(ic::Stream::kCalibration) == 4);
}

TEST_CASE("a sequence is a function of its keys and of nothing else") {
  const ic::Seed seed{5};
  const auto whole = draw({seed, ic::Stream::kPaths, 3, 9}, 40);

  SECTION("drawn again") { CHECK(draw({seed, ic::Stream::kPaths, 3, 9}, 40) == whole); }
  SECTION("a copy goes on where the original stood, at every place of a block") {
    for (std::size_t begun = 0; begun < 9; ++begun) {
      ic::CounterRandom random{seed, ic::Stream::kPaths, 3, 9};
      for (std::size_t i = 0; i < begun; ++i) random();
      const auto rest = draw(random, whole.size() - begun);
      CHECK(std::equal(rest.begin(), rest.end(), whole.begin() + static_cast<long>(begun)));
    }
  }
  SECTION("a restart in the middle of an epoch needs none of the earlier steps") {
    for (std::uint64_t step = 0; step < 9; ++step) draw({seed, ic::Stream::kPaths, 3, step}, 17);
    CHECK(draw({seed, ic::Stream::kPaths, 3, 9}, 40) == whole);
  }
  SECTION("evaluated by the compiler") {
    constexpr auto word = ic::CounterRandom{ic::Seed{5}, ic::Stream::kPaths, 3, 9}();
    CHECK(word == whole.front());
  }
}

TEST_CASE("different keys give unrelated sequences") {
  std::vector<std::vector<std::uint32_t>> sequences;
  const std::uint64_t top = 0xffffffff;
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32}) {
    for (std::uint32_t stream = 0; stream < 5; ++stream) {
      for (const std::uint64_t epoch : {std::uint64_t{0}, std::uint64_t{1}, top}) {
        for (const std::uint64_t position : {std::uint64_t{0}, std::uint64_t{1}, top}) {
          sequences.push_back(draw({ic::Seed{seed}, ic::Stream{stream}, epoch, position}, 4));
        }
      }
    }
  }
  const std::set<std::vector<std::uint32_t>> distinct(sequences.begin(), sequences.end());
  CHECK(distinct.size() == 3 * 5 * 3 * 3);

  // Independence: of two sequences that differ in one key the pairs of three-bit numbers fill all
  // 64 cells alike. 63 degrees of freedom: 99.9 % of chi-squares are below 103.4.
  const auto joint = [](auto first, auto second) {
    std::vector<int> cells(64);
    for (std::uint64_t i = 0; i < 16000; ++i) {
      ic::CounterRandom a = first(i), b = second(i);
      ++cells[a.below(8) * 8 + b.below(8)];
    }
    return chi_square(cells);
  };
  const auto paths = [](std::uint64_t i) {
    return ic::CounterRandom{ic::Seed{1}, ic::Stream::kPaths, 0, i};
  };
  CHECK(joint(paths, [](std::uint64_t i) {
          return ic::CounterRandom{ic::Seed{2}, ic::Stream::kPaths, 0, i};
        }) < 103.4);
  CHECK(joint(paths, [](std::uint64_t i) {
          return ic::CounterRandom{ic::Seed{1}, ic::Stream::kDataOrder, 0, i};
        }) < 103.4);
  CHECK(joint(paths, [](std::uint64_t i) {
          return ic::CounterRandom{ic::Seed{1}, ic::Stream::kPaths, 1, i};
        }) < 103.4);
  CHECK(joint(paths, [](std::uint64_t i) {
          return ic::CounterRandom{ic::Seed{1}, ic::Stream::kPaths, 0, i + 1};
        }) < 103.4);
  CHECK(joint(paths, paths) > 10000);  // the test can fail
}

TEST_CASE("below(n) and unit() are uniform") {
  ic::CounterRandom random{ic::Seed{7}, ic::Stream::kPaths, 0, 0};
  // 99.9 % quantiles of chi-square with n - 1 degrees of freedom.
  const std::map<std::uint32_t, double> quantiles{{2, 10.83}, {3, 13.82}, {5, 18.47},
                                                  {6, 20.52}, {9, 26.12}, {50, 85.35}};
  for (const auto& [n, quantile] : quantiles) {
    std::vector<int> counts(n);
    for (int i = 0; i < 20000; ++i) ++counts.at(random.below(n));
    CHECK(chi_square(counts) < quantile);
  }

  // Without rejection the multiples of 3 would come twice as often as the other numbers.
  std::vector<int> remainders(3);
  for (int i = 0; i < 20000; ++i) ++remainders.at(random.below(3u << 30) % 3);
  CHECK(chi_square(remainders) < 13.82);

  CHECK(random.below(1) == 0);
  CHECK_THROWS_WITH(random.below(0), Catch::Matchers::Contains("below(0)"));

  std::vector<int> hundredths(100);
  for (int i = 0; i < 20000; ++i) {
    const double x = random.unit();
    REQUIRE((x >= 0 && x < 1));
    ++hundredths.at(static_cast<std::size_t>(100 * x));
  }
  CHECK(chi_square(hundredths) < 148.2);
}

TEST_CASE("permutation visits each number once, in an order that its keys decide") {
  const auto random = [](std::uint64_t epoch) {
    return ic::CounterRandom{ic::Seed{3}, ic::Stream::kDataOrder, epoch, 0};
  };
  CHECK(ic::permutation(0, random(0)).empty());
  CHECK(ic::permutation(1, random(0)) == std::vector<std::int64_t>{0});
  CHECK(ic::permutation(1000, random(4)) == ic::permutation(1000, random(4)));
  CHECK(ic::permutation(1000, random(4)) != ic::permutation(1000, random(5)));
  auto order = ic::permutation(1000, random(4));
  std::sort(order.begin(), order.end());
  for (std::int64_t i = 0; i < 1000; ++i) REQUIRE(order[static_cast<std::size_t>(i)] == i);

  std::map<std::vector<std::int64_t>, int> counts;  // all 24 orders of four
  for (std::uint64_t epoch = 0; epoch < 12000; ++epoch) ++counts[ic::permutation(4, random(epoch))];
  std::vector<int> cells;
  for (const auto& [key, count] : counts) cells.push_back(count);
  CHECK(cells.size() == 24);
  CHECK(chi_square(cells) < 49.73);

  CHECK_THROWS_AS(ic::permutation(-1, random(0)), std::invalid_argument);
  CHECK_THROWS_WITH(
      ic::permutation(std::int64_t{1} << 32, random(0)),
      Catch::Matchers::Contains("4294967296") && Catch::Matchers::Contains("4294967295"));
}

TEST_CASE("keys that do not fit are refused, not cut") {
  const std::uint64_t over = std::uint64_t{1} << 32;
  CHECK_NOTHROW(
      ic::CounterRandom{ic::Seed{~std::uint64_t{0}}, ic::Stream::kPaths, over - 1, over - 1});
  CHECK_THROWS_AS((ic::CounterRandom{ic::Seed{1}, ic::Stream::kPaths, over, 0}), std::out_of_range);
  CHECK_THROWS_WITH((ic::CounterRandom{ic::Seed{1}, ic::Stream::kPaths, over, 0}),
                    Catch::Matchers::Contains("epoch 4294967296"));
  CHECK_THROWS_WITH((ic::CounterRandom{ic::Seed{1}, ic::Stream::kPaths, 0, over}),
                    Catch::Matchers::Contains("position 4294967296"));
}
