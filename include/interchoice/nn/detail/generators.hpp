#pragma once

#include <ATen/Context.h>
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <map>
#include <mutex>
#include <string>

namespace interchoice::detail {

/// libtorch's random number generators that a network on a device may draw from (dropout does).
inline std::map<std::string, at::Generator> generators(const at::Device& device) {
  std::map<std::string, at::Generator> all{
      {"cpu", at::globalContext().defaultGenerator(at::Device(at::kCPU))}};
  if (!device.is_cpu()) {
    all.emplace(c10::DeviceTypeName(device.type(), /*lower_case=*/true),
                at::globalContext().defaultGenerator(device));
  }
  return all;
}

inline at::Tensor state_of(at::Generator generator) {
  const std::lock_guard lock(generator.mutex());
  return generator.get_state();
}

inline void set_state(at::Generator generator, const at::Tensor& state) {
  const std::lock_guard lock(generator.mutex());
  generator.set_state(state);
}

}  // namespace interchoice::detail
