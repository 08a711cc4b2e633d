#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "interchoice/io/digest.hpp"

namespace interchoice::detail {

/// Adds shape and elements of a tensor, alike for every device and layout.
inline void add_tensor(Digest& digest, const at::Tensor& tensor) {
  const at::Tensor x = tensor.detach().cpu().resolve_neg().contiguous();
  digest.add(std::as_bytes(std::span<const std::int64_t>(x.sizes().data(), x.sizes().size())));
  digest.add(std::span(static_cast<const std::byte*>(x.const_data_ptr()), x.nbytes()));
}

}  // namespace interchoice::detail
