#pragma once

#include <c10/core/Allocator.h>
#include <c10/core/Device.h>
#include <c10/core/impl/alloc_cpu.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>

namespace interchoice::detail {

/// A guard of the thread: while it lives, tensors of `bytes` bytes in all can be made, whether or
/// not they are freed meanwhile.
///
/// For what a file only describes: its numbers must not decide how much memory a reader takes. It
/// listens where libtorch's profiler does, after an allocation and before anything touches it, so
/// that the one that is refused costs no memory.
///
/// *Throws*: `std::runtime_error` where the limit is passed.
class AllocationLimit {
 public:
  explicit AllocationLimit(std::uint64_t bytes)
      : guard_(c10::DebugInfoKind::PROFILER_STATE, std::make_shared<Counter>(bytes)) {}

 private:
  class Counter : public c10::MemoryReportingInfoBase {
   public:
    explicit Counter(std::uint64_t bytes) : limit_(bytes), left_(bytes) {}

    void reportMemoryUsage(void* memory, std::int64_t size, std::size_t, std::size_t,
                           c10::Device device) override {
      if (size <= 0) return;  // freed
      const auto bytes = static_cast<std::uint64_t>(size);
      if (bytes > left_) {
        if (device.is_cpu()) c10::free_cpu(memory);  // its allocator forgets it at an exception
        throw std::runtime_error(
            fmt::format("it takes tensors of more than {} bytes, the limit", limit_));
      }
      left_ -= bytes;
    }
    bool memoryProfilingEnabled() const override { return true; }

   private:
    std::uint64_t limit_;
    std::uint64_t left_;
  };

  c10::DebugInfoGuard guard_;
};

}  // namespace interchoice::detail
