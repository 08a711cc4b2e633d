#include "examples/reproduce/nasbench_macro.hpp"

#include <fmt/core.h>

#include "examples/study/experiment_plan.hpp"

namespace reproduce {

namespace {

examples::ExperimentPlan plan_of(Budget budget) {
  if (budget == Budget::kPaper) {
    return {.sizes = {.width = 32, .head_width = 1280},
            .data = {.validation = 5'000},
            .architectures = 1'000,
            .epochs = 250,
            .batch = 256};
  }
  if (budget == Budget::kCpu) {
    return {.sizes = {.width = 8, .head_width = 128},
            .data = {.images = 4'000, .validation = 1'000}};
  }
  return {.sizes = {.width = 8, .head_width = 16},
          .data = {.images = 128, .validation = 100},
          .architectures = 50,
          .epochs = 2,
          .calibration_batches = 2};
}

}  // namespace

void add_data_options(CLI::App& app, NasBenchMacroData& data) {
  app.add_option("--data", data.images,
                 "cifar10:FOLDER with CIFAR-10's binary files; without it the embedded digits");
  app.add_option("--truth", data.truth,
                 "NAS-Bench-Macro's table: a CSV file with `arch`, `mean_acc`")
      ->required()
      ->check(CLI::ExistingFile);
}

examples::Experiment nasbench_macro_experiment(const NasBenchMacroData& data, Budget budget,
                                               const NasBenchMacroVariant& variant) {
  if (data.images.empty() != (budget == Budget::kSmoke)) {
    throw examples::UsageError(
        "--data cifar10:FOLDER is needed for the budgets paper and cpu; smoke takes none");
  }
  examples::ExperimentPlan plan = plan_of(budget);
  plan.network = "macro";
  plan.data.data = data.images.empty() ? "digits" : data.images;
  plan.data.augmentation = variant.augmentation;
  plan.epochs = static_cast<std::size_t>(variant.epochs_factor * static_cast<double>(plan.epochs));
  plan.name = fmt::format(
      "nasbench_macro-{}-epochs{}", plan.epochs,
      variant.augmentation == "usual" ? "" : "-" + variant.augmentation + "_augmentation");
  return examples::experiment_of(plan);
}

}  // namespace reproduce
