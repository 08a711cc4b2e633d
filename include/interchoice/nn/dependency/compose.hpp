#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>

#include "interchoice/dependency/compose.hpp"
#include "interchoice/nn/dependency_state.hpp"

namespace interchoice {

namespace detail {

template <class... Policies>
struct CheckedHooks<compose<Policies...>> {
  static constexpr bool value = (CheckedHooks<Policies>::value && ...);
};

// The place of the policy that has a hook; the number of policies where none has it.
template <bool... Has>
constexpr std::size_t owner_of_hook() {
  constexpr std::array<bool, sizeof...(Has)> has{Has...};
  static_assert(std::count(has.begin(), has.end(), true) <= 1,
                "interchoice: compose<Policies...> needs policies on different hooks, and two of "
                "these act on the same one; leave one of them out");
  return static_cast<std::size_t>(std::find(has.begin(), has.end(), true) - has.begin());
}

}  // namespace detail

/// The states of several policies. A hook is that of the one policy that has it, called with that
/// policy's own context; `begin_epoch` is called for each policy that has it.
template <class... Policies>
struct dependency_state<compose<Policies...>> {
 private:
  template <class Policy>
  using State = dependency_state<Policy>;
  static constexpr std::size_t kNone = sizeof...(Policies);
  static constexpr std::size_t kScale =
      detail::owner_of_hook<detail::HasInputScale<State<Policies>>...>();
  static constexpr std::size_t kVector =
      detail::owner_of_hook<detail::HasInputVector<State<Policies>>...>();
  static constexpr std::size_t kBefore =
      detail::owner_of_hook<detail::HasBefore<State<Policies>>...>();
  static constexpr std::size_t kAfter =
      detail::owner_of_hook<detail::HasAfter<State<Policies>>...>();
  static constexpr std::size_t kNorm =
      detail::owner_of_hook<detail::HasNormAdjustment<State<Policies>>...>();
  static constexpr std::size_t kCopy = detail::owner_of_hook<detail::HasCopy<State<Policies>>...>();
  static constexpr std::size_t kSplit =
      detail::owner_of_hook<detail::HasSplit<State<Policies>>...>();

 public:
  template <SearchSpace Space>
  dependency_state(torch::nn::Module& owner, const SpaceSite<Space>& site)
      : parts_{Part<Policies>(owner, site.template with_policy<Policies>())...} {}

  at::Tensor input_scale(const Selection& at) requires(kScale != kNone) {
    return part<kScale>().state.input_scale(part<kScale>().own(at));
  }
  at::Tensor input_vector(const Selection& at) requires(kVector != kNone) {
    return part<kVector>().state.input_vector(part<kVector>().own(at));
  }
  at::Tensor before(const at::Tensor& x, const Selection& at) requires(kBefore != kNone) {
    return part<kBefore>().state.before(x, part<kBefore>().own(at));
  }
  at::Tensor after(const at::Tensor& y, const Selection& at) requires(kAfter != kNone) {
    return part<kAfter>().state.after(y, part<kAfter>().own(at));
  }
  NormAdjustment norm_adjustment(const Selection& at) requires(kNorm != kNone) {
    return part<kNorm>().state.norm_adjustment(part<kNorm>().own(at));
  }
  std::size_t copy(const Selection& at) requires(kCopy != kNone) {
    return part<kCopy>().state.copy(part<kCopy>().own(at));
  }
  NewParameters split(CandidateBank& bank) requires(kSplit != kNone) {
    return part<kSplit>().state.split(bank);
  }
  bool is_split() const requires(kSplit != kNone) { return state<kSplit>().is_split(); }
  NewParameters begin_epoch(std::size_t epoch,
                            CandidateBank& bank) requires((detail::HasBeginEpoch<State<Policies>> ||
                                                           ...)) {
    NewParameters added;
    const auto one = [&]<class S>(S& state) {
      if constexpr (detail::HasBeginEpoch<S>) added.append(state.begin_epoch(epoch, bank), "");
    };
    std::apply([&](auto&... part) { (one(part.state), ...); }, parts_);
    return added;
  }

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
    Selection own(const Selection& at) const { return {context, at.architecture()}; }

    Context context;
    State<Policy> state;
  };

  template <std::size_t Place>
  auto& part() {
    return std::get<Place>(parts_);
  }

  std::tuple<Part<Policies>...> parts_;
};

}  // namespace interchoice
