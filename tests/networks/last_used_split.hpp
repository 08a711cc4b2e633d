#pragma once

// The reference implementation's form of a split, as a policy of the user's own: nothing in the
// library knows it.

#include <cstddef>
#include <map>
#include <string_view>
#include <vector>

#include "interchoice/nn/dependency_state.hpp"

namespace interchoice::testing {

/// y = op_c^(p1)(x) after `split_now`. All copies are one set of parameters whose storage is
/// exchanged when the context changes, with one momentum buffer; a context seen for the first time
/// starts as a copy of what was used last, in evaluation, too.
struct last_used_split {
  static constexpr std::string_view name = "last_used_split";
  static constexpr std::size_t depth = 1;
};

}  // namespace interchoice::testing

template <>
struct interchoice::dependency_state<interchoice::testing::last_used_split> {
  dependency_state(torch::nn::Module&, const Site& site)
      : bank_(&site.bank()), has_prior_(site.context().depth() > 0) {}

  /// There is only copy 0; gives it the context's storage.
  std::size_t copy(const Selection& selection) {
    const std::size_t context = selection.context();
    if (!is_split_ || !has_prior_ || context == live_) return 0;
    auto& stored = storages_[context];
    std::vector<at::Tensor> live = state();
    if (stored.empty()) {
      for (const at::Tensor& tensor : live) stored.push_back(tensor.detach().clone());
    }
    for (std::size_t i = 0; i < live.size(); ++i) live[i].set_data(stored[i]);
    live_ = context;
    return 0;
  }

  NewParameters split(CandidateBank&) {
    if (!is_split_ && has_prior_) {
      for (const at::Tensor& tensor : state()) storages_[0].push_back(tensor.detach());
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
  std::vector<at::Tensor> state() const {
    std::vector<at::Tensor> state;
    for (std::size_t c = 0; c < bank_->candidate_count(); ++c) {
      for (const at::Tensor& p : bank_->at(0, c).module()->parameters()) state.push_back(p);
      for (const at::Tensor& b : bank_->at(0, c).module()->buffers()) state.push_back(b);
    }
    return state;
  }

  const CandidateBank* bank_;
  bool has_prior_;
  bool is_split_ = false;
  std::size_t live_ = 0;
  std::map<std::size_t, std::vector<at::Tensor>> storages_;  // the live one shares its storage
};
