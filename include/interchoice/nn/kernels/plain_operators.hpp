#pragma once

#include "interchoice/nn/detail/thread_scope.hpp"

namespace interchoice::detail {

/// While it lives, our own kernels leave the work of this thread to libtorch's operators: for what
/// watches operators, and for derivatives of derivatives, which our kernels do not have.
class PlainOperators : public ThreadScope<PlainOperators> {};

}  // namespace interchoice::detail
