#pragma once

#include <stdexcept>

namespace interchoice {

/// A process of a group is gone, has failed, or cannot be reached; the text says which one.
struct GroupError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace interchoice
