#pragma once

#include <string>

namespace interchoice::detail {

/// Thrown where a candidate's pass is not to be recorded; without a reason where there is nothing
/// to record.
struct NotCaptured {
  std::string reason;
};

}  // namespace interchoice::detail
