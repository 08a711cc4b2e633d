// The members of the spaces, and which types are spaces at all.

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "interchoice/core/restriction.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "spaces/example_spaces.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
namespace t = interchoice::testing;

// --- what is a candidate
// --------------------------------------------------------------------------

namespace {

struct NamedByLiteral {
  static constexpr const char* name = "x";
};
struct NamedByNumber {
  static constexpr int name = 3;
};
struct NamedPerObject {
  std::string_view name = "x";
};
struct NamedAtRunTime {
  static inline std::string_view name = "x";
};
struct Nameless {};
struct OddKind {
  static constexpr std::string_view name = "x";
  static constexpr int kind = 2;
};

}  // namespace

static_assert(ic::Candidate<t::Numbered<3>>);
static_assert(ic::Candidate<NamedByLiteral>);
static_assert(ic::Candidate<ic::nasbench201::Zero>);
static_assert(!ic::Candidate<NamedByNumber>);
static_assert(!ic::Candidate<NamedPerObject>);
static_assert(!ic::Candidate<NamedAtRunTime>);
static_assert(!ic::Candidate<Nameless>);
static_assert(!ic::Candidate<int>);

static_assert(ic::candidate_kind<ic::nasbench201::Zero>() == ic::CandidateKind::kZero);
static_assert(ic::candidate_kind<t::Numbered<3>>() == ic::CandidateKind::kOther);
static_assert(ic::candidate_kind<OddKind>() == ic::CandidateKind::kOther);  // a number is no kind

static_assert(ic::Candidates<t::Numbered<0>, NamedByLiteral>::names_are_distinct());
static_assert(!ic::Candidates<NamedByLiteral, t::Numbered<0>, OddKind>::names_are_distinct());

// --- what is a space
// ------------------------------------------------------------------------------

namespace {

/// A space written by hand.
struct OwnSpace {
  static constexpr std::string_view name = "own";
  static constexpr std::size_t choice_count = 2;
  static constexpr std::size_t location_period = 2;
  static constexpr bool repeats = false;
  static constexpr std::size_t candidate_count(std::size_t) { return 2; }
  static constexpr std::string_view candidate_name(std::size_t, std::size_t c) {
    return c == 0 ? "off" : "on";
  }
  static constexpr ic::CandidateKind candidate_kind(std::size_t, std::size_t) {
    return ic::CandidateKind::kOther;
  }
  static constexpr std::size_t choice_at(std::size_t location) { return location; }
  static constexpr ic::LocationList dataflow_priors(std::size_t) { return {}; }
};
struct WithoutLocations : OwnSpace {
  static void choice_at(std::size_t);
};
struct WithoutPriors : OwnSpace {
  static constexpr int dataflow_priors(std::size_t) { return 0; }
};
struct CountsInInt : OwnSpace {
  static constexpr int candidate_count(std::size_t) { return 2; }
};

}  // namespace

static_assert(ic::SearchSpace<OwnSpace>);
static_assert(ic::SearchSpace<t::Single> && ic::SearchSpace<t::Small> && ic::SearchSpace<t::Mixed>);
static_assert(ic::SearchSpace<t::Wide> && ic::SearchSpace<t::NumberedCell<1>>);
static_assert(ic::SearchSpace<ic::NasBench201Space>);
static_assert(!ic::SearchSpace<WithoutLocations>);
static_assert(!ic::SearchSpace<WithoutPriors>);
static_assert(!ic::SearchSpace<CountsInInt>);
static_assert(!ic::SearchSpace<t::numbered<3>>);
static_assert(!ic::SearchSpace<int>);

static_assert(ic::architecture_count<t::Single>() == 1);
static_assert(ic::architecture_count<t::Small>() == 81);
static_assert(ic::architecture_count<t::Mixed>() == 30);
static_assert(ic::architecture_count<t::Wide>() == 17'878'103'347'812'890'625ULL);
static_assert(!ic::architecture_count<t::TooWide>());
static_assert(ic::architecture_count<ic::NasBench201Space>() == 15'625);
static_assert(ic::max_candidate_count<t::Mixed>() == 5);
static_assert(ic::max_candidate_count<t::Wide>() == 255);

TEST_CASE("a chain has a location a choice, with the candidates it was given") {
  CHECK(t::Wide::choice_count == 8);
  CHECK(t::Wide::candidate_count(7) == 255);
  CHECK(t::Wide::candidate_name(7, 254) == "op254");
  CHECK(t::Wide::candidate_name(0, 9) == "op9");
  const std::vector<std::size_t> counts{2, 5, 1, 3};
  REQUIRE(t::Mixed::choice_count == counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    CHECK(t::Mixed::candidate_count(i) == counts[i]);
    CHECK(t::Mixed::choice_at(i) == i);
    std::vector<std::string_view> names;
    t::Mixed::for_each_candidate(i, [&]<class Op>() { names.push_back(Op::name); });
    REQUIRE(names.size() == counts[i]);
    for (std::size_t c = 0; c < names.size(); ++c)
      CHECK(names[c] == t::Mixed::candidate_name(i, c));
  }
  CHECK_FALSE(t::Mixed::repeats);
  CHECK(t::Mixed::location_period == 4);
}

namespace {

/// Edges by the definition: each node takes one edge from every earlier node.
std::vector<ic::Edge> edges_of(std::size_t nodes) {
  std::vector<ic::Edge> edges;
  for (std::size_t target = 1; target <= nodes; ++target) {
    for (std::size_t source = 0; source < target; ++source) edges.push_back({source, target});
  }
  return edges;
}

template <std::size_t Nodes>
void check_cell() {
  using Space = t::NumberedCell<Nodes>;
  INFO(Nodes << " nodes");
  const std::vector<ic::Edge> edges = edges_of(Nodes);
  CHECK(Space::node_count == Nodes + 1);
  REQUIRE(Space::choice_count == edges.size());
  CHECK(Space::location_period == edges.size());
  CHECK(Space::repeats);
  for (std::size_t location = 0; location < 3 * edges.size(); ++location) {
    const std::size_t choice = location % edges.size();
    CHECK(Space::choice_at(location) == choice);
    CHECK(Space::edge(choice) == edges[choice]);
    CHECK(Space::choice_of(edges[choice]) == choice);
    // Dataflow priors: the edges into this edge's source node, of the same cell, nearest first.
    std::vector<std::size_t> expected;
    for (std::size_t other = edges.size(); other-- > 0;) {
      if (edges[other].target == edges[choice].source)
        expected.push_back(location - choice + other);
    }
    const ic::LocationList priors = Space::dataflow_priors(location);
    REQUIRE(priors.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(priors[i] == expected[i]);
  }
}

}  // namespace

TEST_CASE("a cell has an edge from every node to every later one") {
  check_cell<1>();
  check_cell<2>();
  check_cell<3>();
  check_cell<4>();
  check_cell<5>();
  check_cell<16>();
}

TEST_CASE("NAS-Bench-201 has the benchmark's operations, edges and dataflow") {
  using Space = ic::NasBench201Space;
  const std::vector<std::string_view> names{"none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3",
                                            "avg_pool_3x3"};
  for (std::size_t choice = 0; choice < 6; ++choice) {
    REQUIRE(Space::candidate_count(choice) == names.size());
    for (std::size_t c = 0; c < 5; ++c) CHECK(Space::candidate_name(choice, c) == names[c]);
  }
  const std::vector<ic::Edge> edges{{0, 1}, {0, 2}, {1, 2}, {0, 3}, {1, 3}, {2, 3}};
  const std::vector<std::vector<int>> offsets{{}, {}, {-2}, {}, {-4}, {-3, -4}};
  for (const int cell : {0, 1, 7}) {
    for (std::size_t choice = 0; choice < 6; ++choice) {
      CHECK(Space::edge(choice) == edges[choice]);
      const auto location = static_cast<std::size_t>(cell) * 6 + choice;
      const ic::LocationList priors = Space::dataflow_priors(location);
      REQUIRE(priors.size() == offsets[choice].size());
      for (std::size_t i = 0; i < priors.size(); ++i) {
        CHECK(static_cast<int>(priors[i]) == static_cast<int>(location) + offsets[choice][i]);
      }
    }
  }
}

TEST_CASE("a signature names the space and every choice's candidates") {
  CHECK(ic::space_signature<t::Single>() == "chain: op0");
  CHECK(ic::space_signature<t::Small>() == "chain: op0,op1,op2 | = | = | =");
  CHECK(ic::space_signature<t::Mixed>() ==
        "chain: op0,op1 | op0,op1,op2,op3,op4 | op0 | op0,op1,op2");
  CHECK(ic::space_signature<OwnSpace>() == "own: off,on | =");
  const std::set<std::string> all{
      ic::space_signature<t::Single>(),          ic::space_signature<t::Small>(),
      ic::space_signature<t::Mixed>(),           ic::space_signature<t::NumberedCell<1>>(),
      ic::space_signature<t::NumberedCell<2>>(), ic::space_signature<ic::NasBench201Space>()};
  CHECK(all.size() == 6);
}
