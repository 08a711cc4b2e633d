#pragma once

#include <c10/core/GradMode.h>

#include <cstdint>

#include "interchoice/core/architecture.hpp"
#include "interchoice/data/batch_source.hpp"
#include "interchoice/nn/device.hpp"

namespace interchoice {

/// The share of images that an architecture classifies right, in the network's present mode.
///
///   accuracy = #{argmax logits = label} / N      in [0, 1]
///
/// `device` is where the network is; who asks for many architectures looks it up once.
template <class Network, SearchSpace Space, BatchSource Source>
double accuracy(Network& network, const Architecture<Space>& architecture, const Source& data,
                const at::Device& device) {
  const c10::NoGradGuard no_grad;
  std::int64_t correct = 0;
  for (std::int64_t i = 0; i < data.size(); ++i) {
    const Batch batch = on_device(data.evaluation(i), device);
    correct += network->forward(batch.data, architecture)
                   .argmax(1)
                   .eq(batch.target)
                   .sum()
                   .template item<std::int64_t>();
  }
  return static_cast<double>(correct) / static_cast<double>(data.example_count());
}
template <class Network, SearchSpace Space, BatchSource Source>
double accuracy(Network& network, const Architecture<Space>& architecture, const Source& data) {
  return accuracy(network, architecture, data, device_of(*network));
}

}  // namespace interchoice
