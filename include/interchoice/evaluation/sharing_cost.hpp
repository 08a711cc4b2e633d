#pragma once

#include <c10/core/GradMode.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/evaluation/batch_norm_buffers.hpp"
#include "interchoice/evaluation/detail/evaluated_network.hpp"
#include "interchoice/evaluation/detail/norm_calibration.hpp"
#include "interchoice/evaluation/evaluation_data.hpp"
#include "interchoice/evaluation/recalibration.hpp"
#include "interchoice/evaluation/sharing_plan.hpp"
#include "interchoice/networks/segments.hpp"

namespace interchoice {

/// The work that sharing prefixes is expected to save.
struct SharingCost {
  std::size_t networks = 0;     ///< different networks among the architectures
  std::size_t runs_alone = 0;   ///< segment runs if each network is evaluated on its own
  std::size_t runs_shared = 0;  ///< segment runs by the plan
  double cost_alone = 0;        ///< the same, each run weighted by its cost
  double cost_shared = 0;

  /// cost_shared / cost_alone, in (0, 1]; 1 if there is nothing to evaluate.
  double ratio() const { return cost_alone > 0 ? cost_shared / cost_alone : 1; }
};

/// The work that a plan saves, before anything is evaluated:
///
///   cost_shared = sum over steps       of sum over their segments of cost(segment, architecture)
///   cost_alone  = sum over networks    of sum over all segments   of cost(segment, architecture)
///
/// `cost(segment, architecture)` is the cost of running a segment for all images: parameters, MACs,
/// seconds (`MeasuredSegmentCosts`), or 1. *Cost*: one call for each segment run.
template <SearchSpace Space, class Cost>
SharingCost sharing_cost(const SharingPlan& plan,
                         const std::vector<Architecture<Space>>& architectures, Cost&& cost) {
  SharingCost total;
  const std::size_t segments = plan.segment_count();
  for (const SharingPlan::Step& step : plan.steps()) {
    const Architecture<Space>& architecture = architectures[plan.order()[step.first]];
    const bool is_leaf = step.to == segments;
    total.networks += is_leaf ? 1 : 0;
    total.runs_alone += is_leaf ? segments : 0;
    total.runs_shared += step.to - step.from;
    for (std::size_t i = is_leaf ? 0 : step.from; i < step.to; ++i) {
      const double value = cost(i, architecture);
      if (is_leaf) total.cost_alone += value;
      if (i >= step.from) total.cost_shared += value;
    }
  }
  return total;
}

/// Seconds that the segments of a network take for all images, each measured when first asked for:
///
///   n_calibration * t(calibration batch, training mode) + n_validation * t(batch, evaluation mode)
///
/// with t the shortest of some repetitions on one batch, for each combination of the choices that
/// the segment reads. A sample architecture's activations enter each segment, so shapes must not
/// depend on the architecture.
///
/// While it lives the network's BatchNorm statistics and modes move; they are put back when it
/// ends. *Cost*: repetitions * 2 batches for each combination.
template <SearchSpace Space>
class MeasuredSegmentCosts {
 public:
  template <class Network>
  MeasuredSegmentCosts(Network& network, const EvaluationData& data,
                       const Recalibration& recalibration, const Architecture<Space>& sample,
                       std::size_t repetitions = 3)
      : network_(detail::evaluated<Space>(network)),
        buffers_(*network),
        calibration_(*network, recalibration),
        repetitions_(repetitions) {
    const at::Device device = calibration_.device();
    if (recalibration.calibrates()) {
      add({static_cast<double>(recalibration.batches), true},
          on_device(data.calibration.calibration(0), device).data, sample);
    }
    if (data.validation.size() > 0) {
      add({static_cast<double>(data.validation.size()), false},
          on_device(data.validation.evaluation(0), device).data, sample);
    }
  }

  double operator()(std::size_t segment, const Architecture<Space>& architecture) {
    std::vector<std::uint8_t> read;
    for (const std::size_t choice : network_.segments[segment].choices) {
      read.push_back(architecture[choice]);
    }
    const auto [at, is_new] = measured_.try_emplace({segment, std::move(read)}, 0);
    if (is_new) {
      for (const Pass& pass : passes_) at->second += pass.count * time(pass, segment, architecture);
    }
    return at->second;
  }

 private:
  struct Pass {
    double count;
    bool is_calibration;
    std::vector<Activations> inputs = {};  // of each segment
  };

  void set_mode(const Pass& pass) {
    calibration_.evaluation_mode();
    if (pass.is_calibration) network_.module.train();
  }

  void add(Pass pass, const at::Tensor& data, const Architecture<Space>& sample) {
    const c10::NoGradGuard no_grad;
    set_mode(pass);
    Activations activations{data};
    for (std::size_t i = 0; i < network_.segments.size(); ++i) {
      pass.inputs.push_back(activations);
      network_.run_segment(i, activations, sample);
    }
    passes_.push_back(std::move(pass));
  }

  double time(const Pass& pass, std::size_t segment, const Architecture<Space>& architecture) {
    const c10::NoGradGuard no_grad;
    set_mode(pass);
    double shortest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < repetitions_; ++i) {
      Activations activations = pass.inputs[segment];
      const auto begin = std::chrono::steady_clock::now();
      network_.run_segment(segment, activations, architecture);
      activations.back().flatten()[0].template item<double>();  // waits for a GPU
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
      shortest = std::min(shortest, seconds.count());
    }
    return shortest;
  }

  detail::EvaluatedNetwork<Space> network_;
  BatchNormBuffers buffers_;
  detail::NormCalibration calibration_;
  std::size_t repetitions_;
  std::vector<Pass> passes_;
  std::map<std::pair<std::size_t, std::vector<std::uint8_t>>, double> measured_;
};

}  // namespace interchoice
