#pragma once

#include <c10/util/Exception.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/nn/candidate_substitute.hpp"
#include "interchoice/nn/detail/copy_state.hpp"
#include "interchoice/nn/detail/lazy_copy.hpp"
#include "interchoice/nn/detail/no_initial_values.hpp"
#include "interchoice/nn/new_parameters.hpp"
#include "interchoice/nn/operation.hpp"
#include "interchoice/nn/use_observer.hpp"

namespace interchoice {

/// The candidates of one location, once or in several copies; in a subnet only one of them.
///
/// Copy 0 is registered with the owner under the candidates' names, copy k under `copy<k>.`.
class CandidateBank {
 public:
  CandidateBank(torch::nn::Module& owner, std::vector<AnyOperation> operations,
                const Geometry& geometry)
      : owner_(&owner), operations_(std::move(operations)), geometry_(geometry) {}

  /// The number of candidates.
  std::size_t candidate_count() const { return operations_.size(); }
  /// The number of copies of them all: 1 until a split.
  std::size_t copy_count() const { return copies_.size(); }
  /// The shape that all are built for.
  const Geometry& geometry() const { return geometry_; }
  /// A candidate's name.
  const std::string& name(std::size_t candidate) const { return operations_[candidate].name; }
  /// How a candidate responds to what a policy may change.
  Responses responses(std::size_t candidate) const {
    return operations_[candidate].responses(geometry_);
  }

  /// A candidate of a copy. Selected by index, nothing is copied.
  BuiltOperation& at(std::size_t copy, std::size_t candidate) const {
    return *copies_[copy][candidate];
  }
  /// The same, to run it: its weights are up to date (`UseObserver`). What a substitute runs in its
  /// place, if there is one.
  BuiltOperation& use(std::size_t copy, std::size_t candidate) const {
    if (observer_) observer_->before_use(first_ + copy * candidate_count() + candidate);
    BuiltOperation& own = at(copy, candidate);
    return substitute_ ? substitute_->instead_of(own, name(candidate)) : own;
  }
  /// Lets the weights of all candidates be up to date for who reads them.
  void before_read() const {
    if (observer_) observer_->before_read();
  }
  /// Lets an observer know of the use of candidates, which count from `first` on, copy by copy;
  /// null for nobody. What the observer before has put off is done first.
  void observe(std::shared_ptr<UseObserver> observer, std::size_t first) {
    if (observer_ && observer_ != observer) observer_->released();
    observer_ = std::move(observer);
    first_ = first;
  }
  /// The observer of their use; null for none.
  const UseObserver* observer() const { return observer_.get(); }
  /// Lets something else run in the candidates' place; null for themselves.
  void substitute(std::shared_ptr<CandidateSubstitute> substitute) {
    substitute_ = std::move(substitute);
  }
  /// The substitute that runs in their place; null for themselves.
  const CandidateSubstitute* substitute() const { return substitute_.get(); }
  /// A candidate; null where a subnet has another one.
  BuiltOperation* find(std::size_t candidate, std::size_t copy = 0) const {
    return copies_.empty() ? nullptr : copies_[copy][candidate].get();
  }

  /// Builds copy 0 with one candidate only.
  void build_only(std::size_t candidate) {
    TORCH_INTERNAL_ASSERT(copies_.empty());
    copies_.emplace_back(candidate_count());
    build(*owner_, copies_[0], candidate);
  }

  /// Makes `count` copies in all: the n that are there stay what they are, copy k of the others
  /// starts with the weights, buffers, mode and requires_grad of copy k % n. Returns the new
  /// parameters.
  NewParameters grow_to(std::size_t count) {
    if (copies_.size() < count) observe(nullptr, 0);  // the candidates' numbers change
    NewParameters added;
    const std::size_t there = copies_.size();
    while (copies_.size() < count) {
      const std::size_t k = copies_.size();
      copies_.emplace_back(candidate_count());
      const std::string name = "copy" + std::to_string(k);
      auto holder = owner_;
      if (k > 0) {
        holder = owner_->register_module(name, std::make_shared<torch::nn::Module>()).get();
        holder->train(owner_->is_training());
      }
      for (std::size_t c = 0; c < candidate_count(); ++c) {
        std::optional<detail::NoInitialValues> no_values;
        if (k > 0 && operations_[c].copied_by_state) no_values.emplace();
        build(*holder, copies_[k], c);
      }
      for (std::size_t c = 0; k > 0 && c < candidate_count(); ++c) {
        const auto from = at(k % there, c).module();
        const auto to = at(k, c).module();
        detail::copy_state(*from, *to, detail::lazy_copy);
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
  std::shared_ptr<UseObserver> observer_;
  std::shared_ptr<CandidateSubstitute> substitute_;
  std::size_t first_ = 0;
};

}  // namespace interchoice
