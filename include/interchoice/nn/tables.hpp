#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <string>
#include <vector>

#include "interchoice/nn/any_choice_block.hpp"
#include "interchoice/nn/begin_epoch.hpp"

namespace interchoice {

/// The tables of a network: all parameters that the policies of its choice blocks have registered,
/// those of one's own policies too. The candidates are none, nor are their copies of a split. Empty
/// for a subnet.
inline std::vector<at::Tensor> tables_of(const torch::nn::Module& network) {
  std::vector<at::Tensor> tables;
  detail::for_each_choice_block(network, [&](const std::string&, const AnyChoiceBlock& block) {
    for (const at::Tensor& table : block.tables()) tables.push_back(table);
  });
  return tables;
}

/// Sets the tables of a network to the values that they have at the start of a training: 0 for
/// `bias` and its kin, `shift` and `affine`, 1 for `scale`, new random ones for `attention`. What
/// is ranked then is what the shared weights have learnt, without the rows. BatchNorm's statistics
/// are not of that network: recalibrate, as `rank` does by default.
///
/// An optimizer's momentum stays. *Throws* c10::Error for a subnet, whose rows are constants.
inline void reset_tables(torch::nn::Module& network) {
  detail::for_each_choice_block(network, [](const std::string& name, AnyChoiceBlock& block) {
    TORCH_CHECK(!block.is_fixed(), "interchoice: reset_tables of a subnet, whose block '", name,
                "' has no table any more; reset those of the super-network before it is extracted");
    block.reset_tables();
  });
}

}  // namespace interchoice
