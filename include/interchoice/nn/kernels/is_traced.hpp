#pragma once

#include <ATen/TracerMode.h>

#include "interchoice/nn/kernels/plain_operators.hpp"

namespace interchoice::detail {

/// Whether libtorch's tracer follows this thread, or somebody else asked for plain operators. They
/// see operators of libtorch and nothing else, so our own kernels then leave the work to them.
inline bool is_traced() {
  return at::tracer::impl::is_dispatch_enabled() || PlainOperators::current() != nullptr;
}

}  // namespace interchoice::detail
