#pragma once

#include <c10/core/DispatchKeySet.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

namespace interchoice::detail {

/// While it lives, libtorch's modules that this thread makes leave their parameters and buffers
/// without values: operators run as on the meta device, where they only find out shapes.
class NoInitialValues {
 public:
  NoInitialValues()
      : guard_(c10::impl::tls_local_dispatch_key_set().included_ |
                   c10::DispatchKeySet(c10::BackendComponent::MetaBit),
               c10::impl::tls_local_dispatch_key_set().excluded_) {}

 private:
  c10::impl::ForceDispatchKeyGuard guard_;  // IncludeDispatchKeyGuard would leave that bit set
};

}  // namespace interchoice::detail
