#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <utility>

#include "interchoice/nn/cost.hpp"
#include "interchoice/nn/operation.hpp"

// What chain and cell networks share: stem and head of a skeleton, and its optional members.

namespace interchoice::detail {

template <class Skeleton>
constexpr Response head_response() {
  if constexpr (requires { Skeleton::head_response; }) {
    return Skeleton::head_response;
  } else {
    return Response::kObserved;
  }
}

template <class Skeleton>
constexpr Cost candidate_cost(std::size_t choice, std::size_t candidate, const Geometry& geometry,
                              const SpatialSize& input) {
  if constexpr (requires { typename Skeleton::Operations; }) {
    return cost_of_candidate<typename Skeleton::Operations>(candidate, geometry, input);
  } else {
    return cost_of_choice<typename Skeleton::Space>(choice, candidate, geometry, input);
  }
}

/// The options, the stem and the head of a network.
template <class Skeleton>
class NetworkEnds {
 public:
  using Options = typename Skeleton::Options;

  /// Registers the stem with the owner. The head comes after the body: `add_head`.
  NetworkEnds(torch::nn::Module& owner, const Options& options) : options_(options) {
    if constexpr (requires { Skeleton::check(options); }) Skeleton::check(options);
    stem_ = owner.register_module("stem", Skeleton::stem(options));
  }
  void add_head(torch::nn::Module& owner) {
    head_ = owner.register_module("head", Skeleton::head(options_));
  }
  /// Sets the initial weights of everything below the owner, if the skeleton has its own.
  void initialise(torch::nn::Module& owner) const {
    if constexpr (requires { Skeleton::initialise(owner, options_); }) {
      Skeleton::initialise(owner, options_);
    }
  }

  const Options& options() const { return options_; }

  at::Tensor stem(const at::Tensor& x) {
    return stem_->forward(x.contiguous(at::MemoryFormat::ChannelsLast));
  }
  at::Tensor head(const at::Tensor& x) { return head_->forward(x); }

 private:
  Options options_;
  decltype(Skeleton::stem(std::declval<const Options&>())) stem_{nullptr};
  decltype(Skeleton::head(std::declval<const Options&>())) head_{nullptr};
};

}  // namespace interchoice::detail
