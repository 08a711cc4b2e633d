#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "interchoice/dependency/attention.hpp"
#include "interchoice/nn/dependency_state.hpp"

namespace interchoice {

/// y = op_c(x * sigmoid(f(onehot(pD), ..., onehot(p1), onehot(c)))): layers `attention0` and
/// `attention1`, none where there is nothing to look at or to act on.
///
/// The input of f is never made: a product with one-hot vectors is a sum of columns.
template <std::size_t Depth, std::size_t Layers, class Own, class Order>
struct dependency_state<attention<Depth, Layers, Own, Order>> {
  dependency_state(torch::nn::Module& owner, const Site& site) {
    const Context& context = site.context();
    for (std::size_t c = 0; c < context.candidates(); ++c) {
      observed_.push_back(site.observes(Effect::kInputScale, c));
    }
    const std::size_t looks_at = context.depth() + (kOwn ? 1 : 0);
    if (looks_at == 0 || !site.observes(Effect::kInputScale)) return;
    places_ = site.max_candidates();
    depth_ = context.depth();
    const auto width = static_cast<std::int64_t>(looks_at * places_);
    const std::int64_t channels = site.geometry().channels;
    if constexpr (Layers == 1) {
      layers.push_back(torch::nn::Linear(width, channels));
    } else {
      const std::int64_t hidden = (width + 7) / 8 * 8;
      layers.push_back(torch::nn::Linear(width, hidden));
      layers.push_back(torch::nn::Linear(hidden, channels));
    }
    for (std::size_t i = 0; i < layers.size(); ++i) {
      owner.register_module("attention" + std::to_string(i), layers[i]);
    }
  }

  at::Tensor input_scale(const Selection& selection) const {
    if (layers.empty() || !observed_[selection.candidate()]) return {};
    at::Tensor h = layers[0]->bias;
    std::size_t place = 0;
    const auto add = [&](std::size_t candidate) {
      h = h + layers[0]->weight.select(1, static_cast<std::int64_t>(place + candidate));
      place += places_;
    };
    for (std::size_t i = depth_; i-- > 0;) add(selection.prior(i));
    if (kOwn) add(selection.candidate());
    if constexpr (Layers == 2) h = at::linear(at::relu(h), layers[1]->weight, layers[1]->bias);
    return at::sigmoid(h);
  }

  std::vector<torch::nn::Linear> layers;

 private:
  static constexpr bool kOwn = std::is_same_v<Own, with_own_choice>;

  std::vector<bool> observed_;  // of each candidate
  std::size_t places_ = 0;      // of one choice in the input of f
  std::size_t depth_ = 0;
};

}  // namespace interchoice
