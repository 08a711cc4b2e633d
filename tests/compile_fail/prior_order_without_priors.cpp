// expect: interchoice: a prior order needs `name` and `priors<Space>(location, depth)`
// expect: use interchoice::registration or interchoice::dataflow
#include "interchoice/dependency/bias.hpp"
#include "interchoice/dependency/context.hpp"
#include "interchoice/spaces/nasbench201.hpp"

namespace ic = interchoice;

struct second_to_last {
  static constexpr std::string_view name = "second_to_last";
#ifdef INTERCHOICE_POSITIVE
  template <ic::SearchSpace Space>
#else
  template <class Space, class Missing>  // no call priors<Space>(location, depth) fits
#endif
  static constexpr ic::LocationList priors(std::size_t location, std::size_t) {
    ic::LocationList priors;
    if (location >= 2) priors.push_back(location - 2);
    return priors;
  }
};

using Policy = ic::bias<1, second_to_last>;
static_assert(ic::context_at<ic::NasBench201Space, Policy>(5).prior(0).location == 3);
