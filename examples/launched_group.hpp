#pragma once

// A program that a launcher such as torchrun or srun started several times, as ranks of one group.

#include <cstddef>
#include <string>

#include "examples/command_line.hpp"
#include "interchoice/distributed/group.hpp"

namespace examples {

namespace ic = interchoice;

/// The ranks that a launcher started; 1 without one.
///
/// *Throws* UsageError for an environment that makes no sense.
std::size_t launched_ranks();
/// This one's number among those of its machine.
std::size_t launched_local_rank();

/// The group of the ranks. What rank 0 prints is the program's; each of the others prints to
/// OUT.ranks/rank-R.log from here on. Where a rank fails, the program ends on all of them, with one
/// message on the terminal.
///
/// *Throws* UsageError, ic::GroupError, and std::runtime_error for a log that cannot be written.
ic::Group join_launched_group(const std::string& out);

/// Ends the program on all ranks but the first, which has still to write what all have worked on.
///
/// *Throws* Done.
inline void leave_to_first(const ic::Group& group) {
  if (!group.is_first()) throw Done();
}

}  // namespace examples
