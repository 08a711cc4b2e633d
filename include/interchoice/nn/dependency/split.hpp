#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "interchoice/dependency/split.hpp"
#include "interchoice/nn/dependency_state.hpp"

namespace interchoice {

/// y = op_c^(p1, ..., pD)(x): all copies are taken at the split; copy 0 is what was there before.
template <std::size_t Epoch, std::size_t Depth, class Order>
struct dependency_state<split<Epoch, Depth, snapshot, Order>> {
  dependency_state(torch::nn::Module&, const Site& site)
      : contexts_(site.context().context_count()) {}

  std::size_t copy(const Selection& selection) const { return is_split_ ? selection.context() : 0; }

  NewParameters begin_epoch(std::size_t epoch, CandidateBank& bank) {
    return epoch >= Epoch ? split(bank) : NewParameters();
  }
  NewParameters split(CandidateBank& bank) {
    is_split_ = true;
    return bank.grow_to(contexts_);
  }
  bool is_split() const { return is_split_; }

 private:
  std::size_t contexts_;
  bool is_split_ = false;
};

/// The reference's form: one set of parameters whose storage is exchanged when the context changes.
/// A context seen for the first time starts as a copy of what was used last, in evaluation, too.
template <std::size_t Epoch, std::size_t Depth, class Order>
struct dependency_state<split<Epoch, Depth, last_used, Order>> {
  static constexpr bool keeps_unregistered_copies = true;  // so it cannot be saved

  dependency_state(torch::nn::Module&, const Site& site) : has_prior_(site.context().depth() > 0) {}

  void prepare(CandidateBank& bank, const Selection& selection) {
    if (!is_split_ || !has_prior_) return;
    const std::size_t context = selection.context();
    if (context == live_) return;
    auto& stored = storages_[context];
    if (stored.empty()) {
      for (const at::Tensor& tensor : state_of(bank)) stored.push_back(tensor.detach().clone());
    }
    const std::vector<at::Tensor> live = state_of(bank);
    for (std::size_t i = 0; i < live.size(); ++i) live[i].set_data(stored[i]);
    live_ = context;
  }

  NewParameters begin_epoch(std::size_t epoch, CandidateBank& bank) {
    return epoch >= Epoch ? split(bank) : NewParameters();
  }
  NewParameters split(CandidateBank& bank) {
    if (!is_split_ && has_prior_) {
      for (const at::Tensor& tensor : state_of(bank)) storages_[0].push_back(tensor.detach());
    }
    is_split_ = true;
    return {};
  }
  bool is_split() const { return is_split_; }

  /// The tensors of a context's copy, parameters then buffers; empty if it was never used.
  std::vector<at::Tensor> copy_of(std::size_t context) const {
    const auto found = storages_.find(context);
    return found == storages_.end() ? std::vector<at::Tensor>() : found->second;
  }

 private:
  static std::vector<at::Tensor> state_of(const CandidateBank& bank) {
    std::vector<at::Tensor> state;
    for (std::size_t c = 0; c < bank.candidate_count(); ++c) {
      for (const at::Tensor& p : bank.at(0, c).module()->parameters()) state.push_back(p);
      for (const at::Tensor& b : bank.at(0, c).module()->buffers()) state.push_back(b);
    }
    return state;
  }

  bool has_prior_;
  bool is_split_ = false;
  std::size_t live_ = 0;
  std::map<std::size_t, std::vector<at::Tensor>> storages_;  // the live one shares its storage
};

}  // namespace interchoice
