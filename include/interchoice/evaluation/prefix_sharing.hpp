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
  /// evaluation images together; never more, whatever an architecture's activations take. What does
  /// not fit is computed again.
  std::size_t memory_limit = std::size_t{2} << 30;
};

namespace detail {

/// Whether the module behind a holder can be run segment by segment.
template <class Network>
concept HoldsSegments =
    SegmentedNetwork<std::remove_reference_t<decltype(*std::declval<Network&>())>>;

/// What keeping activations keeps from being freed: the whole storage of a tensor that is a part of
/// one.
inline std::size_t bytes_of(const Activations& activations) {
  std::size_t bytes = 0;
  for (const at::Tensor& x : activations) bytes += x.storage().nbytes();
  return bytes;
}

}  // namespace detail

/// The plan by which `rank` evaluates architectures with shared prefixes. Sizes of activations are
/// taken to be those of the first architecture, measured on one batch of each kind (so where they
/// depend on the architecture, `SharedEvaluation` may keep less than planned); the network is left
/// as it was.
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
    kept[0] += scale * static_cast<double>(detail::bytes_of(activations));
    for (std::size_t i = 0; i < segments.size(); ++i) {
      network->run_segment(i, activations, architectures.front());
      kept[i + 1] += scale * static_cast<double>(detail::bytes_of(activations));
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
            static_cast<double>(validation.example_count()));
  }
  return SharingPlan(segments, architectures, kept, static_cast<double>(sharing.memory_limit));
}

/// Runs a plan: recalibrates and evaluates architectures segment by segment, what they share once.
///
/// Every result has the bits that the architecture gets on its own: a calibration batch's
/// activations depend on the segments so far alone (each BatchNorm normalises by the batch), a
/// BatchNorm sees the same batches in the same order, and evaluation batches go through a segment
/// with the statistics that its calibration left. Segments that another architecture takes over
/// keep their statistics; those of a branch that is done are put back. Kept activations are counted
/// as they come: where the next ones would exceed the limit the level is given up, and what is
/// behind it starts further up.
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
                   const Recalibration& recalibration, SharingPlan plan,
                   const PrefixSharing& sharing = {})
      : network_(network),
        calibration_(calibration),
        validation_(validation),
        architectures_(architectures),
        recalibration_(recalibration),
        plan_(std::move(plan)),
        sharing_(sharing),
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
    kept_bytes_ = 0;
    for (const SharingPlan::Step& step : plan_.steps()) {
      while (!stack.empty() && stack.back().level > step.from) {
        kept_bytes_ -= stack.back().bytes;
        stack.pop_back();
        touched.restore_behind(stack.empty() ? 0 : stack.back().level);
      }
      const Kept* const source = stack.empty() ? nullptr : &stack.back();
      const std::size_t from = source != nullptr ? source->level : 0;  // step.from unless given up
      if (step.to < plan_.segment_count()) {
        Kept kept{step.to};
        if (!advance(step, from, source, &kept, touched).is_given_up) {
          stack.push_back(std::move(kept));
          continue;
        }
        kept_bytes_ -= kept.bytes;
        touched.restore_behind(from);
        continue;
      }
      const std::int64_t correct = advance(step, from, source, nullptr, touched).correct;
      touched.restore_behind(from);
      const double accuracy =
          static_cast<double>(correct) / static_cast<double>(validation_.example_count());
      for (std::size_t i = step.first; i < step.last; ++i) {
        if (!result(plan_.order()[i], accuracy)) return;
      }
    }
  }

 private:
  struct Kept {
    std::size_t level;
    std::vector<Activations> calibration = {};
    std::vector<Activations> validation = {};
    std::size_t bytes = 0;
  };

  struct Outcome {
    std::int64_t correct = 0;  // of a leaf
    bool is_given_up = false;  // of a level that is too large
  };

  // Runs segments [from, step.to) for all images; into `kept`, or to the number of right ones.
  Outcome advance(const SharingPlan::Step& step, std::size_t from, const Kept* source, Kept* kept,
                  detail::TouchedBuffers& touched) {
    const Architecture<Space>& architecture = architectures_[plan_.order()[step.first]];
    Outcome outcome;
    const auto keep = [&](std::vector<Activations>& list, Activations& activations) {
      const std::size_t bytes = detail::bytes_of(activations);
      outcome.is_given_up = bytes > sharing_.memory_limit - kept_bytes_;
      if (outcome.is_given_up) return;
      kept_bytes_ += bytes;
      kept->bytes += bytes;
      list.push_back(std::move(activations));
    };
    if (recalibration_.calibrates()) {
      detail::calibrate_norms(
          *network_, norms_, detail::update_of(recalibration_), recalibration_.batches,
          [&](std::int64_t i) {
            if (outcome.is_given_up) return;
            Activations activations =
                source != nullptr
                    ? source->calibration[static_cast<std::size_t>(i)]
                    : Activations{on_device(calibration_.calibration(i), device_).data};
            run_segments(from, step.to, activations, architecture, i == 0 ? &touched : nullptr);
            if (kept != nullptr) keep(kept->calibration, activations);
          });
      network_->eval();
    }
    for (std::int64_t i = 0; i < validation_.size() && !outcome.is_given_up; ++i) {
      Activations activations;
      if (source != nullptr) {
        activations = source->validation[static_cast<std::size_t>(i)];
      } else {
        const Batch batch = on_device(validation_.evaluation(i), device_);
        activations = {batch.data};
        if (targets_.size() == static_cast<std::size_t>(i)) targets_.push_back(batch.target);
      }
      run_segments(from, step.to, activations, architecture, nullptr);
      if (kept != nullptr) {
        keep(kept->validation, activations);
      } else {
        outcome.correct += activations.front()
                               .argmax(1)
                               .eq(targets_[static_cast<std::size_t>(i)])
                               .sum()
                               .template item<std::int64_t>();
      }
    }
    return outcome;
  }

  void run_segments(std::size_t from, std::size_t to, Activations& activations,
                    const Architecture<Space>& architecture, detail::TouchedBuffers* touched) {
    const Activations input = activations;
    std::vector<std::int64_t> versions;
    for (const at::Tensor& x : input) versions.push_back(x._version());
    if (touched != nullptr) touched->begin();
    for (std::size_t i = from; i < to; ++i) {
      network_->run_segment(i, activations, architecture);
      if (touched != nullptr) touched->claim(i);
    }
    for (std::size_t k = 0; k < input.size(); ++k) {
      TORCH_CHECK(input[k]._version() == versions[k], "interchoice: prefix sharing: segments ",
                  from, " to ", to - 1, " change activation ", k,
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
  PrefixSharing sharing_;
  std::size_t kept_bytes_ = 0;
  at::Device device_;
  std::vector<detail::RunningNorm> norms_;
  std::vector<at::Tensor> targets_;
};

}  // namespace interchoice
