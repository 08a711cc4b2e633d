#pragma once

// The optimizers that programs know by name.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "examples/number_options.hpp"
#include "interchoice/training/optimizer.hpp"
#include "interchoice/training/separate_momentum.hpp"

namespace examples {

namespace ic = interchoice;

struct NamedOptimizer {
  std::string name = "sgd";                 ///< or adamw
  std::optional<double> weight_decay = {};  ///< the optimizer's default if not given
  ic::TableStep tables = {};
  /// Of sgd: what has a momentum of its own.
  std::optional<ic::MomentumGroups> momentum = {};

  ic::OptimizerMaker maker() const {
    if (name == "adamw") return with<ic::AdamW>();
    if (!momentum) return with<ic::Sgd>();
    return ic::SeparateMomentum{.sgd = with<ic::Sgd>(), .groups = *momentum};
  }
  /// The weight decay that it has.
  double decay() const {
    return weight_decay.value_or(name == "adamw" ? ic::AdamW{}.weight_decay
                                                 : ic::Sgd{}.weight_decay);
  }

 private:
  template <class Optimizer>
  Optimizer with() const {
    Optimizer optimizer;
    optimizer.weight_decay = decay();
    optimizer.tables = tables;
    return optimizer;
  }
};

/// Options --optimizer and --weight-decay.
inline void add_optimizer_options(CLI::App& app, NamedOptimizer& optimizer) {
  app.add_option("--optimizer", optimizer.name,
                 "adamw for transformers, with a --learning-rate such as 0.003")
      ->check(CLI::IsMember({"sgd", "adamw"}))
      ->capture_default_str();
  app.add_option("--weight-decay", optimizer.weight_decay,
                 "3e-4 for sgd, 0.01 for adamw if not given")
      ->check(number_at_least_zero());
}

}  // namespace examples
