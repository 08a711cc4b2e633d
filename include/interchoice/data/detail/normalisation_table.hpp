#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "interchoice/data/normalisation.hpp"

namespace interchoice::detail {

/// [C, 256]: the normalised value of each value of a pixel. A byte has 256 values, so normalising
/// is looking up, and exact to the last bit of a float32.
inline std::vector<float> normalisation_table(const Normalisation& normalisation,
                                              std::int64_t channels, double white) {
  check_normalisation(normalisation, channels);
  std::vector<float> table;
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
    for (int value = 0; value < 256; ++value) {
      table.push_back(static_cast<float>((value / white - normalisation.mean[c]) /
                                         normalisation.standard_deviation[c]));
    }
  }
  return table;
}

}  // namespace interchoice::detail
