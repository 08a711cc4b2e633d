#pragma once

#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/evaluation/accuracy.hpp"
#include "interchoice/evaluation/batch_norm_buffers.hpp"
#include "interchoice/evaluation/detail/evaluation.hpp"
#include "interchoice/evaluation/detail/norm_calibration.hpp"
#include "interchoice/evaluation/detail/touched_buffers.hpp"
#include "interchoice/evaluation/evaluation_data.hpp"
#include "interchoice/evaluation/recalibration.hpp"
#include "interchoice/evaluation/sharing_plan.hpp"
#include "interchoice/networks/segments.hpp"
#include "interchoice/nn/device.hpp"

namespace interchoice {

/// Computes what architectures share once: `RankingOptions{.sharing = PrefixSharing{}}`.
struct PrefixSharing {
  /// Most bytes of activations that are kept between architectures, for all calibration and
  /// evaluation images together; never more, whatever an architecture's activations take. What does
  /// not fit is computed again.
  std::size_t memory_limit = std::size_t{2} << 30;

  void operator()(const detail::Evaluation& evaluation, const std::vector<std::size_t>& indices,
                  const std::function<bool(std::size_t, double)>& result) const;
};

namespace detail {

/// The bytes that kept activations keep from being freed: the whole storage of a tensor that is a
/// part of one.
inline std::size_t bytes_of(const Activations& activations) {
  std::size_t bytes = 0;
  for (const at::Tensor& x : activations) bytes += x.storage().nbytes();
  return bytes;
}

/// The bytes that each level would keep for all images, as those of one architecture, measured on a
/// batch of each kind.
inline std::vector<double> measured_levels(const Evaluation& evaluation, std::size_t architecture) {
  std::vector<double> bytes(evaluation.segments.size() + 1, 0);
  const c10::NoGradGuard no_grad;
  const BatchNormBuffers buffers(evaluation.network);
  evaluation.network.eval();
  const auto measure = [&](at::Tensor batch, double images) {
    const double scale = images / static_cast<double>(batch.size(0));
    Activations activations{std::move(batch)};
    bytes[0] += scale * static_cast<double>(bytes_of(activations));
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
      evaluation.run_segment(i, activations, architecture);
      bytes[i + 1] += scale * static_cast<double>(bytes_of(activations));
    }
  };
  const at::Device device = device_of(evaluation.network);
  const EvaluationData& data = evaluation.data;
  if (evaluation.recalibration.calibrates()) {
    at::Tensor batch = on_device(data.calibration.calibration(0), device).data;
    const auto images = static_cast<double>(evaluation.recalibration.batches * batch.size(0));
    measure(std::move(batch), images);
  }
  if (data.validation.size() > 0) {
    measure(on_device(data.validation.evaluation(0), device).data,
            static_cast<double>(data.validation.example_count()));
  }
  return bytes;
}

inline SharingPlan plan_sharing(const Evaluation& evaluation,
                                const std::vector<std::size_t>& indices, std::size_t memory_limit) {
  std::vector<std::span<const std::uint8_t>> architectures;
  for (const std::size_t i : indices) architectures.push_back(evaluation.candidates(i));
  std::vector<double> bytes(evaluation.segments.size() + 1, 0);
  if (indices.size() > 1) {  // else nothing is kept
    std::vector<double>& known = evaluation.level_bytes;
    if (known.empty()) known = measured_levels(evaluation, indices.front());
    bytes = known;
  }
  return {evaluation.segments, architectures, evaluation.choice_count, bytes,
          static_cast<double>(memory_limit)};
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
class SharedEvaluation {
 public:
  /// Refers to the evaluation, whose architectures of these indices it runs; `BatchNormBuffers` are
  /// to guard its network.
  SharedEvaluation(const Evaluation& evaluation, const std::vector<std::size_t>& indices,
                   std::size_t memory_limit)
      : evaluation_(evaluation),
        data_(evaluation.data),
        indices_(indices),
        plan_(plan_sharing(evaluation, indices, memory_limit)),
        memory_limit_(memory_limit),
        calibration_(evaluation.network, evaluation.recalibration) {}

  /// Calls `result(position, accuracy)` for every index in the plan's order; a result of false ends
  /// it.
  void run(const std::function<bool(std::size_t, double)>& result) {
    const c10::NoGradGuard no_grad;
    calibration_.reset();
    TouchedBuffers touched(evaluation_.network, evaluation_.segments);
    calibration_.evaluation_mode();
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
        if (keep_level(step, from, source, kept, touched)) {
          stack.push_back(std::move(kept));
          continue;
        }
        kept_bytes_ -= kept.bytes;
        touched.restore_behind(from);
        continue;
      }
      const double accuracy = evaluate_leaf(step, from, source, touched);
      touched.restore_behind(from);
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

  // Runs segments [from, step.to) for all images; false if what comes out exceeds the limit.
  bool keep_level(const SharingPlan::Step& step, std::size_t from, const Kept* source, Kept& kept,
                  TouchedBuffers& touched) {
    bool fits = true;
    const auto keep = [&](std::vector<Activations>& list, Activations activations) {
      const std::size_t bytes = bytes_of(activations);
      fits = bytes <= memory_limit_ - kept_bytes_;
      if (!fits) return;
      kept_bytes_ += bytes;
      kept.bytes += bytes;
      list.push_back(std::move(activations));
    };
    calibration_.calibrate([&](std::int64_t i) {
      if (fits) keep(kept.calibration, calibration_pass(step, from, source, i, touched));
    });
    for (std::int64_t i = 0; i < data_.validation.size() && fits; ++i) {
      keep(kept.validation, validation_pass(step, from, source, i));
    }
    return fits;
  }

  // The same to the end of the network.
  double evaluate_leaf(const SharingPlan::Step& step, std::size_t from, const Kept* source,
                       TouchedBuffers& touched) {
    calibration_.calibrate(
        [&](std::int64_t i) { calibration_pass(step, from, source, i, touched); });
    PredictionCount count;
    for (std::int64_t i = 0; i < data_.validation.size(); ++i) {
      const at::Tensor logits = validation_pass(step, from, source, i).front();
      count.add(logits, targets_[static_cast<std::size_t>(i)]);
    }
    return count.accuracy(data_.validation.example_count(),
                          evaluation_.text(architecture_of(step)));
  }

  Activations calibration_pass(const SharingPlan::Step& step, std::size_t from, const Kept* source,
                               std::int64_t i, TouchedBuffers& touched) {
    Activations activations =
        source != nullptr
            ? source->calibration[static_cast<std::size_t>(i)]
            : Activations{on_device(data_.calibration.calibration(i), calibration_.device()).data};
    run_segments(step, from, activations, i == 0 ? &touched : nullptr);
    return activations;
  }

  Activations validation_pass(const SharingPlan::Step& step, std::size_t from, const Kept* source,
                              std::int64_t i) {
    Activations activations;
    if (source != nullptr) {
      activations = source->validation[static_cast<std::size_t>(i)];
    } else {
      const Batch batch = on_device(data_.validation.evaluation(i), calibration_.device());
      activations = {batch.data};
      if (targets_.size() == static_cast<std::size_t>(i)) targets_.push_back(batch.target);
    }
    run_segments(step, from, activations, nullptr);
    return activations;
  }

  void run_segments(const SharingPlan::Step& step, std::size_t from, Activations& activations,
                    TouchedBuffers* touched) {
    const Activations input = activations;
    std::vector<std::int64_t> versions;
    for (const at::Tensor& x : input) versions.push_back(x._version());
    if (touched != nullptr) touched->begin();
    for (std::size_t i = from; i < step.to; ++i) {
      evaluation_.run_segment(i, activations, architecture_of(step));
      if (touched != nullptr) touched->claim(i);
    }
    for (std::size_t k = 0; k < input.size(); ++k) {
      TORCH_CHECK(input[k]._version() == versions[k], "interchoice: prefix sharing: segments ",
                  from, " to ", step.to - 1, " change activation ", k,
                  " in place, which other architectures need; compute out of place, or rank "
                  "without sharing");
    }
  }

  std::size_t architecture_of(const SharingPlan::Step& step) const {
    return indices_[plan_.order()[step.first]];
  }

  const Evaluation& evaluation_;
  const EvaluationData& data_;
  const std::vector<std::size_t>& indices_;
  SharingPlan plan_;
  std::size_t memory_limit_;
  std::size_t kept_bytes_ = 0;
  NormCalibration calibration_;
  std::vector<at::Tensor> targets_;
};

}  // namespace detail

inline void PrefixSharing::operator()(
    const detail::Evaluation& evaluation, const std::vector<std::size_t>& indices,
    const std::function<bool(std::size_t, double)>& result) const {
  detail::SharedEvaluation(evaluation, indices, memory_limit).run(result);
}

/// The plan by which `rank` evaluates architectures with shared prefixes. Sizes of activations are
/// taken to be those of the first architecture, measured on one batch of each kind (so where they
/// depend on the architecture, less may be kept than planned); the network is left as it was.
template <class Network, SearchSpace Space>
SharingPlan plan_sharing(Network& network, const EvaluationData& data,
                         const std::vector<Architecture<Space>>& architectures,
                         const Recalibration& recalibration, const PrefixSharing& sharing = {}) {
  static_assert(SegmentedNetwork<detail::ModuleOf<Network>, Space>,
                "interchoice: plan_sharing needs a network with `segments()` and "
                "`run_segment(i, activations, architecture)`; see networks/segments.hpp");
  std::vector<std::size_t> indices(architectures.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  const detail::EvaluationOf<Space, Network> evaluation(network, architectures, data,
                                                        recalibration);
  return detail::plan_sharing(evaluation, indices, sharing.memory_limit);
}

}  // namespace interchoice
