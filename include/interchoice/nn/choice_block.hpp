#pragma once

#include <c10/util/Exception.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/dependency/context.hpp"
#include "interchoice/nn/any_choice_block.hpp"
#include "interchoice/nn/dependency/affine.hpp"
#include "interchoice/nn/dependency/attention.hpp"
#include "interchoice/nn/dependency/bias.hpp"
#include "interchoice/nn/dependency/bias_residual.hpp"
#include "interchoice/nn/dependency/bias_sum.hpp"
#include "interchoice/nn/dependency/compose.hpp"
#include "interchoice/nn/dependency/grouped_split.hpp"
#include "interchoice/nn/dependency/keep_inert.hpp"
#include "interchoice/nn/dependency/none.hpp"
#include "interchoice/nn/dependency/scale.hpp"
#include "interchoice/nn/dependency/shift.hpp"
#include "interchoice/nn/dependency/split.hpp"
#include "interchoice/nn/dependency/staged_split.hpp"
#include "interchoice/nn/dependency_state.hpp"
#include "interchoice/nn/observability.hpp"
#include "interchoice/nn/operation.hpp"
#include "interchoice/nn/precision.hpp"

namespace interchoice {

/// One location of a space with all its candidates and what depends on the priors; a libtorch
/// module that can stand anywhere in one's own network.
///
///   y = op_c(x)      with c, and what the policy adds, taken from the architecture
///
/// The location is a value, not a template parameter: blocks of a chain then have one type and can
/// be iterated, and a network chooses its number of cells at run time.
/// *Shapes*: as the geometry says. *Throws* c10::Error for a candidate that makes another shape.
/// *Cost*: two virtual calls beside the candidate.
template <SearchSpace Space, class Policy>
class ChoiceBlockImpl : public AnyChoiceBlock {
  static_assert(detail::CheckedPolicy<Policy>::value);
  using State = dependency_state<Policy>;
  static_assert(detail::HasState<Policy, Space>,
                "interchoice: a dependency policy needs a specialisation of "
                "interchoice::dependency_state<Policy> with a constructor (torch::nn::Module&, "
                "const Site&); see nn/dependency_state.hpp");
  static_assert(std::conditional_t<detail::HasState<Policy, Space>, detail::CheckedHooks<Policy>,
                                   std::true_type>::value);

 public:
  /// `downstream` is the response to a constant per channel added to the block's output. Operations
  /// are asked for where the space's candidates are only names: `operations_of<Candidates<...>>`.
  ChoiceBlockImpl(std::size_t location, const Geometry& geometry,
                  Response downstream = Response::kObserved,
                  const ChoiceOperations& operations = detail::own_operations<Space, Policy>)
      : ChoiceBlockImpl(context_at<Space, Policy>(location), geometry, downstream, operations) {}

  /// y = op_c(x) as a tensor.
  at::Tensor forward(const at::Tensor& x, const Architecture<Space>& architecture) {
    if (is_fixed()) [[unlikely]]
      return forward_fixed(x, architecture.candidates());
    const Selection selection(context_, architecture.candidates());
    const at::Tensor y = run(operation(selection), x, selection);
    return output(checked(y, x, selection.candidate()), selection);
  }

  /// y = op_c(x) on its way to `node_sum`, which adds what is still deferred.
  DeferredBias forward_deferred(const at::Tensor& x, const Architecture<Space>& architecture) {
    if (is_fixed()) [[unlikely]]
      return forward_deferred_fixed(x, architecture.candidates());
    if constexpr (detail::HasAfter<State>) {
      return {forward(x, architecture), {}};
    } else {
      const Selection selection(context_, architecture.candidates());
      DeferredBias y = run_deferred(operation(selection), x, selection);
      checked(y.value, x, selection.candidate());
      return y;
    }
  }

  /// The policy's tensors at this location. *Throws* c10::Error in a subnet, which has none.
  const dependency_state<Policy>& state() const {
    TORCH_CHECK(state_, "interchoice: location ", context_.location(),
                " of a subnet has no dependency state; ask the super-network's block, or read the "
                "parameters of this one");
    return *state_;
  }

  std::string space() const override { return space_signature<Space>(); }
  std::string policy() const override { return is_fixed() ? "fixed" : policy_text<Policy>(); }
  bool is_observed(std::size_t candidate) const override {
    const SpaceSite<Space> site(context_, bank_, downstream_);
    return !is_fixed() && detail::observes<Policy>(site, candidate);
  }
  NewParameters begin_epoch([[maybe_unused]] std::size_t epoch) override {
    if constexpr (detail::HasBeginEpoch<State>) {
      if (!is_fixed()) return state_->begin_epoch(epoch, bank_);
    }
    return {};
  }
  NewParameters split_now() override {
    if constexpr (detail::HasSplit<State>) {
      if (!is_fixed()) return state_->split(bank_);
    }
    return {};
  }
  bool can_split() const override { return detail::HasSplit<State> && !is_fixed(); }
  bool is_split() const override {
    if constexpr (detail::HasSplit<State>) {
      return !is_fixed() && state_->is_split();
    } else {
      return false;
    }
  }
  Resolution resolution(std::span<const std::uint8_t> architecture) override {
    if (is_fixed()) return *fixed_;
    const Selection selection(context_, architecture);
    return {operation(selection).module(), input_scale(selection), input_vector(selection),
            norm_adjustment(selection), !detail::HasBefore<State> && !detail::HasAfter<State>};
  }
  void reset_tables() override {
    if (is_fixed()) return;
    torch::nn::Module start;
    const State state(start, SpaceSite<Space>(context_, bank_, downstream_));
    take_tables(start);
  }

 private:
  ChoiceBlockImpl(const Context& context, const Geometry& geometry, Response downstream,
                  const ChoiceOperations& operations)
      : AnyChoiceBlock(context, operations(context.choice()), geometry), downstream_(downstream) {
    if (!is_fixed()) state_.emplace(*this, SpaceSite<Space>(context_, bank_, downstream_));
  }

  BuiltOperation& operation(const Selection& selection) {
    if constexpr (detail::HasCopy<State>) {
      return bank_.use(state_->copy(selection), selection.candidate());
    } else {
      return bank_.use(0, selection.candidate());
    }
  }

  at::Tensor input_vector([[maybe_unused]] const Selection& selection) {
    if constexpr (detail::HasInputVector<State>) {
      const detail::FullPrecision full;
      return state_->input_vector(selection);
    } else {
      return {};
    }
  }

  at::Tensor input_scale([[maybe_unused]] const Selection& selection) {
    if constexpr (detail::HasInputScale<State>) {
      const detail::FullPrecision full;
      return state_->input_scale(selection);
    } else {
      return {};
    }
  }

  NormAdjustment norm_adjustment([[maybe_unused]] const Selection& selection) {
    if constexpr (detail::HasNormAdjustment<State>) {
      const detail::FullPrecision full;
      return state_->norm_adjustment(selection);
    } else {
      return {};
    }
  }

  at::Tensor run(BuiltOperation& candidate, const at::Tensor& x, const Selection& selection) {
    if constexpr (detail::HasInputScale<State>) {
      return candidate.forward_scaled(input(x, selection), input_scale(selection),
                                      input_vector(selection), norm_adjustment(selection));
    } else {
      return candidate.forward(input(x, selection), input_vector(selection),
                               norm_adjustment(selection));
    }
  }

  DeferredBias run_deferred(BuiltOperation& candidate, const at::Tensor& x,
                            const Selection& selection) {
    if constexpr (detail::HasInputScale<State>) {
      return candidate.forward_deferred_scaled(input(x, selection), input_scale(selection),
                                               input_vector(selection), norm_adjustment(selection));
    } else {
      return candidate.forward_deferred(input(x, selection), input_vector(selection),
                                        norm_adjustment(selection));
    }
  }

  decltype(auto) input(const at::Tensor& x, [[maybe_unused]] const Selection& selection) {
    if constexpr (detail::HasBefore<State>) {
      return state_->before(x, selection);
    } else {
      return (x);
    }
  }

  decltype(auto) output(const at::Tensor& y, [[maybe_unused]] const Selection& selection) {
    if constexpr (detail::HasAfter<State>) {
      return state_->after(y, selection);
    } else {
      return (y);
    }
  }

  Response downstream_;
  std::optional<State> state_;
};

/// Holder of a `ChoiceBlockImpl`, as libtorch's modules have them.
template <SearchSpace Space, class Policy>
class ChoiceBlock : public torch::nn::ModuleHolder<ChoiceBlockImpl<Space, Policy>> {
 public:
  using torch::nn::ModuleHolder<ChoiceBlockImpl<Space, Policy>>::ModuleHolder;
};

}  // namespace interchoice
