#pragma once

#include <utility>

namespace interchoice::detail {

/// Base of a guard `Derived` that acts on its thread while it lives, as libtorch's `NoGradGuard`
/// does. Guards nest: the innermost acts.
template <class Derived>
class ThreadScope {
 public:
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

  /// The guard that acts on this thread; null outside of all.
  static Derived* current() { return static_cast<Derived*>(innermost()); }

 protected:
  ThreadScope() : outer_(std::exchange(innermost(), this)) {}
  ~ThreadScope() { innermost() = outer_; }

 private:
  static ThreadScope*& innermost() {
    thread_local ThreadScope* innermost = nullptr;
    return innermost;
  }

  ThreadScope* outer_;
};

}  // namespace interchoice::detail
