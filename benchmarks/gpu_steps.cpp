// A training step of the paper's super-network on a GPU with its candidates as CUDA graphs and
// eagerly, `none` and `bias<1>`, in float and bfloat16, interleaved. A Markdown table; run by
// gpu.sh.
//
//   gpu_steps [rounds] [batch]
//
// Goals at batch 256: at most 3 ms a step in bfloat16, bias<1> / none at most 1.03.

#include <ATen/Context.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <fmt/core.h>
#include <torch/cuda.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/interleaved.hpp"
#include "benchmarks/training_steps.hpp"
#include "interchoice/cuda.hpp"
#include "interchoice/dependency/bias.hpp"
#include "interchoice/dependency/none.hpp"
#include "interchoice/nn/capture/captured_candidates.hpp"

namespace {

using namespace benchmarks;
using Sample = ic::Sampler<ic::Uniform<Space>>;

constexpr std::size_t kSteps = 16;  // of a round, for whose end alone the host waits

/// A network in training; its candidates are captured where there is a recorder.
template <class Policy>
struct Training {
  explicit Training(const std::shared_ptr<ic::GraphRecorder>& recorder)
      : net(on_device()), loop(net) {
    loop.step.begin(0);
    ic::set_learning_rate(loop.sgd, 0.025);
    if (recorder) captured = std::make_unique<ic::CapturedCandidates>(net, recorder);
  }
  static ic::Supernet<NasBench201, Policy> on_device() {
    ic::Supernet<NasBench201, Policy> net(ic::NasBench201Options{});
    net->to(at::Device(at::kCUDA, 0));
    return net;
  }

  ic::Supernet<NasBench201, Policy> net;
  Loop loop;
  std::unique_ptr<ic::CapturedCandidates> captured;
};

template <class Policy>
Step step_of(const std::shared_ptr<Training<Policy>>& training, const Data& data,
             const Sample& sample, ic::Precision precision) {
  return [=](std::size_t round) {
    for (std::size_t i = 0; i < kSteps; ++i) {
      training->loop.step.enqueue(
          [&](std::size_t, std::size_t) { return sample(0, kSteps * round + i); },
          [&](const auto& path) {
            const at::Tensor logits = ic::in_precision(precision, data.images.device(), [&] {
              return training->net->forward(data.images, path);
            });
            return at::cross_entropy_loss(logits, data.labels);
          });
    }
    training->loop.step.read([](const ic::StepOutcome&) {});
    torch::cuda::synchronize();
  };
}

void print_counts(const char* name, const ic::CaptureCounts& counts) {
  fmt::print("{}: {} graphs, {:.2f} GiB, {} passes replayed, {} eager.\n", name, counts.captures,
             static_cast<double>(counts.bytes) / (1 << 30), counts.replays, counts.eager);
}

void compare(const Data& data, const Sample& sample, ic::Precision precision, std::size_t warm_up,
             std::size_t rounds) {
  const auto none = std::make_shared<Training<ic::none>>(nullptr);
  const auto bias = std::make_shared<Training<ic::bias<1>>>(nullptr);
  const auto none_graphs = std::make_shared<Training<ic::none>>(ic::cuda::graph_recorder());
  const auto bias_graphs = std::make_shared<Training<ic::bias<1>>>(ic::cuda::graph_recorder());
  std::vector<Variant> variants{
      {"none, graphs", step_of(none_graphs, data, sample, precision)},
      {"none, graphs again (A/A)", step_of(none_graphs, data, sample, precision)},
      {"bias<1>, graphs", step_of(bias_graphs, data, sample, precision)},
      {"none, eager", step_of(none, data, sample, precision)},
      {"bias<1>, eager", step_of(bias, data, sample, precision)}};
  run_interleaved(variants, warm_up, rounds);
  fmt::print("\n### A training step, {}, batch {}\n\n", to_text(precision), data.images.size(0));
  fmt::print("| variant | ms | ratio to `none`, graphs |\n|---|---|---|\n");
  for (const Variant& v : variants) {
    fmt::print("| {} | {:.3f} | {} |\n", v.name, 1e3 * median(v.seconds) / kSteps,
               to_text(ratio(v, variants[0])));
  }
  fmt::print("\n");
  print_counts("none", none_graphs->captured->counts());
  print_counts("bias<1>", bias_graphs->captured->counts());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (!at::globalContext().hasCUDA()) {
    fmt::print(stderr, "no GPU\n");
    return 2;
  }
  const auto rounds = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 15);
  const std::int64_t batch = argc > 2 ? std::atoi(argv[2]) : 256;
  constexpr std::size_t kWarmUp = 4;  // most candidates come up three times: captured both ways
  at::globalContext().setBenchmarkCuDNN(true);
  const Data data = Data::random(batch, 32, at::kCUDA);
  const Sample sample(ic::Uniform{ic::all<Space>}, ic::Seed{0});
  for (const ic::Precision precision : {ic::Precision::kBfloat16, ic::Precision::kFloat32}) {
    compare(data, sample, precision, kWarmUp, rounds);
  }
}
