#include "examples/reproduce/fairnas.hpp"

#include <algorithm>

#include "examples/study/experiment_plan.hpp"
#include "interchoice/training/protocols.hpp"

namespace reproduce {

namespace {

examples::ExperimentPlan plan_of(Budget budget) {
  if (budget == Budget::kPaper) {
    return {.sizes = {.width_multiplier = 1},
            .data = {.image_size = 224},
            .architectures = 250,
            .epochs = 600,
            .batch = 128};
  }
  if (budget == Budget::kCpu) {
    return {.sizes = {.width_multiplier = 0.25},
            .data = {.image_size = 64},
            .architectures = 100,
            .epochs = 120};
  }
  return {.sizes = {.width_multiplier = 0.25},
          .data = {.image_size = 32},
          .architectures = 6,
          .epochs = 1,
          .batch = 64,
          .calibration_batches = 2};
}

}  // namespace

examples::Experiment fairnas_experiment(const std::string& images, Budget budget) {
  examples::ExperimentPlan plan = plan_of(budget);
  plan.name = "fairnas";
  plan.network = "fairnas";
  plan.data.data = "folder:" + images;
  plan.learning_rate = 0.05;
  examples::Experiment experiment = examples::experiment_of(plan);
  experiment.training = ic::protocols::subimagenet_supernet().training();
  experiment.training.epochs = plan.epochs;
  // The paper's five epochs of warm-up are too many of a few.
  experiment.training.learning_rate =
      ic::warm_up(std::min<std::size_t>(5, plan.epochs / 4), ic::cosine(plan.learning_rate, 1e-5));
  return experiment;
}

}  // namespace reproduce
