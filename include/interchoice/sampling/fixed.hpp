#pragma once

#include <cstdint>

#include "interchoice/sampling/sampler.hpp"

namespace interchoice {

/// The same architecture at every step: trains one path of a super-network as a network of its own.
template <SearchSpace Space>
class FixedSampler {
 public:
  constexpr explicit FixedSampler(const Architecture<Space>& architecture)
      : architecture_(architecture) {}

  constexpr Architecture<Space> operator()(std::uint64_t = 0, std::uint64_t = 0) const {
    return architecture_;
  }

 private:
  Architecture<Space> architecture_;
};

}  // namespace interchoice
