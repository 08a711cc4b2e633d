#pragma once

// The policies of the programs' super-networks. One of your own: include its header, add it to the
// list.

#include <string>
#include <vector>

#include "interchoice/dependency/policy.hpp"
#include "interchoice/dependency/split.hpp"
#include "interchoice/nn/dependency/affine.hpp"
#include "interchoice/nn/dependency/attention.hpp"
#include "interchoice/nn/dependency/bias.hpp"
#include "interchoice/nn/dependency/bias_residual.hpp"
#include "interchoice/nn/dependency/bias_sum.hpp"
#include "interchoice/nn/dependency/compose.hpp"
#include "interchoice/nn/dependency/keep_inert.hpp"
#include "interchoice/nn/dependency/none.hpp"
#include "interchoice/nn/dependency/scale.hpp"
#include "interchoice/nn/dependency/shift.hpp"
#include "interchoice/nn/dependency/split.hpp"
#include "interchoice/nn/dependency/staged_split.hpp"

namespace examples {

namespace ic = interchoice;

template <class... Policies>
struct PolicyList {
  static std::vector<std::string> texts() { return {ic::policy_text<Policies>()...}; }

  /// Calls `visitor.operator()<Policy>()` for the policy of a text, if there is one.
  template <class Visitor>
  static void visit(const std::string& text, const Visitor& visitor) {
    const auto offer = [&]<class Policy>() {
      if (text == ic::policy_text<Policy>()) visitor.template operator()<Policy>();
    };
    (offer.template operator()<Policies>(), ...);
  }
};

#if defined(INTERCHOICE_DEMO_POLICIES)  // each is a network to compile: see CMakeLists.txt
using Policies = PolicyList<ic::none, ic::bias<1>, ic::split<ic::on_demand>>;
#else
using Policies =
    PolicyList<ic::none, ic::bias<1>, ic::bias<2>, ic::bias<3>, ic::bias_sum<1>,
               ic::bias_residual<1>, ic::scale<1>, ic::shift<1>, ic::affine<1>, ic::attention<1>,
               ic::attention<1, 2>, ic::split<ic::on_demand>, ic::staged_split<2>,
               ic::keep_inert<ic::bias<1>>, ic::compose<ic::bias<1>, ic::split<ic::on_demand>>>;
#endif

}  // namespace examples
