#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "interchoice/io/digest.hpp"

namespace interchoice::detail {

/// The digest by which `metrics.json` knows its `predictions.csv`, as `xxhsum -H2` prints it.
inline std::string predictions_digest(std::string_view text) {
  Digest digest;
  digest.add(std::as_bytes(std::span(text)));
  return digest.text();
}

}  // namespace interchoice::detail
