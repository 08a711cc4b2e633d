#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/ScalarType.h>
#include <c10/cuda/CUDAStream.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "interchoice/nn/kernels/cuda/compiled_kernels.hpp"
#include "interchoice/nn/kernels/cuda/kernels.hpp"
#include "interchoice/nn/kernels/cuda/runtime_libraries.hpp"

namespace interchoice::cuda {

namespace detail {

inline void check_driver(int result, const char* function) {
  if (result == 0) return;
  const char* text = "an unknown error";
  runtime_function<int(int, const char**)>("cuGetErrorName")(result, &text);
  throw std::runtime_error(fmt::format("interchoice: {} failed with {}", function, text));
}

inline const char* scalar_text(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return "float";
    case at::kDouble:
      return "double";
    case at::kBFloat16:
      return "interchoice::cuda::Bf16";
    case at::kHalf:
      return "interchoice::cuda::F16";
    default:
      return nullptr;
  }
}

/// The kernels of one type, loaded into one device.
class LoadedKernels {
 public:
  LoadedKernels(c10::DeviceIndex device, at::ScalarType type) {
    check_driver(runtime_function<int(int*, int)>("cuDeviceGet")(&device_, device), "cuDeviceGet");
    check_driver(
        runtime_function<int(Handle*, int)>("cuDevicePrimaryCtxRetain")(&context_, device_),
        "cuDevicePrimaryCtxRetain");
    enter();
    const auto attribute = runtime_function<int(int*, int, int)>("cuDeviceGetAttribute");
    const auto read = [&](int which) {
      int value = 0;
      check_driver(attribute(&value, which, device_), "cuDeviceGetAttribute");
      return value;
    };
    constexpr int kMultiprocessors = 16;
    constexpr int kMajor = 75;
    constexpr int kMinor = 76;
    processors_ = static_cast<unsigned>(read(kMultiprocessors));
    const std::string cubin = compiled_kernels(10 * read(kMajor) + read(kMinor), scalar_text(type),
                                               CubinCache::from_environment());
    Handle module = nullptr;
    check_driver(
        runtime_function<int(Handle*, const void*)>("cuModuleLoadData")(&module, cubin.data()),
        "cuModuleLoadData");
    for (std::size_t i = 0; i < kKernels.size(); ++i) {
      packed_[i] = function(module, entry_name(kKernels[i], true));
      single_[i] = function(module, entry_name(kKernels[i], false));
    }
    total_ = function(module, kTotalEntry);
  }

  unsigned processors() const { return processors_; }

  void run(Kernel kernel, bool packed, const Operands& operands, unsigned blocks, unsigned tiles,
           void* stream) const {
    const auto i = static_cast<std::size_t>(kernel);
    start(packed ? packed_[i] : single_[i], operands, blocks, tiles, stream);
  }

  void run_total(const Operands& operands, unsigned blocks, unsigned sums, void* stream) const {
    start(total_, operands, blocks, sums, stream);
  }

 private:
  using Handle = void*;
  using Launch = int(Handle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                     Handle, void**, void**);

  /// A thread that libtorch has only just started, as those of its backward, has no context yet.
  void enter() const {
    int current = 0;
    if (current_device_(&current) == 0 && current == device_) return;
    check_driver(set_context_(context_), "cuCtxSetCurrent");
  }

  static Handle function(Handle module, const std::string& name) {
    Handle result = nullptr;
    check_driver(runtime_function<int(Handle*, Handle, const char*)>("cuModuleGetFunction")(
                     &result, module, name.c_str()),
                 "cuModuleGetFunction");
    return result;
  }

  void start(Handle kernel, Operands operands, unsigned blocks, unsigned tiles,
             void* stream) const {
    enter();
    std::array<void*, 1> parameters{&operands};
    check_driver(
        launch_(kernel, blocks, tiles, 1, kThreads, 1, 1, 0, stream, parameters.data(), nullptr),
        "cuLaunchKernel");
  }

  int (*current_device_)(int*) = runtime_function<int(int*)>("cuCtxGetDevice");
  int (*set_context_)(Handle) = runtime_function<int(Handle)>("cuCtxSetCurrent");
  Launch* launch_ = runtime_function<Launch>("cuLaunchKernel");
  int device_ = 0;
  Handle context_ = nullptr;
  unsigned processors_ = 0;
  std::array<Handle, kKernels.size()> packed_{};
  std::array<Handle, kKernels.size()> single_{};
  Handle total_ = nullptr;
};

/// The kernels for a tensor, compiled on first use; nullptr where they cannot be had, which is said
/// once. Never unloaded: a program's end may come after the driver's.
inline const LoadedKernels* loaded_kernels(const at::Tensor& x) {
  static std::mutex mutex;
  static auto& all = *new std::map<std::pair<int, at::ScalarType>, std::unique_ptr<LoadedKernels>>;
  const std::lock_guard lock(mutex);
  const auto [entry, is_new] =
      all.try_emplace({static_cast<int>(x.get_device()), x.scalar_type()}, nullptr);
  if (is_new) {
    try {
      entry->second = std::make_unique<LoadedKernels>(static_cast<c10::DeviceIndex>(x.get_device()),
                                                      x.scalar_type());
    } catch (const std::exception& error) {
      TORCH_WARN("interchoice: libtorch's own operators are used on ", x.device(), " for ",
                 x.scalar_type(), ", which is slower: ", error.what());
    }
  }
  return entry->second.get();
}

}  // namespace detail

/// Blocks of a kernel and how it is run on one tensor's device, stream and type.
class Launcher {
 public:
  /// `x` gives the shape [N, C, H, W], in channels-last memory format, device and type.
  explicit Launcher(const at::Tensor& x) : kernels_(*detail::loaded_kernels(x)), x_(x) {
    operands.channels = static_cast<unsigned>(x.size(1));
    operands.height = static_cast<unsigned>(x.size(2));
    operands.width = static_cast<unsigned>(x.size(3));
    operands.pixels = static_cast<unsigned>(x.numel() / x.size(1));
    stream_ = c10::cuda::getCurrentCUDAStream(static_cast<c10::DeviceIndex>(x.get_device()));
  }

  Operands operands;

  /// Starts a kernel that goes over all pixels.
  void run(Kernel kernel) { start(kernel, 16 * kernels_.processors(), 1); }

  /// The same for a kernel that sums over the pixels, into rows `shift` (and `scale`).
  ///
  /// The sums are added in an order that depends on the shape and the device alone.
  void run_with_sums(Kernel kernel, const Row& shift, const Row& scale = {}) {
    const bool has_sums = shift.table != nullptr || scale.table != nullptr;
    const unsigned sums = kKernels[static_cast<std::size_t>(kernel)].sums;
    const unsigned most = 4 * kernels_.processors();
    at::Tensor partial;
    if (has_sums) {
      const bool is_double = x_.scalar_type() == at::kDouble;
      partial = at::empty({sums, most, x_.size(1)},
                          x_.options().dtype(is_double ? at::kDouble : at::kFloat));
      operands.partial = partial.mutable_data_ptr();
    }
    const unsigned blocks = start(kernel, most, 4);
    if (!has_sums) return;
    Operands second = operands;
    second.terms = blocks;
    second.shift = shift;
    second.scale = scale;
    kernels_.run_total(second, (operands.channels + kTotalChannels - 1) / kTotalChannels, sums,
                       stream_.stream());
  }

 private:
  unsigned start(Kernel kernel, unsigned most, unsigned pixels_per_thread) {
    const auto pack = static_cast<unsigned>(16 / x_.element_size());
    const bool packed = operands.channels % pack == 0 && is_aligned();
    const unsigned groups = operands.channels / (packed ? pack : 1);
    const unsigned lanes = groups < kThreads ? kThreads / groups : 1;
    const std::uint64_t per_block = std::uint64_t{lanes} * pixels_per_thread;
    const auto blocks = static_cast<unsigned>(
        std::min<std::uint64_t>((operands.pixels + per_block - 1) / per_block, most));
    kernels_.run(kernel, packed, operands, blocks, (groups + kThreads - 1) / kThreads,
                 stream_.stream());
    return blocks;
  }

  bool is_aligned() const {
    const auto ends_at_16 = [](const void* p) {
      return reinterpret_cast<std::uintptr_t>(p) % 16 == 0;
    };
    return ends_at_16(operands.out) &&
           std::all_of(std::begin(operands.in), std::end(operands.in), ends_at_16);
  }

  const detail::LoadedKernels& kernels_;
  const at::Tensor x_;
  c10::cuda::CUDAStream stream_ = c10::cuda::getDefaultCUDAStream();
};

}  // namespace interchoice::cuda
