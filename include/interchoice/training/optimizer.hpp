#pragma once

#include <fmt/core.h>
#include <torch/nn/module.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "interchoice/training/part.hpp"

namespace interchoice {

/// Whether weight decay applies to a parameter: not to 1-D parameters (BatchNorm) nor to any
/// `.bias`; to everything else, bias tables included.
///
/// *Source*: the reference; paper Table 5.
inline bool is_decayed(std::string_view name, const at::Tensor& parameter) {
  return parameter.dim() > 1 && !name.ends_with(".bias") && name != "bias";
}

namespace detail {

/// A network's parameters in two groups: with the weight decay of the options, and without.
template <class Options>
std::vector<torch::optim::OptimizerParamGroup> decay_groups(const torch::nn::Module& network,
                                                            const Options& options) {
  std::vector<at::Tensor> decayed;
  std::vector<at::Tensor> plain;
  for (const auto& parameter : network.named_parameters()) {
    (is_decayed(parameter.key(), parameter.value()) ? decayed : plain).push_back(parameter.value());
  }
  return {{std::move(decayed), std::make_unique<Options>(options)},
          {std::move(plain), std::make_unique<Options>(Options(options).weight_decay(0))}};
}

}  // namespace detail

/// Makes libtorch's SGD over a network, in two groups: with weight decay (`is_decayed`) and
/// without. The learning rate lasts until `set_learning_rate`, which `train` calls each epoch.
struct Sgd {
  double momentum = 0.9;
  double weight_decay = 3e-4;

  torch::optim::SGD operator()(const torch::nn::Module& network,
                               double learning_rate = 0.025) const {
    const auto options =
        torch::optim::SGDOptions(learning_rate).momentum(momentum).weight_decay(weight_decay);
    return torch::optim::SGD(detail::decay_groups(network, options), options);
  }
  std::string text() const {
    return fmt::format("SGD, momentum {}, weight decay {}", momentum, weight_decay);
  }
};

/// Makes libtorch's AdamW over a network, in the same two groups, with a learning rate as there.
///
/// *Source*: Loshchilov & Hutter 2019.
struct AdamW {
  double weight_decay = 0.01;
  double beta1 = 0.9;
  double beta2 = 0.999;

  torch::optim::AdamW operator()(const torch::nn::Module& network,
                                 double learning_rate = 1e-3) const {
    const auto options =
        torch::optim::AdamWOptions(learning_rate).betas({beta1, beta2}).weight_decay(weight_decay);
    return torch::optim::AdamW(detail::decay_groups(network, options), options);
  }
  std::string text() const {
    return fmt::format("AdamW, weight decay {}, betas {} and {}", weight_decay, beta1, beta2);
  }
};

/// Makes the optimizer of a training: any callable that takes a `const torch::nn::Module&` and
/// returns a libtorch optimizer by value.
///
/// The learning rates that it comes with, those of single groups too, are not used:
/// `Training::learning_rate` sets all of them at each epoch. Its default is SGD's; for AdamW take
/// one such as `cosine(1e-3, 1e-5)`.
class OptimizerMaker
    : public Part<std::unique_ptr<torch::optim::Optimizer>(const torch::nn::Module&)> {
 public:
  template <class Callable>
  requires(!std::derived_from<Callable, OptimizerMaker>)
      OptimizerMaker(const Callable& callable)  // NOLINT(google-explicit-constructor)
      : Part(detail::text_of(callable), [callable](const torch::nn::Module& network) {
          static_assert(std::is_invocable_v<const Callable&, const torch::nn::Module&>,
                        "interchoice: the optimizer of a training needs a callable that takes a "
                        "`const torch::nn::Module&` and returns an optimizer by value, such as "
                        "`[](const torch::nn::Module& m) { return "
                        "torch::optim::RMSprop(m.parameters()); }`");
          return std::unique_ptr<torch::optim::Optimizer>(
              new std::invoke_result_t<const Callable&, const torch::nn::Module&>(
                  callable(network)));
        }) {}
};

/// Sets the learning rate of all groups.
inline void set_learning_rate(torch::optim::Optimizer& optimizer, double learning_rate) {
  for (auto& group : optimizer.param_groups()) group.options().set_lr(learning_rate);
}

}  // namespace interchoice
