#pragma once

#include <vector>

#include "interchoice/nn/operation.hpp"
#include "interchoice/nn/responses.hpp"

namespace interchoice {

/// What becomes of a constant per channel that enters a location with these candidates, of which
/// any may be taken, when `following` is what becomes of one that leaves it.
inline Response response_through(const std::vector<AnyOperation>& candidates,
                                 const Geometry& geometry, Response following) {
  Response seen = Response::kRemoved;
  for (const AnyOperation& candidate : candidates) {
    seen = most_visible(seen, then(candidate.responses(geometry).input_shift, following));
  }
  return seen;
}

}  // namespace interchoice
