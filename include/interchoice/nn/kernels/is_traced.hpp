#pragma once

#include <ATen/TracerMode.h>

namespace interchoice::detail {

/// Whether libtorch's tracer follows this thread. It sees operators of libtorch and nothing else,
/// so our own kernels then leave the work to them.
inline bool is_traced() { return at::tracer::impl::is_dispatch_enabled(); }

}  // namespace interchoice::detail
