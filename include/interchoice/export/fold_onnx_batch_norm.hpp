#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "interchoice/export/detail/remove_unused.hpp"
#include "interchoice/export/onnx_model.hpp"

namespace interchoice {

namespace detail {

/// Folds BatchNormalization into Conv within one model.
class OnnxBatchNormFolding {
 public:
  explicit OnnxBatchNormFolding(OnnxModel& model) : model_(model) {
    for (std::size_t i = 0; i < model.initializers.size(); ++i) {
      constants_[model.initializers[i].name] = i;
    }
    for (const OnnxNode& node : model.nodes) {
      for (const std::string& input : node.inputs) ++uses_[input];
    }
    for (const OnnxValue& output : model.outputs) ++uses_[output.name];
  }

  std::size_t run() {
    std::map<std::string, OnnxNode*> convolutions;
    std::vector<OnnxNode> kept;
    kept.reserve(model_.nodes.size());  // so that pointers into it stay
    for (OnnxNode& node : model_.nodes) {
      if (node.op_type == "BatchNormalization" && node.domain.empty() && node.inputs.size() == 5) {
        const auto found = convolutions.find(node.inputs[0]);
        if (found != convolutions.end() && fold(*found->second, node)) continue;
      }
      kept.push_back(std::move(node));
      OnnxNode& last = kept.back();
      if (last.op_type != "Conv" || !last.domain.empty()) continue;
      if (last.inputs.size() >= 2 && last.outputs.size() == 1) {
        convolutions[last.outputs[0]] = &last;
      }
    }
    const std::size_t folded = model_.nodes.size() - kept.size();
    model_.nodes = std::move(kept);
    if (folded > 0) remove_unused(model_);
    return folded;
  }

 private:
  const OnnxTensor* constant(const std::string& name) const {
    const auto found = constants_.find(name);
    return found == constants_.end() ? nullptr : &model_.initializers[found->second];
  }

  template <class Number>
  static std::vector<double> numbers(const OnnxTensor& tensor) {
    std::vector<Number> values(tensor.data.size() / sizeof(Number));
    if (!values.empty()) {
      std::memcpy(values.data(), tensor.data.data(), values.size() * sizeof(Number));
    }
    return {values.begin(), values.end()};
  }

  bool fold(OnnxNode& convolution, const OnnxNode& norm) {
    if (uses_[convolution.outputs[0]] != 1) return false;
    std::vector<const OnnxTensor*> all{constant(convolution.inputs[1])};
    if (convolution.inputs.size() > 2) all.push_back(constant(convolution.inputs[2]));
    for (std::size_t i = 1; i < 5; ++i) all.push_back(constant(norm.inputs[i]));
    for (const OnnxTensor* tensor : all) {
      if (tensor == nullptr || tensor->type != all[0]->type) return false;
    }
    if (all[0]->type == OnnxType::kFloat) return fold_as<float>(convolution, norm);
    if (all[0]->type == OnnxType::kDouble) return fold_as<double>(convolution, norm);
    return false;
  }

  template <class Number>
  bool fold_as(OnnxNode& convolution, const OnnxNode& norm) {
    const OnnxTensor& weight = *constant(convolution.inputs[1]);
    const auto vector = [&](std::size_t input) {
      return numbers<Number>(*constant(norm.inputs[input]));
    };
    const std::vector<double> scale = vector(1);
    const std::vector<double> shift = vector(2);
    const std::vector<double> mean = vector(3);
    const std::vector<double> variance = vector(4);
    std::vector<double> bias(mean.size(), 0);
    if (convolution.inputs.size() > 2) bias = numbers<Number>(*constant(convolution.inputs[2]));
    const std::size_t channels = mean.size();
    if (channels == 0 || weight.sizes.empty() ||
        weight.sizes[0] != static_cast<std::int64_t>(channels) || bias.size() != channels ||
        scale.size() != channels || shift.size() != channels || variance.size() != channels) {
      return false;
    }
    double epsilon = 1e-5;
    if (const auto found = norm.attributes.find("epsilon"); found != norm.attributes.end()) {
      const float* const given = std::get_if<float>(&found->second);
      if (given == nullptr) return false;
      epsilon = static_cast<double>(*given);
    }
    const std::vector<double> values = numbers<Number>(weight);
    std::vector<Number> folded(values.size());
    std::vector<Number> offsets(channels);
    const std::size_t row = values.size() / channels;
    for (std::size_t c = 0; c < channels; ++c) {
      const double factor = scale[c] / std::sqrt(variance[c] + epsilon);
      for (std::size_t i = c * row; i < (c + 1) * row; ++i) {
        folded[i] = static_cast<Number>(values[i] * factor);
      }
      offsets[c] = static_cast<Number>((bias[c] - mean[c]) * factor + shift[c]);
    }
    convolution.inputs = {convolution.inputs[0],
                          add<Number>(convolution.inputs[1] + ".folded", weight.sizes, folded),
                          add<Number>(convolution.inputs[1] + ".folded_bias",
                                      {static_cast<std::int64_t>(channels)}, offsets)};
    convolution.outputs = norm.outputs;
    return true;
  }

  template <class Number>
  std::string add(std::string name, std::vector<std::int64_t> sizes,
                  const std::vector<Number>& values) {
    while (constants_.contains(name)) name += '_';  // of a weight that several share
    OnnxTensor tensor{name, sizeof(Number) == sizeof(float) ? OnnxType::kFloat : OnnxType::kDouble,
                      std::move(sizes), std::string(values.size() * sizeof(Number), '\0')};
    if (!values.empty()) std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
    constants_[name] = model_.initializers.size();
    model_.initializers.push_back(std::move(tensor));
    return name;
  }

  OnnxModel& model_;
  std::map<std::string, std::size_t> constants_;
  std::map<std::string, std::size_t> uses_;
};

}  // namespace detail

/// Folds each BatchNormalization that is all that reads a Conv's result into that Conv:
///
///   W' = W * f,   b' = (b - mean) * f + beta,   f = gamma / sqrt(variance + epsilon)  per channel
///
/// Computed as double and rounded once: outputs agree with the model's up to rounding. Returns how
/// many were folded. Others stay: those behind something else, with inputs that are no constants,
/// of types other than float and double. *Source*: Jacob et al. (CVPR 2018), section 3.2.
inline std::size_t fold_batch_norm(OnnxModel& model) {
  return detail::OnnxBatchNormFolding(model).run();
}

}  // namespace interchoice
