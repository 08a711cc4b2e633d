#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/dependency/context.hpp"
#include "interchoice/nn/any_choice_block.hpp"
#include "interchoice/nn/candidate_bank.hpp"
#include "interchoice/nn/dependency/affine.hpp"
#include "interchoice/nn/dependency/attention.hpp"
#include "interchoice/nn/dependency/bias.hpp"
#include "interchoice/nn/dependency/bias_sum.hpp"
#include "interchoice/nn/dependency/compose.hpp"
#include "interchoice/nn/dependency/keep_inert.hpp"
#include "interchoice/nn/dependency/none.hpp"
#include "interchoice/nn/dependency/scale.hpp"
#include "interchoice/nn/dependency/shift.hpp"
#include "interchoice/nn/dependency/split.hpp"
#include "interchoice/nn/dependency_state.hpp"
#include "interchoice/nn/observability.hpp"
#include "interchoice/nn/operation.hpp"

namespace interchoice {

/// One location of a space with all its candidates and what depends on the priors; a libtorch
/// module that can stand anywhere in one's own network.
///
///   y = op_c(x)      with c, and what the policy adds, taken from the architecture
///
/// The location is a value, not a template parameter: blocks of a chain then have one type and can
/// be iterated, and a network chooses its number of cells at run time.
/// *Shapes*: as the geometry says. *Cost*: two virtual calls beside the candidate.
template <SearchSpace Space, class Policy>
class ChoiceBlockImpl : public AnyChoiceBlock {
  static_assert(detail::CheckedPolicy<Policy>::value);
  using State = dependency_state<Policy>;
  static_assert(detail::HasState<Policy, Space>,
                "interchoice: a dependency policy needs a specialisation of "
                "interchoice::dependency_state<Policy> with a constructor (torch::nn::Module&, "
                "const Site&); see nn/dependency_state.hpp");
  static_assert(Policy::depth == 0 || detail::HasHook<State>,
                "interchoice: a dependency_state<Policy> needs at least one hook, such as "
                "input_vector, before, after or norm_adjustment; check the spelling and the "
                "arguments of what it has");

 public:
  /// A block with the space's own candidates. `downstream` is what becomes of a constant per
  /// channel added to the block's output: by default it is observed.
  ChoiceBlockImpl(std::size_t location, const Geometry& geometry,
                  Response downstream = Response::kObserved)
      : ChoiceBlockImpl(location, geometry, operations_of_choice<Space>(Space::choice_at(location)),
                        downstream) {
    detail::check_policy_serves_space<Space, Policy>();
  }

  /// A block with operations for a space whose candidates are only names.
  ChoiceBlockImpl(std::size_t location, const Geometry& geometry,
                  std::vector<AnyOperation> operations, Response downstream = Response::kObserved)
      : context_(context_at<Space, Policy>(location)),
        bank_(*this, checked(std::move(operations), context_), geometry),
        downstream_(downstream),
        state_(*this, SpaceSite<Space>(context_, bank_, downstream)) {}

  /// y = op_c(x) as a tensor.
  at::Tensor forward(const at::Tensor& x, const Architecture<Space>& architecture) {
    const Selection selection(context_, architecture.candidates());
    if constexpr (detail::HasNormAdjustment<State>) {
      const NormAdjustment adjustment = state_.norm_adjustment(selection);
      if (adjustment.defined()) return output(run(x, selection, adjustment), selection);
    }
    const at::Tensor y = operation(selection).forward(input(x, selection), input_vector(selection));
    return output(y, selection);
  }

  /// y = op_c(x) on its way to `node_sum`, which adds what is still deferred.
  DeferredBias forward_deferred(const at::Tensor& x, const Architecture<Space>& architecture) {
    if constexpr (detail::HasAfter<State>) {
      return {forward(x, architecture), {}};
    } else {
      const Selection selection(context_, architecture.candidates());
      if constexpr (detail::HasNormAdjustment<State>) {
        const NormAdjustment adjustment = state_.norm_adjustment(selection);
        if (adjustment.defined()) return {run(x, selection, adjustment), {}};
      }
      return operation(selection).forward_deferred(input(x, selection), input_vector(selection));
    }
  }

  const Context& context() const override { return context_; }
  std::string space() const override { return space_signature<Space>(); }
  std::string policy() const override { return policy_text<Policy>(); }
  /// The policy's tensors at this location.
  const dependency_state<Policy>& state() const { return state_; }
  /// The candidates' modules.
  const CandidateBank& bank() const { return bank_; }
  const std::string& candidate_name(std::size_t candidate) const override {
    return bank_.name(candidate);
  }
  bool is_observed(std::size_t candidate) const override {
    const SpaceSite<Space> site(context_, bank_, downstream_);
    return detail::observes<Policy>(site, candidate);
  }

  NewParameters begin_epoch([[maybe_unused]] std::size_t epoch) override {
    if constexpr (detail::HasBeginEpoch<State>) {
      return state_.begin_epoch(epoch, bank_);
    } else {
      return {};
    }
  }
  NewParameters split_now() override {
    if constexpr (detail::HasSplit<State>) {
      return state_.split(bank_);
    } else {
      return {};
    }
  }
  bool is_split() const override {
    if constexpr (detail::HasIsSplit<State>) {
      return state_.is_split();
    } else {
      return false;
    }
  }
  bool is_saveable() const override { return !detail::keeps_unregistered_copies<State>; }
  std::vector<at::Tensor> candidate_parameters() const override {
    std::vector<at::Tensor> all;
    for (std::size_t c = 0; c < context_.candidates(); ++c) {
      for (const at::Tensor& p : candidate_parameters(c)) all.push_back(p);
    }
    return all;
  }
  std::vector<at::Tensor> candidate_parameters(std::size_t candidate) const override {
    return bank_.at(0, candidate).module()->parameters();
  }
  Resolution resolution(std::span<const std::uint8_t> architecture) override {
    const Selection selection(context_, architecture);
    Resolution resolution{operation(selection).module(),
                          input_scale(selection),
                          input_vector(selection),
                          {},
                          !detail::HasBefore<State> && !detail::HasAfter<State>};
    if constexpr (detail::HasNormAdjustment<State>) {
      resolution.norm = state_.norm_adjustment(selection);
    }
    return resolution;
  }

 private:
  // Before the state looks at every candidate.
  static std::vector<AnyOperation> checked(std::vector<AnyOperation> operations,
                                           const Context& context) {
    TORCH_CHECK(operations.size() == context.candidates(), "interchoice: location ",
                context.location(), " has ", context.candidates(), " candidates, got ",
                operations.size(), " operations; give one for each");
    return operations;
  }

  at::Tensor run(const at::Tensor& x, const Selection& selection,
                 const NormAdjustment& adjustment) {
    return operation(selection).forward_adjusted(input(x, selection), input_vector(selection),
                                                 adjustment);
  }

  BuiltOperation& operation(const Selection& selection) {
    if constexpr (detail::HasPrepare<State>) state_.prepare(bank_, selection);
    if constexpr (detail::HasCopy<State>) {
      return bank_.at(state_.copy(selection), selection.candidate());
    } else {
      return bank_.at(0, selection.candidate());
    }
  }

  at::Tensor input_vector([[maybe_unused]] const Selection& selection) {
    if constexpr (detail::HasInputVector<State>) {
      return state_.input_vector(selection);
    } else {
      return {};
    }
  }

  at::Tensor input_scale([[maybe_unused]] const Selection& selection) {
    if constexpr (detail::HasInputScale<State>) {
      return state_.input_scale(selection);
    } else {
      return {};
    }
  }

  decltype(auto) input(const at::Tensor& x, [[maybe_unused]] const Selection& selection) {
    if constexpr (detail::HasBefore<State> && detail::HasInputScale<State>) {
      return detail::scaled(state_.before(x, selection), state_.input_scale(selection));
    } else if constexpr (detail::HasBefore<State>) {
      return state_.before(x, selection);
    } else if constexpr (detail::HasInputScale<State>) {
      return detail::scaled(x, state_.input_scale(selection));
    } else {
      return (x);
    }
  }

  decltype(auto) output(const at::Tensor& y, [[maybe_unused]] const Selection& selection) {
    if constexpr (detail::HasAfter<State>) {
      return state_.after(y, selection);
    } else {
      return (y);
    }
  }

  Context context_;
  CandidateBank bank_;
  Response downstream_;
  [[no_unique_address]] State state_;
};

/// Holder of a `ChoiceBlockImpl`, as libtorch's modules have them.
template <SearchSpace Space, class Policy>
class ChoiceBlock : public torch::nn::ModuleHolder<ChoiceBlockImpl<Space, Policy>> {
 public:
  using torch::nn::ModuleHolder<ChoiceBlockImpl<Space, Policy>>::ModuleHolder;
};

}  // namespace interchoice
