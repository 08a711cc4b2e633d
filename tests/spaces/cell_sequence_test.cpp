// Cells with different edges, cells of several types, cells that share nothing.

#include "interchoice/spaces/cell_sequence.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/core/enumeration.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/dependency/bias.hpp"
#include "interchoice/dependency/context.hpp"
#include "interchoice/spaces/fairnas.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "interchoice/spaces/nasbench_macro.hpp"
#include "spaces/example_spaces.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
namespace t = interchoice::testing;

namespace {

using Uneven = ic::MixedCell<t::numbered<2>, t::numbered<1>, t::numbered<255>>;
using Normal = ic::Cell<2, t::numbered<3>>;
using Reducing = ic::MixedCell<t::numbered<4>>;
using Stack = ic::CellSequence<ic::CellOrder<0, 0, 1, 0>, Normal, Reducing>;
using Separate = ic::IndependentCells<3, Normal>;

}  // namespace

static_assert(ic::CellSpace<ic::NasBench201Space>);
static_assert(ic::CellSpace<Uneven> && ic::CellSpace<Stack> && ic::CellSpace<Separate>);
static_assert(!ic::CellSpace<t::Mixed>);
static_assert(ic::ChainSpace<t::Mixed> && ic::ChainSpace<t::Single>);
static_assert(ic::ChainSpace<ic::FairNasSpace> && ic::ChainSpace<ic::NasBenchMacroSpace>);
static_assert(!ic::ChainSpace<ic::NasBench201Space> && !ic::ChainSpace<Uneven>);
static_assert(!ic::ChainSpace<Stack> && !ic::ChainSpace<Separate>);
static_assert(!ic::ChainSpace<ic::IndependentCells<3, ic::Cell<1, t::numbered<2>>>>);
static_assert(!ic::ChainSpace<int>);
static_assert(ic::architecture_count<Uneven>() == 2 * 1 * 255);
static_assert(ic::architecture_count<Stack>() == 27 * 4);
static_assert(ic::architecture_count<Separate>() == 27 * 27 * 27);
static_assert(ic::architecture_count<ic::FairNasSpace>() == 609'359'740'010'496);  // 6^19
static_assert(ic::architecture_count<ic::NasBenchMacroSpace>() == 6'561);

TEST_CASE("edges of a mixed cell have candidates of their own") {
  CHECK(Uneven::node_count == 3);
  CHECK(Uneven::candidate_count(0) == 2);
  CHECK(Uneven::candidate_count(1) == 1);
  CHECK(Uneven::candidate_count(2) == 255);
  CHECK(Uneven::candidate_name(2, 254) == "op254");
  const ic::Architecture<Uneven> last{1, 0, 254};
  CHECK(last.index() == 2 * 255 - 1);
  CHECK(ic::to_text(last) == "|op1~0|+|op0~0|op254~1|");
  for (const auto architecture : ic::every_architecture(ic::all<Uneven>)) {
    REQUIRE(ic::from_text<Uneven>(ic::to_text(architecture)) == architecture);
  }
  using Catch::Matchers::Contains;
  CHECK_THROWS_WITH(ic::from_text<Uneven>("|op1~0|+|op1~0|op254~1|"),
                    Contains("place 9: unknown operation 'op1'; the candidates are 'op0'"));
  constexpr ic::Context context = ic::context_at<Uneven, ic::bias<2>>(3);
  static_assert(context.row_count() == 255 * 1 * 2);  // after the edges (1,2) and (0,2)
  std::vector<std::string> names;
  Uneven::for_each_candidate(0, [&]<class Op>() { names.emplace_back(Op::name); });
  CHECK(names == std::vector<std::string>{"op0", "op1"});
}

TEST_CASE("a sequence of cells shares choices within a type and runs on through all") {
  CHECK(Stack::choice_count == 4);
  CHECK(Stack::cell_count == 4);
  CHECK(Stack::node_count == 3);
  CHECK(Stack::location_period == 10);
  CHECK(!Stack::repeats);
  // Location by location: cells 0 and 1 are normal, 2 reduces, 3 is normal.
  const std::vector<std::size_t> choices{0, 1, 2, 0, 1, 2, 3, 0, 1, 2};
  const std::vector<std::vector<std::size_t>> flow{{}, {}, {0}, {}, {}, {3}, {}, {}, {}, {7}};
  for (std::size_t location = 0; location < choices.size(); ++location) {
    INFO(location);
    CHECK(Stack::choice_at(location) == choices[location]);
    const ic::LocationList priors = Stack::dataflow_priors(location);
    REQUIRE(priors.size() == flow[location].size());
    for (std::size_t i = 0; i < priors.size(); ++i) CHECK(priors[i] == flow[location][i]);
  }
  const std::vector<std::size_t> firsts{0, 3, 6, 7};
  const std::vector<std::size_t> nodes{3, 3, 2, 3};
  for (std::size_t cell = 0; cell < 4; ++cell) {
    CHECK(Stack::first_location(cell) == firsts[cell]);
    CHECK(Stack::cell_node_count(cell) == nodes[cell]);
  }
  CHECK_THROWS_AS(Stack::first_location(4), std::out_of_range);
  CHECK_THROWS_AS(Stack::cell_node_count(4), std::out_of_range);
  CHECK(Stack::candidate_count(2) == 3);
  CHECK(Stack::candidate_count(3) == 4);
  CHECK(Stack::candidate_name(3, 3) == "op3");
  // The first edge behind the reducing cell depends on that cell's only edge.
  constexpr ic::Context context = ic::context_at<Stack, ic::bias<2>>(7);
  static_assert(context.prior(0) == ic::Prior{6, 3, 4});
  static_assert(context.prior(1) == ic::Prior{5, 2, 3});
  static_assert(context.row_of(ic::Architecture<Stack>{1, 0, 2, 3}.candidates()) ==
                (2 * 4 + 3) * 3 + 1);
  CHECK_THROWS_AS((ic::context_at<Stack, ic::bias<1>>(10)), std::out_of_range);
  for (const auto architecture : ic::every_architecture(ic::all<Stack>)) {
    REQUIRE(ic::from_text<Stack>(ic::to_text(architecture)) == architecture);
  }
  CHECK(ic::to_text(ic::Architecture<Stack>{1, 0, 2, 3}) == "|op1~0|+|op0~0|op2~1|/|op3~0|");
  using Catch::Matchers::Contains;
  CHECK_THROWS_WITH(ic::from_text<Stack>("|op1~0|+|op0~0|op2~1||op3~0|"),
                    Contains("place 21: expected '/'"));
  CHECK_THROWS_WITH(ic::from_text<Stack>("|op1~0|+|op0~0|op2~1|/|op3~0|/"),
                    Contains("text goes on after the last edge"));
  CHECK_THROWS_WITH(ic::from_text<Stack>("|op1~0|+|op0~0|op2~1|/|op4~0|"),
                    Contains("unknown operation 'op4'") && Contains("'op3'"));
}

TEST_CASE("independent cells take choices of their own") {
  CHECK(Separate::choice_count == 9);
  for (std::size_t location = 0; location < 9; ++location) {
    CHECK(Separate::choice_at(location) == location);
  }
  CHECK(Separate::dataflow_priors(5).size() == 1);
  CHECK(Separate::dataflow_priors(5)[0] == 3);
  CHECK(ic::space_signature<Separate>().starts_with("cells: op0,op1,op2 | = | ="));
  CHECK(ic::to_text(ic::Architecture<Separate>{0, 1, 2, 2, 1, 0, 1, 1, 1}) ==
        "|op0~0|+|op1~0|op2~1|/|op2~0|+|op1~0|op0~1|/|op1~0|+|op1~0|op1~1|");
}
