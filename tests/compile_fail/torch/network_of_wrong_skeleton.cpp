// expect: interchoice: ChainNetwork<Skeleton> needs a Skeleton::Space that is a chain
// expect: interchoice: CellNetwork<Skeleton> needs a Skeleton::Space of cells
// expect: interchoice: NasBench201Network<EdgeOperations> needs the names none, skip_connect
// expect: interchoice: the cost of a network needs `static constexpr Cost cost(
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/nasbench_macro.hpp"

namespace ic = interchoice;

struct Costless {
  static constexpr std::string_view name = "costless";
#ifdef INTERCHOICE_POSITIVE
  static constexpr ic::Cost cost(const ic::Geometry&, const ic::SpatialSize&) { return {}; }
#endif
};

#ifdef INTERCHOICE_POSITIVE
using ChainSpace = ic::NasBenchMacroSpace;
using CellSpace = ic::NasBench201Space;
using Edges = ic::nasbench201::BenchmarkOperations;
#else
using ChainSpace = ic::NasBench201Space;
using CellSpace = ic::NasBenchMacroSpace;
using Edges = ic::Candidates<ic::Skip, ic::Zero>;
#endif

template <class SomeSpace>
struct Skeleton {
  using Space = SomeSpace;
  struct Options {};
};
using Chain = ic::ChainNetwork<Skeleton<ChainSpace>>::Space;
using Cell = ic::CellNetwork<Skeleton<CellSpace>>::Space;
using Nb201 = ic::NasBench201Network<Edges>::Space;
constexpr ic::Cost kCost = ic::cost_of_candidate<ic::Candidates<Costless>>(0, 0, {}, {});
