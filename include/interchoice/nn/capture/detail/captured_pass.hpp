#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <c10/util/intrusive_ptr.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/nn/capture/detail/candidate_inputs.hpp"
#include "interchoice/nn/capture/detail/candidate_state.hpp"
#include "interchoice/nn/capture/detail/captured_backward.hpp"
#include "interchoice/nn/capture/detail/captured_memory.hpp"
#include "interchoice/nn/capture/detail/capturing.hpp"
#include "interchoice/nn/capture/detail/no_autocast_cache.hpp"
#include "interchoice/nn/capture/detail/not_captured.hpp"
#include "interchoice/nn/capture/detail/noted_versions.hpp"
#include "interchoice/nn/capture/detail/separate_uses.hpp"
#include "interchoice/nn/capture/detail/tensor_uses.hpp"
#include "interchoice/nn/capture/graph_recorder.hpp"
#include "interchoice/nn/deferred_bias.hpp"
#include "interchoice/nn/detail/kept_state.hpp"
#include "interchoice/nn/normalised_values.hpp"
#include "interchoice/nn/operation.hpp"
#include "interchoice/nn/precision.hpp"

namespace interchoice::detail {

/// A candidate's pass, recorded: forward, and backward where it records gradients, from and to
/// memory of its own. Inputs are copied in; results are the recordings' own memory, so a pass runs
/// only while nobody needs those of the run before (`is_free`).
///
/// *Source*: the scheme of libtorch's `torch.cuda.make_graphed_callables`.
class CapturedPass final : public torch::CustomClassHolder {
 public:
  using Tensors = std::vector<at::Tensor>;

  /// Runs and records the candidate's forward pass; its backward passes are recorded when they
  /// come. *Throws* NotCaptured, and what the candidate throws; leaves its state as it was.
  CapturedPass(std::shared_ptr<Capturing> capturing, BuiltOperation& candidate,
               const CandidateState& state, const CandidateInputs& inputs, bool records_gradients)
      : memory_(std::move(capturing), inputs.x().device()), records_gradients_(records_gradients) {
    const KeptState kept(state.buffers(), memory_.device());
    make_inputs(inputs, state);
    memory_.warm_up([&] { warm_up(candidate); });
    if (kept.has_drawn()) throw NotCaptured{"it draws random numbers"};
    record_forward(candidate, state.buffers());
  }

  /// How often it ran.
  std::size_t runs() const { return runs_; }

  /// Whether the results of the run before are needed no more, nor a backward pass through it.
  bool is_free() const {
    return TensorUses::of(pending_) == TensorUses{1, 1} &&
           are_unused_since(forward_->results(), own_uses_) && backward_.is_free();
  }

  /// Runs it for inputs of the same form. Only while it is free.
  DeferredBias run(const CandidateInputs& inputs) {
    ++runs_;
    Tensors results;
    if (records_gradients_) {
      const Tensors sources = with_gradients(inputs);
      Tensors arguments;  // each as often as it is used: that many gradients come back
      for (std::size_t i = 0; i < sources.size(); ++i) {
        arguments.insert(arguments.end(), uses_[i], sources[i]);
      }
      results = Replay::apply(at::TensorList(arguments), &inputs,
                              c10::intrusive_ptr<CapturedPass>::reclaim_copy(this));
    } else {
      results = replay_forward(inputs);
    }
    if (passes_vector_on_) return {results[0], inputs.vector()};
    return {results[0], results.size() > 1 ? results[1] : at::Tensor()};
  }

 private:
  /// The node of autograd's graph that stands for a run.
  struct Replay : torch::autograd::Function<Replay> {
    static Tensors forward(torch::autograd::AutogradContext* context, at::TensorList,
                           const CandidateInputs* inputs,
                           const c10::intrusive_ptr<CapturedPass>& pass) {
      // `pending_` is kept until the backward pass is done, or can be no more. The weights, so that
      // libtorch refuses a backward pass after they were changed.
      Tensors saved{pass->pending_};
      saved.insert(saved.end(), pass->weights_.begin(), pass->weights_.end());
      context->save_for_backward(std::move(saved));
      context->saved_data["pass"] = at::IValue::make_capsule(pass);
      Tensors results = pass->replay_forward(*inputs);
      Tensors constants;
      for (std::size_t i = 0; i < results.size(); ++i) {
        if (!pass->results_[i].requires_grad()) constants.push_back(results[i]);
      }
      context->mark_non_differentiable(constants);
      return results;
    }

    static Tensors backward(torch::autograd::AutogradContext* context, const Tensors& gradients) {
      TORCH_CHECK(!c10::GradMode::is_enabled(),
                  "interchoice: a captured candidate has no second derivative; call backward "
                  "without create_graph, or outside of CapturedCandidates");
      context->get_saved_variables();
      const c10::intrusive_ptr<torch::CustomClassHolder> holder =
          context->saved_data["pass"].toCapsule();
      auto& pass = static_cast<CapturedPass&>(*holder);
      Tensors arriving = gradients;
      for (std::size_t i = 0; i < arriving.size(); ++i) {
        if (!pass.results_[i].requires_grad()) arriving[i].reset();
      }
      Tensors results = pass.backward_.run(arriving, *pass.forward_, pass.memory_);
      results.resize(results.size() + 2);  // of what is no tensor
      return results;
    }
  };

  /// Memory for the inputs, laid out as theirs.
  void make_inputs(const CandidateInputs& inputs, const CandidateState& state) {
    const c10::NoGradGuard no_grad;
    inputs_.is_deferred = inputs.is_deferred;
    for (std::size_t i = 0; i < inputs.tensors.size(); ++i) {
      const at::Tensor& x = inputs.tensors[i];
      if (!x.defined()) continue;
      at::Tensor own = at::empty_strided(x.sizes(), x.strides(), x.options());
      own.copy_(x);
      if (records_gradients_ && x.requires_grad()) own.requires_grad_();
      watched_.push_back(own);
      inputs_.tensors[i] = std::move(own);
    }
    if (!records_gradients_) return;
    watched_.insert(watched_.end(), state.parameters().begin(), state.parameters().end());
    watched_.insert(watched_.end(), state.buffers().begin(), state.buffers().end());
    for (const at::Tensor& p : state.parameters()) {
      if (!p.requires_grad()) continue;
      weights_.push_back(p);
    }
  }

  /// What has a gradient: some of the inputs, then weights.
  Tensors with_gradients(const CandidateInputs& inputs) const {
    Tensors all;
    for (std::size_t i = 0; i < inputs.tensors.size(); ++i) {
      const at::Tensor& own = inputs_.tensors[i];
      if (own.defined() && own.requires_grad()) all.push_back(inputs.tensors[i]);
    }
    all.insert(all.end(), weights_.begin(), weights_.end());
    return all;
  }

  /// A pass as libtorch runs it; `results_` with history where gradients are recorded.
  DeferredBias run_eagerly(BuiltOperation& candidate) {
    const c10::AutoGradMode mode(records_gradients_);
    const NoAutocastCache no_cache;
    const DeferredBias y = inputs_.run(candidate);
    results_ = {y.value};
    if (y.vector.defined() && !y.vector.is_same(inputs_.vector())) results_.push_back(y.vector);
    versions_ = records_gradients_ ? NotedVersions(watched_) : NotedVersions();
    uses_.clear();
    leaves_.clear();
    for (const at::Tensor& source : with_gradients(inputs_)) {
      const Tensors leaves = separate_uses(results_, source);
      uses_.push_back(leaves.size());
      leaves_.insert(leaves_.end(), leaves.begin(), leaves.end());
    }
    return y;
  }

  /// Runs everything once, and looks at what it does.
  void warm_up(BuiltOperation& candidate) {
    const auto versions = [&] {
      std::vector<std::int64_t> all;
      for (const at::Tensor& x : inputs_.tensors) all.push_back(x.defined() ? x._version() : 0);
      for (const at::Tensor& x : weights_) all.push_back(x._version());
      return all;
    };
    const std::vector<std::int64_t> before = versions();
    const DeferredBias y = run_eagerly(candidate);
    if (versions() != before) throw NotCaptured{"it writes to its input or its weights"};
    if (!y.value.defined() || is_input(y.value)) throw NotCaptured{};
    passes_vector_on_ = y.vector.defined() && y.vector.is_same(inputs_.vector());
    if (y.vector.defined() && !passes_vector_on_ && is_input(y.vector)) {
      throw NotCaptured{"the vector that it defers is a part of its input"};
    }
    if (!records_gradients_) return;
    if (!y.value.requires_grad()) throw NotCaptured{"its result has no gradient"};
    // Would others' changes to the result go unnoticed by the backward pass?
    y.value.unsafeGetTensorImpl()->bump_version();
    Tensors gradients;
    for (const at::Tensor& result : results_) gradients.push_back(at::zeros_like(result));
    try {
      gradients_for(gradients);
    } catch (const c10::Error&) {
      needs_own_result_ = true;
    }
    results_.clear();
    leaves_.clear();
  }

  bool is_input(const at::Tensor& y) const {
    for (const at::Tensor& x : inputs_.tensors) {
      if (x.defined() && y.is_alias_of(x)) return true;
    }
    for (const at::Tensor& weight : weights_) {
      if (y.is_alias_of(weight)) return true;
    }
    return false;
  }

  void record_forward(BuiltOperation& candidate, const Tensors& buffers) {
    std::vector<std::int64_t> before;
    for (const at::Tensor& b : buffers) before.push_back(b.defined() ? b._version() : 0);
    const NormalisedValues values;
    const auto pass = [this, &candidate] {
      run_eagerly(candidate);
      Tensors values_only;
      for (const at::Tensor& result : results_) values_only.push_back(result.detach());
      if (!records_gradients_) results_.clear();
      return values_only;
    };
    forward_ = memory_.record(pass, nullptr, inputs_.tensors);
    own_uses_ = TensorUses::of(forward_->results());
    counts_ = values.counts();
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      if (buffers[i].defined() && buffers[i]._version() != before[i]) {
        changed_buffers_.push_back(buffers[i]);
      }
    }
  }

  /// The gradients of the uses of inputs and weights, by libtorch, undefined for those that have
  /// none. What forward keeps for it stays, since it is a part of the recording.
  Tensors gradients_for(const Tensors& gradients_of_results) const {
    const FullPrecision as_after_the_scope;
    const NotedVersions::Scope as_recorded(versions_);
    Tensors results;
    Tensors gradients;
    for (std::size_t i = 0; i < results_.size(); ++i) {
      if (!results_[i].requires_grad()) continue;
      results.push_back(results_[i]);
      gradients.push_back(gradients_of_results[i]);
    }
    return torch::autograd::grad(results, leaves_, gradients, /*retain_graph=*/true,
                                 /*create_graph=*/false, /*allow_unused=*/true);
  }

  Tensors replay_forward(const CandidateInputs& inputs) {
    const c10::NoGradGuard no_grad;
    for (std::size_t i = 0; i < inputs.tensors.size(); ++i) {
      if (inputs.tensors[i].defined()) inputs_.tensors[i].copy_(inputs.tensors[i]);
    }
    forward_->replay();
    // What the candidate's code does beside its operators.
    for (const at::Tensor& buffer : changed_buffers_) {
      buffer.unsafeGetTensorImpl()->bump_version();
    }
    NormalisedValues::note(counts_);
    Tensors results;
    for (const at::Tensor& result : forward_->results()) {
      results.push_back(needs_own_result_ ? result.clone() : at::Tensor(result.variable_data()));
    }
    return results;
  }

  CapturedMemory memory_;
  bool records_gradients_;
  bool passes_vector_on_ = false;  // the deferred vector is the one that came in
  bool needs_own_result_ = false;  // the backward pass reads the result
  std::size_t runs_ = 0;
  CandidateInputs inputs_;         // the recordings' own memory
  Tensors weights_;                // that have a gradient
  std::vector<std::size_t> uses_;  // of each that has a gradient
  Tensors leaves_;                 // that stand for the uses
  Tensors results_;                // with history
  Tensors watched_;                // what the backward pass may need
  NotedVersions versions_;         // of that, in the forward pass of `results_`
  Tensors changed_buffers_;
  std::unordered_map<const void*, std::int64_t> counts_;
  at::Tensor pending_ = at::empty({0});  // shared while a backward pass may come
  std::unique_ptr<Recording> forward_;
  std::vector<TensorUses> own_uses_;  // of its results
  CapturedBackward backward_{[this](const Tensors& gradients) { return gradients_for(gradients); }};
};

}  // namespace interchoice::detail
