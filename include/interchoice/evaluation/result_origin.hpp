#pragma once

#include <torch/nn/module.h>

#include <string>

#include "interchoice/core/space.hpp"
#include "interchoice/data/batch_source.hpp"
#include "interchoice/evaluation/recalibration.hpp"
#include "interchoice/evaluation/result_log.hpp"
#include "interchoice/io/detail/digest.hpp"
#include "interchoice/nn/begin_epoch.hpp"

namespace interchoice {

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
          {"images", std::to_string(validation.example_count())},
          {"weights", weights.text()},
          {"first_batches", images.text()}};
}

}  // namespace interchoice
