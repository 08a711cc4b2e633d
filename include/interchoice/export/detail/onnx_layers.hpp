#pragma once

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tril.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/export/detail/onnx_elementwise.hpp"
#include "interchoice/export/detail/onnx_pools.hpp"
#include "interchoice/export/onnx_operators.hpp"

/// Convolutions, normalisations, products of matrices, attention.
namespace interchoice::detail {

inline OnnxNames onnx_convolution(OnnxCall& call) {
  const auto weight_rank = static_cast<std::size_t>(call.rank_of("weight"));
  const std::size_t axes = spatial_axes(call, "input", weight_rank - 2);
  const std::vector<TracedSize> weight = call.sizes_of("weight");
  const Integers dilation = per_axis(call, "dilation", axes);
  Integers begins(axes, 0);
  Integers ends(axes, 0);
  if (const auto padding = call.constant_text("padding"); padding.has_value()) {
    for (std::size_t i = 0; i < axes && *padding == "same"; ++i) {
      const std::int64_t total = dilation[i] * (weight[i + 2].size - 1);
      begins[i] = total / 2;
      ends[i] = total - total / 2;
    }
  } else {
    begins = ends = per_axis(call, "padding", axes);
  }
  std::map<std::string, OnnxAttribute> attributes{{"strides", per_axis(call, "stride", axes)},
                                                  {"pads", both_ends(begins, ends)},
                                                  {"dilations", dilation},
                                                  {"group", call.integer("groups")}};
  Integers kernel;
  for (std::size_t i = 2; i < weight.size(); ++i) kernel.push_back(weight[i].size);
  attributes["kernel_shape"] = kernel;
  const bool is_transposed = call.has("transposed") && call.boolean("transposed");
  if (is_transposed) attributes["output_padding"] = per_axis(call, "output_padding", axes);
  return {call.add(is_transposed ? "ConvTranspose" : "Conv",
                   {call.tensor("input"), call.tensor("weight"), call.optional_tensor("bias")},
                   std::move(attributes))};
}

/// A tensor argument, or one value for each channel where it is left out.
inline std::string or_filled(OnnxCall& call, std::string_view argument, std::int64_t channels,
                             double value) {
  if (call.has(argument)) return call.tensor(argument);
  return call.constant(at::full({channels}, value, at::TensorOptions(call.result_type())));
}

inline OnnxNames onnx_batch_norm(OnnxCall& call) {
  if (call.boolean("training") || !call.has("running_mean") || !call.has("running_var")) {
    call.refuse("normalises by the batch itself; call eval() on the network first");
  }
  const std::int64_t channels = call.sizes_of("running_mean").at(0).size;
  return {call.add("BatchNormalization",
                   {call.tensor("input"), or_filled(call, "weight", channels, 1),
                    or_filled(call, "bias", channels, 0), call.tensor("running_mean"),
                    call.tensor("running_var")},
                   {{"epsilon", static_cast<float>(call.number("eps"))}})};
}

inline OnnxNames onnx_layer_norm(OnnxCall& call) {
  const Integers shape = call.integers("normalized_shape");
  const std::string scale =
      call.has("weight") ? call.tensor("weight")
                         : call.constant(at::ones(shape, at::TensorOptions(call.result_type())));
  return {call.add("LayerNormalization",
                   {call.tensor("input"), scale, call.optional_tensor("bias")},
                   {{"axis", -static_cast<std::int64_t>(shape.size())},
                    {"epsilon", static_cast<float>(call.number("eps"))}})};
}

/// As an InstanceNormalization of groups: GroupNormalization came with a later operator set.
inline OnnxNames onnx_group_norm(OnnxCall& call) {
  const std::string x = call.tensor("input");
  const std::vector<TracedSize> sizes = call.sizes_of("input");
  const std::int64_t groups = call.integer("num_groups");
  const at::TensorOptions options(call.result_type());
  const std::string rows = call.add("Reshape", {x, call.constant(Integers{0, groups, -1})});
  const std::string normalised = call.add("InstanceNormalization",
                                          {rows, call.constant(at::ones({groups}, options)),
                                           call.constant(at::zeros({groups}, options))},
                                          {{"epsilon", static_cast<float>(call.number("eps"))}});
  std::string y = call.add("Reshape", {normalised, call.shape(sizes, /*may_infer=*/true)});
  std::vector<TracedSize> along(sizes.size() - 1, {1, 0});
  along[0] = sizes[1];
  const auto affine = [&](const char* op_type, const char* argument) {
    if (!call.has(argument)) return;
    const std::string vector =
        call.add("Reshape", {call.tensor(argument), call.shape(along, /*may_infer=*/false)});
    y = call.add(op_type, {y, vector});
  };
  affine("Mul", "weight");
  affine("Add", "bias");
  return {y};
}

inline OnnxNames onnx_instance_norm(OnnxCall& call) {
  if (!call.boolean("use_input_stats")) call.refuse("uses running statistics");
  const std::int64_t channels = call.sizes_of("input").at(1).size;
  return {call.add("InstanceNormalization",
                   {call.tensor("input"), or_filled(call, "weight", channels, 1),
                    or_filled(call, "bias", channels, 0)},
                   {{"epsilon", static_cast<float>(call.number("eps"))}})};
}

inline Integers last_two_swapped(std::int64_t rank) {
  Integers order;
  for (std::int64_t i = 0; i < rank; ++i) order.push_back(i);
  std::swap(order[static_cast<std::size_t>(rank) - 2], order[static_cast<std::size_t>(rank) - 1]);
  return order;
}

inline OnnxNames onnx_linear(OnnxCall& call) {
  if (call.rank_of("input") == 2) {
    return {call.add("Gemm",
                     {call.tensor("input"), call.tensor("weight"), call.optional_tensor("bias")},
                     {{"transB", 1}})};
  }
  std::string transposed;
  if (const auto weight = call.constant_tensor("weight")) {
    transposed = call.constant(weight->t());
  } else {
    transposed = call.add("Transpose", {call.tensor("weight")}, {{"perm", Integers{1, 0}}});
  }
  const std::string product = call.add("MatMul", {call.tensor("input"), transposed});
  if (!call.has("bias")) return {product};
  return {call.add("Add", {product, call.tensor("bias")})};
}

/// softmax(q k^T * scale + mask) v
inline OnnxNames onnx_attention(OnnxCall& call) {
  if (call.number("dropout_p") != 0) call.refuse("drops values; call eval() on the network first");
  if (call.has("enable_gqa") && call.boolean("enable_gqa")) call.refuse("shares keys among heads");
  const std::vector<TracedSize> query = call.sizes_of("query");
  const std::vector<TracedSize> key = call.sizes_of("key");
  const std::int64_t rank = call.rank_of("key");
  const double scale = call.has("scale") ? call.number("scale")
                                         : 1 / std::sqrt(static_cast<double>(query.back().size));
  const std::string keys =
      call.add("Transpose", {call.tensor("key")}, {{"perm", last_two_swapped(rank)}});
  const std::string scaled = call.add("Mul", {call.tensor("query"), call.constant(scale)});
  std::string weights = call.add("MatMul", {scaled, keys});
  const auto excluded = [&](const std::string& allowed) {
    const std::string least = call.constant(-std::numeric_limits<double>::infinity());
    weights = call.add("Where", {allowed, weights, least});
  };
  if (call.boolean("is_causal")) {
    const TracedSize rows = query[query.size() - 2];
    const TracedSize columns = key[key.size() - 2];
    excluded(call.constant(at::ones({rows.size, columns.size}, at::kBool).tril()));
  }
  if (call.has("attn_mask")) {
    if (call.type_of("attn_mask") == at::kBool) {
      excluded(call.tensor("attn_mask"));
    } else {
      weights = call.add("Add", {weights, call.operand("attn_mask")});
    }
  }
  const std::string shares = call.add("Softmax", {weights}, {{"axis", -1}});
  return {call.add("MatMul", {shares, call.tensor("value")})};
}

inline OnnxOperator onnx_softmax(const char* op_type) {
  return [=](OnnxCall& call) -> OnnxNames {
    return {call.add(op_type, {call.operand("self")}, {{"axis", call.integer("dim")}})};
  };
}

/// beta * self + alpha * mat1 mat2
inline OnnxNames onnx_addmm(OnnxCall& call) {
  return {call.add("Gemm", {call.tensor("mat1"), call.tensor("mat2"), call.tensor("self")},
                   {{"alpha", static_cast<float>(call.number("alpha"))},
                    {"beta", static_cast<float>(call.number("beta"))}})};
}

inline void add_layers(OnnxOperators& table) {
  for (const char* name : {"_convolution", "_convolution_mode", "convolution", "conv1d", "conv2d",
                           "conv3d", "conv_transpose1d", "conv_transpose2d"}) {
    table[std::string("aten::") + name] = onnx_convolution;
  }
  table["aten::batch_norm"] = onnx_batch_norm;
  table["aten::layer_norm"] = onnx_layer_norm;
  table["aten::group_norm"] = onnx_group_norm;
  table["aten::instance_norm"] = onnx_instance_norm;
  table["aten::linear"] = onnx_linear;
  table["aten::addmm"] = onnx_addmm;
  table["aten::matmul"] = onnx_binary("MatMul");
  table["aten::bmm"] = onnx_binary("MatMul", "mat2");
  table["aten::mm"] = onnx_binary("MatMul", "mat2");
  table["aten::scaled_dot_product_attention"] = onnx_attention;
  table["aten::softmax"] = onnx_softmax("Softmax");
  table["aten::_softmax"] = onnx_softmax("Softmax");
  table["aten::log_softmax"] = onnx_softmax("LogSoftmax");
  table["aten::_log_softmax"] = onnx_softmax("LogSoftmax");
  table["aten::embedding"] = [](OnnxCall& call) -> OnnxNames {
    return {call.add("Gather", {call.tensor("weight"), call.tensor("indices")}, {{"axis", 0}})};
  };
}

}  // namespace interchoice::detail
