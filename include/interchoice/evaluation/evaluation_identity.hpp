#pragma once

#include <torch/nn/module.h>

#include <set>
#include <string>

#include "interchoice/core/identity.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/evaluation/evaluation_data.hpp"
#include "interchoice/evaluation/recalibration.hpp"
#include "interchoice/io/detail/tensor_digest.hpp"
#include "interchoice/io/digest.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/settle_weights.hpp"

namespace interchoice {

namespace detail {

inline Identity evaluation_identity(const std::string& space, const torch::nn::Module& network,
                                    const EvaluationData& data,
                                    const Recalibration& recalibration) {
  std::set<std::string> seen;
  std::string policies;
  for_each_choice_block(network, [&](const std::string&, const AnyChoiceBlock& block) {
    const auto [policy, is_new] = seen.insert(block.policy());
    if (is_new) policies += (policies.empty() ? "" : "; ") + *policy;
  });
  settle_weights(network);
  Digest weights;
  const auto add_weights = [&](const auto& named_tensors) {
    for (const auto& tensor : named_tensors) {
      weights.add(tensor.key());
      add_tensor(weights, tensor.value());
    }
  };
  add_weights(network.named_parameters());
  add_weights(network.named_buffers());
  Digest images;
  if (recalibration.calibrates()) {
    images.add(data.calibration.text());
    add_tensor(images, data.calibration.calibration(0).data);
  }
  images.add(data.validation.text());
  if (data.validation.size() > 0) {
    const Batch batch = data.validation.evaluation(0);
    add_tensor(images, batch.data);
    add_tensor(images, batch.target);
  }
  return {{"space", space},
          {"policy", policies},
          {"recalibration", to_text(recalibration)},
          {"images", std::to_string(data.validation.example_count())},
          {"weights", weights.text()},
          {"batches", images.text()}};
}

}  // namespace detail

/// The facts that the results of an evaluation stand for: the space, the policies of the network's
/// choice blocks, the recalibration, the number of images, a digest of all parameters and buffers,
/// and one of the texts of calibration and validation data and the first batch of each.
template <SearchSpace Space>
Identity evaluation_identity(const torch::nn::Module& network, const EvaluationData& data,
                             const Recalibration& recalibration) {
  return detail::evaluation_identity(space_signature<Space>(), network, data, recalibration);
}

}  // namespace interchoice
