#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <cstddef>
#include <string>
#include <vector>

#include "interchoice/nn/detail/thread_scope.hpp"

namespace interchoice::detail {

/// Sees the operators that this thread runs while it lives, of whatever module.
///
/// It stands in the dispatcher, in front of everything else: an operator that it wants runs unseen,
/// any other shows the operators that it is made of. Of nested ones the innermost sees.
class OperatorObserver : public ThreadScope<OperatorObserver> {
 public:
  virtual ~OperatorObserver() = default;

 protected:
  OperatorObserver() {
    static const c10::RegistrationHandleRAII registration =
        c10::Dispatcher::singleton().registerFallback(
            kKey, c10::KernelFunction::makeFromBoxedFunction<&OperatorObserver::run>(),
            "interchoice");
  }

  /// Whether it looks at an operator of this name, `aten::relu` say. Those have one tensor as their
  /// result.
  virtual bool wants(const std::string& name) const = 0;
  /// Called before the operator; a defined tensor is its result, and it does not run.
  virtual at::Tensor before(const std::string& /*name*/,
                            const std::vector<c10::IValue>& /*arguments*/) {
    return {};
  }
  /// Called behind the operator.
  virtual void after(const std::string& /*name*/, const std::vector<c10::IValue>& /*arguments*/,
                     const at::Tensor& /*result*/) {}

 private:
  static constexpr c10::DispatchKey kKey = c10::DispatchKey::TESTING_ONLY_GenericMode;

  static void run(const c10::OperatorHandle& op, c10::DispatchKeySet keys, c10::Stack* stack) {
    const auto below = keys & c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, kKey);
    const std::string& name = op.operator_name().name;
    OperatorObserver* const observer = current();
    if (observer == nullptr || !observer->wants(name)) {
      op.redispatchBoxed(below, stack);
      return;
    }
    const std::size_t count = op.schema().arguments().size();
    const std::vector<c10::IValue> arguments = torch::jit::last(*stack, count).vec();
    const c10::impl::ExcludeDispatchKeyGuard unseen(kKey);
    if (const at::Tensor instead = observer->before(name, arguments); instead.defined()) {
      torch::jit::drop(*stack, count);
      stack->emplace_back(instead);
      return;
    }
    op.redispatchBoxed(below, stack);
    observer->after(name, arguments, stack->back().toTensor());
  }

  c10::impl::IncludeDispatchKeyGuard guard_{kKey};
};

}  // namespace interchoice::detail
