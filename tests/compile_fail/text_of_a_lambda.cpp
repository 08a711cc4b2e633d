// expect: interchoice: the text of a sampler needs `text()` of its distribution and of every
// expect: write Named{text, callable} for a lambda
#include "interchoice/sampling/named.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/sampling/within.hpp"
#include "interchoice/spaces/nasbench201.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;

const auto kFirst = [](const ic::Architecture<Space>& path) { return path[0]; };
#ifdef INTERCHOICE_POSITIVE
const ic::Named kCost{"the first candidate", kFirst};
#else
const auto kCost = kFirst;  // it can draw, but a resumed training could not tell it from another
#endif

const ic::Sampler kSampler{ic::Within{ic::Uniform{ic::all<Space>}, kCost, {.high = 3}},
                           ic::Seed{1}};
const auto kPath = kSampler(0, 0);
const std::string kText = kSampler.text();
