// expect: interchoice: split<Epoch, Depth> needs Depth >= 1; for no dependency use
// interchoice::none
#include "interchoice/dependency/split.hpp"

#ifdef INTERCHOICE_POSITIVE
constexpr std::size_t kDepth = 1;
#else
constexpr std::size_t kDepth = 0;
#endif

static_assert(interchoice::split<125, kDepth>::depth == kDepth);
