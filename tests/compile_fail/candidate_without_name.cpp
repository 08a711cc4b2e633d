// expect: interchoice: a candidate operation needs `static constexpr std::string_view name`
// expect: add it to the type named above
// expect: MyConv
#include "interchoice/spaces/chain.hpp"

struct Skip {
  static constexpr std::string_view name = "skip";
};
struct MyConv {
#ifdef INTERCHOICE_POSITIVE
  static constexpr std::string_view name = "my_conv";
#else
  std::string_view name = "my_conv";  // of an object, not of the type
#endif
};

static_assert(interchoice::Chain<6, interchoice::Candidates<Skip, MyConv>>::choice_count == 6);
