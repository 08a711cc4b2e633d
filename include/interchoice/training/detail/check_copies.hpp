#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <cstddef>
#include <string>
#include <unordered_set>

#include "interchoice/nn/any_choice_block.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/candidate_bank.hpp"

namespace interchoice::detail {

/// An optimizer must train the copies that a split network has of what it trains. *Throws*
/// c10::Error that names one that it lacks.
inline void check_copies(const torch::nn::Module& network,
                         const torch::optim::Optimizer& optimizer) {
  std::unordered_set<const void*> trained;
  for (const auto& group : optimizer.param_groups()) {
    for (const at::Tensor& p : group.params()) trained.insert(p.unsafeGetTensorImpl());
  }
  for_each_choice_block(network, [&](const std::string& name, AnyChoiceBlock& block) {
    const CandidateBank& bank = block.bank();
    for (std::size_t k = 1; k < bank.copy_count(); ++k) {
      for (std::size_t c = 0; c < bank.candidate_count(); ++c) {
        const auto sources = bank.at(0, c).module()->named_parameters();
        for (const auto& copy : bank.at(k, c).module()->named_parameters()) {
          TORCH_CHECK(!trained.contains(sources[copy.key()].unsafeGetTensorImpl()) ||
                          trained.contains(copy.value().unsafeGetTensorImpl()),
                      "interchoice: the optimizer trains ", copy.key(), " of '", bank.name(c),
                      "' in '", name, "', but not copy ", k,
                      " of it; make the optimizer after "
                      "the network is loaded or split");
        }
      }
    }
  });
}

}  // namespace interchoice::detail
