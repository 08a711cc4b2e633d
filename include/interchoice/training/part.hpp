#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "interchoice/data/detail/text_of.hpp"

namespace interchoice {

/// A part of a training as a value: any callable of the signature, with its `text()` if it has one.
/// *Cost*: an indirect call.
template <class Signature>
class Part;
/// The same, for a signature's result and arguments.

template <class Result, class... Arguments>
class Part<Result(Arguments...)> {
 public:
  template <class Callable>
  // NOLINTNEXTLINE(google-explicit-constructor): made where one is taken
  requires(!std::derived_from<Callable, Part>) Part(const Callable& callable)
      : Part(detail::text_of(callable), callable) {
    static_assert(std::is_invocable_r_v<Result, const Callable&, Arguments...>,
                  "interchoice: a part of a training needs a callable with the parameters and the "
                  "result of the part; see training/training.hpp for each");
  }

  Result operator()(Arguments... arguments) const {
    return call_(std::forward<Arguments>(arguments)...);
  }

  /// The callable's text, part of a training's identity; empty if it has none.
  const std::string& text() const { return text_; }

 protected:
  Part(std::string text, std::function<Result(Arguments...)> call)
      : text_(std::move(text)), call_(std::move(call)) {}

 private:
  std::string text_;
  std::function<Result(Arguments...)> call_;
};

}  // namespace interchoice
