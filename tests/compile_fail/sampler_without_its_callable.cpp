// expect: interchoice: BudgetedSampler needs a cost: a callable (const Architecture<Space>&)
// expect: interchoice: WeightedSampler needs weights as a callable (choice, candidate)
#include "interchoice/sampling/budgeted.hpp"
#include "interchoice/sampling/weighted.hpp"
#include "interchoice/spaces/nasbench201.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;

#ifdef INTERCHOICE_POSITIVE
const auto kCost = [](const ic::Architecture<Space>& architecture) { return architecture[0]; };
const auto kWeight = [](std::size_t, std::size_t candidate) { return candidate; };
#else
const double kCost = 3;                                                // a budget is no cost
const auto kWeight = [](std::size_t candidate) { return candidate; };  // of which choice?
#endif

const ic::BudgetedSampler kBudgeted(ic::all<Space>, kCost, {.high = 3}, ic::Seed{1});
const ic::WeightedSampler kWeighted(ic::all<Space>, kWeight, ic::Seed{1});
