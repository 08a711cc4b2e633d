#pragma once

#include <string_view>

#include "benchmarks/training_steps.hpp"

namespace benchmarks {

/// Calls `visit.operator()<Policy>(name)` for every policy whose cost is measured, `none` first.
template <class Visitor>
void for_each_policy(const Visitor& visit) {
  visit.template operator()<ic::none>("none");
  visit.template operator()<ic::bias<1>>("bias1");
  visit.template operator()<ic::bias<2>>("bias2");
  visit.template operator()<ic::bias<3>>("bias3");
  visit.template operator()<ic::bias_sum<1>>("bias_sum1");
  visit.template operator()<ic::scale<1>>("scale1");
  visit.template operator()<ic::attention<1>>("attention1");
  visit.template operator()<ic::shift<1>>("shift1");
  visit.template operator()<ic::affine<1>>("affine1");
  visit.template operator()<ic::split<0>>("split");
}

}  // namespace benchmarks
