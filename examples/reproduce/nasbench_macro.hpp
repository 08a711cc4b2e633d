#pragma once

// NAS-Bench-Macro: the sequential space whose ground truth is public, on CIFAR-10.

#include <string>

#include "examples/reproduce/budget.hpp"
#include "examples/reproduce/experiment.hpp"
#include "interchoice/data/batches.hpp"
#include "interchoice/evaluation/benchmark_table.hpp"
#include "interchoice/networks/nasbench_macro.hpp"

namespace reproduce {

using NasBenchMacro = Experiment<ic::NasBenchMacro, ic::Batches>;

/// Where images and ground truth come from.
struct NasBenchMacroData {
  std::string images;  ///< cifar10:FOLDER; empty for the embedded digits, with the budget `smoke`
  std::string truth;   ///< the benchmark's table as a CSV file
};
void add_data_options(CLI::App& app, NasBenchMacroData& data);

/// The parts of the training that figure 7 varies.
struct NasBenchMacroVariant {
  enum class Augmentation { kNone, kUsual, kStrong };

  double epochs_factor = 1;  ///< times the budget's epochs
  /// Of the training images: none, as the data's protocol says, or with twice its shift.
  Augmentation augmentation = Augmentation::kUsual;
};

/// All architectures, or a random sample of them.
NasBenchMacro nasbench_macro_experiment(const NasBenchMacroData& data, Budget budget,
                                        const NasBenchMacroVariant& variant = {});

}  // namespace reproduce
