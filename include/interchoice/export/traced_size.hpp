#pragma once

#include <cstdint>

namespace interchoice {

/// A size of a tensor in a traced network: `size`, or `per_example` times the batch where that is
/// not 0; then `size` is that of the batch of two or three that was traced.
struct TracedSize {
  std::int64_t size = 0;
  std::int64_t per_example = 0;

  friend bool operator==(const TracedSize&, const TracedSize&) = default;
};

}  // namespace interchoice
