#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "interchoice/nn/geometry.hpp"

namespace interchoice {

/// Height and width of a feature map, in pixels. T time steps or tokens are `{.height = T}`; a
/// volume is {.height = D * H, .width = W}, as long as its stride is 1.
struct SpatialSize {
  std::int64_t height = 1;
  std::int64_t width = 1;

  /// Their number.
  constexpr std::int64_t pixels() const { return height * width; }
  /// The map behind something of this stride: ceil(size / stride).
  constexpr SpatialSize reduced(std::int64_t stride) const {
    return {(height - 1) / stride + 1, (width - 1) / stride + 1};
  }
  friend constexpr bool operator==(const SpatialSize&, const SpatialSize&) = default;
};

/// Trainable parameters, and multiply-accumulates for one example: image, sequence or volume.
///
/// A MAC is one multiplication with its addition in a convolution or a matrix product, at every
/// output position, those at padded borders as at any other. Biases, BatchNorms, activations,
/// poolings and additions count as no MAC.
struct Cost {
  std::int64_t parameters = 0;
  std::int64_t macs = 0;

  constexpr Cost& operator+=(const Cost& other) {
    parameters += other.parameters;
    macs += other.macs;
    return *this;
  }
  friend constexpr Cost operator+(Cost a, const Cost& b) { return a += b; }
  friend constexpr bool operator==(const Cost&, const Cost&) = default;
};

/// The part of a convolution's shape that decides its cost.
struct ConvolutionShape {
  std::int64_t channels = 1;
  std::int64_t out_channels = channels;
  std::int64_t kernel = 1;
  std::int64_t groups = 1;
};

/// A convolution of images without bias: k * k * C_in / groups * C_out weights, used once for each
/// output pixel.
constexpr Cost convolution_cost(const ConvolutionShape& shape, const SpatialSize& output) {
  const std::int64_t weights =
      shape.kernel * shape.kernel * (shape.channels / shape.groups) * shape.out_channels;
  return {weights, weights * output.pixels()};
}

/// An affine BatchNorm: a scale and a shift a channel, no MACs.
constexpr Cost norm_cost(std::int64_t channels) { return {2 * channels, 0}; }

/// A fully connected layer with bias.
struct LinearShape {
  std::int64_t inputs = 1;
  std::int64_t outputs = 1;
};
/// (inputs + 1) * outputs parameters, inputs * outputs MACs.
constexpr Cost linear_cost(const LinearShape& shape) {
  return {(shape.inputs + 1) * shape.outputs, shape.inputs * shape.outputs};
}

/// An operation that knows its cost.
///
/// Satisfied by all of `nn/operations/` and by any candidate with
/// `static constexpr Cost cost(const Geometry&, const SpatialSize& input)`.
template <class Op>
concept CostedOperation = requires(const Geometry& geometry, const SpatialSize& input) {
  { Op::cost(geometry, input) } -> std::same_as<Cost>;
};

namespace detail {

template <class Op>
struct CheckedCost {
  static_assert(
      CostedOperation<Op>,
      "interchoice: the cost of a network needs `static constexpr Cost cost(const "
      "Geometry&, const SpatialSize& input)` of every candidate; add it to the type named "
      "above");
  static constexpr bool value = true;
};

}  // namespace detail

/// The cost of a candidate of a choice. `Operations` is a space whose candidates are operations, or
/// a list of them that serves every choice. Unchecked.
template <class Operations>
constexpr Cost cost_of_candidate(std::size_t choice, std::size_t candidate,
                                 const Geometry& geometry, const SpatialSize& input) {
  Cost cost;
  std::size_t index = 0;
  Operations::for_each_candidate(choice, [&]<class Op>() {
    static_assert(detail::CheckedCost<Op>::value);
    if (index++ == candidate) cost = Op::cost(geometry, input);
  });
  return cost;
}

}  // namespace interchoice
