// expect: interchoice: Chain<Length, ...> needs Length >= 1
// expect: interchoice: Cell<Nodes, ...> needs Nodes >= 1
// expect: interchoice: Cell<Nodes, ...> takes at most 16 nodes
// expect: interchoice: MixedCell<Choices...> needs a choice for each edge: 1, 3, 6, 10
#include "interchoice/spaces/cell.hpp"
#include "interchoice/spaces/chain.hpp"

namespace ic = interchoice;

struct Skip {
  static constexpr std::string_view name = "skip";
};
using One = ic::Candidates<Skip>;

#ifdef INTERCHOICE_POSITIVE
constexpr std::size_t kLeast = 1;
constexpr std::size_t kMost = 16;
using Mixed = ic::MixedCell<One, One, One>;
#else
constexpr std::size_t kLeast = 0;
constexpr std::size_t kMost = 17;
using Mixed = ic::MixedCell<One, One>;
#endif

constexpr std::size_t kSizes = sizeof(ic::Chain<kLeast, One>) + sizeof(ic::Cell<kLeast, One>) +
                               sizeof(ic::Cell<kMost, One>) + sizeof(Mixed);
static_assert(kSizes > 0);
