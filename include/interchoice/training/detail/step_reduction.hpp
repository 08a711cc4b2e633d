#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/optim/optimizer.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/distributed/group.hpp"
#include "interchoice/nn/detail/used_rows.hpp"

namespace interchoice::detail {

/// What the ranks of a group exchange in a step: the gradients of what its paths use, of tables the
/// rows alone, with the losses in front, as one sum for each type of numbers.
class StepReduction {
 public:
  explicit StepReduction(Group group) : group_(std::move(group)) {}

  /// Looks up what an optimizer trains; again whenever it gets more.
  void watch(const torch::optim::Optimizer& optimizer) {
    is_checked_ = false;
    parameters_.clear();
    index_.clear();
    for (const auto& group : optimizer.param_groups()) {
      for (const at::Tensor& p : group.params()) {
        index_.emplace(p.unsafeGetTensorImpl(), parameters_.size());
        parameters_.push_back(p);
      }
    }
  }

  /// What a step has made on this rank.
  struct Made {
    std::vector<at::Tensor> changed;  // parameters with a new gradient
    const UsedRows& rows;
    std::vector<at::Tensor> losses;  // by path, weighed; undefined where others have it
    at::Tensor is_faulty;            // one number, undefined for none
  };

  /// Adds up over the ranks: gradients in place, losses, and faults, which it returns undefined in
  /// a group of one. Where ranks have different paths, `use(parameter)` lets this rank's step take
  /// part with a parameter that only others have used.
  void sum(Made& made, bool has_own_paths, const std::function<void(const at::Tensor&)>& use) {
    if (group_.is_alone()) return;
    const c10::NoGradGuard no_grad;
    std::vector<Unit> units = units_of(made);
    if (has_own_paths) {
      agree(units, use);
    } else if (!is_checked_) {
      require_equal(units);
      is_checked_ = true;
    }
    at::Tensor head = head_of(made);
    std::vector<at::Tensor> pieces{head};
    for (const Unit& unit : units) pieces.push_back(piece(unit));
    std::vector<std::vector<at::Tensor>> kinds;  // of equal type and device
    for (const at::Tensor& piece : pieces) {
      auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& other) {
        return other[0].scalar_type() == piece.scalar_type() && other[0].device() == piece.device();
      });
      if (kind == kinds.end()) kind = kinds.emplace(kind);
      kind->push_back(piece);
    }
    for (const std::vector<at::Tensor>& kind : kinds) {
      std::vector<std::int64_t> sizes;
      for (const at::Tensor& piece : kind) sizes.push_back(piece.numel());
      at::Tensor flat = at::cat(kind);
      group_.sum(flat);
      at::_foreach_copy_(kind, flat.split_with_sizes(sizes));
    }
    const auto paths = static_cast<std::int64_t>(made.losses.size());
    for (std::int64_t i = 0; i < paths; ++i) made.losses[static_cast<std::size_t>(i)] = head[i];
    made.is_faulty = head[paths];
  }

 private:
  /// A parameter, or a row of one.
  struct Unit {
    static constexpr std::int64_t kAll = -1;
    std::int64_t parameter;
    std::int64_t row;
    friend bool operator==(const Unit&, const Unit&) = default;
    friend bool operator<(const Unit& a, const Unit& b) {
      return std::pair(a.parameter, a.row) < std::pair(b.parameter, b.row);
    }
  };

  std::vector<Unit> units_of(const Made& made) const {
    std::vector<Unit> units;
    for (const at::Tensor& p : made.changed) {
      const auto index = static_cast<std::int64_t>(index_.at(p.unsafeGetTensorImpl()));
      const auto* const rows = made.rows.of(p);
      if (rows == nullptr) {
        units.push_back({index, Unit::kAll});
      } else {
        for (const std::int64_t row : *rows) units.push_back({index, row});
      }
    }
    std::sort(units.begin(), units.end());
    return units;
  }

  /// Ranks that draw other paths would add up what does not belong together. Looked at once an
  /// epoch; *throws* std::runtime_error.
  void require_equal(const std::vector<Unit>& units) const {
    std::size_t hash = 0;
    for (const Unit& unit : units) {
      hash = 1'000'003 * hash + static_cast<std::size_t>(100'003 * unit.parameter + unit.row);
    }
    const at::Tensor all =
        group_.gather(at::full({1}, static_cast<std::int64_t>(hash >> 1), at::kLong));
    const auto first = all[0].item<std::int64_t>();
    for (std::int64_t rank = 1; rank < all.size(0); ++rank) {
      if (all[rank].item<std::int64_t>() == first) continue;
      throw std::runtime_error(fmt::format(
          "interchoice: a step of rank {} uses other weights than that of rank 0; give the "
          "samplers of all ranks one seed, or let them share paths (RanksShare::kPaths)",
          rank));
    }
  }

  /// What any rank has, on every rank.
  void agree(std::vector<Unit>& units, const std::function<void(const at::Tensor&)>& use) const {
    at::Tensor own = at::empty({static_cast<std::int64_t>(units.size()), 2}, at::kLong);
    std::transform(units.begin(), units.end(),
                   reinterpret_cast<std::pair<std::int64_t, std::int64_t>*>(
                       own.mutable_data_ptr<std::int64_t>()),
                   [](const Unit& unit) { return std::pair(unit.parameter, unit.row); });
    const at::Tensor counts = group_.gather(at::full({1}, own.size(0), at::kLong));
    const std::int64_t most = counts.max().item<std::int64_t>();
    at::Tensor padded = at::full({most, 2}, Unit::kAll, at::kLong);
    padded.narrow(0, 0, own.size(0)).copy_(own);
    const at::Tensor all = group_.gather(padded).reshape({-1, 2});
    const std::int64_t* const values = all.const_data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < all.size(0); ++i) {
      if (values[2 * i] < 0) continue;
      const Unit unit{values[2 * i], values[2 * i + 1]};
      if (std::find(units.begin(), units.end(), unit) == units.end()) units.push_back(unit);
    }
    std::sort(units.begin(), units.end());
    for (const Unit& unit : units) use(parameters_[static_cast<std::size_t>(unit.parameter)]);
  }

  /// Losses and the fault, in numbers that gradients travel with.
  at::Tensor head_of(const Made& made) const {
    const at::Tensor& like = parameters_.front();
    const at::ScalarType type = like.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    const at::TensorOptions options = like.options().dtype(type).requires_grad(false);
    const at::Tensor zero = at::full({}, 0, options);
    std::vector<at::Tensor> numbers;
    for (const at::Tensor& loss : made.losses) {
      numbers.push_back(loss.defined() ? loss.detach().reshape({}).to(options) : zero);
    }
    numbers.push_back(made.is_faulty.defined() ? made.is_faulty.reshape({}).to(options) : zero);
    return at::stack(numbers);
  }

  /// The memory of a unit's gradient, in the order of its parameter's.
  at::Tensor piece(const Unit& unit) const {
    const at::Tensor& parameter = parameters_[static_cast<std::size_t>(unit.parameter)];
    at::Tensor& gradient = parameter.mutable_grad();
    TORCH_CHECK(gradient.layout() == at::kStrided, "interchoice: a gradient of ", parameter.sizes(),
                " is sparse, which ranks of a group do not exchange; use dense "
                "gradients");
    if (gradient.strides() != parameter.strides()) {
      gradient = at::empty_like(parameter).copy_(gradient);
    }
    if (unit.row == Unit::kAll) return gradient.as_strided({gradient.numel()}, {1});
    const std::int64_t width = gradient.size(-1);
    return gradient.as_strided({width}, {1}, gradient.storage_offset() + unit.row * width);
  }

  Group group_;
  std::vector<at::Tensor> parameters_;
  std::unordered_map<const void*, std::size_t> index_;
  bool is_checked_ = false;
};

}  // namespace interchoice::detail
