#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/module.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/random.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/data/any_batch_source.hpp"
#include "interchoice/data/batch.hpp"
#include "interchoice/nn/any_choice_block.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/context_groups.hpp"
#include "interchoice/nn/detail/kept_modes.hpp"
#include "interchoice/nn/detail/kept_state.hpp"
#include "interchoice/nn/device.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/detail/least_distance_groups.hpp"
#include "interchoice/training/loss.hpp"

namespace interchoice {

/// How `gradient_groups` finds groups.
struct GradientGroupsOptions {
  /// Groups of each location, or fewer.
  std::size_t groups = 2;
  /// Random architectures, each with a batch of its own, over which distances are averaged.
  std::size_t repeats = 20;
  Loss loss = CrossEntropy{};
  Seed seed = {};
};

namespace detail {

/// The distances of a location's contexts, as far as they are known.
class ContextDistances {
 public:
  explicit ContextDistances(AnyChoiceBlock& block)
      : block_(&block),
        sums_(contexts(), std::vector<double>(contexts())),
        counts_(contexts(), std::vector<double>(contexts())),
        is_seen_(contexts()) {}

  const Context& context() const { return block_->context(); }

  /// Begins an architecture, whose variants differ in the priors' candidates.
  void begin() { gradients_.assign(contexts(), at::Tensor()); }
  /// The weights whose gradient counts: none for a variant that the location sees as another.
  std::vector<at::Tensor> weights(std::span<const std::uint8_t> architecture,
                                  std::size_t candidate) const {
    if (context().candidate_of(architecture) != candidate) return {};
    return block_->candidate_parameters(candidate);
  }
  /// Their gradients, some of them undefined, one behind the other.
  void add(std::span<const std::uint8_t> architecture, const std::vector<at::Tensor>& weights,
           const at::Tensor* gradients) {
    const std::size_t own = context().context_of(architecture);
    is_seen_[own] = true;
    std::vector<at::Tensor> flat;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      flat.push_back((gradients[i].defined() ? gradients[i] : at::zeros_like(weights[i]))
                         .to(at::kCPU, at::kDouble)
                         .reshape(-1));
    }
    gradients_[own] = at::cat(flat);
  }
  /// Ends it: distances of gradients that are none count for nothing.
  void end() {
    for (std::size_t i = 0; i < contexts(); ++i) {
      for (std::size_t j = 0; j < contexts(); ++j) {
        if (i == j || !gradients_[i].defined() || !gradients_[j].defined()) continue;
        const double norms = (gradients_[i].norm() * gradients_[j].norm()).item<double>();
        TORCH_CHECK(std::isfinite(norms), "interchoice: gradient_groups: a gradient at location ",
                    context().location(), " is not finite; ask earlier in the training, or train ",
                    "with a smaller learning rate");
        if (norms == 0) continue;
        sums_[i][j] += 1 - at::dot(gradients_[i], gradients_[j]).item<double>() / norms;
        counts_[i][j] += 1;
      }
    }
  }

  /// The groups; contexts that no variant had are in that of the first one.
  std::vector<std::size_t> groups(std::size_t count) const {
    std::vector<std::size_t> seen;
    for (std::size_t i = 0; i < contexts(); ++i) {
      if (is_seen_[i]) seen.push_back(i);
    }
    std::vector<std::vector<double>> distances(seen.size(), std::vector<double>(seen.size()));
    for (std::size_t i = 0; i < seen.size(); ++i) {
      for (std::size_t j = 0; j < seen.size(); ++j) {
        const double known = counts_[seen[i]][seen[j]];
        distances[i][j] = known > 0 ? sums_[seen[i]][seen[j]] / known : i == j ? 0 : 1;
      }
    }
    const auto groups_of_seen = least_distance_groups(distances, count);
    std::vector<std::size_t> groups(contexts(), 0);
    for (std::size_t i = 0; i < seen.size(); ++i) groups[seen[i]] = groups_of_seen[i];
    return numbered_by_first(groups);
  }

 private:
  std::size_t contexts() const { return block_->context().context_count(); }

  AnyChoiceBlock* block_;
  std::vector<std::vector<double>> sums_;
  std::vector<std::vector<double>> counts_;
  std::vector<bool> is_seen_;
  std::vector<at::Tensor> gradients_{};  // of one architecture, by context
};

}  // namespace detail

/// Groups of contexts whose gradients agree, for `set_context_groups` before a `grouped_split`:
///
///   d(i, j) = mean of 1 - cos(grad_w L(a, p = i), grad_w L(a, p = j))
///
/// over random architectures a, on which only the candidates of the location's priors are changed;
/// w are the shared weights of the candidate that a has there, L is the loss of a training batch.
/// Groups have a small sum of d within them, which favours equal sizes. A candidate without
/// weights, or with a gradient of zero, counts for nothing; contexts that the restriction leaves no
/// architecture join the first group.
///
/// Changes nothing: neither gradients, buffers, mode nor generators. `network` is a holder.
/// *Throws* c10::Error if it has no `grouped_split` with a prior, or is split, and for a gradient
/// that is not finite. *Cost*: a forward and a backward pass for each repeat and each combination
/// of candidates that some location has as priors: 30 of NAS-Bench-201 with one prior. *Source*:
/// the gradient matching of Hu et al. 2022 (GM-NAS), for contexts instead of the candidates of an
/// edge.
template <class Network, SearchSpace Space>
ContextGroups gradient_groups(Network network, const AnyBatchSource& data,
                              const Restriction<Space>& restriction,
                              const GradientGroupsOptions& options = {}) {
  TORCH_CHECK(options.groups > 0 && options.repeats > 0, "interchoice: gradient_groups with ",
              options.groups, " groups and ", options.repeats, " repeats; take at least 1 of each");
  TORCH_CHECK(!is_split(*network),
              "interchoice: gradient_groups of a network that is split; ask before the split");
  std::map<std::string, detail::ContextDistances> locations;
  std::map<std::vector<std::size_t>, std::vector<detail::ContextDistances*>> by_choices;
  detail::for_each_choice_block(*network, [&](const std::string& name, AnyChoiceBlock& block) {
    if (!detail::groups_buffer(block).defined()) return;
    std::vector<std::size_t> choices;
    for (std::size_t i = 0; i < block.context().depth(); ++i) {
      choices.push_back(block.context().prior(i).choice);
    }
    by_choices[choices].push_back(&locations.emplace(name, block).first->second);
  });
  TORCH_CHECK(!locations.empty(),
              "interchoice: gradient_groups of a network without a grouped_split that has priors");

  const at::Device device = device_of(*network);
  const detail::KeptState state(network->buffers(), device);
  const detail::KeptModes modes(*network);
  network->train();
  const Sampler sample{Uniform{restriction}, options.seed, Stream::kEvaluation};
  for (std::size_t repeat = 0; repeat < options.repeats; ++repeat) {
    const Batch batch = on_device(data.calibration(static_cast<std::int64_t>(repeat)), device);
    const Architecture<Space> path = sample(0, repeat);
    for (auto& [choices, blocks] : by_choices) {
      for (auto* location : blocks) location->begin();
      std::vector<std::size_t> at(choices.size());  // in the lists of allowed candidates
      for (std::size_t place = 0; place < choices.size();) {
        Architecture<Space> variant = path;
        for (std::size_t i = 0; i < choices.size(); ++i) {
          variant = variant.with(choices[i], restriction.candidates(choices[i])[at[i]]);
        }
        std::vector<at::Tensor> weights;
        std::vector<std::vector<at::Tensor>> own;  // of each location
        for (const auto* location : blocks) {
          own.push_back(location->weights(variant.candidates(),
                                          location->context().candidate_of(path.candidates())));
          weights.insert(weights.end(), own.back().begin(), own.back().end());
        }
        if (!weights.empty()) {
          const at::Tensor loss =
              options.loss(network->forward(batch.data, variant), batch.target, batch.data);
          const auto gradients =
              torch::autograd::grad({loss}, weights, /*grad_outputs=*/{}, /*retain_graph=*/{},
                                    /*create_graph=*/false, /*allow_unused=*/true);
          const at::Tensor* next = gradients.data();
          for (std::size_t l = 0; l < blocks.size(); ++l) {
            if (!own[l].empty()) blocks[l]->add(variant.candidates(), own[l], next);
            next += own[l].size();
          }
        }
        for (place = 0; place < choices.size(); ++place) {  // the next combination
          if (++at[place] < restriction.candidates(choices[place]).size()) break;
          at[place] = 0;
        }
      }
      for (auto* location : blocks) location->end();
    }
  }
  ContextGroups groups;
  for (const auto& [name, location] : locations) groups[name] = location.groups(options.groups);
  return groups;
}

}  // namespace interchoice
