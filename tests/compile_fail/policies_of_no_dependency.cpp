// expect: interchoice: bias_sum<Depth> needs Depth >= 1; for no dependency use interchoice::none
// expect: interchoice: scale<Depth> needs Depth >= 1; for no dependency use interchoice::none
// expect: interchoice: shift<Depth> needs Depth >= 1; for no dependency use interchoice::none
// expect: interchoice: affine<Depth> needs Depth >= 1; for no dependency use interchoice::none
// expect: interchoice: attention<Depth, Layers> needs Depth >= 1; for no dependency use
// expect: interchoice: attention<Depth, Layers> needs one or two layers; use attention<Depth, 1>
// expect: interchoice: compose<Policies...> needs at least two policies; for one use it itself
#include "interchoice/dependency/affine.hpp"
#include "interchoice/dependency/attention.hpp"
#include "interchoice/dependency/bias_sum.hpp"
#include "interchoice/dependency/compose.hpp"
#include "interchoice/dependency/scale.hpp"
#include "interchoice/dependency/shift.hpp"

namespace ic = interchoice;

#ifdef INTERCHOICE_POSITIVE
constexpr std::size_t kDepth = 1;
constexpr std::size_t kLayers = 2;
using Composed = ic::compose<ic::scale<1>, ic::shift<1>>;
#else
constexpr std::size_t kDepth = 0;
constexpr std::size_t kLayers = 3;
using Composed = ic::compose<ic::scale<1>>;
#endif

static_assert(ic::bias_sum<kDepth>::depth == kDepth);
static_assert(ic::scale<kDepth>::depth == kDepth);
static_assert(ic::shift<kDepth>::depth == kDepth);
static_assert(ic::affine<kDepth>::depth == kDepth);
static_assert(ic::attention<kDepth>::depth == kDepth);
static_assert(ic::attention<1, kLayers>::depth == 1);
static_assert(Composed::depth == 1);
