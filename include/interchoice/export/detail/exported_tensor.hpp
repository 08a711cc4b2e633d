#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>
#include <c10/util/ArrayRef.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "interchoice/export/traced_size.hpp"

/// What tensors are, in the JSON of torch.export's schema.
namespace interchoice::detail {

/// An element type by its number in torch.export's schema.
inline int exported_type(at::ScalarType type) {
  if (type == at::kBFloat16) return 13;
  TORCH_CHECK(type <= at::kBool, "interchoice: tensors of ", type,
              " cannot be exported to .pt2; convert the network to float, half or double");
  return static_cast<int>(type) + 1;  // in libtorch's order
}

inline nlohmann::json exported_device(const c10::Device& device) {
  nlohmann::json index;
  if (device.has_index()) index = device.index();
  return {{"type", c10::DeviceTypeName(device.type(), /*lower_case=*/true)}, {"index", index}};
}

/// A number of a tensor's shape; one that follows the batch as an expression of the symbol `s0`.
inline nlohmann::json exported_size(const TracedSize& size) {
  if (size.per_example == 0) return {{"as_int", size.size}};
  std::string text = "Symbol('s0', positive=True, integer=True)";
  if (size.per_example != 1) text = fmt::format("Mul(Integer({}), {})", size.per_example, text);
  return {{"as_expr", {{"expr_str", text}, {"hint", {{"as_int", size.size}}}}}};
}

inline nlohmann::json exported_tensor(at::ScalarType type, const c10::Device& device,
                                      const std::vector<TracedSize>& sizes,
                                      const std::vector<TracedSize>& strides, bool requires_grad) {
  nlohmann::json meta{{"dtype", exported_type(type)},
                      {"sizes", nlohmann::json::array()},
                      {"strides", nlohmann::json::array()},
                      {"storage_offset", {{"as_int", 0}}},
                      {"layout", 7},  // strided
                      {"device", exported_device(device)},
                      {"requires_grad", requires_grad}};
  for (const TracedSize& size : sizes) meta["sizes"].push_back(exported_size(size));
  for (const TracedSize& stride : strides) meta["strides"].push_back(exported_size(stride));
  return meta;
}

/// The same of a tensor that is there.
inline nlohmann::json exported_tensor(const at::Tensor& tensor) {
  const auto fixed = [](at::IntArrayRef numbers) {
    std::vector<TracedSize> sizes;
    for (const std::int64_t number : numbers) sizes.push_back({number, 0});
    return sizes;
  };
  return exported_tensor(tensor.scalar_type(), tensor.device(), fixed(tensor.sizes()),
                         fixed(tensor.strides()), tensor.requires_grad());
}

}  // namespace interchoice::detail
