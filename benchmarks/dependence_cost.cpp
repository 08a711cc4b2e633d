// What choice-dependent weights cost in a training step: time of forward, backward and SGD step of
// NAS-Bench-201 super-networks under each policy, divided by that of `none`, on the same paths.
//
//   dependence_cost [rounds] [batch]        one thread; ratios of interleaved rounds, an A/A pair

#include <ATen/Parallel.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "benchmarks/interleaved.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/cpu_memory.hpp"
#include "interchoice/training/sgd.hpp"
#include "interchoice/training/unsampled_weights.hpp"

namespace ic = interchoice;

namespace {

using Space = ic::NasBench201Space;

struct Data {
  at::Tensor images;
  at::Tensor labels;
};

template <class Policy>
benchmarks::Variant variant(const std::string& name, const Data& data,
                            const ic::Restriction<Space>& restriction) {
  ic::Supernet<ic::NasBench201<ic::LinearSkip>, Policy> net(ic::NasBench201Options{});
  ic::split_now(*net);
  auto sgd = std::make_shared<torch::optim::SGD>(ic::make_sgd(*net, {}));
  ic::set_learning_rate(*sgd, 0.025);
  const ic::UniformSampler<Space> sample(restriction, ic::Seed{0});
  return {name, [=](std::size_t round) mutable {
            ic::clear_gradients(*net, ic::UnsampledWeights::kMove);
            const at::Tensor logits = net->forward(data.images, sample(0, round));
            at::cross_entropy_loss(logits, data.labels).backward();
            sgd->step();
          }};
}

void compare(const std::string& title, const Data& data, const ic::Restriction<Space>& restriction,
             std::size_t rounds) {
  std::vector<benchmarks::Variant> variants;
  variants.push_back(variant<ic::none>("none", data, restriction));
  variants.push_back(variant<ic::none>("none again (A/A)", data, restriction));
  variants.push_back(variant<ic::bias<1>>("bias<1>", data, restriction));
  variants.push_back(variant<ic::bias<2>>("bias<2>", data, restriction));
  variants.push_back(variant<ic::bias<3>>("bias<3>", data, restriction));
  variants.push_back(variant<ic::split<ic::on_demand>>("split", data, restriction));
  benchmarks::run_interleaved(variants, 20, rounds);
  std::printf("%s\n", title.c_str());
  for (const auto& v : variants) {
    const auto r = benchmarks::ratio(v, variants[0]);
    std::printf("  %-18s %8.2f ms   / none %.4f   [%.4f, %.4f]\n", v.name.c_str(),
                1e3 * benchmarks::median(v.seconds), r.median, r.lower, r.upper);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto rounds = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 100);
  const std::int64_t batch = argc > 2 ? std::atoi(argv[2]) : 64;
  at::set_num_threads(1);
  ic::keep_freed_memory();
  const Data data{at::randn({batch, 3, 32, 32}), at::randint(10, {batch})};
  std::printf("batch %ld, %zu rounds, one thread; median and middle half of ratios in a round\n",
              batch, rounds);
  compare("all operations", data, ic::all<Space>, rounds);
  compare("no Zero", data, ic::no_zero<Space>, rounds);
  compare("only convolutions", data, ic::only_convolutions<Space>, rounds);
}
