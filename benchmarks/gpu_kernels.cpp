// Our CUDA kernels against libtorch's operators, forward and backward, and a training step of the
// paper's super-network at batch 256 with both. Markdown tables; run by gpu.sh.
//
//   gpu_kernels [rounds] [batch]

#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <fmt/core.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/cuda.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/interleaved.hpp"
#include "benchmarks/training_steps.hpp"
#include "interchoice/cuda.hpp"
#include "interchoice/dependency/bias.hpp"
#include "interchoice/dependency/none.hpp"
#include "interchoice/nn/kernels/average_pool.hpp"
#include "interchoice/nn/kernels/device_kernels.hpp"
#include "interchoice/nn/kernels/node_sum.hpp"
#include "interchoice/nn/kernels/vector_relu.hpp"

namespace {

using namespace benchmarks;
using Tensors = std::vector<at::Tensor>;
using Function = std::function<at::Tensor(const Tensors&)>;

constexpr int kCalls = 20;  // in a round of a kernel

/// The same work with our kernels taken out of the table.
std::function<void(std::size_t)> without_kernels(std::function<void(std::size_t)> work) {
  return [work = std::move(work)](std::size_t round) {
    const auto ours = std::exchange(ic::detail::device_kernels, {});
    work(round);
    ic::detail::device_kernels = ours;
  };
}

void print_rows(const std::string& title, std::vector<Variant>& variants, std::size_t warm_up,
                std::size_t rounds, double units) {
  run_interleaved(variants, warm_up, rounds);
  for (const Variant& v : variants) {
    fmt::print("| {} | {} | {:.4f} | {} |\n", title, v.name, 1e3 * median(v.seconds) / units,
               to_text(ratio(v, variants[0])));
  }
  std::fflush(stdout);
}

void compare_kernel(const std::string& title, const Function& work, const Tensors& inputs,
                    std::size_t rounds) {
  const auto forward = [=](std::size_t) {
    const at::NoGradGuard no_grad;
    for (int i = 0; i < kCalls; ++i) work(inputs);
    torch::cuda::synchronize();
  };
  Tensors leaves;
  for (const at::Tensor& x : inputs) leaves.push_back(x.detach().requires_grad_());
  const at::Tensor weight = at::randn_like(work(inputs));
  const auto both = [=](std::size_t) {
    for (int i = 0; i < kCalls; ++i) torch::autograd::grad({work(leaves)}, leaves, {weight});
    torch::cuda::synchronize();
  };
  std::vector<Variant> first{{"libtorch", without_kernels(forward)},
                             {"libtorch again (A/A)", without_kernels(forward)},
                             {"ours", forward}};
  print_rows(title + ", forward", first, 5, rounds, kCalls);
  std::vector<Variant> second{{"libtorch", without_kernels(both)},
                              {"libtorch again (A/A)", without_kernels(both)},
                              {"ours", both}};
  print_rows(title + ", forward and backward", second, 5, rounds, kCalls);
}

void compare_kernels(std::int64_t batch, at::ScalarType type, std::size_t rounds) {
  for (const std::int64_t channels : {16, 64}) {
    const std::int64_t size = channels == 16 ? 32 : 8;
    const auto image = [&] {
      return at::randn({batch, channels, size, size})
          .to(at::kCUDA, type)
          .contiguous(at::MemoryFormat::ChannelsLast);
    };
    const at::Tensor row = at::randn({channels}).to(at::kCUDA, type);
    const std::string shape =
        fmt::format("{} {}x{}x{}x{}", c10::toString(type), batch, channels, size, size);
    compare_kernel(
        shape + " relu(x + row)", [](const Tensors& t) { return ic::vector_relu(t[0], t[1]); },
        {image(), row}, rounds);
    compare_kernel(
        shape + " sum of three and row",
        [](const Tensors& t) {
          const std::vector<ic::DeferredBias> terms{{t[0], t[3]}, {t[1], {}}, {t[2], {}}};
          return ic::node_sum(terms, {});
        },
        {image(), image(), image(), row}, rounds);
    compare_kernel(
        shape + " average pool and row",
        [](const Tensors& t) { return ic::average_pool3x3(t[0], t[1], true); }, {image(), row},
        rounds);
  }
}

template <class Policy>
Step step(const Data& data, const ic::Sampler<ic::Uniform<Space>>& sample) {
  return supernet_step<NasBench201, Policy>(data, ic::NasBench201Options{}, sample);
}

}  // namespace

int main(int argc, char** argv) {
  if (!at::globalContext().hasCUDA()) {
    fmt::print(stderr, "no GPU\n");
    return 2;
  }
  const auto rounds = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 50);
  const std::int64_t batch = argc > 2 ? std::atoi(argv[2]) : 256;
  at::globalContext().setBenchmarkCuDNN(true);
  fmt::print("### Kernels\n\nMedians of {} rounds of {} calls; ratio to libtorch within a round, ",
             rounds, kCalls);
  fmt::print("and its middle half.\n\n| what | by | ms | ratio |\n|---|---|---|---|\n");
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    compare_kernels(batch, type, rounds);
  }
  fmt::print("\n### A training step, float, batch {}\n\n", batch);
  fmt::print("| paths | variant | ms | ratio |\n|---|---|---|---|\n");
  const Data data = Data::random(batch, 32, at::kCUDA);
  const auto compare_steps = [&](const std::string& name, const ic::Restriction<Space>& paths) {
    const ic::Sampler sample(ic::Uniform{paths}, ic::Seed{0});
    std::vector<Variant> variants{
        {"none", step<ic::none>(data, sample)},
        {"none again (A/A)", step<ic::none>(data, sample)},
        {"none, libtorch's operators", without_kernels(step<ic::none>(data, sample))},
        {"bias<1>", step<ic::bias<1>>(data, sample)},
        {"bias<1>, libtorch's operators", without_kernels(step<ic::bias<1>>(data, sample))}};
    print_rows(name, variants, 20, rounds, 1);
  };
  compare_steps("all", ic::all<Space>);
  compare_steps("only convolutions", ic::only_convolutions<Space>);
}
