#pragma once

#include <ATen/core/Dict.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <fmt/core.h>
#include <torch/csrc/jit/serialization/pickler.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/core/identity.hpp"
#include "interchoice/export/detail/archive_bytes.hpp"
#include "interchoice/export/detail/compared_traces.hpp"
#include "interchoice/export/detail/exported_graph.hpp"
#include "interchoice/export/detail/exported_metadata.hpp"
#include "interchoice/export/detail/traced_network.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/nn/settle_weights.hpp"

namespace interchoice {

/// The form of a written program.
struct ExportedProgramOptions {
  /// Whether the program takes batches of any size; otherwise those of the example's.
  bool dynamic_batch = true;
  /// Beside what the network says of itself.
  Identity metadata = {};
};

namespace detail {

inline std::string_view dense_bytes(const at::Tensor& dense) {
  return {static_cast<const char*>(dense.const_data_ptr()), dense.nbytes()};
}

/// `((x,), {})`, the arguments of a call, as `torch.save` writes them.
inline std::string saved_arguments(const at::Tensor& x) {
  std::string text;
  torch::jit::Pickler pickler([&](const char* data, std::size_t size) { text.append(data, size); },
                              /*tensor_table=*/nullptr, /*type_renamer=*/nullptr,
                              /*memoized_class_types=*/nullptr, /*get_tensor_id=*/nullptr,
                              /*tag_aggregates=*/false);  // TorchScript's types
  pickler.protocol();
  pickler.pushIValue(c10::ivalue::Tuple::create(c10::ivalue::Tuple::create(x),
                                                c10::Dict<std::string, at::Tensor>()));
  pickler.stop();
  ArchiveBytes archive;
  archive.record("data.pkl", text);
  archive.record("data/0", dense_bytes(x.cpu()));
  return archive.finished();
}

/// A program, its tensors' bytes, an example of its input.
inline std::string exported_archive(const torch::nn::Module& network,
                                    const NetworkFunction& forward, const at::Tensor& example,
                                    const ExportedProgramOptions& options) {
  const ComparedTraces traces = compared_traces(network, forward, example, options.dynamic_batch);
  ExportedGraph graph(traces, network);
  ArchiveBytes archive;
  archive.record("archive_format", "pt2");
  archive.record("archive_version", "0");
  archive.record("models/model.json", graph.program().dump());
  nlohmann::json weights = nlohmann::json::object();
  nlohmann::json constants = nlohmann::json::object();
  for (const ExportedTensor& held : graph.tensors()) {
    const bool is_constant = held.kind == "tensor_constant";
    nlohmann::json& known = is_constant ? constants : weights;
    const std::string name = fmt::format("{}_{}", is_constant ? "tensor" : "weight", known.size());
    known[held.name] = {{"path_name", name},
                        {"is_param", held.kind == "parameter"},
                        {"use_pickle", false},
                        {"tensor_meta", exported_tensor(held.tensor)}};
    archive.record((is_constant ? "data/constants/" : "data/weights/") + name,
                   dense_bytes(held.tensor.detach().cpu()));
  }
  const auto config = [](const nlohmann::json& known) {
    return nlohmann::json{{"config", known}}.dump();
  };
  archive.record("data/weights/model_weights_config.json", config(weights));
  archive.record("data/constants/model_constants_config.json", config(constants));
  std::vector<std::int64_t> sizes = example.sizes().vec();
  sizes[0] = traces.sizes(*traces.graph().inputs()[0])[0].size;  // as traced
  archive.record("data/sample_inputs/model.pt",
                 saved_arguments(example.detach().narrow(0, 0, 1).expand(sizes).contiguous()));
  for (const auto& [name, text] : options.metadata) archive.record("extra/" + name, text);
  return archive.finished();
}

}  // namespace detail

/// Writes a network as a `.pt2` file, which Python's `torch.export.load` reads and AOTInductor
/// compiles, completely or not at all: what libtorch's tracer sees of `forward(x)`, any network of
/// libtorch's operators, one's own modules too.
///
/// The network is run and compared as for `write_onnx`. Parameters and buffers keep their names in
/// the program's `state_dict`. The metadata of `onnx_model` is in the archive's extra files.
///
/// *Shapes*: x as the example's, [N, ...] -> the network's. *Throws* c10::Error for a network in
/// training mode, and for what depends on x but not by libtorch's operators; std::runtime_error
/// with path and reason. *Cost*: two passes of the network, three copies of the weights.
template <class Net>
void write_exported_program(const std::filesystem::path& path, Net& net, const at::Tensor& example,
                            ExportedProgramOptions options = {}) {
  settle_weights(*net);
  options.metadata = detail::exported_metadata(net, options.metadata);
  write_file_atomically(
      path, detail::exported_archive(
                *net, [&](const at::Tensor& x) -> at::Tensor { return net->forward(x); }, example,
                options));
}

}  // namespace interchoice
