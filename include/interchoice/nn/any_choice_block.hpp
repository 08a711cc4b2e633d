#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "interchoice/dependency/context.hpp"
#include "interchoice/nn/candidate_bank.hpp"
#include "interchoice/nn/candidate_substitute.hpp"
#include "interchoice/nn/detail/copy_state.hpp"
#include "interchoice/nn/detail/thread_scope.hpp"
#include "interchoice/nn/new_parameters.hpp"
#include "interchoice/nn/resolution.hpp"
#include "interchoice/nn/use_observer.hpp"

namespace interchoice {

namespace detail {

/// While it lives, choice blocks that this thread makes have no candidates and no dependent weights
/// yet: a subnet gives each the one candidate of its architecture afterwards. A guard of the
/// thread, because blocks are made in the constructor of the user's network, which cannot be told
/// of it.
class EmptyBlocks : public ThreadScope<EmptyBlocks> {};

}  // namespace detail

/// A choice block of any space and policy, by which free functions such as `begin_epoch` find the
/// blocks of a network.
///
/// In a subnet it is *fixed*: it has one candidate, and what its context selected there as
/// parameters `input_scale`, `input_vector`, `norm_scale`, `norm_shift` where there is something:
///
///   y = op(x * s + b), with scale and shift after its first normalisation
class AnyChoiceBlock : public torch::nn::Module {
 public:
  /// The priors that condition this location; none in a subnet.
  const Context& context() const { return context_; }
  /// The candidates' modules.
  const CandidateBank& bank() const { return bank_; }
  /// A candidate's name.
  const std::string& candidate_name(std::size_t candidate) const { return bank_.name(candidate); }
  /// Whether the block is one of a subnet.
  bool is_fixed() const { return fixed_.has_value(); }

  /// The text that identifies the space: its `space_signature`.
  virtual std::string space() const = 0;
  /// The policy's text, such as `bias<1>`; `fixed` in a subnet.
  virtual std::string policy() const = 0;
  /// Whether what the policy does to a candidate here can matter in training mode.
  virtual bool is_observed(std::size_t candidate) const = 0;
  /// Growth whose epoch has come: the new parameters.
  virtual NewParameters begin_epoch(std::size_t epoch) = 0;
  /// A split now, whatever the epoch: the new parameters.
  virtual NewParameters split_now() = 0;
  /// Whether the policy is one that splits.
  virtual bool can_split() const = 0;
  virtual bool is_split() const = 0;
  /// The selection of an architecture, given by its candidates.
  virtual Resolution resolution(std::span<const std::uint8_t> architecture) = 0;
  /// Sets the policy's parameters to values of the start.
  virtual void reset_tables() = 0;

  /// The parameters that the policy has registered; none in a subnet.
  std::vector<at::Tensor> tables() const {
    std::vector<at::Tensor> tables;
    if (is_fixed()) return tables;
    std::unordered_set<const void*> candidates;
    for (std::size_t k = 0; k < bank_.copy_count(); ++k) {
      for (std::size_t c = 0; c < bank_.candidate_count(); ++c) {
        for (const at::Tensor& p : bank_.at(k, c).module()->parameters()) {
          candidates.insert(p.unsafeGetTensorImpl());
        }
      }
    }
    for (const at::Tensor& p : parameters()) {
      if (!candidates.contains(p.unsafeGetTensorImpl())) tables.push_back(p);
    }
    return tables;
  }

  /// The parameters of one candidate as it is without any dependency (copy 0).
  std::vector<at::Tensor> candidate_parameters(std::size_t candidate) const {
    const BuiltOperation* operation = bank_.find(candidate);
    return operation == nullptr ? std::vector<at::Tensor>() : operation->module()->parameters();
  }
  /// Those of all candidates.
  std::vector<at::Tensor> candidate_parameters() const {
    std::vector<at::Tensor> all;
    for (std::size_t c = 0; c < context_.candidates(); ++c) {
      for (const at::Tensor& p : candidate_parameters(c)) all.push_back(p);
    }
    return all;
  }

  /// Lets an observer know of the use of the candidates, counted from `first` on.
  void observe(std::shared_ptr<UseObserver> observer, std::size_t first) {
    bank_.observe(std::move(observer), first);
  }
  /// Lets something else run in the candidates' place; null for themselves.
  void substitute(std::shared_ptr<CandidateSubstitute> substitute) {
    bank_.substitute(std::move(substitute));
  }
  /// Builds the candidate that an architecture takes here. For the blocks of a subnet.
  void build(std::span<const std::uint8_t> architecture) {
    TORCH_INTERNAL_ASSERT(is_fixed());
    const std::size_t candidate = context_.candidate_of(architecture);
    bank_.build_only(candidate);
    fixed_->candidate = bank_.at(0, candidate).module();
  }
  /// Copies what another block resolved to: the candidate's state, unless that is null, and the
  /// constants that are not there yet, which become parameters. For the blocks of a subnet.
  void take(Resolution source) {
    TORCH_INTERNAL_ASSERT(is_fixed() && fixed_->candidate != nullptr);
    if (source.candidate) detail::copy_state(*source.candidate, *fixed_->candidate);
    const auto given = source.constants();
    const auto own = fixed_->constants();
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (!given[i].second->defined() || own[i].second->defined()) continue;
      *own[i].second = register_parameter(own[i].first, given[i].second->detach().clone());
    }
  }
  /// The candidate of a block of a subnet; the number of candidates before it is built.
  std::size_t fixed_candidate() const {
    std::size_t own = 0;
    while (own < bank_.candidate_count() && bank_.find(own) == nullptr) ++own;
    return own;
  }

 protected:
  AnyChoiceBlock(const Context& context, std::vector<AnyOperation> operations,
                 const Geometry& geometry)
      : context_(context), bank_(*this, std::move(operations), geometry) {
    TORCH_CHECK(bank_.candidate_count() == context.candidates(), "interchoice: location ",
                context.location(), " has ", context.candidates(), " candidates, got ",
                bank_.candidate_count(), " operations; give one for each");
    if (detail::EmptyBlocks::current() != nullptr) {
      fixed_.emplace();
      context_ = Context(context.location(), context.choice(), context.candidates());
    } else {
      bank_.grow_to(1);
      check_norms();
    }
  }

  /// Gives the policy's parameters the values of others that its state has just registered.
  void take_tables(const torch::nn::Module& from) {
    const c10::NoGradGuard no_grad;
    auto own = named_parameters();
    for (const auto& table : from.named_parameters()) own[table.key()].copy_(table.value());
  }

  /// x with its channels multiplied by factors; x itself where these are undefined.
  at::Tensor scaled(const at::Tensor& x, const at::Tensor& factors) const {
    return detail::scaled(x, factors, bank_.geometry().axis);
  }

  /// y, which candidate c made of x, if it has the shape that the geometry promises.
  const at::Tensor& checked(const at::Tensor& y, const at::Tensor& x, std::size_t candidate) const {
    if (y.defined() && !has_promised_shape(y, x)) [[unlikely]]
      refuse_shape(y, x, candidate);
    return y;
  }

  /// The forward passes of a fixed block.
  at::Tensor forward_fixed(const at::Tensor& x, std::span<const std::uint8_t> architecture) {
    const at::Tensor y =
        fixed_operation(architecture)
            .forward(scaled(x, fixed_->input_scale), fixed_->input_vector, fixed_->norm);
    return checked(y, x, context_.candidate_of(architecture));
  }
  /// The same with the vector deferred.
  DeferredBias forward_deferred_fixed(const at::Tensor& x,
                                      std::span<const std::uint8_t> architecture) {
    DeferredBias y =
        fixed_operation(architecture)
            .forward_deferred(scaled(x, fixed_->input_scale), fixed_->input_vector, fixed_->norm);
    checked(y.value, x, context_.candidate_of(architecture));
    return y;
  }

  Context context_;
  CandidateBank bank_;
  std::optional<Resolution> fixed_;

 private:
  // Else a policy on normalisations would do nothing there, in silence or against its report.
  void check_norms() const {
    for (std::size_t c = 0; c < bank_.candidate_count(); ++c) {
      const std::int64_t channels = bank_.at(0, c).norm_channels();
      TORCH_CHECK((channels > 0) == bank_.responses(c).has_norm(), "interchoice: candidate '",
                  bank_.name(c), "' at location ", context_.location(), " has `norm_channels` ",
                  channels, ", but its `responses` declare ", channels > 0 ? "no" : "an",
                  " effect of norm_shift or norm_scale; ",
                  channels > 0 ? "set them there, or let `norm_channels()` return 0"
                               : "give its module `forward_adjusted` and `norm_channels`, or leave "
                                 "them out there");
    }
  }

  BuiltOperation& fixed_operation(std::span<const std::uint8_t> architecture) const {
    const std::size_t candidate = context_.candidate_of(architecture);
    BuiltOperation* operation = bank_.find(candidate);
    if (operation == nullptr) [[unlikely]] {
      const std::size_t own = fixed_candidate();
      TORCH_CHECK(own < bank_.candidate_count(), "interchoice: location ", context_.location(),
                  " of a subnet has no candidate before the constructor of its network is done; "
                  "run nothing in there");
      TORCH_CHECK(false, "interchoice: a subnet is one architecture only; at location ",
                  context_.location(), " it has '", bank_.name(own), "', not '",
                  bank_.name(candidate), "'; use the super-network for other architectures");
    }
    return *operation;
  }

  bool has_promised_shape(const at::Tensor& y, const at::Tensor& x) const {
    const Geometry& geometry = bank_.geometry();
    if (y.dim() != x.dim() || y.size(0) != x.size(0)) return false;
    const std::int64_t channels = geometry.axis == ChannelAxis::kLast ? x.dim() - 1 : 1;
    for (std::int64_t i = 1; i < y.dim(); ++i) {
      const std::int64_t size =
          i == channels ? geometry.out_channels : (x.size(i) - 1) / geometry.stride + 1;
      if (y.size(i) != size) return false;
    }
    return true;
  }

  [[noreturn]] void refuse_shape(const at::Tensor& y, const at::Tensor& x,
                                 std::size_t candidate) const {
    const Geometry& geometry = bank_.geometry();
    TORCH_CHECK(false, "interchoice: candidate '", bank_.name(candidate), "' at location ",
                context_.location(), " makes ", y.sizes(), " of ", x.sizes(), ", where ",
                at::IntArrayRef(geometry.output_sizes(x.sizes())), " is asked for (",
                geometry.channels, " -> ", geometry.out_channels, " channels, stride ",
                geometry.stride,
                "); let its `build(geometry)` use geometry.channels, out_channels "
                "and stride, and pad so that a size is divided by the stride, rounded up");
  }
};

}  // namespace interchoice
