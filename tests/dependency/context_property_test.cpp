// Contexts of random spaces under random compositions and prior orders, against a naive context.

#include <rapidcheck.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string_view>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/dependency/affine.hpp"
#include "interchoice/dependency/bias.hpp"
#include "interchoice/dependency/compose.hpp"
#include "interchoice/dependency/context.hpp"
#include "interchoice/dependency/none.hpp"
#include "interchoice/dependency/scale.hpp"
#include "interchoice/dependency/split.hpp"
#include "interchoice/spaces/cell_sequence.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "spaces/example_spaces.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
namespace t = interchoice::testing;

namespace {

/// A space whose shape is drawn while the test runs: chains and repeated or single cells, with one
/// to four candidates a choice. The shape is a variable, so that one type serves all of them.
struct Drawn {
  struct Shape {
    std::vector<std::size_t> candidates;             // of each choice
    std::vector<std::size_t> choices;                // of each location of the period
    std::vector<std::vector<std::size_t>> dataflow;  // of each location of the period, as distances
  };
  static inline Shape shape;

  static constexpr std::string_view name = "drawn";
  static constexpr std::size_t choice_count = 8;
  static inline std::size_t location_period = 0;
  static inline bool repeats = false;
  static std::size_t candidate_count(std::size_t choice) { return shape.candidates[choice]; }
  static std::string_view candidate_name(std::size_t, std::size_t) { return "op"; }
  static ic::CandidateKind candidate_kind(std::size_t, std::size_t) {
    return ic::CandidateKind::kOther;
  }
  static std::size_t choice_at(std::size_t location) {
    return shape.choices[location % location_period];
  }
  static ic::LocationList dataflow_priors(std::size_t location) {
    ic::LocationList priors;
    for (const std::size_t distance : shape.dataflow[location % location_period]) {
      if (distance <= location) priors.push_back(location - distance);
    }
    return priors;
  }

  /// Draws the shape, within a property.
  static void draw() {
    shape.candidates = *rc::gen::container<std::vector<std::size_t>>(
        choice_count, rc::gen::inRange<std::size_t>(1, 5));
    location_period = *rc::gen::inRange<std::size_t>(1, 13);
    repeats = *rc::gen::arbitrary<bool>();
    shape.choices = *rc::gen::container<std::vector<std::size_t>>(
        location_period, rc::gen::inRange<std::size_t>(0, choice_count));
    shape.dataflow.clear();
    for (std::size_t i = 0; i < location_period; ++i) {
      auto distances = *rc::gen::container<std::set<std::size_t>>(
          *rc::gen::inRange<std::size_t>(0, 5), rc::gen::inRange<std::size_t>(1, 40));
      shape.dataflow.emplace_back(distances.begin(), distances.end());
    }
  }
};
static_assert(ic::SearchSpace<Drawn>);

/// A prior order that leaves out every second location.
struct every_second {
  static constexpr std::string_view name = "every_second";
  template <ic::SearchSpace Space>
  static constexpr ic::LocationList priors(std::size_t location, std::size_t depth) {
    ic::LocationList priors;
    for (std::size_t back = 2; back <= location && priors.size() < depth; back += 2) {
      priors.push_back(location - back);
    }
    return priors;
  }
};

/// The locations that a policy looks at, by the definition of its order.
template <class Order>
std::set<std::size_t> locations_of(std::size_t location, std::size_t depth) {
  std::set<std::size_t> found;
  for (std::size_t back = 1; back <= location && found.size() < depth; ++back) {
    const bool is_prior = [&] {
      if constexpr (std::is_same_v<Order, ic::registration>) {
        return true;
      } else if constexpr (std::is_same_v<Order, every_second>) {
        return back % 2 == 0;
      } else {
        const auto& distances = Drawn::shape.dataflow[location % Drawn::location_period];
        return std::find(distances.begin(), distances.end(), back) != distances.end();
      }
    }();
    if (is_prior) found.insert(location - back);
  }
  return found;
}

template <class Policy>
struct Locations {
  static std::set<std::size_t> of(std::size_t location) {
    return locations_of<ic::prior_order_t<Policy>>(location, Policy::depth);
  }
};
template <class... Policies>
struct Locations<ic::compose<Policies...>> {
  static std::set<std::size_t> of(std::size_t location) {
    std::set<std::size_t> all;
    (all.merge(Locations<Policies>::of(location)), ...);
    return all;
  }
};

template <class Policy>
void check_context() {
  INFO(ic::policy_text<Policy>());
  CHECK(rc::check([] {
    Drawn::draw();
    const std::size_t locations = Drawn::repeats ? 50 : Drawn::location_period;
    const auto location = *rc::gen::inRange<std::size_t>(0, locations);
    const ic::Context context = ic::context_at<Drawn, Policy>(location);
    const std::set<std::size_t> expected = Locations<Policy>::of(location);
    RC_ASSERT(context.depth() == expected.size());
    std::size_t i = 0;
    for (auto prior = expected.rbegin(); prior != expected.rend(); ++prior, ++i) {
      const std::size_t choice = Drawn::choice_at(*prior);
      RC_ASSERT(context.prior(i) == (ic::Prior{*prior, choice, Drawn::candidate_count(choice)}));
    }

    // The row: the number of tuples (farthest prior first, own candidate last) that come before it.
    std::vector<std::uint8_t> path;
    for (std::size_t choice = 0; choice < Drawn::choice_count; ++choice) {
      const auto count = static_cast<int>(Drawn::candidate_count(choice));
      path.push_back(static_cast<std::uint8_t>(*rc::gen::inRange(0, count)));
    }
    std::vector<std::size_t> choices;
    for (const std::size_t prior : expected) choices.push_back(Drawn::choice_at(prior));
    choices.push_back(Drawn::choice_at(location));
    std::size_t before = 0;
    std::size_t rows = 1;
    for (std::size_t at = choices.size(); at-- > 0;) {
      before += path[choices[at]] * rows;
      rows *= Drawn::candidate_count(choices[at]);
    }
    RC_ASSERT(context.row_count() == rows);
    RC_ASSERT(context.row_of(path) == before);
    RC_ASSERT(context.row_of(path) ==
              context.context_of(path) * context.candidates() + context.candidate_of(path));
    RC_ASSERT(context.context_count() * context.candidates() == rows);
  }));
}

}  // namespace

TEST_CASE("contexts of random spaces are those of the definition") {
  check_context<ic::none>();
  check_context<ic::bias<1>>();
  check_context<ic::bias<5>>();
  check_context<ic::scale<3, ic::dataflow>>();
  check_context<ic::split<2, 2, every_second>>();
}

TEST_CASE("compositions on random spaces look at the priors of each policy, once") {
  check_context<ic::compose<ic::bias<2>, ic::scale<1>>>();
  check_context<ic::compose<ic::bias<1>, ic::scale<3, ic::dataflow>>>();
  check_context<ic::compose<ic::bias<4, every_second>, ic::split<3, 2>>>();
  check_context<
      ic::compose<ic::bias<3, ic::dataflow>, ic::split<9, 2, every_second>, ic::affine<2>>>();
  check_context<ic::compose<ic::compose<ic::bias<1>, ic::scale<2, every_second>>,
                            ic::affine<4, ic::dataflow>>>();
}
