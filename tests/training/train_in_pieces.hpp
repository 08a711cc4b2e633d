#pragma once

// A training that is interrupted again and again.

#include <cstddef>

#include "interchoice/training/training.hpp"
#include "support/catch.hpp"

namespace interchoice::testing {

/// Calls `train(part)`, a training that goes on from its state, until one is not stopped: after one
/// step, two, three, one, and so on. How many calls that took.
template <class Train>
std::size_t train_in_pieces(const Training& training, const Train& train) {
  std::size_t pieces = 0;
  for (bool is_over = false; !is_over; ++pieces) {
    REQUIRE(pieces < 20);
    Training part = training;
    std::size_t steps = 0;
    part.stop = [&] { return ++steps >= pieces % 3 + 1; };
    is_over = !train(part).stopped;
  }
  return pieces;
}

}  // namespace interchoice::testing
