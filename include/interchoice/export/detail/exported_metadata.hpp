#pragma once

#include "interchoice/core/identity.hpp"
#include "interchoice/io/safetensors.hpp"
#include "interchoice/networks/detail/network_state.hpp"
#include "interchoice/networks/network_identity.hpp"

namespace interchoice::detail {

/// What a file for other programs says of its network: `space`, `policy`, `architecture` of a
/// subnet, options, and the digest of its weights, each with `interchoice.` in front; then one's
/// own.
template <class Net>
Identity exported_metadata(Net& net, const Identity& own) {
  Identity metadata;
  for (const auto& [name, text] : network_identity(net)) {
    if (!text.empty()) metadata.set("interchoice." + name, text);
  }
  metadata.set("interchoice.weights", content_digest({}, named_state(*net)));
  metadata.set(own);
  return metadata;
}

}  // namespace interchoice::detail
