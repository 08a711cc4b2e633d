#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "examples/named_optimizer.hpp"
#include "examples/program_data.hpp"
#include "examples/study/experiment.hpp"

namespace examples {

/// The numbers of an experiment whose super-networks are trained by the paper's protocol for
/// NAS-Bench-201, but for what is here.
struct ExperimentPlan {
  std::string name = {};
  std::string network = "nasbench201";
  NetworkSizes sizes = {};
  DataOptions data = {};
  std::string restriction = "all";
  std::uint64_t architectures = 200;  ///< a random sample where there are more
  std::size_t epochs = 20;
  std::int64_t batch = 32;
  NamedOptimizer optimizer = {};
  double learning_rate = 0.025;
  std::int64_t calibration_batches = 20;
  std::int64_t calibration_batch = 0;  ///< images of each; 0: as for training
};

/// The experiment of a plan: one evaluation, `predictions`. Data that are loaded already can be
/// given.
///
/// *Throws*: as `load_program_data`; UsageError for a network that there is not.
Experiment experiment_of(const ExperimentPlan& plan,
                         std::shared_ptr<const ProgramData> data = nullptr);

}  // namespace examples
