// expect: interchoice: a dependency policy needs to be an empty type; keep its parameters in
// expect: interchoice: a dependency policy needs `static constexpr std::string_view name`
// expect: interchoice: a dependency policy needs `static constexpr std::size_t depth`
// expect: interchoice: a dependency policy needs a depth of 0 to 16 priors
// expect: WithoutDepth
#include "interchoice/dependency/bias.hpp"
#include "interchoice/dependency/compose.hpp"
#include "interchoice/dependency/context.hpp"
#include "interchoice/spaces/nasbench201.hpp"

namespace ic = interchoice;

struct WithValue {
  static constexpr std::string_view name = "with_value";
  static constexpr std::size_t depth = 1;
#ifndef INTERCHOICE_POSITIVE
  float gain = 1;
#endif
};
struct WithoutName {
#ifdef INTERCHOICE_POSITIVE
  static constexpr std::string_view name = "without_name";
#endif
  static constexpr std::size_t depth = 1;
};
struct WithoutDepth {
  static constexpr std::string_view name = "without_depth";
#ifdef INTERCHOICE_POSITIVE
  static constexpr std::size_t depth = 1;
#endif
};
#ifdef INTERCHOICE_POSITIVE
using Deep = ic::bias<6>;
#else
using Deep = ic::bias<17>;
#endif

template <class Policy>
constexpr std::size_t kRows = ic::context_at<ic::NasBench201Space, Policy>(1).row_count();

static_assert(kRows<WithValue> == 25);
static_assert(kRows<WithoutName> == 25);
static_assert(kRows<Deep> == 25);
static_assert(ic::compose<WithoutDepth, ic::bias<1>>::name == "compose");
