// expect: interchoice: Within needs a cost: a callable (const Architecture<Space>&)
// expect: interchoice: Weighted needs weights as a callable (choice, candidate)
// expect: interchoice: Mutation needs a change: a callable (const Architecture<Space>&,
#include "interchoice/sampling/mutation.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/sampling/weighted.hpp"
#include "interchoice/sampling/within.hpp"
#include "interchoice/spaces/nasbench201.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;

#ifdef INTERCHOICE_POSITIVE
const auto kCost = [](const ic::Architecture<Space>& architecture) { return architecture[0]; };
const auto kWeight = [](std::size_t, std::size_t candidate) { return candidate; };
const auto kChange = [](const auto& parent, const auto&, auto&) { return parent.with(0, 1); };
#else
const double kCost = 3;                                                // a budget is no cost
const auto kWeight = [](std::size_t candidate) { return candidate; };  // of which choice?
const auto kChange = 0.1;                                              // a probability is no change
#endif

const ic::Within kWithin{ic::Uniform{ic::all<Space>}, kCost, {.high = 3}};
const ic::Weighted kWeighted{ic::all<Space>, kWeight};
const ic::Mutation kMutation{ic::Architecture<Space>{}, ic::all<Space>, kChange};
