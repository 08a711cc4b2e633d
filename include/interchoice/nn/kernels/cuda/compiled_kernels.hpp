#pragma once

#include <fmt/core.h>

#include <optional>
#include <string>

#include "interchoice/io/digest.hpp"
#include "interchoice/nn/kernels/cuda/cubin_cache.hpp"
#include "interchoice/nn/kernels/cuda/runtime_compiler.hpp"

namespace interchoice::cuda {

/// What a cubin depends on.
inline std::string cubin_key(int architecture, const std::string& scalar) {
  Digest digest;
  digest.add(kernel_source());
  return fmt::format("{} sm_{} nvrtc {} {}", digest.text(), architecture, compiler_version(),
                     scalar);
}

/// The kernels of a type (see `compile_kernels`), from the cache or compiled and kept there.
///
/// *Throws* std::runtime_error where they are neither kept nor can be compiled.
inline std::string compiled_kernels(int architecture, const std::string& scalar,
                                    const CubinCache& cache) {
  const std::string key = cubin_key(architecture, scalar);
  if (std::optional<std::string> kept = cache.read(key)) return *std::move(kept);
  std::string cubin = compile_kernels(architecture, scalar);
  cache.write(key, cubin);
  return cubin;
}

}  // namespace interchoice::cuda
