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
/// and what stands there. It changes nothing else, as it is called again, for another owner, where
/// values of the start are asked for (`reset_tables`). Every policy but `none` has at least one of
/// these hooks; a hook that is not there costs nothing:
///
///   at::Tensor      input_scale(selection)       factors [C] of the op's input, or undefined
///   at::Tensor      input_vector(selection)      vector [C] added to it after that, or undefined
///   at::Tensor      before(x, selection)         replaces the op's input
///   at::Tensor      after(y, selection)          replaces the op's output
///   NormAdjustment  norm_adjustment(selection)   scale and shift after its first normalisation
///   std::size_t     copy(selection)              which copy of the candidates to use
///   NewParameters   begin_epoch(epoch, bank)     called by begin_epoch()
///   NewParameters   split(bank)                  called by split_now()
///   bool            is_split() const             whether that has happened; goes with `split`
///
/// A member with one of these names that cannot be called like this is an error at compile time.
template <class Policy>
struct dependency_state;

namespace detail {

template <class State>
concept HasInputScale = requires(State& s, const Selection& at) {
  { s.input_scale(at) } -> std::convertible_to<at::Tensor>;
};
template <class State>
concept HasInputVector = requires(State& s, const Selection& at) {
  { s.input_vector(at) } -> std::convertible_to<at::Tensor>;
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
template <class State>
concept HasHook =
    HasInputScale<State> || HasInputVector<State> || HasBefore<State> || HasAfter<State> ||
    HasNormAdjustment<State> || HasCopy<State> || HasBeginEpoch<State> || HasSplit<State>;

// A name that two bases have is ambiguous, so it cannot be asked for: tells whether a state has a
// member of that name, whatever its arguments and access.
struct HookNames {
  int input_scale, input_vector, before, after, norm_adjustment, copy, begin_epoch, split, is_split;
};
template <class State>
struct WithHookNames : State, HookNames {};

// A hook that cannot be called as documented would be ignored in silence.
template <class Policy>
struct CheckedHooks {
  using State = dependency_state<Policy>;
  using Names = WithHookNames<State>;
  static_assert(Policy::depth == 0 || HasHook<State>,
                "interchoice: a dependency_state<Policy> needs at least one hook, such as "
                "input_vector, before, after or norm_adjustment; check the spelling of what it "
                "has");
  static_assert(
      HasInputScale<State> || requires { &Names::input_scale; },
      "interchoice: the hook `input_scale` of a dependency_state needs the form "
      "`at::Tensor input_scale(const Selection&)`; change it, or rename the member");
  static_assert(
      HasInputVector<State> || requires { &Names::input_vector; },
      "interchoice: the hook `input_vector` of a dependency_state needs the form "
      "`at::Tensor input_vector(const Selection&)`; change it, or rename the member");
  static_assert(
      HasBefore<State> || requires { &Names::before; },
      "interchoice: the hook `before` of a dependency_state needs the form `at::Tensor "
      "before(const at::Tensor&, const Selection&)`; change it, or rename the member");
  static_assert(
      HasAfter<State> || requires { &Names::after; },
      "interchoice: the hook `after` of a dependency_state needs the form `at::Tensor "
      "after(const at::Tensor&, const Selection&)`; change it, or rename the member");
  static_assert(
      HasNormAdjustment<State> || requires { &Names::norm_adjustment; },
      "interchoice: the hook `norm_adjustment` of a dependency_state needs the form "
      "`NormAdjustment norm_adjustment(const Selection&)`; change it, or rename the "
      "member");
  static_assert(
      HasCopy<State> || requires { &Names::copy; },
      "interchoice: the hook `copy` of a dependency_state needs the form `std::size_t "
      "copy(const Selection&)`; change it, or rename the member");
  static_assert(
      HasBeginEpoch<State> || requires { &Names::begin_epoch; },
      "interchoice: the hook `begin_epoch` of a dependency_state needs the form "
      "`NewParameters begin_epoch(std::size_t, CandidateBank&)`; change it, or rename "
      "the member");
  static_assert(
      HasSplit<State> || requires { &Names::split; },
      "interchoice: the hook `split` of a dependency_state needs the form "
      "`NewParameters split(CandidateBank&)`; change it, or rename the member");
  static_assert(
      HasIsSplit<State> || requires { &Names::is_split; },
      "interchoice: the hook `is_split` of a dependency_state needs the form `bool "
      "is_split() const`; change it, or rename the member");
  static_assert(HasSplit<State> == HasIsSplit<State>,
                "interchoice: the hooks `split` and `is_split` of a dependency_state need each "
                "other; add the one that is missing");
  static constexpr bool value = true;
};

template <class Policy, class Space>
concept HasState = requires {
  sizeof(dependency_state<Policy>);
}
&&std::constructible_from<dependency_state<Policy>, torch::nn::Module&, const SpaceSite<Space>&>;

}  // namespace detail

}  // namespace interchoice
