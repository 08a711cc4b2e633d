#pragma once

#include <type_traits>
#include <utility>

namespace interchoice::detail {

/// The module behind a module holder.
template <class Network>
using ModuleOf = std::remove_cvref_t<decltype(*std::declval<const Network&>())>;

}  // namespace interchoice::detail
