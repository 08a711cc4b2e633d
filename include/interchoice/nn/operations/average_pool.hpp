#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string_view>

#include "interchoice/core/candidate.hpp"
#include "interchoice/nn/checked_geometry.hpp"
#include "interchoice/nn/cost.hpp"
#include "interchoice/nn/geometry.hpp"
#include "interchoice/nn/kernels/average_pool.hpp"
#include "interchoice/nn/responses.hpp"

namespace interchoice {

/// 3x3 average pool of images, stride 1, padding 1.
///
/// The paper's super-network divides by nine at the border, too (`CountIncludePad`), the
/// benchmark's own networks do not.
template <bool CountIncludePad = true>
struct AveragePool3x3 {
  static constexpr std::string_view name = "avg_pool_3x3";
  static constexpr CandidateKind kind = CandidateKind::kPooling;

  /// A constant comes out smaller at the border where the padding counts, as it went in elsewhere.
  static constexpr Responses responses(const Geometry&) {
    return {.input_shift = CountIncludePad ? Response::kObserved : Response::kPropagated,
            .keeps_zeros = true};
  }
  static constexpr Cost cost(const Geometry&, const SpatialSize&) { return {}; }

  /// The module that `build` makes.
  struct Module : torch::nn::Module {
    at::Tensor forward(const at::Tensor& x) { return average_pool3x3(x, {}, CountIncludePad); }
    at::Tensor forward_biased(const at::Tensor& x, const at::Tensor& vector) {
      return average_pool3x3(x, vector, CountIncludePad);
    }
  };

  /// *Throws* c10::Error where the geometry changes the shape.
  std::shared_ptr<Module> build(const Geometry& geometry) const {
    check_axis(geometry, ChannelAxis::kSecond, "AveragePool3x3");
    check_keeps_shape(geometry, "AveragePool3x3",
                      "write an operation of your own that changes the shape");
    return std::make_shared<Module>();
  }
};

}  // namespace interchoice
