// The cost of PathStep's guard against steps that are not finite: the time of what it does in a
// step, before and after forward and backward, divided by the time of a training step (forward,
// backward, SGD) without it.
//
//   guard_cost [rounds] [batch] [threads]

#include <ATen/Parallel.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/core.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "benchmarks/interleaved.hpp"
#include "benchmarks/training_steps.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/training/cpu_memory.hpp"
#include "interchoice/training/detail/changed_gradients.hpp"
#include "interchoice/training/detail/host_guard.hpp"

namespace {

using namespace benchmarks;

template <class Policy>
void measure(const std::string& title, const Data& data, const ic::NasBench201Options& options,
             std::size_t rounds) {
  ic::Supernet<NasBench201, Policy> net(options);
  ic::begin_epoch(*net, 0);
  std::size_t numbers = 0;
  for (at::Tensor& p : net->parameters()) {  // as after some steps
    p.mutable_grad() = at::zeros_like(p);
    numbers += static_cast<std::size_t>(p.numel());
  }
  const torch::optim::SGD sgd = ic::Sgd{}(*net);
  ic::detail::HostGuard guard;
  ic::detail::ChangedGradients changed;
  guard.watch(*net, sgd);
  const ic::Sampler sample(ic::Uniform{ic::all<Space>}, ic::Seed{0});
  std::vector<at::Tensor> losses;
  std::vector<Variant> parts{
      {"step", supernet_step<NasBench201, Policy>(data, options, sample)},
      {"before", [&](std::size_t) { guard.note(); }},
      {"cleared", [&](std::size_t) { changed.note(sgd); }},
      {"backward",
       [&](std::size_t round) {
         const at::Tensor loss =
             at::cross_entropy_loss(net->forward(data.images, sample(0, round)), data.labels);
         loss.backward();
         losses = {loss.detach()};
       }},
      {"after", [&](std::size_t) {
         const auto parameters = changed.since_note(sgd);
         guard.judge(*net, sgd, losses, ic::detail::gradients_of(parameters));
         if (guard.is_halted(true)) std::abort();
       }}};
  for (std::size_t round = 0; round < rounds; ++round) {
    for (Variant& part : parts) {
      const auto begin = std::chrono::steady_clock::now();
      part.run(round);
      const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
      part.seconds.push_back(time.count());
    }
  }
  const double step = median(parts[0].seconds);
  double cost = 0;
  for (const std::size_t i : {1, 2, 4}) cost += median(parts[i].seconds);
  fmt::print(
      "{:26} {:9} parameters  step {:8.2f} ms  guard {:6.1f} us ({:.1f} + {:.1f} + {:.1f})  {:.3f} "
      "%\n",
      title, numbers, 1e3 * step, 1e6 * cost, 1e6 * median(parts[1].seconds),
      1e6 * median(parts[2].seconds), 1e6 * median(parts[4].seconds), 100 * cost / step);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const auto rounds = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 50);
  const std::int64_t batch = argc > 2 ? std::atoi(argv[2]) : 64;
  at::set_num_threads(argc > 3 ? std::atoi(argv[3]) : 1);
  ic::keep_freed_memory();
  fmt::print("batch {}, {} rounds, {} threads\n", batch, rounds, at::get_num_threads());
  for (const std::int64_t cells : {5, 1}) {
    const Data data = Data::random(batch, 32);
    const ic::NasBench201Options options{.cells_per_stage = {cells, cells, cells}};
    measure<ic::none>(fmt::format("{} cells a stage, none", cells), data, options, rounds);
    measure<ic::split<0>>(fmt::format("{} cells a stage, split", cells), data, options, rounds);
  }
  Data digits = Data::random(batch, 8);
  digits.images = digits.images.slice(1, 0, 1).contiguous();
  measure<ic::none>("width 4, 2 cells, digits", digits,
                    {.input_channels = 1, .width = 4, .cells_per_stage = {1, 1}}, rounds);
}
