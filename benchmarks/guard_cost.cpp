// The cost of PathStep's guard against steps that are not finite: time of a training step (forward,
// backward, SGD) on the paper's NAS-Bench-201 super-network, and on a small one, with the guard and
// without, on the same paths.
//
//   guard_cost [rounds] [batch] [cells] [threads]       ratios of interleaved rounds, an A/A pair

#include <ATen/Parallel.h>
#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/interleaved.hpp"
#include "benchmarks/training_steps.hpp"
#include "interchoice/training/cpu_memory.hpp"
#include "interchoice/training/path_step.hpp"

namespace {

using namespace benchmarks;

/// The step of `training_step` by `PathStep`.
template <class Policy>
Step guarded_step(const Data& data, const ic::NasBench201Options& options) {
  ic::Supernet<NasBench201, Policy> net(options);
  const auto sgd = std::make_shared<torch::optim::SGD>(ic::Sgd{}(*net));
  ic::set_learning_rate(*sgd, 0.025);
  const auto step = std::make_shared<ic::PathStep>(net, *sgd);
  step->begin(0);
  const ic::Sampler sample(ic::Uniform{ic::all<Space>}, ic::Seed{0});
  return [=](std::size_t round) {
    (*step)([&](std::uint64_t, std::uint64_t) { return sample(0, round); },
            [&](const ic::Architecture<Space>& path) {
              return at::cross_entropy_loss(net.ptr()->forward(data.images, path), data.labels);
            });
  };
}

template <class Policy>
void compare(const std::string& title, const Data& data, const ic::NasBench201Options& options,
             std::size_t rounds) {
  const ic::Sampler sample(ic::Uniform{ic::all<Space>}, ic::Seed{0});
  std::vector<Variant> variants{
      {"without", supernet_step<NasBench201, Policy>(data, options, sample)},
      {"without again (A/A)", supernet_step<NasBench201, Policy>(data, options, sample)},
      {"PathStep", guarded_step<Policy>(data, options)},
      {"PathStep again (A/A)", guarded_step<Policy>(data, options)}};
  run_interleaved(variants, 20, rounds);
  fmt::print("{}\n", title);
  for (const Variant& v : variants) {
    fmt::print("  {:22} {:8.2f} ms   ratio {}\n", v.name, 1e3 * median(v.seconds),
               to_text(ratio(v, variants[0])));
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const auto rounds = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 100);
  const std::int64_t batch = argc > 2 ? std::atoi(argv[2]) : 64;
  const std::int64_t cells = argc > 3 ? std::atoi(argv[3]) : 5;
  at::set_num_threads(argc > 4 ? std::atoi(argv[4]) : 1);
  ic::keep_freed_memory();
  fmt::print("batch {}, {} rounds, {} threads\n", batch, rounds, at::get_num_threads());
  const ic::NasBench201Options paper{.cells_per_stage = {cells, cells, cells}};
  compare<ic::none>("the paper's, none", Data::random(batch, 32), paper, rounds);
  compare<ic::split<0>>("the paper's, split", Data::random(batch, 32), paper, rounds);
  const ic::NasBench201Options small{.input_channels = 1, .width = 4, .cells_per_stage = {1, 1}};
  Data digits = Data::random(batch, 8);
  digits.images = digits.images.slice(1, 0, 1).contiguous();
  compare<ic::none>("a small one, digits", digits, small, rounds);
}
