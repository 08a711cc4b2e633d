#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "interchoice/nn/dependent_table.hpp"
#include "interchoice/nn/kernels/table_row.hpp"

namespace interchoice {

/// A vector for each context and each candidate, as long as the candidate's first normalisation has
/// channels: parameters `NAME.CANDIDATE` of shape [n_pD, ..., n_p1, C_c], zero at the start.
///
/// A candidate without one, or for which the effect cannot matter, has no parameter.
class NormTable {
 public:
  NormTable() = default;
  NormTable(torch::nn::Module& owner, const std::string& name, const Site& site, Effect effect)
      : values_(site.context().candidates()) {
    if (site.context().depth() == 0) return;
    std::shared_ptr<torch::nn::Module> tables;
    for (std::size_t c = 0; c < values_.size(); ++c) {
      const std::int64_t channels = site.bank().at(0, c).norm_channels();
      if (channels == 0 || !site.observes(effect, c)) continue;
      if (!tables) tables = owner.register_module(name, std::make_shared<torch::nn::Module>());
      values_[c] = tables->register_parameter(site.bank().name(c),
                                              at::zeros(context_shape(site.context(), {channels})));
    }
  }

  /// The vector [C_c] that an architecture selects; undefined where there is none.
  at::Tensor row(const Selection& selection) const {
    const at::Tensor& table = values_[selection.candidate()];
    if (!table.defined()) return {};
    return table_row(table, static_cast<std::int64_t>(selection.context()));
  }

  /// The table of a candidate; undefined where there is none.
  const at::Tensor& values(std::size_t candidate) const { return values_[candidate]; }

 private:
  std::vector<at::Tensor> values_;  // of each candidate
};

}  // namespace interchoice
