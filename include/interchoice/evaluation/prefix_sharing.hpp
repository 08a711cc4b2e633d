#pragma once

#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/data/batch_source.hpp"
#include "interchoice/evaluation/batch_norm_buffers.hpp"
#include "interchoice/evaluation/detail/touched_buffers.hpp"
#include "interchoice/evaluation/recalibration.hpp"
#include "interchoice/evaluation/sharing_plan.hpp"
#include "interchoice/networks/segments.hpp"
#include "interchoice/nn/device.hpp"

namespace interchoice {

/// How evaluation shares what architectures have in common.
struct PrefixSharing {
  /// Most bytes of activations that are kept between architectures, for all calibration and
  /// evaluation images together. What does not fit is computed again.
  std::size_t memory_limit = std::size_t{2} << 30;
};

namespace detail {

/// Whether the module behind a holder can be run segment by segment.
template <class Network>
concept HoldsSegments =
    SegmentedNetwork<std::remove_reference_t<decltype(*std::declval<Network&>())>>;

inline double bytes_of(const Activations& activations) {
  std::size_t bytes = 0;
  for (const at::Tensor& x : activations) bytes += x.nbytes();
  return static_cast<double>(bytes);
}

}  // namespace detail

/// The plan by which `rank` evaluates architectures with shared prefixes. Sizes of activations are
/// those of the first architecture, measured on one batch of each kind; the network is left as it
/// was.
template <class Network, SearchSpace Space, BatchSource Calibration, BatchSource Validation>
SharingPlan plan_sharing(Network& network, const Calibration& calibration,
                         const Validation& validation,
                         const std::vector<Architecture<Space>>& architectures,
                         const Recalibration& recalibration, const PrefixSharing& sharing = {}) {
  static_assert(detail::HoldsSegments<Network>,
                "interchoice: plan_sharing needs a network with `segments()` and "
                "`run_segment(i, activations, architecture)`; see networks/segments.hpp");
  const std::vector<Segment> segments = network->segments();
  if (architectures.empty()) return SharingPlan(segments, architectures);
  const c10::NoGradGuard no_grad;
  const BatchNormBuffers buffers(*network);
  network->eval();
  std::vector<double> kept(segments.size() + 1, 0);
  const auto measure = [&](at::Tensor data, double images) {
    const double scale = images / static_cast<double>(data.size(0));
    Activations activations{std::move(data)};
    kept[0] += scale * detail::bytes_of(activations);
    for (std::size_t i = 0; i < segments.size(); ++i) {
      network->run_segment(i, activations, architectures.front());
      kept[i + 1] += scale * detail::bytes_of(activations);
    }
  };
  const at::Device device = device_of(*network);
  if (recalibration.calibrates()) {
    at::Tensor data = on_device(calibration.calibration(0), device).data;
    const auto images = static_cast<double>(recalibration.batches * data.size(0));
    measure(std::move(data), images);
  }
  if (validation.size() > 0) {
    measure(on_device(validation.evaluation(0), device).data,
            static_cast<double>(validation.image_count()));
  }
  return SharingPlan(segments, architectures, kept, static_cast<double>(sharing.memory_limit));
}

/// Runs a plan: recalibrates and evaluates architectures segment by segment, what they share once.
///
/// Every result has the bits that the architecture gets on its own: a calibration batch's
/// activations depend on the segments so far alone (each BatchNorm normalises by the batch), a
/// BatchNorm sees the same batches in the same order, and evaluation batches go through a segment
/// with the statistics that its calibration left. Segments that another architecture takes over
/// keep their statistics; those of a branch that is done are put back.
///
/// *Throws* c10::Error if a module whose buffers calibration moves is used by two segments, or a
/// segment changes its input in place: then prefixes cannot be shared. *Cost*: see `sharing_cost`;
/// memory beside the network: the kept levels, and one more copy of its buffers.
template <class Network, SearchSpace Space, BatchSource Calibration, BatchSource Validation>
class SharedEvaluation {
 public:
  /// Takes references to all but the recalibration and the plan; whoever makes it guards the
  /// network with `BatchNormBuffers`.
  SharedEvaluation(Network& network, const Calibration& calibration, const Validation& validation,
                   const std::vector<Architecture<Space>>& architectures,
                   const Recalibration& recalibration, SharingPlan plan)
      : network_(network),
        calibration_(calibration),
        validation_(validation),
        architectures_(architectures),
        recalibration_(recalibration),
        plan_(std::move(plan)),
        device_(device_of(*network)),
        norms_(detail::running_norms(*network)) {
    detail::check(recalibration);
  }

  /// Calls `result(position, accuracy)` for every architecture in the plan's order; a result of
  /// false ends it.
  template <class Result>
  void run(const Result& result) {
    const c10::NoGradGuard no_grad;
    if (recalibration_.reset) detail::reset_statistics(norms_);
    detail::TouchedBuffers touched(*network_, norms_, network_->segments());
    detail::set_evaluation_mode(*network_, recalibration_);
    std::vector<Kept> stack;
    for (const SharingPlan::Step& step : plan_.steps()) {
      while (!stack.empty() && stack.back().level > step.from) {
        stack.pop_back();
        touched.restore_behind(stack.empty() ? 0 : stack.back().level);
      }
      const Kept* const source = stack.empty() ? nullptr : &stack.back();
      const bool is_leaf = step.to == plan_.segment_count();
      Kept kept{step.to, {}, {}};
      const std::int64_t correct = advance(step, source, is_leaf ? nullptr : &kept, touched);
      if (!is_leaf) {
        stack.push_back(std::move(kept));
        continue;
      }
      touched.restore_behind(step.from);
      const double accuracy =
          static_cast<double>(correct) / static_cast<double>(validation_.image_count());
      for (std::size_t i = step.first; i < step.last; ++i) {
        if (!result(plan_.order()[i], accuracy)) return;
      }
    }
  }

 private:
  struct Kept {
    std::size_t level;
    std::vector<Activations> calibration;
    std::vector<Activations> validation;
  };

  // Runs a step for all images; into `kept` or to the number of right ones.
  std::int64_t advance(const SharingPlan::Step& step, const Kept* source, Kept* kept,
                       detail::TouchedBuffers& touched) {
    const Architecture<Space>& architecture = architectures_[plan_.order()[step.first]];
    if (recalibration_.calibrates()) {
      detail::calibrate_norms(
          *network_, norms_, detail::update_of(recalibration_), recalibration_.batches,
          [&](std::int64_t i) {
            Activations activations =
                source != nullptr
                    ? source->calibration[static_cast<std::size_t>(i)]
                    : Activations{on_device(calibration_.calibration(i), device_).data};
            run_segments(step, activations, architecture, i == 0 ? &touched : nullptr);
            if (kept != nullptr) kept->calibration.push_back(std::move(activations));
          });
      network_->eval();
    }
    std::int64_t correct = 0;
    for (std::int64_t i = 0; i < validation_.size(); ++i) {
      Activations activations;
      if (source != nullptr) {
        activations = source->validation[static_cast<std::size_t>(i)];
      } else {
        const Batch batch = on_device(validation_.evaluation(i), device_);
        activations = {batch.data};
        if (targets_.size() == static_cast<std::size_t>(i)) targets_.push_back(batch.target);
      }
      run_segments(step, activations, architecture, nullptr);
      if (kept != nullptr) {
        kept->validation.push_back(std::move(activations));
      } else {
        correct += activations.front()
                       .argmax(1)
                       .eq(targets_[static_cast<std::size_t>(i)])
                       .sum()
                       .template item<std::int64_t>();
      }
    }
    return correct;
  }

  void run_segments(const SharingPlan::Step& step, Activations& activations,
                    const Architecture<Space>& architecture, detail::TouchedBuffers* touched) {
    const Activations input = activations;
    std::vector<std::int64_t> versions;
    for (const at::Tensor& x : input) versions.push_back(x._version());
    if (touched != nullptr) touched->begin();
    for (std::size_t i = step.from; i < step.to; ++i) {
      network_->run_segment(i, activations, architecture);
      if (touched != nullptr) touched->claim(i);
    }
    for (std::size_t k = 0; k < input.size(); ++k) {
      TORCH_CHECK(input[k]._version() == versions[k], "interchoice: prefix sharing: segments ",
                  step.from, " to ", step.to - 1, " change activation ", k,
                  " in place, which other architectures need; compute out of place, or rank "
                  "without sharing");
    }
  }

  Network& network_;
  const Calibration& calibration_;
  const Validation& validation_;
  const std::vector<Architecture<Space>>& architectures_;
  Recalibration recalibration_;
  SharingPlan plan_;
  at::Device device_;
  std::vector<detail::RunningNorm> norms_;
  std::vector<at::Tensor> targets_;
};

}  // namespace interchoice
