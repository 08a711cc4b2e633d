#pragma once

#include <c10/util/Exception.h>

#include <algorithm>
#include <string>

#include "interchoice/predictors/scored_network.hpp"

namespace interchoice {

/// How many choices of an architecture take an operation of a name, `nor_conv_3x3` say. *Throws*
/// c10::Error for a network of which no architecture is known (`ScoredNetwork::set_operations`).
struct OperationCount {
  std::string operation;

  /// `count:nor_conv_3x3`, say.
  std::string name() const { return "count:" + operation; }

  double operator()(const ScoredNetwork& network) const {
    const auto& names = network.operations();
    TORCH_CHECK(!names.empty(), "interchoice: the score ", name(),
                " counts the choices of an architecture; say them with set_operations, or take "
                "predictor_scores");
    return static_cast<double>(std::count(names.begin(), names.end(), operation));
  }
};

}  // namespace interchoice
