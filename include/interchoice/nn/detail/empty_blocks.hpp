#pragma once

#include "interchoice/nn/detail/thread_scope.hpp"

namespace interchoice::detail {

/// While it lives, choice blocks that this thread makes have no candidates and no dependent weights
/// yet: a subnet gives each the one candidate of its architecture afterwards. A guard of the
/// thread, because blocks are made in the constructor of the user's network, which cannot be told
/// of it.
class EmptyBlocks : public ThreadScope<EmptyBlocks> {};

}  // namespace interchoice::detail
