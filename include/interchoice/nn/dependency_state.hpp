#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <concepts>
#include <cstddef>

#include "interchoice/nn/candidate_bank.hpp"
#include "interchoice/nn/norm_adjustment.hpp"
#include "interchoice/nn/selection.hpp"
#include "interchoice/nn/site.hpp"

namespace interchoice {

/// The customization point of a dependency policy: what it keeps at one location and what it does
/// to the candidate there. Specialise it for a policy tag of your own:
///
///   template <>
///   struct interchoice::dependency_state<gain> {
///     dependency_state(torch::nn::Module& owner, const Site& site);
///     at::Tensor after(const at::Tensor& y, const Selection& selection) const;
///   };
///
/// The constructor registers its parameters with `owner`; `site` says what conditions the location
/// and what stands there. Every policy but `none` has at least one of these hooks; a hook that is
/// not there costs nothing:
///
///   at::Tensor      input_scale(selection)       factors [C] of the op's input, or undefined
///   at::Tensor      input_vector(selection)      vector [C] added to it after that, or undefined
///   at::Tensor      before(x, selection)         replaces the op's input
///   at::Tensor      after(y, selection)          replaces the op's output
///   NormAdjustment  norm_adjustment(selection)   scale and shift after its first normalisation
///   std::size_t     copy(selection)              which copy of the candidates to use
///   void            prepare(bank, selection)     called before the candidate is used
///   NewParameters begin_epoch(epoch, bank)     called by begin_epoch()
///   NewParameters split(bank)                  called by split_now()
///   bool            is_split() const
template <class Policy>
struct dependency_state;

namespace detail {

template <class State>
concept HasInputVector = requires(State& s, const Selection& at) {
  { s.input_vector(at) } -> std::convertible_to<at::Tensor>;
};
template <class State>
concept HasInputScale = requires(State& s, const Selection& at) {
  { s.input_scale(at) } -> std::convertible_to<at::Tensor>;
};
template <class State>
concept HasBefore = requires(State& s, const at::Tensor& x, const Selection& at) {
  { s.before(x, at) } -> std::convertible_to<at::Tensor>;
};
template <class State>
concept HasAfter = requires(State& s, const at::Tensor& y, const Selection& at) {
  { s.after(y, at) } -> std::convertible_to<at::Tensor>;
};
template <class State>
concept HasNormAdjustment = requires(State& s, const Selection& at) {
  { s.norm_adjustment(at) } -> std::same_as<NormAdjustment>;
};
template <class State>
concept HasCopy = requires(State& s, const Selection& at) {
  { s.copy(at) } -> std::convertible_to<std::size_t>;
};
template <class State>
concept HasPrepare = requires(State& s, CandidateBank& bank, const Selection& at) {
  s.prepare(bank, at);
};
template <class State>
concept HasBeginEpoch = requires(State& s, CandidateBank& bank, std::size_t epoch) {
  { s.begin_epoch(epoch, bank) } -> std::same_as<NewParameters>;
};
template <class State>
concept HasSplit = requires(State& s, CandidateBank& bank) {
  { s.split(bank) } -> std::same_as<NewParameters>;
};
template <class State>
concept HasIsSplit = requires(const State& s) {
  { s.is_split() } -> std::convertible_to<bool>;
};

// A misspelt hook would be ignored in silence; a state that has none of them at all is refused.
template <class State>
concept HasHook = HasInputScale<State> || HasInputVector<State> || HasBefore<State> ||
    HasAfter<State> || HasNormAdjustment<State> || HasCopy<State> || HasPrepare<State> ||
    HasBeginEpoch<State> || HasSplit<State>;

template <class State>
inline constexpr bool keeps_unregistered_copies = [] {
  if constexpr (requires { State::keeps_unregistered_copies; }) {
    return State::keeps_unregistered_copies;
  } else {
    return false;
  }
}();

template <class Policy, class Space>
concept HasState = requires {
  sizeof(dependency_state<Policy>);
}
&&std::constructible_from<dependency_state<Policy>, torch::nn::Module&, const SpaceSite<Space>&>;

}  // namespace detail

}  // namespace interchoice
