#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/core/candidate.hpp"
#include "interchoice/nn/along_channels.hpp"
#include "interchoice/nn/deferred_bias.hpp"
#include "interchoice/nn/geometry.hpp"
#include "interchoice/nn/norm_adjustment.hpp"
#include "interchoice/nn/precision.hpp"
#include "interchoice/nn/responses.hpp"

namespace interchoice {

/// A candidate with what it computes: a name and a module for a geometry; nothing to inherit.
///
///   struct Conv3x3 {
///     static constexpr std::string_view name = "conv3x3";
///     torch::nn::Sequential build(const Geometry& geometry) const;
///   };
///
/// It may declare `static constexpr bool copied_by_state = true`: parameters and buffers are all
/// that its module computes with, so that the copies of a split need no initial values of their
/// own, which would take the most time.
///
/// Satisfied by all of `nn/operations/` and by any default-constructible type with a name and a
/// `build` that returns a libtorch module holder, or a shared_ptr to a module, with `forward(x)`.
/// x has its channels on the geometry's axis. The type may declare
/// `static constexpr Responses responses(const Geometry&)`, so that no dependent weights are kept
/// where they cannot matter. The module may also have one of two members that save a pass over the
/// input when a context's vector [C] has to be added to it, along the channels:
///
///   at::Tensor    forward_biased(x, vector)      takes the vector in its own first kernel
///   DeferredBias  forward_deferred(x, vector)    defers it, or its image, to the sum that follows;
///                                                the vector may be undefined
///
/// Otherwise the vector is added before `forward`. A module with a normalisation that policies such
/// as `shift` may adjust (BatchNorm, LayerNorm, GroupNorm) has two more:
///
///   std::int64_t  norm_channels() const             channels of its first normalisation; 0: none
///   at::Tensor    forward_adjusted(x, adjustment)   uses `convolution_norm` there, or
///                                                   `adjusted_norm` behind something else
template <class Op>
concept Operation = Candidate<Op> && std::default_initializable<Op> &&
    requires(const Op& operation, const Geometry& geometry) {
  {operation.build(geometry)->forward(at::Tensor())};
};

/// One candidate's module at one location, whatever its type.
class BuiltOperation {
 public:
  virtual ~BuiltOperation() = default;

  /// op(x + vector) with its first normalisation adjusted, if it has one. Undefined tensors change
  /// nothing.
  virtual at::Tensor forward(const at::Tensor& x, const at::Tensor& vector,
                             const NormAdjustment& adjustment) = 0;
  /// The same, to be resolved by the sum that follows.
  virtual DeferredBias forward_deferred(const at::Tensor& x, const at::Tensor& vector,
                                        const NormAdjustment& adjustment) = 0;
  /// Both with the channels of x multiplied by `scale` first.
  virtual at::Tensor forward_scaled(const at::Tensor& x, const at::Tensor& scale,
                                    const at::Tensor& vector, const NormAdjustment& adjustment) = 0;
  /// Deferred, and scaled first.
  virtual DeferredBias forward_deferred_scaled(const at::Tensor& x, const at::Tensor& scale,
                                               const at::Tensor& vector,
                                               const NormAdjustment& adjustment) = 0;
  /// The channels of the normalisation that can be adjusted; 0 if there is none.
  virtual std::int64_t norm_channels() const = 0;

  /// The candidate's module.
  virtual std::shared_ptr<torch::nn::Module> module() const = 0;
};

namespace detail {

/// x with a vector added along its channels; an undefined one is zero.
inline at::Tensor add_vector(const at::Tensor& x, const at::Tensor& vector, ChannelAxis axis) {
  return vector.defined() ? narrowed(x + along_channels(vector, x, axis), x) : x;
}

/// x with its channels multiplied by factors; undefined ones are one.
inline at::Tensor scaled(const at::Tensor& x, const at::Tensor& factors, ChannelAxis axis) {
  return factors.defined() ? narrowed(x * along_channels(factors, x, axis), x) : x;
}

template <class Impl>
class BuiltModule final : public BuiltOperation {
 public:
  BuiltModule(std::shared_ptr<Impl> impl, ChannelAxis axis) : impl_(std::move(impl)), axis_(axis) {}

  at::Tensor forward(const at::Tensor& x, const at::Tensor& vector,
                     const NormAdjustment& adjustment) override {
    if constexpr (kTakesAdjustment) {
      if (adjustment.defined()) {
        return impl_->forward_adjusted(add_vector(x, vector, axis_), adjustment);
      }
    }
    if (!vector.defined()) return impl_->forward(x);
    if constexpr (kTakesVector) {
      return impl_->forward_biased(x, vector);
    } else if constexpr (kDefersBias) {
      const DeferredBias deferred = impl_->forward_deferred(x, vector);
      return deferred.value.defined() ? add_vector(deferred.value, deferred.vector, axis_)
                                      : impl_->forward(x);
    } else {
      return impl_->forward(add_vector(x, vector, axis_));
    }
  }

  DeferredBias forward_deferred(const at::Tensor& x, const at::Tensor& vector,
                                const NormAdjustment& adjustment) override {
    if constexpr (kDefersBias) {
      if (!kTakesAdjustment || !adjustment.defined()) return impl_->forward_deferred(x, vector);
    }
    return {forward(x, vector, adjustment), {}};
  }

  at::Tensor forward_scaled(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& vector,
                            const NormAdjustment& adjustment) override {
    return forward(scaled(x, scale, axis_), vector, adjustment);
  }

  DeferredBias forward_deferred_scaled(const at::Tensor& x, const at::Tensor& scale,
                                       const at::Tensor& vector,
                                       const NormAdjustment& adjustment) override {
    return forward_deferred(scaled(x, scale, axis_), vector, adjustment);
  }

  std::int64_t norm_channels() const override {
    if constexpr (kTakesAdjustment) {
      return impl_->norm_channels();
    } else {
      return 0;
    }
  }

  std::shared_ptr<torch::nn::Module> module() const override { return impl_; }

 private:
  static constexpr bool kTakesVector = requires(Impl & impl, const at::Tensor& t) {
    { impl.forward_biased(t, t) } -> std::convertible_to<at::Tensor>;
  };
  static constexpr bool kDefersBias = requires(Impl & impl, const at::Tensor& t) {
    { impl.forward_deferred(t, t) } -> std::same_as<DeferredBias>;
  };
  static constexpr bool kTakesAdjustment =
      requires(Impl & impl, const at::Tensor& t, const NormAdjustment& a) {
    { impl.forward_adjusted(t, a) } -> std::convertible_to<at::Tensor>;
    { impl.norm_channels() } -> std::convertible_to<std::int64_t>;
  };

  // A member of that name but another form would be ignored in silence.
  static_assert(
      kTakesVector || !requires { &Impl::forward_biased; },
      "interchoice: an operation's `forward_biased` needs the form `at::Tensor "
      "forward_biased(const at::Tensor& x, const at::Tensor& vector)`; correct it in the "
      "module named above");
  static_assert(
      kDefersBias || !requires { &Impl::forward_deferred; },
      "interchoice: an operation's `forward_deferred` needs the form `DeferredBias "
      "forward_deferred(const at::Tensor& x, const at::Tensor& vector)`; correct it in "
      "the module named above");
  static_assert(kTakesAdjustment || !(
                                        requires { &Impl::forward_adjusted; } ||
                                        requires { &Impl::norm_channels; }),
                "interchoice: an operation whose normalisation can be adjusted needs both "
                "`at::Tensor forward_adjusted(const at::Tensor& x, const NormAdjustment&)` and "
                "`std::int64_t norm_channels() const`; correct them in the module named above");

  std::shared_ptr<Impl> impl_;
  ChannelAxis axis_;
};

template <class Impl>
std::unique_ptr<BuiltOperation> built(std::shared_ptr<Impl> impl, ChannelAxis axis) {
  return std::make_unique<BuiltModule<Impl>>(std::move(impl), axis);
}
template <class Impl>
std::unique_ptr<BuiltOperation> built(const torch::nn::ModuleHolder<Impl>& holder,
                                      ChannelAxis axis) {
  return std::make_unique<BuiltModule<Impl>>(holder.ptr(), axis);
}

// One check a requirement: a failed concept would not say in words what an operation lacks.
template <class Op>
struct CheckedOperation {
  static constexpr bool builds = requires(const Op& operation, const Geometry& geometry) {
    operation.build(geometry);
  };
  static constexpr bool builds_module = [] {
    if constexpr (builds) {
      return requires(const Op& operation, const Geometry& geometry) {
        operation.build(geometry)->forward(at::Tensor());
      };
    } else {
      return true;
    }
  }();
  static constexpr bool responds = [] {
    if constexpr (requires { &Op::responses; }) {
      return requires(const Geometry& geometry) {
        { Op::responses(geometry) } -> std::same_as<Responses>;
      };
    } else {
      return true;
    }
  }();
  static_assert(std::default_initializable<Op>,
                "interchoice: a candidate operation needs a default constructor, because a space "
                "knows only its type; make template arguments of what its constructor takes");
  static_assert(builds,
                "interchoice: a candidate operation needs `build(const Geometry&) const`; add it "
                "to the type named above");
  static_assert(builds_module,
                "interchoice: a candidate operation needs a `build` that returns a module holder, "
                "or a shared_ptr to a module, with `forward(x)`; correct it in the type named "
                "above");
  static_assert(responds,
                "interchoice: an operation's `responses` needs the form `static constexpr "
                "Responses responses(const Geometry&)`; correct it in the type named above");
  static constexpr bool value = true;
};

}  // namespace detail

/// An operation as a value: its name, its module for a geometry, its responses to policies.
struct AnyOperation {
  std::string name;
  std::function<std::unique_ptr<BuiltOperation>(const Geometry&)> build;
  std::function<Responses(const Geometry&)> responses = [](const Geometry&) {
    return Responses{};  // everything is observed
  };
  bool copied_by_state = false;
};

namespace detail {

template <class Op>
constexpr bool copied_by_state() {
  if constexpr (requires { Op::copied_by_state; }) {
    return Op::copied_by_state;
  } else {
    return false;
  }
}

}  // namespace detail

/// The type-erased form of an operation.
template <class Op>
AnyOperation any_operation() {
  static_assert(detail::CheckedOperation<Op>::value);
  return {
      std::string(std::string_view(Op::name)),
      [](const Geometry& geometry) { return detail::built(Op{}.build(geometry), geometry.axis); },
      [](const Geometry& geometry) { return responses_of<Op>(geometry); },
      detail::copied_by_state<Op>()};
}

/// The operations of a choice, of a space whose candidates are operations themselves or of a list
/// of candidates that serves every choice.
template <class SpaceOrCandidates>
std::vector<AnyOperation> operations_of(std::size_t choice) {
  std::vector<AnyOperation> operations;
  SpaceOrCandidates::for_each_candidate(
      choice, [&]<class Op>() { operations.push_back(any_operation<Op>()); });
  return operations;
}

/// The operations of each choice: `operations_of<Space>`, or any other function.
using ChoiceOperations = std::function<std::vector<AnyOperation>(std::size_t choice)>;

}  // namespace interchoice
