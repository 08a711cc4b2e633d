#pragma once

#include <ATen/core/Tensor.h>

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace interchoice {

/// The input of a network at one step, and what its output is compared with.
///
/// `auto [data, target] = batch;` names these two.
///
/// *Shapes*: of the library's image sources: `data` float32 [B, C, H, W], channels-last; `target`
/// int64 [B]. Sources of one's own may have any, with the batch first.
struct Batch {
  at::Tensor data;
  at::Tensor target;
  double fraction = 1;  ///< of a batch that several ranks share: this part's examples over all
};

namespace detail {
template <class Value>
concept IsBatch = std::same_as<std::remove_cvref_t<Value>, Batch>;
}  // namespace detail

/// Elements 0 and 1 of a batch as a structured binding: data and target.
template <std::size_t I, detail::IsBatch Value>
auto&& get(Value&& batch) {
  if constexpr (I == 0) {
    return std::forward<Value>(batch).data;
  } else {
    return std::forward<Value>(batch).target;
  }
}

/// A batch on another device; the same batch where it is there already. The host does not wait for
/// a GPU, which copies from memory that is pinned for it.
inline Batch on_device(const Batch& batch, at::Device device) {
  const auto to = [&](const at::Tensor& tensor) {
    if (!device.is_cuda() || !tensor.is_cpu()) return tensor.to(device);
    return tensor.pin_memory().to(device, tensor.scalar_type(), /*non_blocking=*/true);
  };
  return {to(batch.data), to(batch.target), batch.fraction};
}

}  // namespace interchoice

template <>
struct std::tuple_size<interchoice::Batch> : std::integral_constant<std::size_t, 2> {};
/// Both are tensors.
template <std::size_t I>
struct std::tuple_element<I, interchoice::Batch> {
  using type = at::Tensor;
};
