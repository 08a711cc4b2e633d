#pragma once

#include <torch/nn/module.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/nn/new_parameters.hpp"
#include "interchoice/nn/operation.hpp"

namespace interchoice {

/// The candidates of one location, once or in several copies.
///
/// Copy 0 is registered with the owner under the candidates' names, copy k under `copy<k>.`.
class CandidateBank {
 public:
  CandidateBank(torch::nn::Module& owner, std::vector<AnyOperation> operations,
                const Geometry& geometry)
      : owner_(&owner), operations_(std::move(operations)), geometry_(geometry) {
    copies_.push_back(build(owner));
  }

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

  /// Makes `count` copies in all: copy 0 stays what it is, the others start with its weights,
  /// buffers, mode and requires_grad. Returns the new parameters.
  NewParameters grow_to(std::size_t count) {
    NewParameters added;
    while (copies_.size() < count) {
      const std::string name = "copy" + std::to_string(copies_.size());
      const auto holder = owner_->register_module(name, std::make_shared<torch::nn::Module>());
      holder->train(owner_->is_training());
      copies_.push_back(build(*holder));
      for (std::size_t c = 0; c < candidate_count(); ++c) {
        copy_state(at(0, c).module(), at(copies_.size() - 1, c).module(),
                   name + "." + operations_[c].name + ".", added);
      }
    }
    return added;
  }

 private:
  using Copy = std::vector<std::unique_ptr<BuiltOperation>>;

  Copy build(torch::nn::Module& owner) const {
    Copy copy;
    for (const AnyOperation& operation : operations_) {
      copy.push_back(operation.build(geometry_));
      owner.register_module(operation.name, copy.back()->module());
    }
    return copy;
  }

  static void copy_state(const std::shared_ptr<torch::nn::Module>& from,
                         const std::shared_ptr<torch::nn::Module>& to, const std::string& prefix,
                         NewParameters& added) {
    const auto originals = from->named_modules();
    for (const auto& module : to->named_modules()) {  // parents first: train() is recursive
      module.value()->train(originals[module.key()]->is_training());
    }
    auto sources = from->named_parameters();
    for (auto& parameter : to->named_parameters()) {
      const at::Tensor& source = sources[parameter.key()];
      parameter.value().set_data(source.detach().clone());  // keeps dtype, device and layout
      parameter.value().set_requires_grad(source.requires_grad());
      added.push_back({prefix + parameter.key(), parameter.value(), source});
    }
    auto buffers = from->named_buffers();
    for (auto& buffer : to->named_buffers()) {
      buffer.value().set_data(buffers[buffer.key()].detach().clone());
    }
  }

  torch::nn::Module* owner_;
  std::vector<AnyOperation> operations_;
  Geometry geometry_;
  std::vector<Copy> copies_;
};

}  // namespace interchoice
