#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

namespace interchoice {

/// A callable with a text that identifies it: a distribution or a cost that is a lambda.
///
/// The text must contain everything that changes the results: `Named{"MACs at 32 x 32", macs}`.
template <class Callable>
class Named {
 public:
  constexpr Named(std::string text, Callable callable)
      : text_(std::move(text)), callable_(std::move(callable)) {}

  template <class... Arguments>
  requires std::is_invocable_v<const Callable&, Arguments...>
  constexpr decltype(auto) operator()(Arguments&&... arguments) const {
    return std::invoke(callable_, std::forward<Arguments>(arguments)...);
  }

  constexpr std::size_t paths_per_step() const requires requires(const Callable& callable) {
    callable.paths_per_step();
  }
  { return callable_.paths_per_step(); }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
  Callable callable_;
};

}  // namespace interchoice
