#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/export/onnx_model.hpp"

namespace interchoice::detail {

/// Removes the nodes and constants of which nothing comes into an output.
inline void remove_unused(OnnxModel& model) {
  std::set<std::string> used;
  for (const OnnxValue& output : model.outputs) used.insert(output.name);
  std::vector<OnnxNode> kept;
  for (auto node = model.nodes.rbegin(); node != model.nodes.rend(); ++node) {
    if (std::none_of(node->outputs.begin(), node->outputs.end(),
                     [&](const std::string& name) { return used.contains(name); })) {
      continue;
    }
    used.insert(node->inputs.begin(), node->inputs.end());
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  model.nodes = std::move(kept);
  std::erase_if(model.initializers,
                [&](const OnnxTensor& tensor) { return !used.contains(tensor.name); });
}

}  // namespace interchoice::detail
