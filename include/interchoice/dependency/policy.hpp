#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

#include "interchoice/dependency/prior.hpp"

namespace interchoice {

/// How weights depend on combinations of choices: an empty tag type with a name and a depth D, the
/// number of prior choices it looks at.
///
/// Satisfied by `none`, `bias<D>`, `split<Epoch, D>` and by any type of the user's own with
/// `static constexpr std::string_view name` and `static constexpr std::size_t depth`. What a policy
/// computes is its `dependency_state` (see `nn/dependency_state.hpp`). Optional members:
/// `using prior_order = dataflow` (default `registration`), `static std::string text()`.
template <class Policy>
concept DependencyPolicy = std::is_empty_v<Policy> && requires {
  { Policy::name } -> std::convertible_to<std::string_view>;
  { Policy::depth } -> std::convertible_to<std::size_t>;
} &&(Policy::depth <= LocationList::kCapacity);

namespace detail {

template <class Policy>
struct PriorOrderOf {
  using type = registration;
};
template <class Policy>
requires requires { typename Policy::prior_order; }
struct PriorOrderOf<Policy> {
  using type = typename Policy::prior_order;
};

}  // namespace detail

/// The order in which a policy looks for priors; `registration` unless it says otherwise.
template <DependencyPolicy Policy>
using prior_order_t = typename detail::PriorOrderOf<Policy>::type;

/// The text that identifies a policy in reports and checkpoints: `none`, `bias<1>`, `split<125>`.
template <DependencyPolicy Policy>
std::string policy_text() {
  if constexpr (requires {
                  { Policy::text() } -> std::convertible_to<std::string>;
                }) {
    return Policy::text();
  } else {
    return std::string(Policy::name);
  }
}

}  // namespace interchoice
