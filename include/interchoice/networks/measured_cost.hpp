#pragma once

#include <ATen/Context.h>
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>
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
#include "interchoice/nn/detail/operator_observer.hpp"
#include "interchoice/nn/device.hpp"

namespace interchoice {

namespace detail {

/// Counts the multiply-accumulates of all operators that this thread runs while it exists, by the
/// shapes of their tensors.
class MacCounter final : public OperatorObserver {
 public:
  std::int64_t macs() const { return macs_; }

 private:
  static const std::map<std::string, std::size_t>& products() {
    static const std::map<std::string, std::size_t> kProducts{
        // with the place of the first factor
        {"aten::convolution", 0}, {"aten::mm", 0},      {"aten::addmm", 1},
        {"aten::bmm", 0},         {"aten::baddbmm", 1}, {"aten::scaled_dot_product_attention", 0}};
    return kProducts;
  }

  bool wants(const std::string& name) const override { return products().contains(name); }

  void after(const std::string& name, const std::vector<c10::IValue>& arguments,
             const at::Tensor& y) override {
    const std::size_t first = products().at(name);
    const at::Tensor& a = arguments[first].toTensor();
    const at::Tensor& b = arguments[first + 1].toTensor();
    if (name == "aten::convolution") {  // (x, weights, bias, stride, padding, dilation, transposed)
      const at::Tensor& map = arguments[6].toBool() ? a : y;
      macs_ += map.numel() / map.size(1) * b.numel();
    } else if (name == "aten::scaled_dot_product_attention") {  // (queries, keys, values)
      macs_ += (a.numel() + y.numel()) * b.size(-2);
    } else {
      macs_ += y.numel() * a.size(-1);
    }
  }

  std::int64_t macs_ = 0;
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
