#pragma once

#include <c10/util/Exception.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/dependency/resolved.hpp"
#include "interchoice/nn/any_choice_block.hpp"
#include "interchoice/nn/choice_block.hpp"

namespace interchoice {

/// A location of a network of its own: one candidate, and what its context selected as parameters
/// `input_scale`, `input_vector`, `norm_scale`, `norm_shift` where there is something.
///
///   y = op(x * s + b), with scale and shift after its first BatchNorm
///
/// Empty until `build`: which candidate stands here is known only once an architecture is.
template <SearchSpace Space>
class ChoiceBlockImpl<Space, resolved> : public AnyChoiceBlock {
 public:
  ChoiceBlockImpl(std::size_t location, const Geometry& geometry, Response = Response::kObserved)
      : ChoiceBlockImpl(location, geometry,
                        operations_of_choice<Space>(Space::choice_at(location))) {}
  ChoiceBlockImpl(std::size_t location, const Geometry& geometry,
                  std::vector<AnyOperation> operations, Response = Response::kObserved)
      : context_(context_at<Space, resolved>(location)),
        geometry_(geometry),
        operations_(std::move(operations)) {
    TORCH_CHECK(operations_.size() == context_.candidates(), "interchoice: location ", location,
                " has ", context_.candidates(), " candidates, got ", operations_.size(),
                " operations; give one for each");
  }

  /// Makes the candidate that an architecture takes here. To be called once.
  void build(const Architecture<Space>& architecture) {
    TORCH_CHECK(!operation_, "interchoice: location ", context_.location(), " is built already");
    candidate_ = context_.candidate_of(architecture.candidates());
    operation_ = operations_[candidate_].build(geometry_);
    this->register_module(operations_[candidate_].name, operation_->module());
  }

  /// Takes weights, buffers and constants of what a super-network's block resolved to.
  void take(const Resolution& source) {
    const c10::AutoGradMode no_gradients(false);
    const auto from_parameters = source.candidate->named_parameters();
    for (auto& p : operation_->module()->named_parameters()) {
      p.value().copy_(from_parameters[p.key()]);
    }
    const auto from_buffers = source.candidate->named_buffers();
    for (auto& b : operation_->module()->named_buffers()) b.value().copy_(from_buffers[b.key()]);
    const auto keep = [&](const char* name, const at::Tensor& value) {
      return value.defined() ? this->register_parameter(name, value.detach().clone()) : value;
    };
    input_scale_ = keep("input_scale", source.input_scale);
    input_vector_ = keep("input_vector", source.input_vector);
    norm_ = {keep("norm_scale", source.norm.scale), keep("norm_shift", source.norm.shift)};
  }

  at::Tensor forward(const at::Tensor& x, const Architecture<Space>& architecture) {
    check(architecture);
    const at::Tensor input = detail::scaled(x, input_scale_);
    return norm_.defined() ? operation_->forward_adjusted(input, input_vector_, norm_)
                           : operation_->forward(input, input_vector_);
  }
  DeferredBias forward_deferred(const at::Tensor& x, const Architecture<Space>& architecture) {
    if (norm_.defined()) return {forward(x, architecture), {}};
    check(architecture);
    return operation_->forward_deferred(detail::scaled(x, input_scale_), input_vector_);
  }

  const Context& context() const override { return context_; }
  std::string space() const override { return space_signature<Space>(); }
  std::string policy() const override { return std::string(resolved::name); }
  bool is_observed(std::size_t) const override { return false; }
  const std::string& candidate_name(std::size_t candidate) const override {
    return operations_[candidate].name;
  }
  NewParameters begin_epoch(std::size_t) override { return {}; }
  NewParameters split_now() override { return {}; }
  bool is_split() const override { return false; }
  bool is_saveable() const override { return true; }
  std::vector<at::Tensor> candidate_parameters() const override {
    return operation_->module()->parameters();
  }
  std::vector<at::Tensor> candidate_parameters(std::size_t candidate) const override {
    return candidate == candidate_ ? candidate_parameters() : std::vector<at::Tensor>();
  }
  Resolution resolution(std::span<const std::uint8_t>) override {
    return {operation_->module(), input_scale_, input_vector_, norm_};
  }

 private:
  void check(const Architecture<Space>& architecture) const {
    TORCH_CHECK(operation_ && context_.candidate_of(architecture.candidates()) == candidate_,
                "interchoice: a subnet is one architecture only; at location ", context_.location(),
                " it has '", operation_ ? operations_[candidate_].name : std::string("nothing"),
                "', not what ", to_text(architecture), " takes. Use the super-network for others");
  }

  Context context_;
  Geometry geometry_;
  std::vector<AnyOperation> operations_;
  std::size_t candidate_ = 0;
  std::unique_ptr<BuiltOperation> operation_;
  at::Tensor input_scale_;
  at::Tensor input_vector_;
  NormAdjustment norm_;
};

}  // namespace interchoice
