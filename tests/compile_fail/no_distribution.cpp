// expect: interchoice: Sampler needs a distribution: a callable (CounterRandom&) const
// expect: interchoice: Within needs a distribution of single architectures
// expect: interchoice: Mixture needs distributions of single architectures of one space
// expect: interchoice: Mixture needs as many weights as distributions
#include "interchoice/sampling/fixed.hpp"
#include "interchoice/sampling/mixture.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/strict_fair.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/sampling/within.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "interchoice/spaces/nasbench_macro.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;
using Path = ic::Architecture<Space>;

#ifdef INTERCHOICE_POSITIVE
const ic::Uniform kDistribution{ic::all<Space>};
const ic::Uniform kOne{ic::all<Space>};
const ic::Fixed kOfTheSpace{Path{}};
const double kWeights[] = {0.5, 0.5};
#else
const Path kDistribution{};                                               // it draws nothing
const ic::StrictFair kOne{ic::all<Space>};                                // it draws five at once
const ic::Fixed kOfTheSpace{ic::Architecture<ic::NasBenchMacroSpace>{}};  // another space
const double kWeights[] = {0.5, 0.3, 0.2};                                // of two
#endif

const ic::Sampler kSampler{kDistribution, ic::Seed{1}};
const ic::Within kWithin{kOne, [](const Path&) { return 1; }, {.high = 3}};
const ic::Mixture kMixture{{0.5, 0.5}, ic::Uniform{ic::all<Space>}, kOfTheSpace};
const ic::Mixture kWeighted{kWeights, ic::Uniform{ic::all<Space>}, ic::Fixed{Path{}}};
