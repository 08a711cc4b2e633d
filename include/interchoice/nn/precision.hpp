#pragma once

#include <ATen/autocast_mode.h>
#include <ATen/core/Tensor.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/Device.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <string>

namespace interchoice {

/// The numbers that a network's convolutions and products are computed in. What a network *has* is
/// float always: weights, dependent rows, BatchNorm's statistics, gradients of all of them and the
/// optimizer's state.
enum class Precision {
  /// float, as the weights are.
  kFloat32,
  /// bfloat16: float's range with 8 bits of mantissa, so that losses need no scaling. Activations
  /// and the products' copies of the weights are bfloat16; sums within an operator are float.
  kBfloat16,
};

/// `f32` or `bf16`.
inline std::string to_text(Precision precision) {
  return precision == Precision::kBfloat16 ? "bf16" : "f32";
}

/// Whether a device multiplies in a precision itself, so that it may be faster there: for bfloat16
/// processors with AVX512-BF16 (all with AMX have it), and GPUs for which cuDNN has it. Others
/// compute the same results slowly.
inline bool is_native(Precision precision, const at::Device& device) {
  if (precision == Precision::kFloat32) return true;
  if (device.is_cuda()) return at::detail::getCUDAHooks().supportsBFloat16ConvolutionWithCuDNNv8();
#if defined(__x86_64__) && defined(__GNUC__)
  return device.is_cpu() && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

/// While it lives, forward passes of this thread on a kind of device run in a precision, by
/// libtorch's autocast; backward passes follow what was computed forward.
///
///     const PrecisionScope scope(Precision::kBfloat16, at::kCPU);
///     const at::Tensor logits = net->forward(x, architecture);
///
/// Scopes nest, one of `kFloat32` within one of `kBfloat16` too; what was before comes back, after
/// an exception as well. autocast keeps the copies of weights that it makes until a scope begins or
/// ends, so weights must not change within one: let a training step have a scope of its own, which
/// ends before the optimizer moves anything. An evaluation may be one scope as a whole.
///
/// *Cost*: a conversion of each weight that is used, once a scope.
class PrecisionScope {
 public:
  PrecisionScope(Precision precision, const at::Device& device)
      : device_(device.type()),
        is_needed_(at::autocast::is_autocast_enabled(device_) || precision != Precision::kFloat32) {
    if (!is_needed_) return;
    was_enabled_ = at::autocast::is_autocast_enabled(device_);
    had_cache_ = at::autocast::is_autocast_cache_enabled();
    former_ = at::autocast::get_autocast_dtype(device_);
    // A copy made without gradients would cut them off later.
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, precision != Precision::kFloat32);
    at::autocast::set_autocast_dtype(device_, at::kBFloat16);
    at::autocast::set_autocast_cache_enabled(true);
  }
  ~PrecisionScope() {
    if (!is_needed_) return;
    at::autocast::clear_cache();
    at::autocast::set_autocast_cache_enabled(had_cache_);
    at::autocast::set_autocast_dtype(device_, former_);
    at::autocast::set_autocast_enabled(device_, was_enabled_);
  }
  PrecisionScope(const PrecisionScope&) = delete;
  PrecisionScope& operator=(const PrecisionScope&) = delete;

 private:
  at::DeviceType device_;
  bool is_needed_;
  bool was_enabled_ = false;
  bool had_cache_ = true;
  at::ScalarType former_ = at::kBFloat16;
};

/// A forward pass in a precision; what it returns is a float again where it was computed in less,
/// so that losses are.
template <class Forward>
at::Tensor in_precision(Precision precision, const at::Device& device, const Forward& forward) {
  const PrecisionScope scope(precision, device);
  const at::Tensor y = forward();
  return precision == Precision::kFloat32 ? y : y.to(at::kFloat);
}

namespace detail {

/// While it lives, this thread computes in the type of its operands, whatever scope it is in: what
/// is made of dependent rows stays float.
class FullPrecision {
  c10::impl::ExcludeDispatchKeyGuard no_autocast_{c10::autocast_dispatch_keyset};
};

/// y in the type of x if that is bfloat16: a float vector or scale beside it is a number of more
/// bits, but no reason for activations of twice the size.
inline at::Tensor narrowed(const at::Tensor& y, const at::Tensor& x) {
  return x.scalar_type() == at::kBFloat16 ? y.to(at::kBFloat16) : y;
}

}  // namespace detail

}  // namespace interchoice
