// Restrictions and the lazy enumeration of what they allow.

#include "interchoice/core/enumeration.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <ranges>
#include <stdexcept>
#include <vector>

#include "interchoice/core/restriction.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "spaces/example_spaces.hpp"
#include "support/catch.hpp"

#if __has_include(<range/v3/view/filter.hpp>)
#include <range/v3/distance.hpp>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/drop.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/stride.hpp>
#define INTERCHOICE_TEST_RANGE_V3
#endif

namespace ic = interchoice;
namespace t = interchoice::testing;
using Space = ic::NasBench201Space;
using Nb201 = ic::Architecture<Space>;
using Every = ic::EveryArchitecture<Space>;

static_assert(std::random_access_iterator<Every::Iterator>);
static_assert(std::sized_sentinel_for<Every::Iterator, Every::Iterator>);
static_assert(std::ranges::random_access_range<Every> && std::ranges::sized_range<Every>);
static_assert(std::ranges::common_range<Every>);
static_assert(!std::ranges::contiguous_range<Every>);
static_assert(!std::ranges::borrowed_range<Every>);  // an iterator needs its range

static_assert(ic::all<Space>.architecture_count() == 15'625);
static_assert(ic::no_zero<Space>.architecture_count() == 4'096);
static_assert(ic::only_convolutions<Space>.architecture_count() == 64);
static_assert(ic::all<t::Wide>.architecture_count() == ic::architecture_count<t::Wide>());
static_assert(ic::all<t::TooWide>.architecture_count() == 0);

// At compile time.
constexpr ic::Restriction<Space> kWithoutPool = ic::without<Space>({"avg_pool_3x3"});
constexpr auto kConvolutions = ic::every_architecture(ic::only_convolutions<Space>);
static_assert(kWithoutPool.candidates(2).size() == 4);
static_assert(kConvolutions[1] == Nb201{2, 2, 2, 2, 2, 3});
static_assert(*(kConvolutions.begin() + 63) == Nb201{3, 3, 3, 3, 3, 3});

TEST_CASE("a restriction says which candidates a choice may take") {
  const auto candidates = [](const ic::Restriction<Space>& r, std::size_t choice) {
    return std::vector<int>(r.candidates(choice).begin(), r.candidates(choice).end());
  };
  for (std::size_t choice = 0; choice < 6; ++choice) {
    CHECK(candidates(ic::all<Space>, choice) == std::vector<int>{0, 1, 2, 3, 4});
    CHECK(candidates(ic::no_zero<Space>, choice) == std::vector<int>{1, 2, 3, 4});
    CHECK(candidates(ic::only_convolutions<Space>, choice) == std::vector<int>{2, 3});
    CHECK(candidates(kWithoutPool, choice) == std::vector<int>{0, 1, 2, 3});
    CHECK(candidates(ic::only<Space>({"nor_conv_3x3", "none"}), choice) == std::vector<int>{0, 3});
  }
  CHECK(ic::without<Space>({"none"}) == ic::no_zero<Space>);
  CHECK(ic::only<Space>({"nor_conv_3x3", "nor_conv_1x1"}) == ic::only_convolutions<Space>);
  CHECK_FALSE(ic::no_zero<Space> == ic::all<Space>);
  const ic::Restriction<Space> by_choice(
      [](std::size_t choice, std::size_t c) { return c <= choice; });
  CHECK(by_choice.architecture_count() == 1 * 2 * 3 * 4 * 5 * 5);
  CHECK(candidates(by_choice, 1) == std::vector<int>{0, 1});
  CHECK(ic::all<t::Mixed>.candidates(2).size() == 1);
}

TEST_CASE("a restriction allows an architecture where it allows all its candidates") {
  std::size_t allowed = 0;
  for (std::uint64_t rank = 0; rank < 15'625; ++rank) {
    const Nb201 a = Nb201::from_index(rank);
    const bool expected = std::ranges::none_of(a.candidates(), [](int c) { return c == 0; });
    allowed += ic::no_zero<Space>.allows(a) == expected;
  }
  CHECK(allowed == 15'625);
}

TEST_CASE("a restriction that empties a choice is refused") {
  CHECK_THROWS_AS(ic::only<Space>({}), std::invalid_argument);
  CHECK_THROWS_WITH(ic::only<Space>({"conv"}),
                    "interchoice: a restriction leaves no candidate for choice 0 of 'nasbench201'; "
                    "allow at least one");
  CHECK_THROWS_WITH(ic::only<t::Mixed>({"op1"}),
                    "interchoice: a restriction leaves no candidate for choice 2 of 'chain'; allow "
                    "at least one");
  CHECK_THROWS_AS(
      ic::Restriction<t::Small>([](std::size_t choice, std::size_t) { return choice != 3; }),
      std::invalid_argument);
}

TEST_CASE("the enumeration is every allowed architecture, once, in order") {
  const ic::Restriction<t::Mixed> some(
      [](std::size_t choice, std::size_t c) { return choice != 1 || c % 2 == 0; });
  std::vector<ic::Architecture<t::Mixed>> expected;
  for (std::uint64_t rank = 0; rank < 30; ++rank) {
    const auto a = ic::Architecture<t::Mixed>::from_index(rank);
    if (a[1] % 2 == 0) expected.push_back(a);
  }
  const auto every = ic::every_architecture(some);
  CHECK(every.size() == 18);
  CHECK(std::vector(every.begin(), every.end()) == expected);

  const auto full = ic::every_architecture(ic::all<Space>);
  std::uint64_t rank = 0;
  bool in_order = true;
  for (const Nb201& a : full) in_order = in_order && a.index() == rank++;
  CHECK(in_order);
  CHECK(rank == 15'625);
  CHECK(std::ranges::distance(ic::every_architecture(ic::all<t::Single>)) == 1);
}

TEST_CASE("iterators obey the laws of random access") {
  const auto every = ic::every_architecture(ic::only_convolutions<Space>);
  const auto first = every.begin();
  const auto last = every.end();
  CHECK(last - first == 64);
  CHECK(first + 64 == last);
  CHECK(64 + first == last);
  for (std::ptrdiff_t i = 0; i < 64; ++i) {
    for (const std::ptrdiff_t j : {std::ptrdiff_t{0}, i, std::ptrdiff_t{63}}) {
      auto a = first + i;
      const auto b = first + j;
      CHECK(a - b == i - j);
      CHECK((a == b) == (i == j));
      CHECK((a < b) == (i < j));
      CHECK((a <=> b) == (i <=> j));
      CHECK(b + (a - b) == a);
      CHECK(*a == first[i]);
      CHECK(*a == every[static_cast<std::uint64_t>(i)]);
      auto c = a;
      CHECK(c++ == a);
      CHECK(c == a + 1);
      CHECK(--c == a);
      CHECK(c-- == a);
      CHECK(++c == a);
      CHECK((c += 3) - 3 == a);
      CHECK((c -= 3) == a);
    }
  }
  CHECK(std::ranges::lower_bound(every, Nb201{3, 2, 2, 2, 2, 2}) - first == 32);
  const auto reversed =
      std::vector(std::make_reverse_iterator(last), std::make_reverse_iterator(first));
  CHECK(reversed.front() == every[63]);
}

TEST_CASE("what cannot be counted cannot be enumerated") {
  CHECK_THROWS_WITH(
      ic::every_architecture(ic::all<t::TooWide>),
      "interchoice: 'chain' has too many architectures to enumerate (the limit is 2^63 - 1); "
      "draw a sample instead");
  CHECK_THROWS_AS(ic::every_architecture(ic::all<t::Wide>),
                  std::invalid_argument);  // more than 2^63
  // A restriction can make it small enough.
  const ic::Restriction<t::TooWide> small([](std::size_t, std::size_t c) { return c >= 253; });
  const auto every = ic::every_architecture(small);
  CHECK(every.size() == 512);
  CHECK(every[511][8] == 254);
}

TEST_CASE("the enumeration works with views") {
  const auto every = ic::every_architecture(ic::all<Space>);
  const auto three_by_three = [](const Nb201& a) {
    return std::ranges::count(a.candidates(), 3) == 5;
  };
#if !defined(__clang__) || __clang_major__ >= 16  // which cannot read libstdc++'s views before
  CHECK(std::ranges::distance(every | std::views::filter(three_by_three)) == 24);
  CHECK(*(every | std::views::drop(7) | std::views::take(1)).begin() == every[7]);
#endif
#ifdef INTERCHOICE_TEST_RANGE_V3
  CHECK(ranges::distance(every | ranges::views::filter(three_by_three)) == 24);
  const auto some =
      every | ranges::views::drop(5) | ranges::views::stride(5'000) | ranges::to<std::vector>;
  CHECK(some == std::vector{every[5], every[5'005], every[10'005], every[15'005]});
#endif
}
