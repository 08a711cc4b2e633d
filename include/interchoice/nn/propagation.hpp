#pragma once

#include <vector>

#include "interchoice/nn/operation.hpp"
#include "interchoice/nn/responses.hpp"

namespace interchoice {

/// The propagation of a constant per channel that enters a location with these candidates, of which
/// any may be taken, when `downstream` is the response to one that leaves it.
inline Response propagated_response(const std::vector<AnyOperation>& candidates,
                                    const Geometry& geometry, Response downstream) {
  Response seen = Response::kRemoved;
  for (const AnyOperation& candidate : candidates) {
    seen = most_visible(seen, followed_by(candidate.responses(geometry).input_shift, downstream));
  }
  return seen;
}

}  // namespace interchoice
