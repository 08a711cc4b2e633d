#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/core/identity.hpp"
#include "interchoice/export/detail/check_written_values.hpp"
#include "interchoice/export/detail/compared_traces.hpp"
#include "interchoice/export/detail/exported_metadata.hpp"
#include "interchoice/export/detail/onnx_translation.hpp"
#include "interchoice/export/detail/remove_unused.hpp"
#include "interchoice/export/detail/traced_network.hpp"
#include "interchoice/export/fold_onnx_batch_norm.hpp"
#include "interchoice/export/onnx_model.hpp"
#include "interchoice/export/standard_onnx_operators.hpp"
#include "interchoice/export/write_onnx_model.hpp"
#include "interchoice/nn/settle_weights.hpp"
#include "interchoice/version.hpp"

namespace interchoice {

/// The form of a written model.
struct OnnxOptions {
  std::string input = "input";
  std::string output = "output";
  /// Whether the model takes batches of any size; otherwise those of the example's.
  bool dynamic_batch = true;
  /// Folds BatchNorm into the convolution in front of it; see `fold_batch_norm`.
  bool fold_batch_norm = false;
  /// Beside what the network says of itself.
  Identity metadata = {};
  OnnxOperators operators = standard_onnx_operators();
};

namespace detail {

/// The name of an operator in the table: without the underscore of those that write in place.
inline std::string operator_name(const torch::jit::Node& node) {
  std::string name = node.kind().toQualString();
  if (name.ends_with('_') && !name.ends_with("__")) name.pop_back();
  return name;
}

/// Translates the nodes in their order.
inline void translate_nodes(const ComparedTraces& traces, OnnxTranslation& translation,
                            const OnnxOperators& operators) {
  for (const torch::jit::Node* node : traces.graph().nodes()) {
    if (translation.evaluate(*node)) continue;
    if (node->kind() == torch::jit::prim::ListConstruct) continue;  // see OnnxCall::tensors
    if (node->kind() == torch::jit::prim::ListUnpack) {
      const auto names = translation.names(*node->input());
      for (std::size_t i = 0; i < names.size(); ++i) {
        translation.set_names(*node->outputs().at(i), {names[i]});
      }
      continue;
    }
    const std::string name = operator_name(*node);
    const auto found = operators.find(name);
    TORCH_CHECK(found != operators.end(), "interchoice: the operator ", name, " ",
                translation.place_of(*node),
                " has no translation to ONNX; add one to OnnxOptions::operators. Its line in the "
                "trace: ",
                *node);
    OnnxCall call(translation, *node);
    auto names = found->second(call);
    if (node->outputs().size() == 1) {
      translation.set_names(*node->output(), std::move(names));
    } else {
      for (std::size_t i = 0; i < std::min(names.size(), node->outputs().size()); ++i) {
        translation.set_names(*node->outputs()[i], {names[i]});
      }
    }
  }
}

inline OnnxValue onnx_value(std::string name, const ComparedTraces& traces,
                            const torch::jit::Value& value) {
  const auto type = value.type()->expect<c10::TensorType>()->scalarType();
  TORCH_CHECK(type.has_value(), "interchoice: the network's '", name, "' has no known type");
  OnnxValue result{std::move(name), onnx_type(*type), {}};
  for (const TracedSize& size : traces.sizes(value)) {
    if (size.per_example == 0) {
      result.sizes.emplace_back(size.size);
    } else {
      result.sizes.emplace_back(size.per_example == 1 ? "batch"
                                                      : fmt::format("{}*batch", size.per_example));
    }
  }
  return result;
}

inline OnnxModel translated(const torch::nn::Module& network, const NetworkFunction& forward,
                            const at::Tensor& example, const OnnxOptions& options) {
  TORCH_CHECK(!options.input.empty() && !options.output.empty() && options.input != options.output,
              "interchoice: OnnxOptions need two names for input and output, got '", options.input,
              "' and '", options.output, "'");
  const ComparedTraces traces = compared_traces(network, forward, example, options.dynamic_batch);
  OnnxTranslation translation(traces, options.input, options.output);
  check_written_values(traces.graph(),
                       [&](const torch::jit::Node& node) { return translation.place_of(node); });
  translate_nodes(traces, translation, options.operators);
  OnnxModel& model = translation.model();
  const torch::jit::Value& result = *traces.graph().outputs().at(0);
  // Under its own name, whatever made it.
  model.nodes.push_back({.op_type = "Identity",
                         .name = translation.unique(options.output),
                         .inputs = translation.names(result),
                         .outputs = {options.output},
                         .attributes = {},
                         .domain = {}});
  model.inputs = {onnx_value(options.input, traces, *traces.graph().inputs()[0])};
  model.outputs = {onnx_value(options.output, traces, result)};
  model.name = "network";
  model.producer_name = "interchoice";
  model.producer_version = fmt::format("{}.{}.{}", INTERCHOICE_VERSION_MAJOR,
                                       INTERCHOICE_VERSION_MINOR, INTERCHOICE_VERSION_PATCH);
  for (const auto& [name, text] : options.metadata) model.metadata[name] = text;
  remove_unused(model);
  if (options.fold_batch_norm) fold_batch_norm(model);
  return std::move(model);
}

}  // namespace detail

/// A network as an ONNX model of operator set 17: what libtorch's tracer sees of `forward(x)`, any
/// network of libtorch's operators, one's own modules too.
///
/// It is run twice, for other values and, with `dynamic_batch`, for batches of two and three; what
/// depends on the batch is written so that it follows. Parameters and buffers keep their names as
/// initializers; what follows from them alone is computed now (`weight.t`). The metadata has the
/// network's identity (`space`, `policy`, `architecture` of a subnet, options) and the digest of
/// its weights, each with `interchoice.` in front, and one's own.
///
/// *Shapes*: x as the example's, [N, ...] -> the network's. *Throws* c10::Error for a network in
/// training mode, for an operator that is not in the table, with its place in the network, and for
/// what depends on x but not by libtorch's operators. *Cost*: two passes of the network, three
/// copies of the weights.
template <class Net>
OnnxModel onnx_model(Net& net, const at::Tensor& example, OnnxOptions options = {}) {
  settle_weights(*net);
  options.metadata = detail::exported_metadata(net, options.metadata);
  return detail::translated(
      *net, [&](const at::Tensor& x) -> at::Tensor { return net->forward(x); }, example, options);
}

/// Writes a network as an ONNX file (see `onnx_model`), completely or not at all.
///
/// *Throws* as `onnx_model`; std::runtime_error with path and reason.
template <class Net>
void write_onnx(const std::filesystem::path& path, Net& net, const at::Tensor& example,
                OnnxOptions options = {}) {
  write_onnx_model(path, onnx_model(net, example, std::move(options)));
}

}  // namespace interchoice
