// Candidates that run as CUDA graphs against the same without, to the bit. The logic around the
// graphs is tested without a GPU in tests/nn/capture/captured_candidates_test.cpp.

#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <torch/csrc/autograd/autograd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/cuda.hpp"
#include "interchoice/nn/capture/captured_candidates.hpp"
#include "nn/capture/captured_against_eager.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using namespace ic::testing::captured;

namespace {

const at::Device kDevice(at::kCUDA, 0);

/// Deterministic algorithms of libtorch and cuDNN while it lives.
class Deterministic {
 public:
  Deterministic() { set(true); }
  ~Deterministic() { set(false); }
  Deterministic(const Deterministic&) = delete;
  Deterministic& operator=(const Deterministic&) = delete;

 private:
  static void set(bool on) {
    at::globalContext().setDeterministicCuDNN(on);
    at::globalContext().setBenchmarkCuDNN(false);
  }
};

template <class Policy>
void check_on_gpu(Check check = {}) {
  const Deterministic deterministic;
  check.device = kDevice;
  const ic::CaptureCounts counts = check_policy<Policy>(ic::cuda::graph_recorder(), check);
  CHECK(counts.captures > 10);
  CHECK(counts.replays > counts.captures);
  CHECK(counts.bytes > 0);
}

/// A candidate that waits for the device, which cannot be captured.
struct Waiting {
  static constexpr std::string_view name = "waiting";
  struct Module : torch::nn::Module {
    explicit Module(std::int64_t channels)
        : weight(register_parameter("weight", at::ones({channels}))) {}
    at::Tensor forward(const at::Tensor& x) {
      return x * weight.view({1, -1, 1, 1}) * x.abs().max().item<float>();
    }
    at::Tensor weight;
  };
  std::shared_ptr<Module> build(const ic::Geometry& geometry) const {
    return std::make_shared<Module>(geometry.channels);
  }
};
struct Dropping {
  static constexpr std::string_view name = "dropping";
  struct Module : torch::nn::Module {
    explicit Module(std::int64_t channels)
        : weight(register_parameter("weight", at::ones({channels}))) {}
    at::Tensor forward(const at::Tensor& x) {
      return at::dropout(x * weight.view({1, -1, 1, 1}), 0.5, is_training());
    }
    at::Tensor weight;
  };
  std::shared_ptr<Module> build(const ic::Geometry& geometry) const {
    return std::make_shared<Module>(geometry.channels);
  }
};

}  // namespace

TEST_CASE("CUDA graphs train, calibrate and evaluate as eager candidates: none", "[gpu][graphs]") {
  check_on_gpu<ic::none>();
}
TEST_CASE("CUDA graphs train, calibrate and evaluate as eager candidates: bias", "[gpu][graphs]") {
  check_on_gpu<ic::bias<1>>();
}
TEST_CASE("CUDA graphs train, calibrate and evaluate as eager candidates: scale", "[gpu][graphs]") {
  check_on_gpu<ic::scale<1>>();
}
TEST_CASE("CUDA graphs train, calibrate and evaluate as eager candidates: attention",
          "[gpu][graphs]") {
  check_on_gpu<ic::attention<2>>();
}
TEST_CASE("CUDA graphs train, calibrate and evaluate as eager candidates: affine",
          "[gpu][graphs]") {
  check_on_gpu<ic::affine<1>>();
}
TEST_CASE("CUDA graphs train, calibrate and evaluate as eager candidates: split", "[gpu][graphs]") {
  check_on_gpu<ic::split<1>>({.epochs = 3, .steps = 24});
}
TEST_CASE("CUDA graphs train, calibrate and evaluate as eager candidates: bfloat16",
          "[gpu][graphs]") {
  check_on_gpu<ic::bias<1>>({.precision = ic::Precision::kBfloat16});
}

TEST_CASE("what cannot be a CUDA graph runs eagerly, and others are captured after it",
          "[gpu][graphs]") {
  using Line = ic::Chain<1, ic::Candidates<Waiting, Dropping, ic::ReluConvolutionNorm<3, true>>>;
  using Path = ic::Architecture<Line>;
  ic::ChoiceBlock<Line, ic::none> block(0, ic::Geometry{.channels = 8});
  block->to(kDevice);
  const ic::CapturedCandidates captured(block, ic::cuda::graph_recorder());
  const at::Tensor x = at::randn({2, 8, 6, 6}).to(kDevice).requires_grad_();
  for (const std::uint8_t c : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}}) {
    for (int i = 0; i < 4; ++i) {
      const at::Tensor y = block->forward(x, Path{c});
      y.square().sum().backward();
      if (c == 0) CHECK(at::equal(y, x * x.abs().max()));
    }
    CHECK(captured.counts().captures == (c == 2 ? 1 : 0));
  }
  CHECK(captured.counts().replays == 3);
}
