// Policies as tags, priors, and the rows that architectures select, against dumb computations.

#include "interchoice/dependency/context.hpp"

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/dependency/affine.hpp"
#include "interchoice/dependency/attention.hpp"
#include "interchoice/dependency/bias.hpp"
#include "interchoice/dependency/bias_residual.hpp"
#include "interchoice/dependency/bias_sum.hpp"
#include "interchoice/dependency/compose.hpp"
#include "interchoice/dependency/grouped_split.hpp"
#include "interchoice/dependency/keep_inert.hpp"
#include "interchoice/dependency/none.hpp"
#include "interchoice/dependency/response.hpp"
#include "interchoice/dependency/scale.hpp"
#include "interchoice/dependency/shift.hpp"
#include "interchoice/dependency/split.hpp"
#include "interchoice/dependency/staged_split.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "spaces/example_spaces.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
namespace t = interchoice::testing;
using Nb201 = ic::NasBench201Space;

namespace elsewhere {

struct lean {
  static constexpr std::string_view name = "lean";
  static constexpr std::size_t depth = 1;
};

}  // namespace elsewhere

namespace {

/// A policy of a user's own, and types that are none.
struct gain {
  static constexpr std::string_view name = "gain";
  static constexpr std::size_t depth = 3;
};
struct with_value : gain {
  int value = 0;
};
struct without_depth {
  static constexpr std::string_view name = "x";
};
struct without_name {
  [[maybe_unused]] static constexpr std::size_t depth = 1;
};
struct too_deep : gain {
  static constexpr std::size_t depth = 17;
};

/// A prior order of a user's own: the same edge of the cell before.
struct same_edge {
  static constexpr std::string_view name = "same_edge";
  template <ic::SearchSpace Space>
  static constexpr ic::LocationList priors(std::size_t location, std::size_t) {
    ic::LocationList priors;
    if (location >= Space::location_period) priors.push_back(location - Space::location_period);
    return priors;
  }
};
struct no_order {
  static constexpr std::string_view name = "no_order";
};

}  // namespace

static_assert(ic::DependencyPolicy<ic::none>);
static_assert(ic::DependencyPolicy<ic::bias<1>> && ic::DependencyPolicy<ic::bias<2, ic::dataflow>>);
static_assert(ic::DependencyPolicy<ic::split<125>> && ic::DependencyPolicy<ic::split<0, 3>>);
static_assert(ic::DependencyPolicy<gain>);
static_assert(!ic::DependencyPolicy<with_value>);  // a policy is a tag: state is kept elsewhere
static_assert(!ic::DependencyPolicy<without_depth> && !ic::DependencyPolicy<without_name>);
static_assert(!ic::DependencyPolicy<too_deep>);
static_assert(!ic::DependencyPolicy<int> && !ic::DependencyPolicy<Nb201>);

static_assert(ic::PriorOrder<ic::registration, Nb201> && ic::PriorOrder<ic::dataflow, Nb201>);
static_assert(ic::PriorOrder<same_edge, Nb201>);
static_assert(!ic::PriorOrder<no_order, Nb201> && !ic::PriorOrder<int, Nb201>);

static_assert(std::is_same_v<ic::prior_order_t<ic::none>, ic::registration>);
static_assert(std::is_same_v<ic::prior_order_t<ic::bias<1, ic::dataflow>>, ic::dataflow>);

static_assert(ic::context_at<Nb201, ic::bias<2>>(6).row_count() == 125);  // at compile time
static_assert(ic::context_at<Nb201, ic::none>(6).row_count() == 5);

TEST_CASE("a policy is named by its text") {
  CHECK(ic::policy_text<ic::none>() == "none");
  CHECK(ic::policy_text<ic::bias<1>>() == "bias<1>");
  CHECK(ic::policy_text<ic::bias<2, ic::dataflow>>() == "bias<2,dataflow>");
  CHECK(ic::policy_text<ic::split<125>>() == "split<125>");
  CHECK(ic::policy_text<ic::split<0, 2>>() == "split<0,2>");
  CHECK(ic::policy_text<ic::split<ic::on_demand, 1, ic::dataflow>>() ==
        "split<on_demand,dataflow>");
  CHECK(ic::policy_text<gain>() == "gain");
  CHECK(ic::policy_text<ic::bias_sum<2>>() == "bias_sum<2>");
  CHECK(ic::policy_text<ic::grouped_split<1>>() == "grouped_split<1>");
  CHECK(ic::policy_text<ic::staged_split<2>>() == "staged_split<2>");
  CHECK(ic::policy_text<ic::bias_residual<1, ic::dataflow>>() == "bias_residual<1,dataflow>");
  CHECK(ic::policy_text<ic::scale<1, ic::dataflow>>() == "scale<1,dataflow>");
  CHECK(ic::policy_text<ic::shift<1>>() == "shift<1>");
  CHECK(ic::policy_text<ic::affine<3>>() == "affine<3>");
  CHECK(ic::policy_text<ic::attention<1>>() == "attention<1,1>");
  CHECK(ic::policy_text<ic::attention<3, 2, ic::without_own_choice, ic::dataflow>>() ==
        "attention<3,2,without_own_choice,dataflow>");
  CHECK(ic::policy_text<ic::keep_inert<ic::bias<1>>>() == "keep_inert<bias<1>>");
  CHECK(ic::policy_text<ic::compose<ic::bias<1>, ic::split<125>>>() ==
        "compose<bias<1>,split<125>>");
}

namespace {

/// A policy of a user's own with priors, and no text of its own.
template <std::size_t Depth, class Order = ic::registration>
struct tilt : ic::with_priors<Depth, Order> {
  static constexpr std::string_view name = "tilt";
};

}  // namespace

TEST_CASE("a policy of one's own with priors has a text; fmt formats policies") {
  CHECK(ic::policy_text<tilt<2>>() == "tilt<2>");
  CHECK(ic::policy_text<tilt<1, ic::dataflow>>() == "tilt<1,dataflow>");
  CHECK(
      fmt::format("{} {:>8} {}", ic::none(), ic::bias<1>(), ic::compose<ic::bias<1>, tilt<2>>()) ==
      "none  bias<1> compose<bias<1>,tilt<2>>");
  // Also one that names nothing of the library's namespace.
  CHECK(fmt::format("{:>6}", elsewhere::lean()) == "  lean");
}

TEST_CASE("composed policies read the priors of each") {
  using Both = ic::compose<ic::bias<1>, ic::split<3, 2, ic::dataflow>>;
  STATIC_REQUIRE(Both::depth == 2);
  // Edge (2,3) of the second cell: registration looks at (1,3), dataflow at (1,2) and (0,2).
  constexpr ic::Context context = ic::context_at<Nb201, Both>(11);
  STATIC_REQUIRE(context.depth() == 3);
  CHECK(context.prior(0).location == 10);
  CHECK(context.prior(1).location == 8);
  CHECK(context.prior(2).location == 7);
  CHECK(ic::context_at<Nb201, Both>(0).depth() == 0);
  // The first edge of a cell has a prior in the cell before, and none in the data flow.
  CHECK(ic::context_at<Nb201, Both>(6).depth() == 1);
  // A prior that both read counts once.
  using Twice = ic::compose<ic::bias<2>, ic::shift<1>>;
  CHECK(ic::context_at<Nb201, Twice>(11).depth() == 2);
}

TEST_CASE("responses follow each other, and the most visible one counts") {
  using enum ic::Response;
  for (const ic::Response r : {kObserved, kPropagated, kRemoved}) {
    CHECK(ic::followed_by(kPropagated, r) == r);
    CHECK(ic::followed_by(kObserved, r) == kObserved);
    CHECK(ic::followed_by(kRemoved, r) == kRemoved);
    CHECK(ic::most_visible(kObserved, r) == kObserved);
    CHECK(ic::most_visible(r, kRemoved) == r);
    CHECK(ic::most_visible(r, r) == r);
  }
  constexpr ic::Responses responses{kRemoved, kPropagated, kObserved, kRemoved};
  STATIC_REQUIRE(responses.to(ic::Effect::kInputShift) == kRemoved);
  STATIC_REQUIRE(responses.to(ic::Effect::kInputScale) == kPropagated);
  STATIC_REQUIRE(responses.to(ic::Effect::kNormShift) == kObserved);
  STATIC_REQUIRE(responses.to(ic::Effect::kNormScale) == kRemoved);
}

TEST_CASE("registration order runs on across cells") {
  for (std::size_t location = 0; location < 40; ++location) {
    for (std::size_t depth = 0; depth <= 16; ++depth) {
      const ic::LocationList priors = ic::registration::priors<Nb201>(location, depth);
      CHECK(priors.size() == std::min(location, depth));
      for (std::size_t i = 0; i < priors.size(); ++i) CHECK(priors[i] == location - 1 - i);
    }
  }
  // The first edge of a later cell depends on the last edge of the cell before.
  constexpr ic::Context first = ic::context_at<Nb201, ic::bias<2>>(12);
  CHECK(first.depth() == 2);
  CHECK(first.prior(0) == ic::Prior{.location = 11, .choice = 5, .candidates = 5});
  CHECK(first.prior(1) == ic::Prior{.location = 10, .choice = 4, .candidates = 5});
  CHECK(ic::context_at<Nb201, ic::bias<3>>(0).depth() == 0);
  CHECK(ic::context_at<Nb201, ic::bias<3>>(1).depth() == 1);
}

TEST_CASE("dataflow order stays within the cell") {
  const std::vector<std::vector<int>> offsets{{}, {}, {-2}, {}, {-4}, {-3, -4}};
  for (std::size_t location = 0; location < 30; ++location) {
    const std::vector<int>& expected = offsets[location % 6];
    for (std::size_t depth = 0; depth < 4; ++depth) {
      const ic::LocationList priors = ic::dataflow::priors<Nb201>(location, depth);
      REQUIRE(priors.size() == std::min(depth, expected.size()));
      for (std::size_t i = 0; i < priors.size(); ++i) {
        CHECK(static_cast<int>(priors[i]) - static_cast<int>(location) == expected[i]);
      }
    }
  }
  // In a chain both orders are the same.
  for (std::size_t location = 0; location < 4; ++location) {
    CHECK(ic::dataflow::priors<t::Small>(location, 2) ==
          ic::registration::priors<t::Small>(location, 2));
  }
}

namespace {

/// The row by walking through [n_pD, ..., n_p1, n_c] in storage order until the indices match.
std::size_t walked_row(const std::vector<std::size_t>& sizes,
                       const std::vector<std::size_t>& wanted) {
  std::vector<std::size_t> at(sizes.size(), 0);
  for (std::size_t row = 0;; ++row) {
    if (at == wanted) return row;
    std::size_t i = sizes.size();
    while (i > 0 && ++at[i - 1] == sizes[i - 1]) at[--i] = 0;
    if (i == 0) throw std::logic_error("no such row");
  }
}

template <class Space, class Policy>
void check_rows(std::size_t locations) {
  INFO(ic::space_signature<Space>() << ", " << ic::policy_text<Policy>());
  const ic::Sampler sample(ic::Uniform(ic::all<Space>), ic::Seed{5});
  for (std::size_t location = 0; location < locations; ++location) {
    const ic::Context context = ic::context_at<Space, Policy>(location);
    CHECK(context.location() == location);
    CHECK(context.choice() == Space::choice_at(location));
    CHECK(context.candidates() == Space::candidate_count(context.choice()));
    CHECK(context.depth() <= Policy::depth);
    std::vector<std::size_t> sizes;
    for (std::size_t i = context.depth(); i-- > 0;) {
      const ic::Prior& prior = context.prior(i);
      CHECK(prior.location < location);
      CHECK(prior.choice == Space::choice_at(prior.location));
      CHECK(prior.candidates == Space::candidate_count(prior.choice));
      sizes.push_back(prior.candidates);
    }
    std::size_t contexts = 1;
    for (const std::size_t size : sizes) contexts *= size;
    CHECK(context.context_count() == contexts);
    sizes.push_back(context.candidates());
    CHECK(context.row_count() == contexts * context.candidates());
    for (std::uint64_t step = 0; step < 20; ++step) {
      const auto path = sample(location, step);
      std::vector<std::size_t> indices;
      for (std::size_t i = context.depth(); i-- > 0;)
        indices.push_back(path[context.prior(i).choice]);
      indices.push_back(path[context.choice()]);
      CHECK(context.row_of(path.candidates()) == walked_row(sizes, indices));
      CHECK(context.candidate_of(path.candidates()) == path[context.choice()]);
      CHECK(context.context_of(path.candidates()) ==
            context.row_of(path.candidates()) / context.candidates());
    }
  }
}

}  // namespace

TEST_CASE("an architecture selects the row that walking through the table finds") {
  check_rows<Nb201, ic::none>(8);
  check_rows<Nb201, ic::bias<1>>(20);
  check_rows<Nb201, ic::bias<3>>(20);
  check_rows<Nb201, ic::bias<2, ic::dataflow>>(14);
  check_rows<Nb201, ic::bias<1, same_edge>>(14);
  check_rows<Nb201, ic::split<7, 2>>(14);
  check_rows<t::Mixed, ic::bias<1>>(4);
  check_rows<t::Mixed, gain>(4);
  check_rows<t::Single, ic::bias<2>>(1);
  check_rows<t::NumberedCell<5>, ic::bias<4, ic::dataflow>>(15);
}

TEST_CASE("an order of one's own is taken from the policy") {
  constexpr ic::Context context = ic::context_at<Nb201, ic::bias<1, same_edge>>(8);
  CHECK(context.depth() == 1);
  CHECK(context.prior(0).location == 2);
  CHECK(ic::context_at<Nb201, ic::bias<1, same_edge>>(3).depth() == 0);
}

TEST_CASE("more than sixteen priors are refused") {
  using Cell = t::NumberedCell<16>;
  using Deep = ic::compose<ic::bias<16>, ic::scale<16, ic::dataflow>>;
  CHECK(
      ic::context_at<t::NumberedCell<1>, ic::compose<ic::bias<16>, ic::split<1, 16>>>(20).depth() ==
      16);
  CHECK_THROWS_WITH((ic::context_at<Cell, Deep>(135)),
                    "interchoice: a location with more than 16 priors, location 118 among them; "
                    "use a smaller depth, or compose policies that look at the same locations");
  ic::LocationList list;
  for (std::size_t i = 0; i < ic::LocationList::kCapacity; ++i) list.push_back(99 - i);
  CHECK_THROWS_AS(list.push_back(7), std::length_error);
  CHECK(list.size() == 16);
  ic::Context context(40, 0, 1);
  for (std::size_t i = 0; i < 16; ++i)
    context.add_prior({.location = i, .choice = 0, .candidates = 1});
  CHECK_THROWS_WITH(context.add_prior({.location = 16, .choice = 0, .candidates = 1}),
                    "interchoice: location 40 has more than 16 priors; use a smaller depth");
  CHECK(context.depth() == 16);
}

TEST_CASE("locations and tables beyond the limits are refused") {
  CHECK_THROWS_WITH((ic::context_at<t::Small, ic::bias<1>>(4)),
                    "interchoice: location 4 of 'chain', which has 4 locations");
  CHECK_THROWS_AS((ic::context_at<t::Small, ic::none>(99)), std::out_of_range);
  CHECK_NOTHROW(ic::context_at<Nb201, ic::bias<1>>(1'000'000));  // as many cells as one wants
  CHECK((ic::context_at<t::Wide, ic::bias<2>>(3).row_count() == 255 * 255 * 255));
  CHECK_THROWS_WITH(
      (ic::context_at<t::Wide, ic::bias<3>>(3)),
      "interchoice: the table of location 3 would need more than 2^31 rows; use a smaller "
      "depth");
}
