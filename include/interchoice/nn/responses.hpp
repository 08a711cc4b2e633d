#pragma once

#include <concepts>

#include "interchoice/dependency/response.hpp"
#include "interchoice/nn/geometry.hpp"

namespace interchoice {

/// The responses that an operation declares with
/// `static constexpr Responses responses(const Geometry&)`; the defaults if it declares none.
///
/// From these, and from what follows a location, the library decides which dependent weights can
/// matter.
template <class Op>
constexpr Responses responses_of(const Geometry& geometry) {
  if constexpr (requires {
                  { Op::responses(geometry) } -> std::same_as<Responses>;
                }) {
    return Op::responses(geometry);
  } else {
    return {};
  }
}

}  // namespace interchoice
