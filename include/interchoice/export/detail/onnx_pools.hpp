#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/export/detail/onnx_elementwise.hpp"
#include "interchoice/export/onnx_operators.hpp"

/// Pools, and the windows that they share with convolutions.
namespace interchoice::detail {

using Integers = std::vector<std::int64_t>;

/// One number for each spatial axis: a list, or one for all.
inline Integers per_axis(const OnnxCall& call, std::string_view argument, std::size_t axes) {
  Integers values = call.integers(argument);
  if (values.size() == 1) values.resize(axes, values[0]);
  if (values.size() != axes) call.refuse("has sizes of another number of axes than its input");
  return values;
}

/// Paddings in front of each axis and behind it, in the order of ONNX.
inline Integers both_ends(Integers begins, const Integers& ends) {
  begins.insert(begins.end(), ends.begin(), ends.end());
  return begins;
}

/// The number of spatial axes of an input [N, C, ...].
inline std::size_t spatial_axes(const OnnxCall& call, std::string_view argument,
                                std::size_t expected) {
  const auto rank = static_cast<std::size_t>(call.rank_of(argument));
  if (rank != expected + 2) call.refuse("needs a batch: an input [N, C, ...]");
  return expected;
}

/// The windows of a pool. What `ceil_mode` adds behind the last row becomes padding there: runtimes
/// differ in how they read that mode.
struct PoolWindows {
  Integers kernel;
  Integers stride;
  Integers begins;
  Integers ends;
  bool has_added_rows = false;

  PoolWindows(const OnnxCall& call, std::size_t axes)
      : kernel(per_axis(call, "kernel_size", axes)),
        stride(call.integers("stride").empty() ? kernel : per_axis(call, "stride", axes)),
        begins(per_axis(call, "padding", axes)),
        ends(begins) {
    const Integers dilation =
        call.has("dilation") ? per_axis(call, "dilation", axes) : Integers(axes, 1);
    const std::vector<TracedSize> in = call.sizes_of("self");
    const std::vector<TracedSize> out = call.result_sizes();
    for (std::size_t i = 0; i < axes; ++i) {
      const std::int64_t needed = (out[i + 2].size - 1) * stride[i] +
                                  dilation[i] * (kernel[i] - 1) + 1 - in[i + 2].size - begins[i];
      if (needed <= ends[i]) continue;
      ends[i] = needed;
      has_added_rows = true;
    }
  }

  std::map<std::string, OnnxAttribute> attributes() const {
    return {{"kernel_shape", kernel}, {"strides", stride}, {"pads", both_ends(begins, ends)}};
  }
};

inline OnnxOperator onnx_average_pool(std::size_t axes) {
  return [=](OnnxCall& call) -> OnnxNames {
    const PoolWindows windows(call, spatial_axes(call, "self", axes));
    if (call.has("divisor_override")) call.refuse("has a divisor of its own");
    const Integers none(axes, 0);
    const bool counts_padding = call.boolean("count_include_pad") && windows.begins != none;
    if (counts_padding && windows.has_added_rows) {
      call.refuse("counts padding and not what ceil_mode adds");
    }
    auto attributes = windows.attributes();
    attributes["count_include_pad"] = counts_padding ? 1 : 0;
    return {call.add("AveragePool", {call.tensor("self")}, std::move(attributes))};
  };
}

inline OnnxOperator onnx_max_pool(std::size_t axes) {
  return [=](OnnxCall& call) -> OnnxNames {
    const PoolWindows windows(call, spatial_axes(call, "self", axes));
    auto attributes = windows.attributes();
    attributes["dilations"] = per_axis(call, "dilation", axes);
    return {call.add("MaxPool", {call.tensor("self")}, std::move(attributes))};
  };
}

inline OnnxOperator onnx_adaptive_pool(std::size_t axes, const std::string& kind) {
  return [=](OnnxCall& call) -> OnnxNames {
    spatial_axes(call, "self", axes);
    const std::vector<TracedSize> in = call.sizes_of("self");
    const std::vector<TracedSize> out = call.result_sizes();
    Integers window;
    bool is_global = true;
    for (std::size_t i = 2; i < in.size(); ++i) {
      if (in[i].size % out[i].size != 0) call.refuse("has windows of unequal sizes");
      window.push_back(in[i].size / out[i].size);
      is_global = is_global && out[i].size == 1;
    }
    if (is_global) return {call.add("Global" + kind, {call.tensor("self")})};
    return {call.add(kind, {call.tensor("self")}, {{"kernel_shape", window}, {"strides", window}})};
  };
}

inline void add_pools(OnnxOperators& table) {
  for (std::size_t axes = 1; axes <= 3; ++axes) {
    const std::string d = std::to_string(axes) + "d";
    table["aten::avg_pool" + d] = onnx_average_pool(axes);
    table["aten::max_pool" + d] = onnx_max_pool(axes);
    table["aten::adaptive_avg_pool" + d] = onnx_adaptive_pool(axes, "AveragePool");
    table["aten::adaptive_max_pool" + d] = onnx_adaptive_pool(axes, "MaxPool");
  }
}

}  // namespace interchoice::detail
