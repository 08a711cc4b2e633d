#pragma once

#include "interchoice/export/detail/onnx_elementwise.hpp"
#include "interchoice/export/detail/onnx_layers.hpp"
#include "interchoice/export/detail/onnx_pools.hpp"
#include "interchoice/export/detail/onnx_shapes.hpp"
#include "interchoice/export/onnx_operators.hpp"

namespace interchoice {

/// How libtorch's operators are written in ONNX, operator set 17: those of all networks and
/// operations of this library, and what image and token networks have beside.
inline OnnxOperators standard_onnx_operators() {
  OnnxOperators table;
  detail::add_elementwise(table);
  detail::add_layers(table);
  detail::add_pools(table);
  detail::add_shapes(table);
  return table;
}

}  // namespace interchoice
