#pragma once

// A kernel's text is written once and read by three compilers: by the host's, so that tests run the
// same functions on the processor, and by NVRTC or nvcc as the string that these macros make of it.
// So it has no preprocessor lines and no includes: NVRTC needs no file of a CUDA toolkit. It is
// formatted by hand: clang-format takes what stands in a macro for an expression.

#define INTERCHOICE_CUDA_FUNCTION inline

/// Text for host and device, and the string `name` of it: as it is written, no macro expanded.
#define INTERCHOICE_CUDA_TEXT(name, ...)       \
  __VA_ARGS__                                  \
  namespace interchoice::cuda {                \
  inline constexpr char name[] = #__VA_ARGS__; \
  }

/// Text for the device alone.
#define INTERCHOICE_CUDA_DEVICE_TEXT(name, ...) \
  namespace interchoice::cuda {                 \
  inline constexpr char name[] = #__VA_ARGS__;  \
  }
