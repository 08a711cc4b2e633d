// expect: split<125, 0
// expect: interchoice: a policy with priors needs Depth >= 1; for no dependency use
// expect: interchoice: attention<Depth, Layers> needs one or two layers; use attention<Depth, 1>
// expect: interchoice: compose<Policies...> needs at least two policies; for one use it itself
#include "interchoice/dependency/attention.hpp"
#include "interchoice/dependency/compose.hpp"
#include "interchoice/dependency/scale.hpp"
#include "interchoice/dependency/shift.hpp"
#include "interchoice/dependency/split.hpp"

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

static_assert(ic::split<125, kDepth, ic::dataflow>::depth == kDepth);
static_assert(ic::attention<1, kLayers>::depth == 1);
static_assert(Composed::depth == 1);
