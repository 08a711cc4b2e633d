// expect: interchoice: strict fairness needs every choice to have the same number of candidates
// expect: use Uniform
#include "interchoice/sampling/strict_fair.hpp"
#include "interchoice/spaces/chain.hpp"

namespace ic = interchoice;

struct Skip {
  static constexpr std::string_view name = "skip";
};
struct Conv {
  static constexpr std::string_view name = "conv";
};

using Two = ic::Candidates<Skip, Conv>;
#ifdef INTERCHOICE_POSITIVE
using Space = ic::MixedChain<Two, Two>;
#else
using Space = ic::MixedChain<Two, ic::Candidates<Conv>>;
#endif

const ic::StrictFair<Space> kFair;
