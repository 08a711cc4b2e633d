#pragma once

#include <ATen/Context.h>
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/GradMode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/nn/cost.hpp"
#include "interchoice/nn/device.hpp"

namespace interchoice {

namespace detail {

/// Counts the multiply-accumulates of all operators that this thread runs while it exists.
///
/// It stands in the dispatcher, in front of everything else: an operator that multiplies is counted
/// by the shapes of its tensors and then runs unseen, any other shows the operators that it is made
/// of.
class MacCounter {
 public:
  MacCounter() : before_(std::exchange(current(), this)) {
    static const c10::RegistrationHandleRAII registration =
        c10::Dispatcher::singleton().registerFallback(
            kKey, c10::KernelFunction::makeFromBoxedFunction<&MacCounter::run>(), "interchoice");
  }
  ~MacCounter() { current() = before_; }
  MacCounter(const MacCounter&) = delete;
  MacCounter& operator=(const MacCounter&) = delete;

  std::int64_t macs() const { return macs_; }

 private:
  static constexpr c10::DispatchKey kKey = c10::DispatchKey::TESTING_ONLY_GenericMode;

  static MacCounter*& current() {
    thread_local MacCounter* counter = nullptr;
    return counter;
  }

  static void run(const c10::OperatorHandle& op, c10::DispatchKeySet keys, c10::Stack* stack) {
    const auto below = keys & c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, kKey);
    static const std::map<std::string, std::size_t> kProducts{
        // with the place of the first factor
        {"aten::convolution", 0}, {"aten::mm", 0},      {"aten::addmm", 1},
        {"aten::bmm", 0},         {"aten::baddbmm", 1}, {"aten::scaled_dot_product_attention", 0}};
    const std::string& name = op.operator_name().name;
    const auto product = kProducts.find(name);
    MacCounter* const counter = current();
    if (counter == nullptr || product == kProducts.end()) {
      op.redispatchBoxed(below, stack);
      return;
    }
    const auto arguments = torch::jit::last(*stack, op.schema().arguments().size()).vec();
    const c10::impl::ExcludeDispatchKeyGuard unseen(kKey);
    op.redispatchBoxed(below, stack);
    const at::Tensor& a = arguments[product->second].toTensor();
    const at::Tensor& b = arguments[product->second + 1].toTensor();
    const at::Tensor& y = stack->back().toTensor();
    if (name == "aten::convolution") {  // (x, weights, bias, stride, padding, dilation, transposed)
      const at::Tensor& map = arguments[6].toBool() ? a : y;
      counter->macs_ += map.numel() / map.size(1) * b.numel();
    } else if (name == "aten::scaled_dot_product_attention") {  // (queries, keys, values)
      counter->macs_ += (a.numel() + y.numel()) * b.size(-2);
    } else {
      counter->macs_ += y.numel() * a.size(-1);
    }
  }

  MacCounter* before_;
  std::int64_t macs_ = 0;
  c10::impl::IncludeDispatchKeyGuard guard_{kKey};
};

/// Keeps a module in evaluation mode; gives modes, buffers and random numbers back afterwards.
class Undisturbed {
 public:
  explicit Undisturbed(torch::nn::Module& module)
      : generator_(at::globalContext().defaultGenerator(device_of(module))),
        random_(generator_.get_state()) {
    for (const auto& part : module.modules()) modes_.emplace_back(part, part->is_training());
    for (const at::Tensor& buffer : module.buffers()) buffers_.emplace_back(buffer, buffer.clone());
    module.eval();
  }
  ~Undisturbed() {
    for (const auto& [module, training] : modes_) module->train(training);  // parents first
    for (const auto& [buffer, before] : buffers_) buffer.copy_(before);
    generator_.set_state(random_);
  }
  Undisturbed(const Undisturbed&) = delete;
  Undisturbed& operator=(const Undisturbed&) = delete;

 private:
  const c10::NoGradGuard no_grad_;
  at::Generator generator_;
  at::Tensor random_;
  std::vector<std::pair<std::shared_ptr<torch::nn::Module>, bool>> modes_;
  std::vector<std::pair<at::Tensor, at::Tensor>> buffers_;
};

}  // namespace detail

/// The multiply-accumulates that a call runs with a module in evaluation mode: those of all
/// convolutions, products of matrices, and scaled dot-product attentions, by the shapes that the
/// tensors really have.
///
/// Products of a matrix and one vector are none, as those by which policies make their vectors. The
/// module's parameters, buffers and modes and the random numbers of its device stay what they were.
/// *Cost*: the call.
template <class Call>
std::int64_t measured_macs(torch::nn::Module& module, const Call& call) {
  const detail::Undisturbed undisturbed(module);
  const detail::MacCounter counter;
  call();
  return counter.macs();
}

/// The parameters of one path (`path_parameters`) and the multiply-accumulates of its forward pass
/// for the first example of x, of any network with `forward(x, architecture)`.
///
/// Where a network declares its `cost`, that is the same, without a network. *Cost*: a forward
/// pass.
template <class Net, SearchSpace Space>
Cost measured_cost(Net& net, const Architecture<Space>& architecture, const at::Tensor& x) {
  return {path_parameters(*net, architecture),
          measured_macs(*net, [&] { net->forward(x.narrow(0, 0, 1), architecture); })};
}

}  // namespace interchoice
