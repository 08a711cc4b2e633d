// The model of docs/scale.md: the time of a training step against the number of ranks, from a step
// of this machine and the bytes of a path's gradients.
//
//   scaling_model [rounds] [times that a rank is as fast as one thread here]
//
// Gloo's ring of R ranks adds up b bytes in 2 (R - 1) rounds of b / R bytes; in each a rank tells
// its neighbour that it is ready and then gets them, so that a delay counts twice:
//
//   sum(b, R) = 2 (R - 1) (2 latency + b / R / bandwidth)
//   ask(R)    = 2 (R - 1) latency                             whether to stop: a single number
//   step(R)   = compute + sum(gradients, R) + ask(R)
//
// Printed is compute / step(R): the part of the ranks' time that trains, where each rank has the
// batch of one (with one batch for all, compute is divided by R). `hidden`: the same for 64 ranks
// if all of the sum ran behind the backward pass, of two thirds of the step.

#include <ATen/Parallel.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "benchmarks/interleaved.hpp"
#include "benchmarks/training_steps.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/training/cpu_memory.hpp"

namespace {

using namespace benchmarks;

struct Link {
  const char* name;
  double latency;    // s
  double bandwidth;  // bytes/s
};

struct Training {
  std::string name;
  double images;     // of an epoch
  double batch;      // of a rank
  double compute;    // s a step
  double gradients;  // bytes a step
};

double sum_seconds(const Link& link, double bytes, double ranks) {
  return 2 * (ranks - 1) * (2 * link.latency + bytes / ranks / link.bandwidth);
}

double step_seconds(const Training& training, const Link& link, double ranks) {
  return training.compute + sum_seconds(link, training.gradients, ranks) +
         2 * (ranks - 1) * link.latency;
}

double hidden_seconds(const Training& training, const Link& link, double ranks) {
  const double sum = sum_seconds(link, training.gradients, ranks);
  return step_seconds(training, link, ranks) - std::min(sum, training.compute * 2 / 3);
}

/// Of random paths.
template <class Network, class Paths>
Training measured(const std::string& name, const Paths& paths, double images, std::int64_t batch,
                  std::int64_t pixels, const typename Network::Options& options, std::size_t rounds,
                  double speed) {
  const ic::Sampler sample(ic::Uniform{paths}, ic::Seed{0});
  const ic::Supernet<Network, ic::none> net(options);
  double parameters = 0;
  constexpr std::size_t kPaths = 100;
  for (std::size_t i = 0; i < kPaths; ++i) {
    parameters += static_cast<double>(ic::path_parameters(*net, sample(0, i))) / kPaths;
  }
  const Step step = supernet_step<Network, ic::none>(Data::random(batch, pixels), options, sample);
  std::vector<double> seconds;
  for (std::size_t round = 0; round < rounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    step(round);
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return {name, images, static_cast<double>(batch), median(seconds) / speed,
          parameters * sizeof(float)};
}

void print(const Training& training) {
  fmt::print("\n{}: {:.0f} images a rank, {:.1f} ms a step, {:.2f} MB of gradients\n",
             training.name, training.batch, 1e3 * training.compute, 1e-6 * training.gradients);
  fmt::print("{:28}", "ranks");
  for (const int ranks : {1, 2, 4, 8, 64, 1000}) fmt::print("{:>9}", ranks);
  fmt::print("{:>9}{:>16}\n", "hidden", "epoch of 64");
  const auto percent = [&](double seconds) {
    fmt::print("{:>7.1f} %", 100 * training.compute / seconds);
  };
  for (const Link& link :
       {Link{"100 Mbit/s, 1 ms", 1.25e-3, 100e6 / 8}, Link{"1 Gbit/s, 100 us", 100e-6, 1e9 / 8},
        Link{"10 Gbit/s, 50 us", 50e-6, 10e9 / 8}, Link{"100 Gbit/s, 10 us", 10e-6, 100e9 / 8}}) {
    fmt::print("{:28}", link.name);
    for (const double ranks : {1., 2., 4., 8., 64., 1000.}) {
      percent(step_seconds(training, link, ranks));
    }
    percent(hidden_seconds(training, link, 64));
    fmt::print("{:>14.1f} s\n",
               training.images / training.batch / 64 * step_seconds(training, link, 64));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto rounds = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 11);
  const double speed = argc > 2 ? std::atof(argv[2]) : 1;
  at::set_num_threads(1);
  ic::keep_freed_memory();
  fmt::print("{} rounds, one thread, a rank is {} times as fast\n", rounds, speed);
  print(measured<NasBench201>("NAS-Bench-201, one cell a stage, only convolutions",
                              ic::only_convolutions<Space>, 50'000, 64, 32,
                              {.cells_per_stage = {1, 1, 1}}, rounds, speed));
  print(measured<NasBench201>("NAS-Bench-201, the paper's size, CIFAR-10", ic::all<Space>, 50'000,
                              64, 32, {.cells_per_stage = {5, 5, 5}}, rounds, speed));
  print(measured<ic::FairNas>("FairNAS, the paper's size, ImageNet", ic::all<ic::FairNas::Space>,
                              1'281'167, 32, 224, {.classes = 1000}, rounds, speed));
}
