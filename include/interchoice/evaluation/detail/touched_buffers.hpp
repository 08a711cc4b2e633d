#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/evaluation/detail/batch_norms.hpp"
#include "interchoice/networks/segments.hpp"

namespace interchoice::detail {

/// Which buffers the segments of the present path have changed, with the values from before.
class TouchedBuffers {
 public:
  TouchedBuffers(torch::nn::Module& network, const std::vector<RunningNorm>& norms,
                 std::vector<Segment> segments)
      : segments_(std::move(segments)) {
    std::vector<at::Tensor> of_norms;
    for (const RunningNorm& norm : norms) {
      units_.push_back({norm.name, {norm.mean, norm.variance, norm.batches}, {}, {}, true});
      of_norms.insert(of_norms.end(), units_.back().now.begin(), units_.back().now.end());
    }
    for (const auto& buffer : network.named_buffers()) {
      const bool is_of_norm =
          std::any_of(of_norms.begin(), of_norms.end(),
                      [&](const at::Tensor& x) { return x.is_same(buffer.value()); });
      if (!is_of_norm) units_.push_back({buffer.key(), {buffer.value()}, {}, {}, false});
    }
    for (Unit& unit : units_) {
      for (const at::Tensor& x : unit.now) unit.before.push_back(x.detach().clone());
    }
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
                  unit.name, "' are changed by segment '", segments_[unit.owner.value_or(0)].name,
                  "' and by segment '", segments_[i].name,
                  "', so results would depend on what is shared; rank without sharing");
      unit.owner = i;
    }
  }

  /// Puts back what segments from `level` on have changed.
  void restore_behind(std::size_t level) {
    for (Unit& unit : units_) {
      if (!unit.owner || *unit.owner < level) continue;
      for (std::size_t k = 0; k < unit.now.size(); ++k) unit.now[k].copy_(unit.before[k]);
      unit.owner.reset();
    }
  }

 private:
  struct Unit {
    std::string name;
    std::vector<at::Tensor> now;
    std::vector<at::Tensor> before;
    std::optional<std::size_t> owner;
    bool is_norm;
    std::int64_t version = 0;
    at::Tensor noted = {};

    void note() {
      if (is_norm) {
        version = now.back()._version();
      } else {
        noted = now.back().detach().clone();
      }
    }
    bool has_changed() const {
      return is_norm ? now.back()._version() != version : !at::equal(now.back(), noted);
    }
  };

  std::vector<Segment> segments_;
  std::vector<Unit> units_;
};

}  // namespace interchoice::detail
