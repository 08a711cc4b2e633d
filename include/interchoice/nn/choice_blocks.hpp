#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstddef>
#include <string>
#include <vector>

#include "interchoice/nn/choice_block.hpp"
#include "interchoice/nn/propagation.hpp"
#include "interchoice/spaces/chain.hpp"

namespace interchoice {

/// All choice blocks of a chain, in order.
///
///   x = block_i(x, architecture)      for i = 0 ... choice_count - 1
///
/// Iterate over it to look between the blocks, or call `forward`. `downstream` is the response to a
/// constant per channel added to the last block's output; for the others it is found from the
/// candidates of the blocks behind them, so nothing may stand between the blocks: make them one by
/// one, as `ChoiceBlock`s, where something does.
template <SearchSpace Space, class Policy>
class ChoiceBlocksImpl : public torch::nn::Module {
  static_assert(detail::CheckedPolicy<Policy>::value);
  static_assert(ChainSpace<Space>,
                "interchoice: ChoiceBlocks<Space, ...> needs a chain; for cells use "
                "interchoice::CellBlocks");

 public:
  /// The block of one choice.
  using Block = ChoiceBlock<Space, Policy>;

  /// Blocks that all have the same geometry.
  explicit ChoiceBlocksImpl(
      const Geometry& geometry, Response downstream = Response::kObserved,
      const ChoiceOperations& operations = detail::own_operations<Space, Policy>)
      : ChoiceBlocksImpl(std::vector<Geometry>(Space::choice_count, geometry), downstream,
                         operations) {}

  /// A geometry for each block. Operations are asked for where the space's candidates are only
  /// names. *Throws* c10::Error if the number of geometries is not `choice_count`.
  explicit ChoiceBlocksImpl(
      const std::vector<Geometry>& geometries, Response downstream = Response::kObserved,
      const ChoiceOperations& operations = detail::own_operations<Space, Policy>) {
    TORCH_CHECK(geometries.size() == Space::choice_count, "interchoice: a chain of ",
                Space::choice_count, " choices needs as many geometries, got ", geometries.size());
    std::vector<Response> behind(Space::choice_count, downstream);
    for (std::size_t i = Space::choice_count; i-- > 1;) {
      behind[i - 1] = propagated_response(operations(i), geometries[i], behind[i]);
    }
    for (std::size_t i = 0; i < Space::choice_count; ++i) {
      blocks_.push_back(
          this->register_module(std::to_string(i), Block(i, geometries[i], behind[i], operations)));
    }
  }

  at::Tensor forward(at::Tensor x, const Architecture<Space>& architecture) {
    for (Block& block : blocks_) x = block->forward(x, architecture);
    return x;
  }

  std::size_t size() const { return blocks_.size(); }
  Block& operator[](std::size_t i) { return blocks_[i]; }
  auto begin() { return blocks_.begin(); }
  auto end() { return blocks_.end(); }

 private:
  std::vector<Block> blocks_;
};

/// Holder of a `ChoiceBlocksImpl`.
template <SearchSpace Space, class Policy>
class ChoiceBlocks : public torch::nn::ModuleHolder<ChoiceBlocksImpl<Space, Policy>> {
 public:
  using torch::nn::ModuleHolder<ChoiceBlocksImpl<Space, Policy>>::ModuleHolder;
};

}  // namespace interchoice
