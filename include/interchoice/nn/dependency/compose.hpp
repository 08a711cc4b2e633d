#pragma once

#include <cstddef>
#include <tuple>

#include "interchoice/dependency/compose.hpp"
#include "interchoice/nn/dependency_state.hpp"

namespace interchoice {

/// The states of several policies. A hook is that of the one policy that has it, called with that
/// policy's own context.
template <class... Policies>
struct dependency_state<compose<Policies...>> {
 private:
  static constexpr std::size_t kInputScales =
      (std::size_t{detail::HasInputScale<dependency_state<Policies>>} + ...);
  static constexpr std::size_t kInputVectors =
      (std::size_t{detail::HasInputVector<dependency_state<Policies>>} + ...);
  static constexpr std::size_t kBefore =
      (std::size_t{detail::HasBefore<dependency_state<Policies>>} + ...);
  static constexpr std::size_t kAfter =
      (std::size_t{detail::HasAfter<dependency_state<Policies>>} + ...);
  static constexpr std::size_t kNormAdjustments =
      (std::size_t{detail::HasNormAdjustment<dependency_state<Policies>>} + ...);
  static constexpr std::size_t kCopies =
      (std::size_t{detail::HasCopy<dependency_state<Policies>> ||
                   detail::HasPrepare<dependency_state<Policies>>} +
       ...);
  static_assert(kInputScales <= 1 && kInputVectors <= 1 && kBefore <= 1 && kAfter <= 1 &&
                    kNormAdjustments <= 1 && kCopies <= 1,
                "interchoice: compose<Policies...> needs policies on different hooks, and two of "
                "these act on the same one; leave one of them out");

 public:
  template <SearchSpace Space>
  dependency_state(torch::nn::Module& owner, const SpaceSite<Space>& site)
      : parts_{Part<Policies>(owner, site.template with_policy<Policies>())...} {}

  at::Tensor input_scale(const Selection& selection) requires(kInputScales == 1) {
    at::Tensor result{};
    each([&]<class State>(State& state, const Context& context) {
      if constexpr (detail::HasInputScale<State>) {
        const Selection own(context, selection.architecture());
        result = state.input_scale(own);
      }
    });
    return result;
  }
  at::Tensor input_vector(const Selection& selection) requires(kInputVectors == 1) {
    at::Tensor result{};
    each([&]<class State>(State& state, const Context& context) {
      if constexpr (detail::HasInputVector<State>) {
        const Selection own(context, selection.architecture());
        result = state.input_vector(own);
      }
    });
    return result;
  }
  at::Tensor before(const at::Tensor& x, const Selection& selection) requires(kBefore == 1) {
    at::Tensor result{};
    each([&]<class State>(State& state, const Context& context) {
      if constexpr (detail::HasBefore<State>) {
        const Selection own(context, selection.architecture());
        result = state.before(x, own);
      }
    });
    return result;
  }
  at::Tensor after(const at::Tensor& y, const Selection& selection) requires(kAfter == 1) {
    at::Tensor result{};
    each([&]<class State>(State& state, const Context& context) {
      if constexpr (detail::HasAfter<State>) {
        const Selection own(context, selection.architecture());
        result = state.after(y, own);
      }
    });
    return result;
  }
  NormAdjustment norm_adjustment(const Selection& selection) requires(kNormAdjustments == 1) {
    NormAdjustment result{};
    each([&]<class State>(State& state, const Context& context) {
      if constexpr (detail::HasNormAdjustment<State>) {
        const Selection own(context, selection.architecture());
        result = state.norm_adjustment(own);
      }
    });
    return result;
  }
  std::size_t copy(const Selection& selection) requires(
      (detail::HasCopy<dependency_state<Policies>> || ...)) {
    std::size_t result{};
    each([&]<class State>(State& state, const Context& context) {
      if constexpr (detail::HasCopy<State>) {
        const Selection own(context, selection.architecture());
        result = state.copy(own);
      }
    });
    return result;
  }
  void prepare(CandidateBank& bank, const Selection& selection) requires(
      (detail::HasPrepare<dependency_state<Policies>> || ...)) {
    each([&]<class State>(State& state, const Context& context) {
      if constexpr (detail::HasPrepare<State>) {
        state.prepare(bank, Selection(context, selection.architecture()));
      }
    });
  }
  NewParameters begin_epoch(std::size_t epoch, CandidateBank& bank) requires(
      (detail::HasBeginEpoch<dependency_state<Policies>> || ...)) {
    NewParameters added;
    each([&]<class State>(State& state, const Context&) {
      if constexpr (detail::HasBeginEpoch<State>) added.append(state.begin_epoch(epoch, bank), "");
    });
    return added;
  }
  NewParameters split(CandidateBank& bank) requires((detail::HasSplit<dependency_state<Policies>> ||
                                                     ...)) {
    NewParameters added;
    each([&]<class State>(State& state, const Context&) {
      if constexpr (detail::HasSplit<State>) added.append(state.split(bank), "");
    });
    return added;
  }
  bool is_split() const requires((detail::HasIsSplit<dependency_state<Policies>> || ...)) {
    const auto one = []<class State>(const State& state) {
      if constexpr (detail::HasIsSplit<State>) {
        return state.is_split();
      } else {
        return false;
      }
    };
    return std::apply([&](const auto&... part) { return (one(part.state) || ...); }, parts_);
  }

  static constexpr bool keeps_unregistered_copies =
      (detail::keeps_unregistered_copies<dependency_state<Policies>> || ...);

  /// The state of the policy at a place of the list.
  template <std::size_t Place>
  const auto& state() const {
    return std::get<Place>(parts_).state;
  }

 private:
  template <class Policy>
  struct Part {
    template <SearchSpace Space>
    Part(torch::nn::Module& owner, const SpaceSite<Space>& site)
        : context(site.context()), state(owner, site) {}
    Context context;
    dependency_state<Policy> state;
  };

  template <class Visitor>
  void each(const Visitor& visit) {
    std::apply([&](auto&... part) { (visit(part.state, part.context), ...); }, parts_);
  }

  std::tuple<Part<Policies>...> parts_;
};

}  // namespace interchoice
