#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/qualified_name.h>
#include <ATen/ops/allclose.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/nn/module.h>

#include <exception>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "interchoice/export/detail/traced_network.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/nn/settle_weights.hpp"

namespace interchoice {

namespace detail {

/// A module of TorchScript with a network's parameters and buffers, by their names, and no methods.
inline torch::jit::Module script_of(const torch::nn::Module& network,
                                    const std::shared_ptr<torch::jit::CompilationUnit>& unit) {
  torch::jit::Module script(c10::QualifiedName("interchoice.Network"), unit, /*shouldMangle=*/true);
  script.register_attribute("training", c10::BoolType::get(), false);
  for (const auto& p : network.named_parameters(/*recurse=*/false)) {
    script.register_parameter(p.key(), p.value(), /*is_buffer=*/false);
  }
  for (const auto& b : network.named_buffers(/*recurse=*/false)) {
    script.register_parameter(b.key(), b.value(), /*is_buffer=*/true);
  }
  for (const auto& child : network.named_children()) {
    script.register_module(child.key(), script_of(*child.value(), unit));
  }
  return script;
}

inline torch::jit::Module traced_script(const torch::nn::Module& network,
                                        const NetworkFunction& forward, const at::Tensor& example) {
  namespace tracer = torch::jit::tracer;
  TORCH_CHECK(!network.is_training(),
              "interchoice: the network is in training mode; call eval() on it before the export");
  TORCH_CHECK(example.defined() && example.dim() >= 1 && example.numel() > 0,
              "interchoice: an export needs an example of the network's input: a batch of at least "
              "one, of the sizes that it is to take");
  const c10::NoGradGuard no_grad;
  torch::jit::Module script = script_of(network, std::make_shared<torch::jit::CompilationUnit>());
  const auto run = [&](torch::jit::Stack inputs) -> torch::jit::Stack {
    tracer::getTracingState()->warn = false;
    return {forward(inputs.at(0).toTensor())};
  };
  const auto traced = tracer::trace({example}, run, [](const at::Tensor&) { return std::string(); },
                                    /*strict=*/true, /*force_outplace=*/false, &script, {"x"});
  torch::jit::Function* const method = script._ivalue()->compilation_unit()->create_function(
      c10::QualifiedName(*script.type()->name(), "forward"), traced.first->graph);
  script.type()->addMethod(method);
  // A trace keeps numbers as they were; whether they hold for others is seen by running it.
  const at::Tensor other = varied_input(example, example.size(0) + 1);
  const at::Tensor expected = forward(other);
  bool is_equal = false;
  try {
    const at::Tensor found = script.forward({other}).toTensor();
    is_equal = found.sizes() == expected.sizes() &&
               at::allclose(found, expected, /*rtol=*/1e-4, /*atol=*/1e-5, /*equal_nan=*/true);
  } catch (const std::exception&) {  // for a shape that holds for the example's batch alone
  }
  TORCH_CHECK(
      is_equal,
      "interchoice: a trace of the network gives other results than the network for another "
      "batch; what it does depends on the size of the batch (give shapes as -1 there) or on "
      "values that libtorch's operators do not compute. write_onnx says where");
  return script;
}

}  // namespace detail

/// Writes a network as a TorchScript file, which `torch::jit::load` and Python's `torch.jit.load`
/// read, completely or not at all. It has the network's parameters by their names, runs at any
/// batch, and is in evaluation mode.
///
/// TorchScript is deprecated as of PyTorch 2.11, in favour of torch.export; prefer `write_onnx`
/// where you can choose.
///
/// *Shapes*: x as the example's, [N, ...] -> the network's. *Throws* c10::Error for a network in
/// training mode, and for one whose trace does not give its results for another batch;
/// std::runtime_error with path and reason. *Cost*: four passes of the network, two copies of the
/// weights.
template <class Net>
void write_torch_script(const std::filesystem::path& path, Net& net, const at::Tensor& example) {
  settle_weights(*net);
  const torch::jit::Module script = detail::traced_script(
      *net, [&](const at::Tensor& x) -> at::Tensor { return net->forward(x); }, example);
  std::ostringstream bytes;
  script.save(bytes);
  write_file_atomically(path, bytes.view());
}

}  // namespace interchoice
