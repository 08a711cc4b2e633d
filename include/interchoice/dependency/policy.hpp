#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

#include "interchoice/core/text_formatter.hpp"
#include "interchoice/dependency/prior.hpp"

namespace interchoice {

/// How weights depend on combinations of choices: an empty tag type with a name and a depth D, the
/// number of prior choices it looks at.
///
/// Satisfied by every policy of `dependency/` and by any type of the user's own with
/// `static constexpr std::string_view name` and `static constexpr std::size_t depth`. Its
/// computation is its `dependency_state` (see `nn/dependency_state.hpp`). Optional members:
/// `using prior_order = dataflow` (default `registration`), `static constexpr std::array effects`
/// (which effects its tables have; by default all of them count as observed), `static std::string
/// text()`.
template <class Policy>
concept DependencyPolicy = std::is_empty_v<Policy> && requires {
  { Policy::name } -> std::convertible_to<std::string_view>;
  { Policy::depth } -> std::convertible_to<std::size_t>;
} &&(Policy::depth <= LocationList::kCapacity);

namespace detail {

/// Whether a policy declares which effects its tables have.
template <class Policy>
concept HasEffects = requires {
  Policy::effects.size();
};

// One check a requirement: a failed concept would not name the missing member in words.
template <class Policy>
struct CheckedPolicy {
  static constexpr bool has_name = requires {
    { Policy::name } -> std::convertible_to<std::string_view>;
  };
  static constexpr bool has_depth = requires {
    { Policy::depth } -> std::convertible_to<std::size_t>;
  };
  static constexpr bool is_shallow = [] {
    if constexpr (DependencyPolicy<Policy> || !has_depth || !std::is_empty_v<Policy>) {
      return true;
    } else {
      return Policy::depth <= LocationList::kCapacity;
    }
  }();
  static_assert(std::is_empty_v<Policy>,
                "interchoice: a dependency policy needs to be an empty type; keep its parameters "
                "in dependency_state<Policy> and its options in template arguments");
  static_assert(has_name,
                "interchoice: a dependency policy needs `static constexpr std::string_view name`; "
                "add it to the type named above");
  static_assert(has_depth,
                "interchoice: a dependency policy needs `static constexpr std::size_t depth`, the "
                "number of priors it looks at; add it to the type named above");
  static_assert(is_shallow,
                "interchoice: a dependency policy needs a depth of 0 to 16 priors; use a smaller "
                "one");
  static constexpr bool value = true;
};

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

/// A base of policies: the members of one that looks at `Depth` priors in an order.
template <std::size_t Depth, class Order = registration>
struct with_priors {
  static_assert(Depth >= 1,
                "interchoice: a policy with priors needs Depth >= 1; for no dependency use "
                "interchoice::none");

  using prior_order = Order;
  static constexpr std::size_t depth = Depth;
};

/// The text that identifies a policy in reports and checkpoints: `none`, `bias<1>`, `split<125>`.
/// Its `text()`; without one its name, with depth and order where it declares a prior order.
template <DependencyPolicy Policy>
std::string policy_text() {
  if constexpr (requires {
                  { Policy::text() } -> std::convertible_to<std::string>;
                }) {
    return Policy::text();
  } else if constexpr (requires { typename Policy::prior_order; }) {
    return prior_text<typename Policy::prior_order>(Policy::name, Policy::depth);
  } else {
    return std::string(Policy::name);
  }
}

}  // namespace interchoice

/// Formats a policy as its `policy_text`: `fmt::format("{}", bias<1>())`.
template <interchoice::DependencyPolicy Policy>
struct fmt::formatter<Policy> : interchoice::TextFormatter {
  template <class Context>
  auto format(const Policy&, Context& context) const {
    return write(interchoice::policy_text<Policy>(), context);
  }
};
