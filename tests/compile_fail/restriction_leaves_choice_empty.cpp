// expect: interchoice: a restriction leaves no candidate for choice
#include "interchoice/core/restriction.hpp"
#include "interchoice/spaces/nasbench201.hpp"

using Space = interchoice::NasBench201Space;

#ifdef INTERCHOICE_POSITIVE
constexpr std::size_t kLast = 5;
#else
constexpr std::size_t kLast = 4;
#endif

constexpr interchoice::Restriction<Space> kRestriction([](std::size_t choice, std::size_t) {
  return choice <= kLast;
});
