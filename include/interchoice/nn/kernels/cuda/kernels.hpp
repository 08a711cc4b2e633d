#pragma once

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <string>

#include "interchoice/nn/kernels/cuda/text/average_pool.hpp"
#include "interchoice/nn/kernels/cuda/text/half.hpp"
#include "interchoice/nn/kernels/cuda/text/node_sum.hpp"
#include "interchoice/nn/kernels/cuda/text/numbers.hpp"
#include "interchoice/nn/kernels/cuda/text/operands.hpp"
#include "interchoice/nn/kernels/cuda/text/scale_shift.hpp"
#include "interchoice/nn/kernels/cuda/text/shifted_relu.hpp"
#include "interchoice/nn/kernels/cuda/text/sums.hpp"

// clang-format off
INTERCHOICE_CUDA_DEVICE_TEXT(kTeamText,
namespace interchoice::cuda {

/// A block of threads on the device. On the host a test runs them one after another.
struct BlockTeam {
  unsigned block;
  unsigned blocks;
  unsigned tile;
  void* shared;

  __device__ __forceinline__ explicit BlockTeam(void* memory)
      : block(blockIdx.x), blocks(gridDim.x), tile(blockIdx.y), shared(memory) {}

  template <class Task>
  __device__ __forceinline__ void each(const Task& task) const { task(threadIdx.x); }
  __device__ __forceinline__ void wait() const { __syncthreads(); }
};

}

using Scalar = INTERCHOICE_CUDA_SCALAR;
using WideScalar = interchoice::cuda::Wide<Scalar>;
)
// clang-format on

namespace interchoice::cuda {

/// The kernels by name; those with `Backward` make gradients.
enum class Kernel {
  kShiftedRelu,
  kNodeSum,
  kScaleShift,
  kAveragePool,
  kShiftedReluBackward,
  kPixelSum,
  kAveragePoolBackward,
  kScaleShiftBackward
};

/// A kernel in the compiled text.
struct KernelEntry {
  const char* name;
  unsigned sums;  ///< over the pixels, that it makes
};

/// The kernels, in the order of `Kernel`.
inline constexpr std::array<KernelEntry, 8> kKernels{{{"shifted_relu", 0},
                                                      {"node_sum", 0},
                                                      {"scale_shift", 0},
                                                      {"average_pool", 0},
                                                      {"shifted_relu_backward", 1},
                                                      {"pixel_sum", 1},
                                                      {"average_pool_backward", 1},
                                                      {"scale_shift_backward", 2}}};

/// The function that the driver starts for a kernel: `packed`, several channels at once, 16 bytes.
inline std::string entry_name(const KernelEntry& kernel, bool packed) {
  return fmt::format("interchoice_{}_{}", kernel.name, packed ? "packed" : "single");
}
/// The function that adds up the sums that blocks have made.
inline constexpr const char* kTotalEntry = "interchoice_total";

/// The text of all kernels, for NVRTC or nvcc.
///
/// The compiler is to define `INTERCHOICE_CUDA_SCALAR`, the type, and `INTERCHOICE_CUDA_FUNCTION`,
/// `__device__ __forceinline__`.
inline std::string kernel_source() {
  std::string source;
  for (const char* const text :
       {kHalfText, kNumbersText, kOperandsText, kSumsText, kShiftedReluText, kNodeSumText,
        kScaleShiftText, kAveragePoolText, kTeamText}) {
    source += fmt::format("{}\n", text);
  }
  const auto add_entry = [&](const std::string& name, const std::string& shared,
                             const std::string& function) {
    source += fmt::format(
        "extern \"C\" __global__ void __launch_bounds__({}) {}(const interchoice::cuda::Operands "
        "o) "
        "{{\n{}  interchoice::cuda::{}(o, interchoice::cuda::BlockTeam({}));\n}}\n",
        kThreads, name,
        shared.empty() ? "" : fmt::format("  __shared__ WideScalar sums[{}];\n", shared), function,
        shared.empty() ? "nullptr" : "sums");
  };
  for (const KernelEntry& kernel : kKernels) {
    for (const bool packed : {true, false}) {
      const char* const width = packed ? "16 / sizeof(Scalar)" : "1";
      add_entry(entry_name(kernel, packed),
                kernel.sums == 0 ? "" : fmt::format("{} * {} * {}", kernel.sums, kThreads, width),
                fmt::format("{}<Scalar, {}>", kernel.name, width));
    }
  }
  add_entry(kTotalEntry, std::to_string(kThreads), "total<WideScalar>");
  return source;
}

}  // namespace interchoice::cuda
