#include "examples/study/experiment_plan.hpp"

#include <fmt/core.h>

#include <utility>

#include "interchoice/training/protocols.hpp"

namespace examples {

Experiment experiment_of(const ExperimentPlan& plan, std::shared_ptr<const ProgramData> data) {
  const NetworkKind& kind = network_kind(plan.network);
  if (data == nullptr) data = std::make_shared<const ProgramData>(load_program_data(plan.data));
  const std::int64_t calibration_batch =
      plan.calibration_batch > 0 ? plan.calibration_batch : plan.batch;
  ic::Training training = ic::protocols::nasbench201().training();
  training.epochs = plan.epochs;
  training.optimizer = plan.optimizer.maker();
  training.learning_rate = ic::cosine(plan.learning_rate, 1e-5);
  ic::Identity settings{{"network", kind.name()},
                        {"restriction", plan.restriction},
                        {"data", data->name},
                        {"augmentation", plan.data.augmentation},
                        {"training images", fmt::format("{}", data->training_images)},
                        {"validation images", fmt::format("{}", data->validation.example_count())},
                        {"epochs", fmt::format("{}", plan.epochs)},
                        {"batch", fmt::format("{}", plan.batch)},
                        {"learning rate", fmt::format("{}", plan.learning_rate)},
                        {"calibration batches", fmt::format("{}", plan.calibration_batches)},
                        {"calibration batch", fmt::format("{}", calibration_batch)}};
  if (plan.optimizer.name != "sgd" || plan.optimizer.weight_decay) {  // else the protocol's
    settings.set("optimizer", training.optimizer.text());
  }
  settings.set(kind.options(plan.sizes, data->shape));
  return {
      .name = plan.name,
      .kind = &kind,
      .sizes = plan.sizes,
      .restriction = plan.restriction,
      .data = std::move(data),
      .batch = plan.batch,
      .calibration_batch = calibration_batch,
      .training = std::move(training),
      .evaluations = {{.name = "predictions",
                       .architectures = kind.architectures(plan.restriction, plan.architectures),
                       .recalibration = ic::Recalibration::paper(plan.calibration_batches)}},
      .settings = std::move(settings)};
}

}  // namespace examples
