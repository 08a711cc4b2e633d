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
#include "interchoice/evaluation/evaluation_data.hpp"
#include "interchoice/networks/segments.hpp"

namespace benchmarks {

namespace ic = interchoice;

/// Seconds that the segments of a network take for all images, each measured when first asked for:
///
///   n_calibration * t(calibration batch, training mode) + n_validation * t(batch, evaluation mode)
///
/// with t the shortest of three repetitions on one batch, for each combination of the choices that
/// the segment reads. A sample architecture's activations enter each segment, so shapes must not
/// depend on the architecture. The network's BatchNorm statistics and modes are put back at the
/// end.
template <class Network, class Space>
class SegmentSeconds {
 public:
  SegmentSeconds(Network& network, const ic::EvaluationData& data, std::int64_t calibration_batches,
                 const ic::Architecture<Space>& sample)
      : network_(network), buffers_(*network), segments_(network->segments()) {
    add({static_cast<double>(calibration_batches), true}, data.calibration.calibration(0).data,
        sample);
    add({static_cast<double>(data.validation.size()), false}, data.validation.evaluation(0).data,
        sample);
  }

  double operator()(std::size_t segment, const ic::Architecture<Space>& architecture) {
    std::vector<std::uint8_t> read;
    for (const std::size_t choice : segments_[segment].choices) {
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
    std::vector<ic::Activations> inputs = {};  // of each segment
  };

  void add(Pass pass, const at::Tensor& data, const ic::Architecture<Space>& sample) {
    const c10::NoGradGuard no_grad;
    network_->train(pass.is_calibration);
    ic::Activations activations{data};
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      pass.inputs.push_back(activations);
      network_->run_segment(i, activations, sample);
    }
    passes_.push_back(std::move(pass));
  }

  double time(const Pass& pass, std::size_t segment, const ic::Architecture<Space>& architecture) {
    const c10::NoGradGuard no_grad;
    network_->train(pass.is_calibration);
    double shortest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < 3; ++i) {
      ic::Activations activations = pass.inputs[segment];
      const auto begin = std::chrono::steady_clock::now();
      network_->run_segment(segment, activations, architecture);
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
      shortest = std::min(shortest, seconds.count());
    }
    return shortest;
  }

  Network& network_;
  ic::BatchNormBuffers buffers_;
  std::vector<ic::Segment> segments_;
  std::vector<Pass> passes_;
  std::map<std::pair<std::size_t, std::vector<std::uint8_t>>, double> measured_;
};

}  // namespace benchmarks
