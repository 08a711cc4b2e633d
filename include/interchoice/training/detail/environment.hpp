#pragma once

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/core.h>
#include <torch/nn/module.h>
#include <torch/version.h>

#include <string>

#include "interchoice/core/identity.hpp"
#include "interchoice/distributed/group.hpp"
#include "interchoice/nn/device.hpp"
#include "interchoice/version.hpp"

namespace interchoice::detail {

/// What the bits of a training depend on beside the training itself: sums are in another order with
/// other threads, vectors, or versions.
inline Identity environment_of(const torch::nn::Module& network, const Group& group) {
  const at::Device device = device_of(network);
  const auto parameters = network.parameters();
  Identity environment{
      {"threads", fmt::format("{}", at::get_num_threads())},
      {"instruction set", at::get_cpu_capability()},
      {"libtorch", TORCH_VERSION},
      {"interchoice", fmt::format("{}.{}.{}", INTERCHOICE_VERSION_MAJOR, INTERCHOICE_VERSION_MINOR,
                                  INTERCHOICE_VERSION_PATCH)},
      {"device", c10::DeviceTypeName(device.type(), /*lower_case=*/true)},
      {"precision", parameters.empty() ? "none" : c10::toString(parameters.front().scalar_type())}};
  if (!group.is_alone()) environment.set("ranks", fmt::format("{}", group.size()));
  if (device.is_cuda()) {
    const auto tf32 = [](at::Float32Op operation) {
      const auto precision =
          at::globalContext().float32Precision(at::Float32Backend::CUDA, operation);
      return std::string(precision == at::Float32Precision::TF32 ? "yes" : "no");
    };
    environment.set("TF32 of products", tf32(at::Float32Op::MATMUL));
    environment.set("TF32 of convolutions", tf32(at::Float32Op::CONV));
  }
  return environment;
}

}  // namespace interchoice::detail
