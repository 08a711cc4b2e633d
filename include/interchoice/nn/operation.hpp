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
#include "interchoice/nn/deferred_bias.hpp"
#include "interchoice/nn/geometry.hpp"
#include "interchoice/nn/norm_adjustment.hpp"
#include "interchoice/nn/responses.hpp"

namespace interchoice {

/// What a candidate computes: a name and a module for a geometry; nothing to inherit.
///
///   struct Conv3x3 {
///     static constexpr std::string_view name = "conv3x3";
///     torch::nn::Sequential build(const Geometry& geometry) const;
///   };
///
/// `build` returns a libtorch module holder or a shared_ptr to a module with `forward(x)`. It may
/// declare `static constexpr Responses responses(const Geometry&)`, so that no dependent weights
/// are kept where they cannot matter. The module may also have one of two members that save a pass
/// over the input when a context's vector has to be added to it:
///
///   at::Tensor forward_biased(x, vector)     takes the vector in its own first kernel
///   DeferredBias    forward_deferred(x, vector)    hands it (or what becomes of it) on to the sum
///                                            that follows; the vector may be undefined
///
/// Otherwise the vector is added before `forward`. A module with a BatchNorm that policies such as
/// `shift` may adjust has two more:
///
///   std::int64_t norm_channels() const                channels of its first BatchNorm
///   at::Tensor forward_adjusted(x, adjustment)        uses `convolution_norm` there, or
///                                                     `adjusted_norm` behind something else
template <class Op>
concept Operation = Candidate<Op> && std::default_initializable<Op> &&
    requires(const Op& operation, const Geometry& geometry) {
  {operation.build(geometry)->forward(at::Tensor())};
};

/// One candidate's module at one location, whatever its type.
class BuiltOperation {
 public:
  virtual ~BuiltOperation() = default;

  /// op(x + vector), to be resolved by the sum that follows. The vector may be undefined.
  virtual DeferredBias forward_deferred(const at::Tensor& x, const at::Tensor& vector) = 0;
  /// op(x + vector) as a tensor.
  virtual at::Tensor forward(const at::Tensor& x, const at::Tensor& vector) = 0;
  /// The same with its first BatchNorm adjusted; as `forward` if it has none.
  virtual at::Tensor forward_adjusted(const at::Tensor& x, const at::Tensor& vector,
                                      const NormAdjustment& adjustment) = 0;
  /// The channels of the BatchNorm that can be adjusted; 0 if there is none.
  virtual std::int64_t norm_channels() const = 0;

  virtual std::shared_ptr<torch::nn::Module> module() const = 0;
};

namespace detail {

inline at::Tensor add_vector(const at::Tensor& x, const at::Tensor& vector) {
  return vector.defined() ? x + vector.view({1, -1, 1, 1}) : x;
}

inline at::Tensor scaled(const at::Tensor& x, const at::Tensor& factors) {
  return factors.defined() ? x * factors.view({1, -1, 1, 1}) : x;
}

template <class Impl>
class BuiltModule final : public BuiltOperation {
 public:
  explicit BuiltModule(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

  DeferredBias forward_deferred(const at::Tensor& x, const at::Tensor& vector) override {
    if constexpr (kHandsOn) {
      return impl_->forward_deferred(x, vector);
    } else {
      return {forward(x, vector), {}};
    }
  }

  at::Tensor forward(const at::Tensor& x, const at::Tensor& vector) override {
    if (!vector.defined()) return impl_->forward(x);
    if constexpr (kTakesVector) {
      return impl_->forward_biased(x, vector);
    } else if constexpr (kHandsOn) {
      const DeferredBias deferred = impl_->forward_deferred(x, vector);
      return deferred.value.defined() ? add_vector(deferred.value, deferred.vector)
                                      : impl_->forward(x);
    } else {
      return impl_->forward(add_vector(x, vector));
    }
  }

  at::Tensor forward_adjusted(const at::Tensor& x, const at::Tensor& vector,
                              const NormAdjustment& adjustment) override {
    if constexpr (kTakesAdjustment) {
      return impl_->forward_adjusted(add_vector(x, vector), adjustment);
    } else {
      return forward(x, vector);
    }
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
  static constexpr bool kHandsOn = requires(Impl & impl, const at::Tensor& t) {
    { impl.forward_deferred(t, t) } -> std::same_as<DeferredBias>;
  };
  static constexpr bool kTakesAdjustment =
      requires(Impl & impl, const at::Tensor& t, const NormAdjustment& a) {
    { impl.forward_adjusted(t, a) } -> std::convertible_to<at::Tensor>;
    { impl.norm_channels() } -> std::convertible_to<std::int64_t>;
  };

  std::shared_ptr<Impl> impl_;
};

template <class Impl>
std::unique_ptr<BuiltOperation> built(std::shared_ptr<Impl> impl) {
  return std::make_unique<BuiltModule<Impl>>(std::move(impl));
}
template <class Impl>
std::unique_ptr<BuiltOperation> built(const torch::nn::ModuleHolder<Impl>& holder) {
  return std::make_unique<BuiltModule<Impl>>(holder.ptr());
}

// One check an element: a failed constraint on a pack would not say which operation is meant.
template <class Op>
struct CheckedOperation {
  static_assert(Operation<Op>,
                "interchoice: a candidate operation needs `build(const Geometry&) const` that "
                "returns a module with `forward(x)`; add it to the type named above");
  static constexpr bool value = true;
};

}  // namespace detail

/// An operation as a value: its name, how to build it, how it responds to policies.
struct AnyOperation {
  std::string name;
  std::function<std::unique_ptr<BuiltOperation>(const Geometry&)> build;
  std::function<Responses(const Geometry&)> responses = [](const Geometry&) {
    return Responses{};  // everything is observed
  };
};

/// The type-erased form of an operation.
template <class Op>
AnyOperation any_operation() {
  static_assert(detail::CheckedOperation<Op>::value);
  return {std::string(std::string_view(Op::name)),
          [](const Geometry& geometry) { return detail::built(Op{}.build(geometry)); },
          [](const Geometry& geometry) { return responses_of<Op>(geometry); }};
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
