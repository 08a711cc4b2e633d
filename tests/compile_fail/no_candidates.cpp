// expect: interchoice: a choice needs 1 to 255 candidates
// expect: interchoice: a chain needs at least one choice; give it Candidates<...>
#include "interchoice/spaces/chain.hpp"

struct Skip {
  static constexpr std::string_view name = "skip";
};

#ifdef INTERCHOICE_POSITIVE
using Choice = interchoice::Candidates<Skip>;
using Space = interchoice::MixedChain<Choice>;
#else
using Choice = interchoice::Candidates<>;
using Space = interchoice::MixedChain<>;
#endif

static_assert(sizeof(Choice) == sizeof(Space));
