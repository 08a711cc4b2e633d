#pragma once

// NAS-Bench-Macro: the sequential space whose ground truth is public, on CIFAR-10.

#include <CLI/CLI.hpp>
#include <string>

#include "examples/reproduce/budget.hpp"
#include "examples/study/experiment.hpp"

namespace reproduce {

/// Where images and ground truth come from.
struct NasBenchMacroData {
  std::string images;  ///< cifar10:FOLDER; empty for the embedded digits, with the budget `smoke`
  std::string truth;   ///< the benchmark's table as a CSV file
};
void add_data_options(CLI::App& app, NasBenchMacroData& data);

/// The parts of the training that figure 7 varies.
struct NasBenchMacroVariant {
  double epochs_factor = 1;            ///< times the budget's epochs
  std::string augmentation = "usual";  ///< as in DataOptions
};

/// All architectures, or a random sample of them.
examples::Experiment nasbench_macro_experiment(const NasBenchMacroData& data, Budget budget,
                                               const NasBenchMacroVariant& variant = {});

}  // namespace reproduce
