// Restrictions and the lazy enumeration of the architectures that they allow.

#include "interchoice/core/enumeration.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <random>
#include <range/v3/distance.hpp>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/chunk.hpp>
#include <range/v3/view/drop.hpp>
#include <range/v3/view/enumerate.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/sample.hpp>
#include <range/v3/view/stride.hpp>
#include <range/v3/view/transform.hpp>
#include <ranges>
#include <stdexcept>
#include <vector>

#include "interchoice/core/restriction.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "spaces/example_spaces.hpp"
#include "support/catch.hpp"

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
static_assert(std::ranges::view<Every> && std::default_initializable<Every>);
static_assert(ranges::random_access_range<Every> && ranges::sized_range<Every>);
static_assert(ranges::view_<Every> && ranges::common_range<Every>);
static_assert(!std::ranges::borrowed_range<Every>);  // an iterator needs its range

static_assert(ic::all<Space>.architecture_count() == 15'625);
static_assert(ic::no_zero<Space>.architecture_count() == 4'096);
static_assert(ic::only_convolutions<Space>.architecture_count() == 64);
static_assert(ic::all<t::Wide>.architecture_count() == ic::architecture_count<t::Wide>());
static_assert(!ic::all<t::TooWide>.architecture_count());

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
  for (std::uint64_t index = 0; index < 15'625; ++index) {
    const Nb201 a = Nb201::from_index(index);
    const bool expected = std::ranges::none_of(a.candidates(), [](int c) { return c == 0; });
    allowed += ic::no_zero<Space>.allows(a) == expected;
  }
  CHECK(allowed == 15'625);
}

TEST_CASE("a restriction that empties a choice is refused") {
  CHECK_THROWS_AS(ic::only<Space>({}), std::invalid_argument);
  CHECK_THROWS_WITH(ic::without<t::Small>({"op0", "op1", "op2"}),
                    "interchoice: a restriction leaves no candidate for choice 0 of 'chain'; allow "
                    "one");
  CHECK_THROWS_WITH(ic::only<t::Mixed>({"op1"}),
                    "interchoice: a restriction leaves no candidate for choice 2 of 'chain'; allow "
                    "one");
  CHECK_THROWS_AS(
      ic::Restriction<t::Small>([](std::size_t choice, std::size_t) { return choice != 3; }),
      std::invalid_argument);
}

TEST_CASE("a restriction by a name that no candidate has is refused") {
  CHECK_THROWS_WITH(ic::without<Space>({"none", "skip"}),
                    "interchoice: a restriction names no candidate of its space: 'skip' is none of "
                    "'nasbench201', whose candidates are 'none', 'skip_connect', 'nor_conv_1x1', "
                    "'nor_conv_3x3', 'avg_pool_3x3'");
  CHECK_THROWS_WITH(ic::only<Space>({"nor_conv_3x3", ""}),
                    Catch::Matchers::Contains("'' is none of 'nasbench201'"));
  // A name of one choice is enough.
  CHECK(ic::without<t::Mixed>({"op4"}).architecture_count() == 2 * 4 * 1 * 3);
}

TEST_CASE("a restriction has a text with all that it allows") {
  CHECK(ic::to_text(ic::all<t::Small>) == "chain: op0,op1,op2 | = | = | =");
  const ic::Restriction<t::Mixed> some(
      [](std::size_t choice, std::size_t c) { return choice != 1 || c % 3 == 0; });
  CHECK(fmt::format("{}", some) == "chain: op0,op1 | op0,op3 | op0 | op0,op1,op2");
  CHECK(ic::to_text(kWithoutPool) ==
        "nasbench201: none,skip_connect,nor_conv_1x1,nor_conv_3x3 | = | = | = | = | =");
}

TEST_CASE("the enumeration is every allowed architecture, once, in order") {
  const ic::Restriction<t::Mixed> some(
      [](std::size_t choice, std::size_t c) { return choice != 1 || c % 2 == 0; });
  std::vector<ic::Architecture<t::Mixed>> expected;
  for (std::uint64_t index = 0; index < 30; ++index) {
    const auto a = ic::Architecture<t::Mixed>::from_index(index);
    if (a[1] % 2 == 0) expected.push_back(a);
  }
  const auto every = ic::every_architecture(some);
  CHECK(every.size() == 18);
  CHECK(std::vector(every.begin(), every.end()) == expected);

  const auto full = ic::every_architecture(ic::all<Space>);
  std::uint64_t index = 0;
  bool in_order = true;
  for (const Nb201& a : full) in_order = in_order && a.index() == index++;
  CHECK(in_order);
  CHECK(index == 15'625);
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

TEST_CASE("the enumeration works with the adaptors of std::views and range-v3") {
  const auto every = ic::every_architecture(ic::all<Space>);
  const auto five_of_one = [](const Nb201& a) {
    return std::ranges::count(a.candidates(), 3) == 5;
  };
#if !defined(__clang__) || __clang_major__ >= 16  // which cannot read libstdc++'s views before
  CHECK(std::ranges::distance(every | std::views::filter(five_of_one)) == 24);
  CHECK(*(every | std::views::drop(7) | std::views::take(1)).begin() == every[7]);
  auto cut = ic::every_architecture(ic::all<Space>) | std::views::drop(15'620) |
             std::views::transform([](const Nb201& a) { return a.index(); });
  CHECK(std::vector(cut.begin(), cut.end()) ==
        std::vector<std::uint64_t>{15'620, 15'621, 15'622, 15'623, 15'624});
  CHECK((every | std::views::reverse).front() == every[15'624]);
#endif
  namespace views = ranges::views;
  CHECK(ranges::distance(every | views::filter(five_of_one)) == 24);
  const auto some = every | views::drop(5) | views::stride(5'000) | ranges::to<std::vector>;
  CHECK(some == std::vector{every[5], every[5'005], every[10'005], every[15'005]});

  // From a temporary: the view holds its restriction.
  std::mt19937 random(7);
  std::size_t chunks = 0;
  std::vector<Nb201> drawn;
  for (auto chunk : ic::every_architecture(ic::all<Space>) |
                        views::filter([](const Nb201& a) { return a[0] == 3; }) |
                        views::sample(100, random) | views::chunk(8)) {
    ++chunks;
    for (const Nb201& a : chunk) drawn.push_back(a);
  }
  CHECK(chunks == 13);
  CHECK(drawn.size() == 100);
  CHECK(std::ranges::is_sorted(drawn));
  CHECK(std::ranges::all_of(drawn, [](const Nb201& a) { return a[0] == 3; }));
  for (auto [i, a] : ic::every_architecture(ic::no_zero<Space>) | views::enumerate) {
    if (a != ic::every_architecture(ic::no_zero<Space>)[i]) FAIL(i);
  }
  const auto small_chunks = every | views::chunk(4'000) |
                            views::transform([](auto chunk) { return ranges::distance(chunk); }) |
                            ranges::to<std::vector>;
  CHECK(small_chunks == std::vector<std::ptrdiff_t>{4'000, 4'000, 4'000, 3'625});
}

TEST_CASE("a view without restriction is empty, and copies are views of their own") {
  const Every none;
  CHECK(none.size() == 0);
  CHECK(none.begin() == none.end());
  Every copy;
  {
    const Every every = ic::every_architecture(ic::only_convolutions<Space>);
    copy = every;
  }
  CHECK(std::ranges::equal(copy, kConvolutions));
}
