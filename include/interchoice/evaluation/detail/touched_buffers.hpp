#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "interchoice/evaluation/detail/batch_norms.hpp"
#include "interchoice/networks/segments.hpp"

namespace interchoice::detail {

/// Which buffers the segments of the present path have changed, with the values from before.
class TouchedBuffers {
 public:
  TouchedBuffers(torch::nn::Module& network, std::vector<Segment> segments)
      : segments_(std::move(segments)) {
    for (KeptBuffers& buffers : keep_buffers(network)) units_.push_back({std::move(buffers)});
  }

  /// A first batch starts.
  void begin() {
    for (Unit& unit : units_) unit.note();
  }

  /// Segment `i` has run: what changed belongs to it.
  void claim(std::size_t i) {
    for (Unit& unit : units_) {
      if (!unit.has_changed()) continue;
      unit.note();
      TORCH_CHECK(!unit.owner || *unit.owner == i, "interchoice: prefix sharing: the buffers of '",
                  unit.buffers.name, "' are changed by segment '",
                  segments_[unit.owner.value_or(0)].name, "' and by segment '", segments_[i].name,
                  "', so results would depend on what is shared; rank without sharing");
      unit.owner = i;
    }
  }

  /// Puts back what segments from `level` on have changed.
  void restore_behind(std::size_t level) {
    for (Unit& unit : units_) {
      if (!unit.owner || *unit.owner < level) continue;
      unit.buffers.restore();
      unit.owner.reset();
    }
  }

 private:
  struct Unit {
    KeptBuffers buffers;
    std::optional<std::size_t> owner = {};
    std::int64_t version = 0;  // of a BatchNorm's
    at::Tensor noted = {};     // of others, which may change without a version

    void note() {
      version = buffers.version();
      if (!buffers.is_of_norm) noted = buffers.now.front().detach().clone();
    }
    bool has_changed() const {
      return buffers.is_of_norm ? buffers.version() != version
                                : !at::equal(buffers.now.front(), noted);
    }
  };

  std::vector<Segment> segments_;
  std::vector<Unit> units_;
};

}  // namespace interchoice::detail
