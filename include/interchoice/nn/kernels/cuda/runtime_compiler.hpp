#pragma once

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "interchoice/nn/kernels/cuda/kernels.hpp"
#include "interchoice/nn/kernels/cuda/runtime_libraries.hpp"

namespace interchoice::cuda {

namespace detail {

inline void check_compiler(int result, const char* function, const std::string& log = {}) {
  if (result == 0) return;
  const auto* text = runtime_function<const char*(int)>("nvrtcGetErrorString")(result);
  throw std::runtime_error(
      fmt::format("interchoice: {} failed with {}; is NVRTC newer than the device?{}{}", function,
                  text, log.empty() ? "" : "\n", log));
}

}  // namespace detail

/// Version of the NVRTC in use, for example 13.0.
///
/// *Throws* std::runtime_error where there is none.
inline std::string compiler_version() {
  int major = 0;
  int minor = 0;
  detail::check_compiler(runtime_function<int(int*, int*)>("nvrtcVersion")(&major, &minor),
                         "nvrtcVersion");
  return fmt::format("{}.{}", major, minor);
}

/// The kernels of one type as a cubin.
///
/// `scalar` is `float`, `double`, `interchoice::cuda::Bf16` or `interchoice::cuda::F16`;
/// `architecture` is that of the device, 90 for sm_90. Needs no device.
///
/// *Throws* std::runtime_error with NVRTC's log. *Cost*: about a second.
inline std::string compile_kernels(int architecture, const std::string& scalar) {
  using Program = void*;
  const std::string source = kernel_source();
  Program program = nullptr;
  detail::check_compiler(
      runtime_function<int(Program*, const char*, const char*, int, const char* const*,
                           const char* const*)>("nvrtcCreateProgram")(
          &program, source.c_str(), "interchoice.cu", 0, nullptr, nullptr),
      "nvrtcCreateProgram");
  const std::string device = fmt::format("--gpu-architecture=sm_{}", architecture);
  const std::string type = "-DINTERCHOICE_CUDA_SCALAR=" + scalar;
  const std::array<const char*, 4> options{
      "-std=c++17", device.c_str(), type.c_str(),
      "-DINTERCHOICE_CUDA_FUNCTION=__device__ __forceinline__"};
  const int compiled = runtime_function<int(Program, int, const char* const*)>(
      "nvrtcCompileProgram")(program, static_cast<int>(options.size()), options.data());
  const auto text_of = [&](const char* size_name, const char* text_name) {
    std::size_t size = 0;
    runtime_function<int(Program, std::size_t*)>(size_name)(program, &size);
    std::string text(size, '\0');
    if (size > 0) runtime_function<int(Program, char*)>(text_name)(program, text.data());
    return text;
  };
  std::string result = compiled == 0 ? text_of("nvrtcGetCUBINSize", "nvrtcGetCUBIN")
                                     : text_of("nvrtcGetProgramLogSize", "nvrtcGetProgramLog");
  runtime_function<int(Program*)>("nvrtcDestroyProgram")(&program);
  detail::check_compiler(compiled, "nvrtcCompileProgram", compiled == 0 ? "" : result);
  return result;
}

}  // namespace interchoice::cuda
