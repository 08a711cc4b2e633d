#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "interchoice/nn/kernels/table_row.hpp"
#include "interchoice/nn/selection.hpp"
#include "interchoice/nn/site.hpp"

namespace interchoice {

/// The shape [n_pD, ..., n_p1, last...]: what a context selects from, farthest prior first.
inline std::vector<std::int64_t> context_shape(const Context& context,
                                               std::initializer_list<std::int64_t> last) {
  std::vector<std::int64_t> shape;
  for (std::size_t i = context.depth(); i-- > 0;) {
    shape.push_back(static_cast<std::int64_t>(context.prior(i).candidates));
  }
  shape.insert(shape.end(), last);
  return shape;
}

/// A vector for each context and each candidate for which it can matter: one parameter of shape
/// [n_pD, ..., n_p1, k, C], k the candidates that observe the effect, C the location's channels.
///
/// There is no parameter where no candidate observes it, or where the location has no prior.
class DependentTable {
 public:
  DependentTable() = default;
  DependentTable(torch::nn::Module& owner, const std::string& name, const Site& site, Effect effect,
                 double start) {
    const Context& context = site.context();
    if (context.depth() == 0) return;
    for (std::size_t c = 0; c < context.candidates(); ++c) {
      columns_.push_back(site.observes(effect, c) ? std::optional(candidates_++) : std::nullopt);
    }
    if (candidates_ == 0) return;
    values_ = owner.register_parameter(
        name, at::full(context_shape(context, {candidates_, site.geometry().channels}), start));
  }

  /// The vector [C] that an architecture selects; undefined where it cannot matter.
  at::Tensor row(const Selection& selection) const {
    if (!values_.defined()) return {};
    const auto& column = columns_[selection.candidate()];
    if (!column) return {};
    return table_row(values_,
                     static_cast<std::int64_t>(selection.context()) * candidates_ + *column);
  }

  /// All rows; undefined where none can matter.
  const at::Tensor& values() const { return values_; }

 private:
  at::Tensor values_;
  std::vector<std::optional<std::int64_t>> columns_;  // of each candidate that has one
  std::int64_t candidates_ = 0;
};

}  // namespace interchoice
