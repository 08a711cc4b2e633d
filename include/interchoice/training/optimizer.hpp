#pragma once

#include <fmt/core.h>
#include <torch/nn/module.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "interchoice/nn/tables.hpp"
#include "interchoice/training/part.hpp"
#include "interchoice/training/table_step.hpp"

namespace interchoice {

/// Whether weight decay applies to a parameter: not to 1-D parameters (BatchNorm) nor to any
/// `.bias`; to everything else, bias tables included.
///
/// *Source*: the reference; paper Table 5.
inline bool is_decayed(std::string_view name, const at::Tensor& parameter) {
  return parameter.dim() > 1 && !name.ends_with(".bias") && name != "bias";
}

namespace detail {

/// A network's parameters in two groups: with the weight decay of the options, and without. Tables
/// are in two more, those that are not empty, where their step is one of their own.
template <class Options>
std::vector<torch::optim::OptimizerParamGroup> decay_groups(const torch::nn::Module& network,
                                                            const Options& options,
                                                            const TableStep& table_step) {
  table_step.check();
  std::unordered_set<const void*> tables;
  if (!table_step.is_default()) {
    for (const at::Tensor& table : tables_of(network)) tables.insert(table.unsafeGetTensorImpl());
  }
  std::array<std::vector<at::Tensor>, 4> members;  // decayed, plain; the same of tables
  for (const auto& parameter : network.named_parameters()) {
    const bool is_table = tables.contains(parameter.value().unsafeGetTensorImpl());
    const bool is_plain = !is_decayed(parameter.key(), parameter.value());
    members[(is_table ? 2 : 0) + (is_plain ? 1 : 0)].push_back(parameter.value());
  }
  const Options plain = Options(options).weight_decay(0);
  std::vector<torch::optim::OptimizerParamGroup> groups{
      {std::move(members[0]), std::make_unique<Options>(options)},
      {std::move(members[1]), std::make_unique<Options>(plain)}};
  const Options decayed =
      Options(options).weight_decay(table_step.weight_decay.value_or(options.weight_decay()));
  for (std::size_t i = 2; i < members.size(); ++i) {
    if (members[i].empty()) continue;
    groups.emplace_back(std::move(members[i]), std::make_unique<TableOptions<Options>>(
                                                   i == 2 ? decayed : plain, table_step));
  }
  return groups;
}

}  // namespace detail

/// Makes libtorch's SGD over a network, in two groups: with weight decay (`is_decayed`) and
/// without. The learning rate lasts until `set_learning_rate`, which `train` calls each epoch.
/// *Throws* c10::Error for a `TableStep` that no training can do.
struct Sgd {
  double momentum = 0.9;
  double weight_decay = 3e-4;
  /// The step of tables, in groups of their own where it is not that of all weights.
  TableStep tables = {};

  torch::optim::SGD operator()(const torch::nn::Module& network,
                               double learning_rate = 0.025) const {
    const torch::optim::SGDOptions own = options(learning_rate);
    return torch::optim::SGD(detail::decay_groups(network, own, tables), own);
  }
  /// libtorch's options, those of tables aside.
  torch::optim::SGDOptions options(double learning_rate) const {
    return torch::optim::SGDOptions(learning_rate).momentum(momentum).weight_decay(weight_decay);
  }
  std::string text() const {
    return fmt::format("SGD, momentum {}, weight decay {}", momentum, weight_decay) + tables.text();
  }
};

/// Makes libtorch's AdamW over a network, in the same two groups, with a learning rate as there.
///
/// *Source*: Loshchilov & Hutter 2019.
struct AdamW {
  double weight_decay = 0.01;
  double beta1 = 0.9;
  double beta2 = 0.999;
  /// As there.
  TableStep tables = {};

  torch::optim::AdamW operator()(const torch::nn::Module& network,
                                 double learning_rate = 1e-3) const {
    const auto options =
        torch::optim::AdamWOptions(learning_rate).betas({beta1, beta2}).weight_decay(weight_decay);
    return torch::optim::AdamW(detail::decay_groups(network, options, tables), options);
  }
  std::string text() const {
    return fmt::format("AdamW, weight decay {}, betas {} and {}", weight_decay, beta1, beta2) +
           tables.text();
  }
};

/// Makes the optimizer of a training: any callable that takes a `const torch::nn::Module&` and
/// returns a libtorch optimizer by value.
///
/// The learning rates that it comes with, those of single groups too, are not used:
/// `Training::learning_rate` sets all of them at each epoch, and `TableStep` makes that of tables
/// of it. Its default is SGD's; for AdamW take one such as `cosine(1e-3, 1e-5)`.
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

/// Sets the learning rate of all groups; that of tables follows from it by their `TableStep`, for
/// which `done`, the fraction of the training's epochs that is done, is needed if it has a `from`.
///
/// *Throws* c10::Error if it is needed and not there.
inline void set_learning_rate(torch::optim::Optimizer& optimizer, double learning_rate,
                              std::optional<double> done = {}) {
  for (auto& group : optimizer.param_groups()) {
    auto* tables = dynamic_cast<detail::TableGroup*>(&group.options());
    if (tables != nullptr) tables->note_done(done);
    group.options().set_lr(learning_rate);
  }
}

}  // namespace interchoice
