#pragma once

#include <c10/util/Exception.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/nn/detail/copy_state.hpp"
#include "interchoice/nn/new_parameters.hpp"
#include "interchoice/nn/operation.hpp"

namespace interchoice {

/// The candidates of one location, once or in several copies; in a subnet only one of them.
///
/// Copy 0 is registered with the owner under the candidates' names, copy k under `copy<k>.`.
class CandidateBank {
 public:
  CandidateBank(torch::nn::Module& owner, std::vector<AnyOperation> operations,
                const Geometry& geometry)
      : owner_(&owner), operations_(std::move(operations)), geometry_(geometry) {}

  std::size_t candidate_count() const { return operations_.size(); }
  std::size_t copy_count() const { return copies_.size(); }
  const Geometry& geometry() const { return geometry_; }
  const std::string& name(std::size_t candidate) const { return operations_[candidate].name; }
  /// How a candidate responds to what a policy may change.
  Responses responses(std::size_t candidate) const {
    return operations_[candidate].responses(geometry_);
  }

  /// A candidate of a copy. Selected by index, nothing is copied.
  BuiltOperation& at(std::size_t copy, std::size_t candidate) const {
    return *copies_[copy][candidate];
  }
  /// A candidate of copy 0; null where a subnet has another one.
  BuiltOperation* find(std::size_t candidate) const {
    return copies_.empty() ? nullptr : copies_[0][candidate].get();
  }

  /// Builds copy 0 with one candidate only.
  void build_only(std::size_t candidate) {
    TORCH_INTERNAL_ASSERT(copies_.empty());
    copies_.emplace_back(candidate_count());
    build(*owner_, copies_[0], candidate);
  }

  /// Makes `count` copies in all: copy 0 stays what it is, the others start with its weights,
  /// buffers, mode and requires_grad. Returns the new parameters.
  NewParameters grow_to(std::size_t count) {
    NewParameters added;
    while (copies_.size() < count) {
      const std::size_t k = copies_.size();
      copies_.emplace_back(candidate_count());
      const std::string name = "copy" + std::to_string(k);
      auto holder = owner_;
      if (k > 0) {
        holder = owner_->register_module(name, std::make_shared<torch::nn::Module>()).get();
        holder->train(owner_->is_training());
      }
      for (std::size_t c = 0; c < candidate_count(); ++c) build(*holder, copies_[k], c);
      for (std::size_t c = 0; k > 0 && c < candidate_count(); ++c) {
        const auto from = at(0, c).module();
        const auto to = at(k, c).module();
        detail::copy_state(*from, *to);
        const auto sources = from->named_parameters();
        for (auto& p : to->named_parameters()) {
          p.value().set_requires_grad(sources[p.key()].requires_grad());
          added.push_back(
              {name + "." + operations_[c].name + "." + p.key(), p.value(), sources[p.key()]});
        }
      }
    }
    return added;
  }

 private:
  using Copy = std::vector<std::unique_ptr<BuiltOperation>>;

  void build(torch::nn::Module& holder, Copy& copy, std::size_t candidate) const {
    copy[candidate] = operations_[candidate].build(geometry_);
    holder.register_module(operations_[candidate].name, copy[candidate]->module());
  }

  torch::nn::Module* owner_;
  std::vector<AnyOperation> operations_;
  Geometry geometry_;
  std::vector<Copy> copies_;
};

}  // namespace interchoice
