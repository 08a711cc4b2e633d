#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "interchoice/core/space.hpp"
#include "interchoice/data/batch_source.hpp"
#include "interchoice/evaluation/recalibration.hpp"
#include "interchoice/evaluation/result_log.hpp"
#include "interchoice/nn/begin_epoch.hpp"

namespace interchoice {

namespace detail {

/// FNV-1a over texts and tensors, eight bytes a step; the same on every device.
class Digest {
 public:
  void add(std::string_view text) {
    for (const char c : text) step(static_cast<unsigned char>(c));
    step(text.size());
  }
  void add(const at::Tensor& tensor) {
    const at::Tensor x = tensor.detach().cpu().contiguous();
    for (const std::int64_t size : x.sizes()) step(static_cast<std::uint64_t>(size));
    const auto* bytes = static_cast<const unsigned char*>(x.const_data_ptr());
    const std::size_t count = x.nbytes();
    for (std::size_t i = 0; i < count; i += 8) {
      std::uint64_t word = 0;
      for (std::size_t k = i; k < i + 8 && k < count; ++k) word = word << 8 | bytes[k];
      step(word);
    }
  }
  std::string text() const {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[value_ >> shift & 15];
    return text;
  }

 private:
  void step(std::uint64_t word) {
    value_ = (value_ ^ word) * 1099511628211ULL;
    value_ ^= value_ >> 32;  // high bits matter, too
  }
  std::uint64_t value_ = 14695981039346656037ULL;
};

}  // namespace detail

/// What the results of an evaluation belong to: the space, the policies of its choice blocks, the
/// recalibration, the number of images, a digest of all parameters and buffers, and one of the
/// first calibration and evaluation batch.
template <SearchSpace Space, BatchSource Calibration, BatchSource Validation>
ResultOrigin result_origin(const torch::nn::Module& network, const Calibration& calibration,
                           const Validation& validation, const Recalibration& recalibration) {
  std::string policies;
  detail::for_each_choice_block(network, [&](const std::string&, const AnyChoiceBlock& block) {
    const std::string policy = block.policy();
    if (("; " + policies + ";").find("; " + policy + ";") != std::string::npos) return;
    policies += (policies.empty() ? "" : "; ") + policy;
  });
  detail::Digest weights;
  for (const auto& parameter : network.named_parameters()) {
    weights.add(parameter.key());
    weights.add(parameter.value());
  }
  for (const auto& buffer : network.named_buffers()) {
    weights.add(buffer.key());
    weights.add(buffer.value());
  }
  detail::Digest images;
  if (recalibration.calibrates()) images.add(calibration.calibration(0).data);
  if (validation.size() > 0) {
    const Batch batch = validation.evaluation(0);
    images.add(batch.data);
    images.add(batch.target);
  }
  return {{"space", space_signature<Space>()},
          {"policy", policies},
          {"recalibration", to_text(recalibration)},
          {"images", std::to_string(validation.image_count())},
          {"weights", weights.text()},
          {"first_batches", images.text()}};
}

}  // namespace interchoice
