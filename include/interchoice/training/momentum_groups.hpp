#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/dependency/context.hpp"
#include "interchoice/nn/any_choice_block.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/training/part.hpp"

namespace interchoice {

/// Weights that have a momentum for each group of architectures.
struct WeightGroups {
  std::vector<at::Tensor> weights;
  std::size_t count = 1;  ///< of groups
  /// The group of an architecture, given by its candidates; below `count`.
  std::function<std::size_t(std::span<const std::uint8_t>)> group_of;
};

/// Which weights of a network have a momentum for each group of architectures; all others have one
/// for all. `context_momentum`, `ChoiceMomentum`, or any callable of this signature that names no
/// weight twice.
using MomentumGroups = Part<std::vector<WeightGroups>(const torch::nn::Module&)>;

/// Groups the architectures by a location's context, for the weights of its candidates:
///
///   v[p]' = momentum v[p] + gradient + decay w,  p the candidates of the location's priors
///
/// The priors are those of the network's policy: one of `bias<1>` and its kin, or
/// `split<on_demand>` that is never split, which is `none` with priors. Locations without priors
/// have one momentum.
///
/// *Throws* c10::Error if no location has a prior.
struct ContextMomentum {
  std::vector<WeightGroups> operator()(const torch::nn::Module& network) const {
    std::vector<WeightGroups> all;
    detail::for_each_choice_block(network, [&](const std::string&, const AnyChoiceBlock& block) {
      const Context context = block.context();
      if (context.context_count() == 1) return;
      WeightGroups own{.weights = {},
                       .count = context.context_count(),
                       .group_of = [context](std::span<const std::uint8_t> architecture) {
                         return context.context_of(architecture);
                       }};
      const CandidateBank& bank = block.bank();
      for (std::size_t k = 0; k < bank.copy_count(); ++k) {
        for (std::size_t c = 0; c < bank.candidate_count(); ++c) {
          for (const at::Tensor& p : bank.at(k, c).module()->parameters()) own.weights.push_back(p);
        }
      }
      all.push_back(std::move(own));
    });
    TORCH_CHECK(!all.empty(),
                "interchoice: context_momentum of a network whose locations have no priors; give "
                "it a policy that has, such as bias<1>, or split<on_demand> that is never split");
    return all;
  }
  std::string text() const { return "context"; }
};
/// Groups by each location's context.
inline constexpr ContextMomentum context_momentum{};

/// Groups the architectures by the candidate of one choice, for all weights of the network.
///
/// *Throws* c10::Error if no location of the network applies the choice.
///
/// *Source*: the momentum separation of Jeon et al. 2025, who draw the choice at random.
struct ChoiceMomentum {
  std::size_t choice = 0;

  std::vector<WeightGroups> operator()(const torch::nn::Module& network) const {
    std::size_t candidates = 0;
    detail::for_each_choice_block(network, [&](const std::string&, const AnyChoiceBlock& block) {
      if (block.context().choice() == choice) candidates = block.context().candidates();
    });
    TORCH_CHECK(candidates > 0, "interchoice: ChoiceMomentum of choice ", choice,
                ", which no location of the network applies; choices are counted from 0");
    return {{.weights = network.parameters(),
             .count = candidates,
             .group_of = [at = choice](std::span<const std::uint8_t> architecture) {
               return std::size_t{architecture[at]};
             }}};
  }
  std::string text() const { return fmt::format("choice {}", choice); }
};

}  // namespace interchoice
