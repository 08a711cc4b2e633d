#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include "interchoice/networks/segments.hpp"
#include "interchoice/nn/cost.hpp"
#include "interchoice/nn/observability.hpp"
#include "interchoice/nn/operation.hpp"

// The part that chain and cell networks share: a skeleton's stem and head, its optional members.

namespace interchoice::detail {

template <class Skeleton>
struct OperationsIn {
  using type = typename Skeleton::Space;
};
template <class Skeleton>
requires requires { typename Skeleton::Operations; }
struct OperationsIn<Skeleton> {
  using type = typename Skeleton::Operations;
};

/// The operations of a choice of a skeleton: of its own list, or of the space.
template <class Skeleton, class Policy>
std::vector<AnyOperation> operations_in(std::size_t choice) {
  return own_operations<typename Skeleton::Space, Policy, typename OperationsIn<Skeleton>::type>(
      choice);
}

template <class Skeleton>
constexpr typename Skeleton::Options default_options() {
  if constexpr (requires { Skeleton::default_options(); }) {
    return Skeleton::default_options();
  } else {
    return {};
  }
}

template <class Skeleton>
constexpr Response head_response() {
  if constexpr (requires { Skeleton::head_response; }) {
    return Skeleton::head_response;
  } else {
    return Response::kObserved;
  }
}

/// The cost of stem and head, and of what stands between them: `add_body(cost, size)` adds it and
/// takes the spatial size from behind the stem to the front of the head.
template <class Skeleton, class AddBody>
constexpr Cost network_cost(const typename Skeleton::Options& options, const SpatialSize& input,
                            const AddBody& add_body) {
  Cost cost = Skeleton::stem_cost(options, input);
  SpatialSize size = input.reduced(Skeleton::stem_stride);
  add_body(cost, size);
  return cost + Skeleton::head_cost(options, size);
}

/// A network with a skeleton's stem and head. The body is its own matter.
template <class Skeleton>
class SkeletonModule : public torch::nn::Module {
 public:
  using Space = typename Skeleton::Space;
  using Options = typename Skeleton::Options;

  const Options& options() const { return options_; }

  /// Draws new initial weights as the skeleton says, for all modules that are there by now. Called
  /// by the constructor.
  void initialise() {
    if constexpr (requires { Skeleton::initialise(*this, options_); }) {
      Skeleton::initialise(*this, options_);
    }
  }

  /// Stem, the body's segments, head.
  const std::vector<Segment>& segments() const { return segments_; }

 protected:
  explicit SkeletonModule(const Options& options) : options_(options) {
    if constexpr (requires { Skeleton::check(options); }) Skeleton::check(options);
    stem_ = this->register_module("stem", Skeleton::stem(options));
  }

  /// To be called when the body is registered.
  void finish(std::vector<Segment> body_segments) {
    head_ = this->register_module("head", Skeleton::head(options_));
    segments_ = std::move(body_segments);
    segments_.insert(segments_.begin(), {"stem", {}});
    segments_.push_back({"head", {}});
    initialise();
  }

  /// Runs stem or head. Returns whether the segment was one of them.
  bool run_end(std::size_t segment, Activations& activations) {
    const at::Tensor& x = activations.front();
    if (segment == 0) {
      activations = {
          stem_->forward(x.dim() == 4 ? x.contiguous(at::MemoryFormat::ChannelsLast) : x)};
    } else if (segment + 1 == segments_.size()) {
      activations = {head_->forward(x)};
    } else {
      return false;
    }
    return true;
  }

 private:
  Options options_;
  decltype(Skeleton::stem(std::declval<const Options&>())) stem_{nullptr};
  decltype(Skeleton::head(std::declval<const Options&>())) head_{nullptr};
  std::vector<Segment> segments_;
};

}  // namespace interchoice::detail
