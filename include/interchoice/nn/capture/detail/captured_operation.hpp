#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <c10/util/intrusive_ptr.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/nn/capture/capture_options.hpp"
#include "interchoice/nn/capture/detail/candidate_inputs.hpp"
#include "interchoice/nn/capture/detail/candidate_state.hpp"
#include "interchoice/nn/capture/detail/captured_pass.hpp"
#include "interchoice/nn/capture/detail/capturing.hpp"
#include "interchoice/nn/capture/detail/not_captured.hpp"
#include "interchoice/nn/capture/detail/pass_key.hpp"
#include "interchoice/nn/deferred_bias.hpp"
#include "interchoice/nn/fold_batch_norm.hpp"
#include "interchoice/nn/kernels/is_traced.hpp"
#include "interchoice/nn/norm_adjustment.hpp"
#include "interchoice/nn/operation.hpp"
#include "interchoice/nn/synchronised_batch_norm.hpp"

namespace interchoice::detail {

/// A candidate that runs as a recording of itself where it can, with the same results, and as it is
/// where it cannot.
class CapturedOperation final : public BuiltOperation {
 public:
  CapturedOperation(BuiltOperation& candidate, std::string name,
                    std::shared_ptr<Capturing> capturing)
      : candidate_(candidate),
        name_(std::move(name)),
        state_(*candidate.module()),
        capturing_(std::move(capturing)) {}

  at::Tensor forward(const at::Tensor& x, const at::Tensor& vector,
                     const NormAdjustment& adjustment) override {
    return forward_scaled(x, {}, vector, adjustment);
  }
  DeferredBias forward_deferred(const at::Tensor& x, const at::Tensor& vector,
                                const NormAdjustment& adjustment) override {
    return forward_deferred_scaled(x, {}, vector, adjustment);
  }
  at::Tensor forward_scaled(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& vector,
                            const NormAdjustment& adjustment) override {
    return run({{x, scale, vector, adjustment.scale, adjustment.shift}, false}).value;
  }
  DeferredBias forward_deferred_scaled(const at::Tensor& x, const at::Tensor& scale,
                                       const at::Tensor& vector,
                                       const NormAdjustment& adjustment) override {
    return run({{x, scale, vector, adjustment.scale, adjustment.shift}, true});
  }
  std::int64_t norm_channels() const override { return candidate_.norm_channels(); }
  std::shared_ptr<torch::nn::Module> module() const override { return candidate_.module(); }

 private:
  /// The passes of one key.
  struct Entry {
    PassKey key;
    std::size_t eager_passes = 0;
    bool is_refused = false;
    std::vector<TensorPlace> places = {};
    c10::intrusive_ptr<CapturedPass> pass = {};
  };

  static constexpr std::size_t kMostEntries = 16;
  // A capture costs as much as hundreds of passes.
  static constexpr std::size_t kFewRuns = 16;
  static constexpr std::size_t kMostMoves = 4;

  DeferredBias run(const CandidateInputs& inputs) {
    CapturedPass* const pass = pass_for(inputs);
    if (pass == nullptr) {
      ++capturing_->counts.eager;
      return inputs.run(candidate_);
    }
    ++capturing_->counts.replays;
    return pass->run(inputs);
  }

  /// The recording that serves, made if need be; null where the candidate is to run itself.
  CapturedPass* pass_for(const CandidateInputs& inputs) {
    if (!may_record(inputs)) return nullptr;
    Entry* const entry = entry_of(PassKey(inputs, records_gradients(inputs), state_));
    if (entry == nullptr || entry->is_refused) return nullptr;
    state_.own_buffers();
    if (entry->pass && !state_.is_at(entry->places)) forget(*entry);
    if (!entry->pass && !is_refused_) capture(*entry, inputs);
    return entry->pass && entry->pass->is_free() ? entry->pass.get() : nullptr;
  }

  bool may_record(const CandidateInputs& inputs) const {
    // A pool or a skip is a kernel or none: a graph with its copies would cost more.
    if (is_refused_ || state_.parameters().empty() || capturing_->is_capturing) return false;
    // Folded weights belong to the scope, and tensors of inference mode have no versions.
    if (folded_convolutions() != nullptr || c10::InferenceMode::is_enabled()) return false;
    if (is_traced()) return false;
    if (SynchronisedNorms::group() != nullptr) return false;  // a recording cannot wait for ranks
    const at::Device device = inputs.x().device();
    return capturing_->recorder->can_record(device) &&
           std::all_of(inputs.tensors.begin(), inputs.tensors.end(), [&](const at::Tensor& x) {
             return !x.defined() || (x.device() == device && x.layout() == at::kStrided &&
                                     !x.is_inference() && x.is_non_overlapping_and_dense());
           });
  }

  bool records_gradients(const CandidateInputs& inputs) const {
    const auto has_gradient = [](const at::Tensor& x) { return x.defined() && x.requires_grad(); };
    return c10::GradMode::is_enabled() &&
           (std::any_of(inputs.tensors.begin(), inputs.tensors.end(), has_gradient) ||
            std::any_of(state_.parameters().begin(), state_.parameters().end(), has_gradient));
  }

  Entry* entry_of(PassKey key) {
    for (Entry& entry : entries_) {
      if (entry.key == key) return &entry;
    }
    if (entries_.size() == kMostEntries) {
      warn("its passes have more than 16 forms (shapes, modes, types)");
      return nullptr;
    }
    return &entries_.emplace_back(Entry{std::move(key)});
  }

  void capture(Entry& entry, const CandidateInputs& inputs) {
    const CaptureOptions& options = capturing_->options;
    CaptureCounts& counts = capturing_->counts;
    if (entry.eager_passes < options.eager_passes) {
      ++entry.eager_passes;
      return;
    }
    const std::size_t most_bytes = options.most_bytes > 0
                                       ? options.most_bytes
                                       : capturing_->recorder->bytes_of(inputs.x().device()) / 2;
    if (counts.bytes >= most_bytes) {
      capturing_->warn(
          c10::str("graphs take ", counts.bytes,
                   " bytes of the device's memory; other candidates run eagerly, since "
                   "CaptureOptions::most_bytes is ",
                   most_bytes));
      return;
    }
    capturing_->is_capturing = true;
    try {
      state_.own_parameters();
      entry.places = state_.places();
      entry.pass = c10::make_intrusive<CapturedPass>(capturing_, candidate_, state_, inputs,
                                                     entry.key.records_gradients());
      ++counts.captures;
    } catch (const NotCaptured& refusal) {
      entry.is_refused = true;
      if (!refusal.reason.empty()) warn(refusal.reason);
    } catch (const c10::Error& error) {
      entry.is_refused = true;
      warn(error.what_without_backtrace());
    } catch (const std::exception& error) {
      entry.is_refused = true;
      warn(error.what());
    }
    capturing_->is_capturing = false;
  }

  /// Drops a recording that reads memory where the weights are no more.
  void forget(Entry& entry) {
    moves_ = entry.pass->runs() < kFewRuns ? moves_ + 1 : 0;
    entry.pass.reset();
    if (moves_ <= kMostMoves) return;
    is_refused_ = true;
    for (Entry& other : entries_) other.pass.reset();
    warn("its weights move to other memory again and again");
  }

  void warn(const std::string& reason) {
    capturing_->warn(c10::str("candidate '", name_, "' runs eagerly, not as a graph: ", reason));
  }

  BuiltOperation& candidate_;
  std::string name_;
  CandidateState state_;
  std::shared_ptr<Capturing> capturing_;
  std::vector<Entry> entries_;
  std::size_t moves_ = 0;  // of the weights, each soon after a capture
  bool is_refused_ = false;
};

}  // namespace interchoice::detail
