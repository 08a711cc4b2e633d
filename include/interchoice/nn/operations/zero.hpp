#pragma once

#include <ATen/ops/empty.h>
#include <ATen/ops/zero.h>
#include <torch/nn/module.h>

#include <memory>
#include <string_view>

#include "interchoice/core/candidate.hpp"
#include "interchoice/nn/cost.hpp"
#include "interchoice/nn/deferred_bias.hpp"
#include "interchoice/nn/geometry.hpp"
#include "interchoice/nn/responses.hpp"

namespace interchoice {

/// Zeros of the shape that a geometry makes of x.
inline at::Tensor zeros_behind(const at::Tensor& x, const Geometry& geometry) {
  return at::empty(geometry.output_sizes(x.sizes()), x.options(), x.suggest_memory_format())
      .zero_();
}

/// y = 0, for any kind of tensor. Nothing is computed where a sum follows; no gradient reaches the
/// input.
struct Zero {
  static constexpr std::string_view name = "none";
  static constexpr CandidateKind kind = CandidateKind::kZero;

  static constexpr Responses responses(const Geometry&) {
    return {.input_shift = Response::kRemoved,
            .input_scale = Response::kRemoved,
            .keeps_zeros = true,
            .is_zero = true};
  }
  static constexpr Cost cost(const Geometry&, const SpatialSize&) { return {}; }

  /// The module that `build` makes.
  struct Module : torch::nn::Module {
    explicit Module(const Geometry& g) : geometry(g) {}
    at::Tensor forward(const at::Tensor& x) { return zeros_behind(x, geometry); }
    DeferredBias forward_deferred(const at::Tensor&, const at::Tensor&) { return {}; }
    Geometry geometry;
  };

  std::shared_ptr<Module> build(const Geometry& geometry) const {
    return std::make_shared<Module>(geometry);
  }
};

}  // namespace interchoice
