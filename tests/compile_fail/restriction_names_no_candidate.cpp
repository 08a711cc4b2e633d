// expect: interchoice: a restriction names no candidate of its space
// expect: without
// expect: only
#include "interchoice/core/restriction.hpp"
#include "interchoice/spaces/nasbench201.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;

#ifdef INTERCHOICE_POSITIVE
constexpr const char* kSkip = "skip_connect";
#else
constexpr const char* kSkip = "skip";  // would restrict nothing
#endif

constexpr ic::Restriction<Space> kWithout = ic::without<Space>({kSkip});
constexpr ic::Restriction<Space> kOnly = ic::only<Space>({"none", kSkip});
