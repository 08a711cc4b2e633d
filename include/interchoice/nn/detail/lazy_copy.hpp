#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/_lazy_clone.h>
#include <c10/core/impl/COW.h>

namespace interchoice::detail {

/// A copy of a tensor that takes memory only once one of the two is written to. One that cannot be
/// shared like that (a part of a larger one, memory of others) is copied at once.
inline at::Tensor lazy_copy(const at::Tensor& tensor) {
  const at::Tensor source = tensor.detach();
  if (source.layout() == at::kStrided && source.has_storage()) {
    const c10::StorageImpl& storage = *source.storage().unsafeGetStorageImpl();
    const bool can_share = c10::impl::cow::is_cow_data_ptr(storage.data_ptr()) ||
                           c10::impl::cow::has_simple_data_ptr(storage);
    if (can_share && storage.nbytes() == source.nbytes()) return at::_lazy_clone(source);
  }
  return source.clone();
}

}  // namespace interchoice::detail
