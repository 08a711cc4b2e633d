// expect: interchoice: a candidate operation needs a default constructor
// expect: make template arguments of what its constructor takes
// expect: interchoice: a candidate operation needs a `build` that returns a module holder
// expect: interchoice: an operation's `responses` needs the form `static constexpr Responses
// expect: interchoice: an operation's `forward_biased` needs the form `at::Tensor
// expect: interchoice: an operation's `forward_deferred` needs the form `DeferredBias
// expect: interchoice: an operation whose normalisation can be adjusted needs both
// expect: interchoice: adjusted_norm(norm, x, adjustment) needs a BatchNorm1d, 2d or 3d
// expect: interchoice: convolution_norm(convolution, norm, x) needs a Conv1d with a BatchNorm1d
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/instancenorm.h>

#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/convolution_norm.hpp"
#include "interchoice/spaces/chain.hpp"

namespace ic = interchoice;

struct Plain {
  static constexpr std::string_view name = "plain";
  struct Module : torch::nn::Module {
    at::Tensor forward(const at::Tensor& x) { return x; }
  };
  std::shared_ptr<Module> build(const ic::Geometry&) const { return std::make_shared<Module>(); }
};

#ifdef INTERCHOICE_POSITIVE
constexpr bool kWrong = false;
#else
constexpr bool kWrong = true;
#endif

template <bool Wrong>
struct WithArgument : Plain {
  static constexpr std::string_view name = "with_argument";
  explicit WithArgument(int) {}
};
template <>
struct WithArgument<false> : Plain {};

template <bool Wrong>
struct BuildsNumber : Plain {
  static constexpr std::string_view name = "builds_number";
  int build(const ic::Geometry&) const { return 0; }
};
template <>
struct BuildsNumber<false> : Plain {
  static constexpr std::string_view name = "builds_number";
};

struct Responds : Plain {
  static constexpr std::string_view name = "responds";
  static constexpr auto responses(const ic::Geometry&) {
    if constexpr (kWrong) {
      return ic::Response::kRemoved;
    } else {
      return ic::Responses{};
    }
  }
};

template <class Base>
struct Wrapped {
  static constexpr std::string_view name = Base::text;
  struct Module : Base {
    at::Tensor forward(const at::Tensor& x) { return x; }
  };
  std::shared_ptr<Module> build(const ic::Geometry&) const { return std::make_shared<Module>(); }
};

struct Biased : torch::nn::Module {
  static constexpr std::string_view text = "biased";
#ifdef INTERCHOICE_POSITIVE
  at::Tensor forward_biased(const at::Tensor& x, const at::Tensor&) { return x; }
#else
  at::Tensor forward_biased(const at::Tensor& x) { return x; }
#endif
};
struct Deferred : torch::nn::Module {
  static constexpr std::string_view text = "deferred";
#ifdef INTERCHOICE_POSITIVE
  ic::DeferredBias forward_deferred(const at::Tensor& x, const at::Tensor& b) { return {x, b}; }
#else
  at::Tensor forward_deferred(const at::Tensor& x, const at::Tensor&) { return x; }
#endif
};
struct Adjusted : torch::nn::Module {
  static constexpr std::string_view text = "adjusted";
  at::Tensor forward_adjusted(const at::Tensor& x, const ic::NormAdjustment&) { return x; }
#ifdef INTERCHOICE_POSITIVE
  std::int64_t norm_channels() const { return 1; }
#endif
};

using Space = ic::Chain<2, ic::Candidates<WithArgument<kWrong>, BuildsNumber<kWrong>, Responds,
                                          Wrapped<Biased>, Wrapped<Deferred>, Wrapped<Adjusted>>>;
ic::ChoiceBlocks<Space, ic::bias<1>> blocks(ic::Geometry{});

at::Tensor normalised(torch::nn::Conv1d convolution, const at::Tensor& x) {
#ifdef INTERCHOICE_POSITIVE
  torch::nn::BatchNorm1d norm(4);
  return ic::adjusted_norm(norm, ic::convolution_norm(convolution, norm, x));
#else
  torch::nn::InstanceNorm1d norm(4);
  torch::nn::BatchNorm2d images(4);
  return ic::adjusted_norm(norm, ic::convolution_norm(convolution, images, x));
#endif
}
