// The cost of an optimizer's part of a step (clearing gradients, SGD), without forward and
// backward: libtorch's SGD over all weights, as the reference has it, against the steps of
// PathStep, which leave weights alone that the path does not use. And of the event of a split: its
// time, and what memory it takes.
//
//   optimizer_cost [rounds] [threads]

#include <ATen/Parallel.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/randn_like.h>
#include <fmt/core.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/interleaved.hpp"
#include "benchmarks/training_steps.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/training/copy_momentum.hpp"
#include "interchoice/training/detail/lazy_sgd_scope.hpp"

namespace {

using namespace benchmarks;
using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double resident_megabytes() {
  std::ifstream file("/proc/self/statm");
  double size = 0;
  double resident = 0;
  file >> size >> resident;
  return resident * 4096 / 1e6;
}

/// What a path uses: a copy of a candidate at each location, drawn alike by all.
struct Use {
  ic::AnyChoiceBlock* block;
  std::size_t copy;
  std::size_t candidate;
};

struct Subject {
  std::shared_ptr<torch::nn::Module> net;
  torch::optim::SGD sgd;
  ic::detail::LazySgdScope lazy;
  std::vector<ic::AnyChoiceBlock*> blocks = {};

  template <class Net>
  Subject(const Net& network, bool is_lazy) : net(network.ptr()), sgd(ic::Sgd{}(*network)) {
    ic::set_learning_rate(sgd, 1e-6);
    if (is_lazy) lazy = ic::detail::LazySgdScope(net, sgd, ic::UnsampledWeights::kMove);
  }

  /// As after some training: every weight has a gradient and a momentum.
  void warm() {
    for (at::Tensor& p : net->parameters()) p.mutable_grad() = at::full_like(p, 1e-3);
    sgd.step();
    blocks.clear();
    ic::detail::for_each_choice_block(
        *net, [&](const std::string&, ic::AnyChoiceBlock& block) { blocks.push_back(&block); });
    if (lazy) lazy.watch();
  }

  void step(std::size_t round) {
    if (lazy) {
      lazy->begin_step();
    } else {
      net->zero_grad(/*set_to_none=*/false);
    }
    for (std::size_t l = 0; l < blocks.size(); ++l) {
      const ic::CandidateBank& bank = blocks[l]->bank();
      const std::size_t draw = (round * 2654435761U + l * 40503U) >> 4;
      bank.use(draw % bank.copy_count(), draw / 7 % bank.candidate_count());
    }
    if (lazy) {
      lazy->step();
    } else {
      sgd.step();
    }
  }
};

template <class Network>
void measure(const std::string& title, const typename Network::Options& options,
             std::size_t rounds) {
  const auto subject = [&](bool is_split, bool is_lazy) {
    ic::Supernet<Network, ic::split<ic::on_demand>> net(options);
    auto made = std::make_shared<Subject>(net, is_lazy);
    made->warm();
    if (is_split) {
      ic::add_new_parameters(made->sgd, ic::split_now(*net));
      made->warm();
    }
    return made;
  };
  std::vector<Variant> variants;
  for (const bool is_lazy : {false, true}) {
    for (const bool is_split : {false, true}) {
      const auto made = subject(is_split, is_lazy);
      variants.push_back(
          {fmt::format("{}, {}", is_lazy ? "PathStep" : "dense", is_split ? "split" : "not split"),
           [made](std::size_t round) { made->step(round); }});
    }
  }
  run_interleaved(variants, 3, rounds);
  fmt::print("{}\n", title);
  for (const Variant& variant : variants) {
    fmt::print("  {:22} {:8.2f} ms\n", variant.name, 1e3 * median(variant.seconds));
  }
  variants.clear();
  const auto made = subject(false, false);
  made->net->zero_grad(/*set_to_none=*/false);
  const double before = resident_megabytes();
  const auto begin = Clock::now();
  const ic::NewParameters added = ic::split_now(*made->net);
  ic::add_new_parameters(made->sgd, added);
  const double time = milliseconds_since(begin);
  double bytes = 0;
  for (const ic::NewParameter& copy : added) bytes += static_cast<double>(copy.parameter.nbytes());
  fmt::print(
      "  the split's event      {:8.2f} ms, {:.0f} MB more in use; weights, momentum and "
      "gradients of the {} copies would take {:.0f} MB\n",
      time, resident_megabytes() - before, added.size(), 3 * bytes / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t rounds = argc > 1 ? static_cast<std::size_t>(std::atol(argv[1])) : 30;
  at::set_num_threads(argc > 2 ? std::atoi(argv[2]) : 1);
  measure<NasBench201>("NAS-Bench-201, the paper's size", {}, rounds);
  measure<ic::FairNasNetwork<ic::fairnas::PaperLayout>>("FairNAS, the paper's size", {}, rounds);
}
