// expect: interchoice: CellSequence<CellOrder<...>, Cells...> needs a cell for every type
// expect: interchoice: CellSequence<CellOrder<...>, Cells...> needs every cell type in the order
#include "interchoice/spaces/cell_sequence.hpp"

namespace ic = interchoice;

struct Op {
  static constexpr std::string_view name = "op";
};
using Choice = ic::Candidates<Op>;
using Cell = ic::Cell<1, Choice>;
using Large = ic::Cell<2, Choice>;

#ifdef INTERCHOICE_POSITIVE
using Unknown = ic::CellOrder<0, 1, 0>;
using Unused = ic::CellOrder<0, 1>;
#else
using Unknown = ic::CellOrder<0, 1, 2>;  // there is no type 2
using Unused = ic::CellOrder<0, 0>;      // type 1 is nowhere
#endif

constexpr std::size_t kUnknown = ic::CellSequence<Unknown, Cell, Large>::cell_count;
constexpr std::size_t kUnused = ic::CellSequence<Unused, Cell, Large>::cell_count;
