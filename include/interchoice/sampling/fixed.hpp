#pragma once

#include <cstdint>
#include <string>

#include "interchoice/core/random.hpp"
#include "interchoice/core/text.hpp"

namespace interchoice {

/// Always the same architecture: trains one path of a super-network as a network of its own.
///
/// A sampler as well, since it needs no seed: `train(network, data, Fixed{architecture},
/// training)`.
template <SearchSpace Space>
class Fixed {
 public:
  constexpr explicit Fixed(const Architecture<Space>& architecture) : architecture_(architecture) {}

  constexpr Architecture<Space> operator()(CounterRandom&) const { return architecture_; }
  constexpr Architecture<Space> operator()(std::uint64_t, std::uint64_t) const {
    return architecture_;
  }

  std::string text() const { return "always " + to_text(architecture_); }

 private:
  Architecture<Space> architecture_;
};

}  // namespace interchoice
