// expect: interchoice: a restriction leaves no candidate for choice
#include "interchoice/core/restriction.hpp"
#include "interchoice/spaces/nasbench201.hpp"

using Space = interchoice::NasBench201Space;

#ifdef INTERCHOICE_POSITIVE
constexpr const char* kOnly = "nor_conv_3x3";
#else
constexpr const char* kOnly = "conv3x3";
#endif

constexpr interchoice::Restriction<Space> kRestriction = interchoice::only<Space>({kOnly});
