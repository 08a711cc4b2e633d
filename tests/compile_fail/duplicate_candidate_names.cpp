// expect: interchoice: the candidates of a choice need different names; rename one of them
#include "interchoice/spaces/cell.hpp"
#include "interchoice/spaces/chain.hpp"

struct Conv3x3 {
  static constexpr std::string_view name = "conv";
};
struct Conv5x5 {
#ifdef INTERCHOICE_POSITIVE
  static constexpr std::string_view name = "conv5x5";
#else
  static constexpr std::string_view name = "conv";
#endif
};

static_assert(interchoice::Cell<3, interchoice::Candidates<Conv3x3, Conv5x5>>::choice_count == 6);
static_assert(interchoice::Chain<3, interchoice::Candidates<Conv3x3, Conv5x5>>::choice_count == 3);
