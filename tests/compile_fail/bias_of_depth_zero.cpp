// expect: interchoice: bias<Depth> needs Depth >= 1; for no dependency use interchoice::none
#include "interchoice/dependency/bias.hpp"

#ifdef INTERCHOICE_POSITIVE
constexpr std::size_t kDepth = 1;
#else
constexpr std::size_t kDepth = 0;
#endif

static_assert(interchoice::bias<kDepth>::depth == kDepth);
