#pragma once

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/export/detail/onnx_elementwise.hpp"
#include "interchoice/export/detail/onnx_layers.hpp"
#include "interchoice/export/onnx_operators.hpp"

/// Shapes, parts, reductions and resizing.
namespace interchoice::detail {

/// Whatever gives the elements another shape in their order: the trace knows the result's.
inline OnnxNames onnx_reshape(OnnxCall& call) {
  return {call.add("Reshape",
                   {call.tensor("self"), call.shape(call.result_sizes(), /*may_infer=*/true)})};
}

inline OnnxNames onnx_expand(OnnxCall& call) {
  std::vector<TracedSize> sizes = call.result_sizes();
  const std::vector<TracedSize> from = call.sizes_of("self");
  const std::size_t added = sizes.size() - from.size();
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] == sizes[added + i]) sizes[added + i] = {1, 0};  // stays
  }
  return {call.add("Expand", {call.tensor("self"), call.shape(sizes, /*may_infer=*/false)})};
}

/// A new tensor of one value.
inline OnnxNames filled(OnnxCall& call, double value) {
  const at::Tensor fill = at::full({1}, value, at::TensorOptions(call.result_type()));
  return {call.add("ConstantOfShape", {call.shape(call.result_sizes(), /*may_infer=*/false)},
                   {{"value", onnx_tensor("", fill)}})};
}

inline Integers front_axes(std::int64_t rank) {
  Integers axes;
  for (std::int64_t i = 0; i < rank; ++i) axes.push_back(i);
  return axes;
}

inline OnnxNames onnx_transpose(OnnxCall& call) {
  Integers order = front_axes(call.rank_of("self"));
  std::swap(order[static_cast<std::size_t>(call.axis("dim0", "self"))],
            order[static_cast<std::size_t>(call.axis("dim1", "self"))]);
  return {call.add("Transpose", {call.tensor("self")}, {{"perm", order}})};
}

inline OnnxNames onnx_permute(OnnxCall& call) {
  Integers order = call.integers("dims");
  for (std::int64_t& axis : order) axis += axis < 0 ? call.rank_of("self") : 0;
  return {call.add("Transpose", {call.tensor("self")}, {{"perm", order}})};
}

inline std::string sliced(OnnxCall& call, const Integers& begin, const Integers& end,
                          const Integers& axis, const Integers& step) {
  return call.add("Slice", {call.tensor("self"), call.constant(begin), call.constant(end),
                            call.constant(axis), call.constant(step)});
}

inline OnnxNames onnx_slice(OnnxCall& call) {
  const std::int64_t begin = call.has("start") ? call.integer("start") : 0;
  const std::int64_t end =
      call.has("end") ? call.integer("end") : std::numeric_limits<std::int64_t>::max();
  return {sliced(call, {begin}, {end}, {call.integer("dim")}, {call.integer("step")})};
}

inline OnnxNames onnx_narrow(OnnxCall& call) {
  const std::int64_t begin = call.integer("start");
  const std::int64_t end = begin + call.integer("length");
  const bool reaches_end = begin < 0 && end == 0;
  return {sliced(call, {begin}, {reaches_end ? std::numeric_limits<std::int64_t>::max() : end},
                 {call.integer("dim")}, {1})};
}

inline OnnxNames onnx_flip(OnnxCall& call) {
  const Integers axes = call.integers("dims");
  return {sliced(call, Integers(axes.size(), -1),
                 Integers(axes.size(), std::numeric_limits<std::int64_t>::min()), axes,
                 Integers(axes.size(), -1))};
}

inline OnnxNames onnx_stack(OnnxCall& call) {
  OnnxNames parts;
  const std::string axis = call.constant(Integers{call.integer("dim")});
  for (const std::string& one : call.tensors("tensors")) {
    parts.push_back(call.add("Unsqueeze", {one, axis}));
  }
  return {call.add("Concat", parts, {{"axis", call.integer("dim")}})};
}

/// Parts along an axis, of the sizes that the trace has.
inline OnnxNames onnx_split(OnnxCall& call) {
  const Integers sizes = call.list_sizes(call.axis("dim", "self"));
  return call.add_node("Split", {call.tensor("self"), call.constant(sizes)},
                       {{"axis", call.integer("dim")}}, sizes.size());
}

inline OnnxNames onnx_unbind(OnnxCall& call) {
  const std::int64_t dim = call.axis("dim", "self");
  const TracedSize size = call.sizes_of("self").at(static_cast<std::size_t>(dim));
  if (size.per_example != 0) call.refuse("cuts the batch");
  const std::string axis = call.constant(Integers{dim});
  OnnxNames parts = call.add_node(
      "Split",
      {call.tensor("self"), call.constant(Integers(static_cast<std::size_t>(size.size), 1))},
      {{"axis", dim}}, static_cast<std::size_t>(size.size));
  for (std::string& part : parts) part = call.add("Squeeze", {part, axis});
  return parts;
}

/// The axes that a reduction is over; all where none are given.
inline Integers reduced_axes(const OnnxCall& call) {
  const bool has_some = call.has("dim") && !call.integers("dim").empty();
  return has_some ? call.integers("dim") : front_axes(call.rank_of("self"));
}

/// ONNX's `keepdims`.
inline int keeps_axes(const OnnxCall& call) {
  return call.has("keepdim") && call.boolean("keepdim") ? 1 : 0;
}

/// Mean, maximum or minimum over some axes.
inline OnnxOperator onnx_reduction(const char* op_type) {
  return [=](OnnxCall& call) -> OnnxNames {
    return {call.add(op_type, {call.operand("self")},
                     {{"axes", reduced_axes(call)}, {"keepdims", keeps_axes(call)}})};
  };
}

/// The same, of which the standard has the axes as an input.
inline OnnxNames onnx_reduce_sum(OnnxCall& call) {
  return {call.add("ReduceSum", {call.operand("self"), call.constant(reduced_axes(call))},
                   {{"keepdims", keeps_axes(call)}})};
}

inline OnnxOperator onnx_arg(const char* op_type) {
  return [=](OnnxCall& call) -> OnnxNames {
    if (!call.has("dim")) call.refuse("needs an axis");
    return {call.add(op_type, {call.tensor("self")},
                     {{"axis", call.integer("dim")}, {"keepdims", keeps_axes(call)}})};
  };
}

/// Padding of the last axes, which libtorch counts from the back.
inline OnnxNames onnx_pad(OnnxCall& call) {
  const Integers pad = call.integers("pad");
  const auto rank = static_cast<std::size_t>(call.rank_of("self"));
  Integers pads(2 * rank, 0);
  for (std::size_t i = 0; i < pad.size() / 2; ++i) {
    pads[rank - 1 - i] = pad[2 * i];
    pads[2 * rank - 1 - i] = pad[2 * i + 1];
  }
  std::string mode = call.has("mode") ? call.text("mode") : "constant";
  if (mode == "replicate") mode = "edge";
  if (mode == "circular") call.refuse("pads in a circle");
  return {call.add("Pad",
                   {call.tensor("self"), call.constant(pads),
                    call.has("value") ? call.operand("value") : std::string()},
                   {{"mode", mode}})};
}

inline OnnxOperator onnx_resize(const char* mode) {
  return [=](OnnxCall& call) -> OnnxNames {
    const std::string_view x = call.has("self") ? "self" : "input";
    const std::vector<TracedSize> in = call.sizes_of(x);
    const std::vector<TracedSize> out = call.result_sizes();
    std::vector<float> scales;
    for (std::size_t i = 0; i < in.size(); ++i) {
      scales.push_back(static_cast<float>(out[i].size) / static_cast<float>(in[i].size));
    }
    const bool is_nearest = std::string_view(mode) == "nearest";
    const bool aligns = call.has("align_corners") && call.boolean("align_corners");
    std::map<std::string, OnnxAttribute> attributes{
        {"mode", mode},
        {"coordinate_transformation_mode", is_nearest ? "asymmetric"
                                           : aligns   ? "align_corners"
                                                      : "pytorch_half_pixel"}};
    if (is_nearest) attributes["nearest_mode"] = "floor";
    if (std::string_view(mode) == "cubic") attributes["cubic_coeff_a"] = -0.75F;
    return {call.add("Resize", {call.tensor(x), "", call.constant(at::tensor(scales))},
                     std::move(attributes))};
  };
}

inline void add_shapes(OnnxOperators& table) {
  for (const char* name : {"view", "reshape", "_unsafe_view", "_reshape_alias", "view_as",
                           "reshape_as", "flatten", "unflatten", "squeeze", "unsqueeze"}) {
    table[std::string("aten::") + name] = onnx_reshape;
  }
  table["aten::expand"] = onnx_expand;
  table["aten::expand_as"] = onnx_expand;
  // A new tensor that is written into next: any values do.
  for (const char* name : {"zeros", "zeros_like", "new_zeros", "zero", "empty", "empty_like"}) {
    table[std::string("aten::") + name] = [](OnnxCall& call) { return filled(call, 0); };
  }
  for (const char* name : {"ones", "ones_like", "new_ones"}) {
    table[std::string("aten::") + name] = [](OnnxCall& call) { return filled(call, 1); };
  }
  for (const char* name : {"full", "full_like", "new_full"}) {
    table[std::string("aten::") + name] = [](OnnxCall& call) {
      return filled(call, call.number("fill_value"));
    };
  }
  table["aten::fill"] = [](OnnxCall& call) { return filled(call, call.number("value")); };
  table["aten::transpose"] = onnx_transpose;
  table["aten::permute"] = onnx_permute;
  table["aten::t"] = [](OnnxCall& call) -> OnnxNames {
    return {call.add("Transpose", {call.tensor("self")})};
  };
  table["aten::select"] = [](OnnxCall& call) -> OnnxNames {
    return {call.add(
        "Gather",
        {call.tensor("self"), call.constant(at::scalar_tensor(call.integer("index"), at::kLong))},
        {{"axis", call.integer("dim")}})};
  };
  table["aten::index_select"] = [](OnnxCall& call) -> OnnxNames {
    return {call.add("Gather", {call.tensor("self"), call.tensor("index")},
                     {{"axis", call.integer("dim")}})};
  };
  table["aten::slice"] = onnx_slice;
  table["aten::narrow"] = onnx_narrow;
  table["aten::flip"] = onnx_flip;
  table["aten::cat"] = [](OnnxCall& call) -> OnnxNames {
    return {call.add("Concat", call.tensors("tensors"), {{"axis", call.integer("dim")}})};
  };
  table["aten::stack"] = onnx_stack;
  for (const char* name : {"chunk", "split", "split_with_sizes"}) {
    table[std::string("aten::") + name] = onnx_split;
  }
  table["aten::unbind"] = onnx_unbind;
  table["aten::mean"] = onnx_reduction("ReduceMean");
  table["aten::amax"] = onnx_reduction("ReduceMax");
  table["aten::amin"] = onnx_reduction("ReduceMin");
  table["aten::sum"] = onnx_reduce_sum;
  table["aten::argmax"] = onnx_arg("ArgMax");
  table["aten::argmin"] = onnx_arg("ArgMin");
  table["aten::pad"] = onnx_pad;
  table["aten::constant_pad_nd"] = onnx_pad;
  table["aten::upsample_nearest2d"] = onnx_resize("nearest");
  table["aten::upsample_bilinear2d"] = onnx_resize("linear");
  table["aten::upsample_bicubic2d"] = onnx_resize("cubic");
  table["aten::pixel_shuffle"] = [](OnnxCall& call) -> OnnxNames {
    return {call.add("DepthToSpace", {call.tensor("self")},
                     {{"blocksize", call.integer("upscale_factor")}, {"mode", "CRD"}})};
  };
  table["aten::einsum"] = [](OnnxCall& call) -> OnnxNames {
    return {call.add("Einsum", call.tensors("tensors"), {{"equation", call.text("equation")}})};
  };
}

}  // namespace interchoice::detail
