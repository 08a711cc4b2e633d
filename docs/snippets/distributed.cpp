// The code of docs/how-to/distributed.md.

#include <ATen/core/Tensor.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <fmt/core.h>
#include <torch/optim/sgd.h>

#include <vector>

#include "interchoice/core/enumeration.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/data/batches.hpp"
#include "interchoice/distributed/join_group.hpp"
#include "interchoice/evaluation/prefix_sharing.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/strict_fair.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/path_step.hpp"
#include "interchoice/training/train.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;
using Net = ic::Supernet<ic::NasBench201<>, ic::bias<1>>;
const ic::Sampler uniform_paths(ic::Uniform{ic::all<Space>}, ic::Seed{0});

void train(Net& net, const ic::Batches& data) {
  const ic::Group group = ic::join_group();  // of the processes that a launcher has started
  ic::train(net, data, uniform_paths, {.epochs = 20, .group = group});
}

void rank(Net& net, const ic::EvaluationData& data, const ic::Group& group) {
  const auto ranking = ic::rank(net, data, ic::every_architecture(ic::only_convolutions<Space>),
                                {.sharing = ic::PrefixSharing{}, .group = group});
  if (group.is_first()) fmt::print("{}\n", ic::to_text(ranking.best()));
}

void own_loop(Net& net, torch::optim::SGD& optimizer, const ic::Batches& data,
              const ic::Group& group) {
  const ic::Batches::Epoch batches = data.share(group.rank(), group.size()).epoch(0);
  ic::PathStep step(net, optimizer, {.group = group});
  step.begin(0);
  for (const ic::Batch& batch : batches) {
    step(uniform_paths, [&](const auto& path) {
      const at::Tensor logits = net->forward(batch.data, path);
      return ic::WeighedLoss(at::cross_entropy_loss(logits, batch.target), batch.fraction);
    });
  }
}

void train_fairly(Net& net, const ic::Batches& data, const ic::Group& group) {
  const ic::Sampler fair(ic::StrictFair(ic::no_zero<Space>), ic::Seed{0});
  ic::train(net, data, fair, {.epochs = 20, .group = group, .ranks_share = ic::RanksShare::kPaths});
}
