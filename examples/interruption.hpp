#pragma once

// How a program ends that was asked to.

#include <csignal>
#include <string>

#include "examples/command_line.hpp"
#include "interchoice/training/interrupt.hpp"

namespace examples {

namespace ic = interchoice;

inline constexpr const char* kAllWritten = "all results had been written";

/// Ends a program whose work was interrupted; of several ranks another one may have had the signal.
[[noreturn]] inline void throw_interrupted(const ic::InterruptRequest& interrupt,
                                           const std::string& kept) {
  throw Interrupted(interrupt.requested() ? interrupt.signal() : SIGTERM, kept);
}

/// *Throws* Interrupted if there was a SIGINT or SIGTERM; `kept` says what is left of the work.
inline void end_if_requested(const ic::InterruptRequest& interrupt, const std::string& kept) {
  if (interrupt.requested()) throw_interrupted(interrupt, kept);
}

}  // namespace examples
