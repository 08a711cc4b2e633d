#pragma once

// How a program ends that was asked to.

#include <string>

#include "examples/command_line.hpp"
#include "interchoice/training/interrupt.hpp"

namespace examples {

namespace ic = interchoice;

inline constexpr const char* kAllWritten = "all results had been written";

/// *Throws* Interrupted if there was a SIGINT or SIGTERM; `kept` says what is left of the work.
inline void end_if_requested(const ic::InterruptRequest& interrupt, const std::string& kept) {
  if (interrupt.requested()) throw Interrupted(interrupt.signal(), kept);
}

}  // namespace examples
