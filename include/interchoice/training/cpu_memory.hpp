#pragma once

#if defined(__GLIBC__) || __has_include(<malloc.h>)
#include <malloc.h>
#endif

namespace interchoice {

/// Lets this process keep freed memory instead of giving it back to the kernel at every step.
///
/// glibc returns large freed blocks at once, and the page faults of getting them again cost up to
/// half of a training step on a CPU. For the whole process, so it is for programs to call, once, at
/// their start. No effect without glibc. *Cost*: the process stays as large as it once was.
inline void keep_freed_memory() {
#if defined(M_MMAP_MAX) && defined(M_TRIM_THRESHOLD) && defined(M_TOP_PAD)
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 2'000'000'000);
  mallopt(M_TOP_PAD, 64 * 1024 * 1024);
#endif
}

}  // namespace interchoice
