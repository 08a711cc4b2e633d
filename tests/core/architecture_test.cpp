// Architectures as values: checked when made, ordered, hashed, numbered, spelled.

#include "interchoice/core/architecture.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <fstream>
#include <limits>
#include <set>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "interchoice/spaces/nasbench_macro.hpp"
#include "spaces/example_spaces.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/shared_data.hpp"

namespace ic = interchoice;
namespace t = interchoice::testing;
using Catch::Matchers::Contains;
using Nb201 = ic::Architecture<ic::NasBench201Space>;

static_assert(std::regular<Nb201> && std::totally_ordered<Nb201>);
static_assert(std::is_trivially_copyable_v<Nb201>);
static_assert(sizeof(Nb201) == 6 && sizeof(ic::Architecture<t::Wide>) == 8);  // one byte a choice
static_assert(!std::is_convertible_v<std::uint64_t, Nb201>);
static_assert(!std::is_constructible_v<Nb201, ic::Architecture<t::Small>>);
static_assert(std::is_constructible_v<Nb201, std::vector<std::uint8_t>>);
static_assert(!std::is_constructible_v<Nb201, std::vector<int>>);

// All of it at compile time.
constexpr Nb201 kExample{0, 1, 2, 3, 4, 0};
static_assert(kExample[4] == 4 && kExample.candidates().size() == 6);
static_assert(Nb201::from_index(kExample.index()) == kExample);
static_assert(kExample.with(5, 3)[5] == 3 && kExample < kExample.with(5, 1));
static_assert(Nb201{} == Nb201{0, 0, 0, 0, 0, 0});

// A space too large to be counted has no indices.
template <class Space>
concept Indexed = requires(const ic::Architecture<Space>& a) {
  a.index();
  ic::Architecture<Space>::from_index(0);
};
static_assert(Indexed<t::Small> && Indexed<t::Wide> && !Indexed<t::TooWide>);

namespace {

/// A random architecture of any space.
template <class Space>
ic::Architecture<Space> drawn(ic::CounterRandom& random) {
  std::array<std::uint8_t, Space::choice_count> candidates{};
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    candidates[i] = static_cast<std::uint8_t>(
        random.below(static_cast<std::uint32_t>(Space::candidate_count(i))));
  }
  return ic::Architecture<Space>(candidates);
}

/// All architectures by counting like an odometer, the last choice fastest.
template <class Space>
std::vector<ic::Architecture<Space>> counted() {
  std::vector<ic::Architecture<Space>> all;
  std::array<std::uint8_t, Space::choice_count> digits{};
  while (true) {
    all.emplace_back(digits);
    std::size_t i = Space::choice_count;
    while (i > 0 && ++digits[i - 1] == Space::candidate_count(i - 1)) digits[--i] = 0;
    if (i == 0) return all;
  }
}

template <class Space>
void check_all() {
  INFO(ic::space_signature<Space>());
  const auto all = counted<Space>();
  REQUIRE(all.size() == ic::architecture_count<Space>());
  std::unordered_set<ic::Architecture<Space>> hashed;
  std::set<std::string> spelled;
  std::size_t wrong = 0;
  for (std::uint64_t index = 0; index < all.size(); ++index) {
    const auto& a = all[index];
    wrong += a.index() != index;
    wrong += ic::Architecture<Space>::from_index(index) != a;
    wrong += index > 0 && !(all[index - 1] < a);
    wrong += ic::from_text<Space>(ic::to_text(a)) != a;
    hashed.insert(a);
    spelled.insert(ic::to_text(a));
  }
  CHECK(wrong == 0);
  CHECK(hashed.size() == all.size());
  CHECK(spelled.size() == all.size());
  CHECK_THROWS_AS(ic::Architecture<Space>::from_index(all.size()), std::out_of_range);
}

template <class Space>
void check_random() {
  INFO(ic::space_signature<Space>().substr(0, 60));
  ic::CounterRandom random(ic::Seed{1}, ic::Stream::kPaths, 0, 0);
  for (int round = 0; round < 2000; ++round) {
    const auto a = drawn<Space>(random);
    const auto b = drawn<Space>(random);
    REQUIRE(ic::from_text<Space>(ic::to_text(a)) == a);
    REQUIRE((a == b) == (ic::to_text(a) == ic::to_text(b)));
    REQUIRE((a < b) == std::lexicographical_compare(a.candidates().begin(), a.candidates().end(),
                                                    b.candidates().begin(), b.candidates().end()));
    if constexpr (Indexed<Space>) {
      REQUIRE(ic::Architecture<Space>::from_index(a.index()) == a);
      REQUIRE((a < b) == (a.index() < b.index()));
    }
    REQUIRE(std::hash<ic::Architecture<Space>>()(a) ==
            std::hash<ic::Architecture<Space>>()(ic::Architecture<Space>(a.candidates())));
  }
}

}  // namespace

TEST_CASE("an architecture is checked when it is made") {
  CHECK_THROWS_AS((Nb201{0, 1, 2, 3, 4}), std::invalid_argument);
  CHECK_THROWS_AS((Nb201{0, 1, 2, 3, 4, 0, 0}), std::invalid_argument);
  CHECK_THROWS_AS((Nb201{0, 1, 2, 3, 4, 5}), std::out_of_range);
  CHECK_THROWS_AS(Nb201(std::vector<std::uint8_t>{}), std::invalid_argument);
  CHECK_THROWS_WITH((Nb201{0, 1, 2}),
                    "interchoice: an architecture of 'nasbench201' needs 6 candidates, got 3");
  CHECK_THROWS_WITH(
      (Nb201{0, 1, 9, 3, 4, 0}),
      "interchoice: candidate 9 for choice 2 of 'nasbench201', which has 5 candidates");
  using Mixed = ic::Architecture<t::Mixed>;
  CHECK_NOTHROW((Mixed{1, 4, 0, 2}));
  CHECK_THROWS_WITH((Mixed{1, 4, 1, 2}),
                    Contains("candidate 1 for choice 2") && Contains("has 1 candidates"));
  CHECK(ic::Architecture<t::Wide>{254, 254, 254, 254, 254, 254, 254, 254}[7] == 254);
  CHECK_THROWS_AS((ic::Architecture<t::Wide>{255, 0, 0, 0, 0, 0, 0, 0}), std::out_of_range);
}

TEST_CASE("an architecture changes by making another") {
  const Nb201 a{0, 1, 2, 3, 4, 0};
  CHECK(a.with(0, 4) == Nb201{4, 1, 2, 3, 4, 0});
  CHECK(a == Nb201{0, 1, 2, 3, 4, 0});
  CHECK_THROWS_WITH(a.with(6, 0), "interchoice: choice 6 of 'nasbench201', which has 6 choices");
  CHECK_THROWS_WITH(a.with(5, 5), Contains("candidate 5 for choice 5"));
}

TEST_CASE("indices, order, hash and text agree for every architecture") {
  check_all<t::Single>();
  check_all<t::Small>();
  check_all<t::Mixed>();
  check_all<t::NumberedCell<1>>();
  check_all<t::NumberedCell<2>>();
  check_all<t::NumberedCell<3>>();
  check_all<ic::NasBench201Space>();
}

TEST_CASE("indices, order, hash and text agree in large spaces") {
  check_random<t::Wide>();
  check_random<t::TooWide>();
  check_random<t::NumberedCell<5>>();
  using Wide = ic::Architecture<t::Wide>;
  constexpr std::uint64_t last = *ic::architecture_count<t::Wide>() - 1;
  CHECK(Wide::from_index(last) == Wide{254, 254, 254, 254, 254, 254, 254, 254});
  CHECK(Wide{254, 254, 254, 254, 254, 254, 254, 254}.index() == last);
  CHECK_THROWS_WITH(Wide::from_index(last + 1),
                    "interchoice: index 17878103347812890625 of 'chain', which has "
                    "17878103347812890625 architectures");
}

TEST_CASE("hashes spread") {
  std::set<std::size_t> low_bits;
  for (std::uint64_t index = 0; index < 4096; ++index) {
    low_bits.insert(std::hash<Nb201>()(Nb201::from_index(index)) % 4096);
  }
  CHECK(low_bits.size() > 2048);  // 2589 expected of a random function
}

TEST_CASE("texts are the benchmark's, or the candidates' numbers") {
  CHECK(ic::to_text(Nb201{4, 2, 1, 2, 1, 1}) ==
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_"
        "connect~2|");
  CHECK(ic::to_text(ic::Architecture<t::Mixed>{1, 4, 0, 2}) == "1-4-0-2");
  CHECK(ic::to_text(ic::Architecture<t::NumberedCell<1>>{2}) == "|op2~0|");
}

TEST_CASE("fmt formats architectures, with the options of strings") {
  const ic::Architecture<t::Mixed> a{1, 4, 0, 2};
  CHECK(fmt::format("{}", a) == "1-4-0-2");
  CHECK(fmt::format("[{:>9}|{:<9}|{:.3}]", a, a, a) == "[  1-4-0-2|1-4-0-2  |1-4]");
  CHECK(fmt::format("{}", kExample) == ic::to_text(kExample));
}

TEST_CASE("a malformed text is refused with the place") {
  const auto cell = [](const std::string& text) {
    return ic::from_text<ic::NasBench201Space>(text);
  };
  const std::string good = ic::to_text(kExample);
  CHECK(cell(good) == kExample);
  CHECK_THROWS_AS(cell(""), std::invalid_argument);
  CHECK_THROWS_WITH(cell("none"), "interchoice: architecture text 'none', place 0: expected '|'");
  CHECK_THROWS_WITH(
      cell("|none~0|+|max_pool_3x3~0|none~1|+|none~0|none~1|none~2|"),
      Contains("place 10: unknown operation 'max_pool_3x3'; the candidates are 'none' "
               "'skip_connect'"));
  CHECK_THROWS_WITH(cell("|none~1|+|none~0|none~1|+|none~0|none~1|none~2|"),
                    Contains("place 5: expected '~0|'"));
  CHECK_THROWS_WITH(cell("|none~0||none~0|none~1|+|none~0|none~1|none~2|"),
                    Contains("place 8: expected '+|'"));
  CHECK_THROWS_WITH(cell(good + " "),
                    Contains("place " + std::to_string(good.size()) + ": text goes on"));
  CHECK_THROWS_AS(cell(" " + good), std::invalid_argument);

  const auto chain = [](const std::string& text) { return ic::from_text<t::Mixed>(text); };
  CHECK(chain("1-4-0-2") == ic::Architecture<t::Mixed>{1, 4, 0, 2});
  CHECK_THROWS_WITH(
      chain(""),
      "interchoice: architecture text '', place 0: choice 0 needs a candidate from 0 to 1");
  CHECK_THROWS_WITH(chain("1-5-0-2"), Contains("place 2: choice 1 needs a candidate from 0 to 4"));
  CHECK_THROWS_WITH(chain("1-256-0-2"), Contains("place 2: choice 1"));
  CHECK_THROWS_WITH(chain("1-4-0"), Contains("place 5: expected '-' before choice 3"));
  CHECK_THROWS_WITH(chain("1-4-0-2-"), Contains("place 7: text goes on after the last choice"));
  CHECK_THROWS_WITH(chain("1--4-0-2"), Contains("place 2: choice 1"));
  for (const char* bad : {"1-4-0-", "1 4 0 2", "-1-4-0-2", "+1-4-0-2", " 1-4-0-2", "1-4-0-2 ",
                          "01-4-0-2", "1-4-00-2", "a", "1-4-0x-2"}) {
    INFO(bad);
    CHECK_THROWS_AS(chain(bad), std::invalid_argument);
  }

  const std::string hostile = "\x1b[2J\n" + std::string(1'000'000, 'x');
  CHECK(is_presentable(message_of([&] { cell("|" + hostile + "~0|"); })));
  CHECK(is_presentable(message_of([&] { cell(good + hostile); })));
  CHECK(is_presentable(message_of([&] { chain("1-4-0-2" + hostile); })));
  CHECK(is_presentable(message_of([&] { ic::from_text<ic::NasBenchMacroSpace>(hostile); })));
}

TEST_CASE("a spoilt text is refused, or is the text of another architecture") {
  ic::CounterRandom random(ic::Seed{2}, ic::Stream::kPaths, 0, 0);
  const std::string letters = "|~+-0123456789nonrcav_x \0\xff";
  const auto spoil = [&](std::string text) {
    const std::size_t at = random.below(static_cast<std::uint32_t>(text.size()));
    const char letter = letters[random.below(static_cast<std::uint32_t>(letters.size()))];
    switch (random.below(4)) {
      case 0:
        text[at] = letter;
        break;
      case 1:
        text.insert(at, 1, letter);
        break;
      case 2:
        text.erase(at, 1);
        break;
      default:
        text.resize(at);
    }
    return text;
  };
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    const bool is_cell = round % 2 == 0;
    const std::string text = spoil(is_cell ? ic::to_text(drawn<ic::NasBench201Space>(random))
                                           : ic::to_text(drawn<t::Mixed>(random)));
    try {
      const std::string again = is_cell ? ic::to_text(ic::from_text<ic::NasBench201Space>(text))
                                        : ic::to_text(ic::from_text<t::Mixed>(text));
      ++accepted;
      if (again != text) FAIL("'" << text << "' was read as '" << again << "'");
    } catch (const std::invalid_argument& error) {
      if (std::string(error.what()).find("', place ") == std::string::npos) FAIL(error.what());
    }
  }
  CHECK(accepted > 10);
}

TEST_CASE("every row of the benchmark's table can be read", "[shared]") {
  std::ifstream file(t::shared_data() / "data" / "nasbench201" / "nasbench201.csv");
  REQUIRE(file);
  std::string line;
  std::getline(file, line);
  REQUIRE(line.starts_with("index,arch,ops,"));
  std::unordered_set<Nb201> seen;
  std::size_t wrong = 0;
  while (std::getline(file, line)) {
    const std::size_t begin = line.find(',') + 1;
    const std::size_t end = line.find(',', begin);
    const Nb201 a = ic::from_text<ic::NasBench201Space>(line.substr(begin, end - begin));
    for (std::size_t i = 0; i < 6; ++i) wrong += line[end + 1 + i] != static_cast<char>('0' + a[i]);
    seen.insert(a);
  }
  CHECK(wrong == 0);
  CHECK(seen.size() == 15'625);
}
