// expect: interchoice: a policy with priors needs Depth >= 1; for no dependency use
// expect: bias<0
#include "interchoice/dependency/bias.hpp"

#ifdef INTERCHOICE_POSITIVE
constexpr std::size_t kDepth = 1;
#else
constexpr std::size_t kDepth = 0;
#endif

static_assert(interchoice::bias<kDepth>::depth == kDepth);
