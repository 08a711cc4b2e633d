// Tables with a step of their own, against steps of SGD and AdamW by hand; tables of the start.

#include <ATen/Functions.h>
#include <torch/nn.h>
#include <torch/optim.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/export/subnet.hpp"
#include "interchoice/nn/tables.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/resumable_training.hpp"
#include "interchoice/training/train.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "training/digits_supernet.hpp"
#include "training/train_in_pieces.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;

namespace {

/// y = op_c(x) (1 + g[p1, c]), a policy of one's own, whose name says nothing of tables.
struct gain {
  static constexpr std::string_view name = "gain";
  static constexpr std::size_t depth = 1;
};

}  // namespace

template <>
struct interchoice::dependency_state<gain> {
  dependency_state(torch::nn::Module& owner, const Site& site) {
    if (site.context().depth() == 0) return;
    gains = owner.register_parameter(
        "gains", at::zeros({static_cast<std::int64_t>(site.context().row_count())}));
  }
  at::Tensor after(const at::Tensor& y, const Selection& selection) const {
    if (!gains.defined()) return y;
    return y * (1 + gains[static_cast<std::int64_t>(selection.row())]);
  }
  at::Tensor gains;
};

namespace {

constexpr std::size_t kEpochs = 4;
const ic::Sampler<ic::Uniform<Space>> kUniform(ic::Uniform(ic::all<Space>), ic::Seed{4});

ic::Batches data_of() { return batches(ic::first_images(digits(), 96), 32, 3); }

ic::Training training_of(const ic::OptimizerMaker& optimizer) {
  ic::Training training;
  training.epochs = kEpochs;
  training.optimizer = optimizer;
  training.learning_rate = ic::cosine(0.05, 1e-3);
  return training;
}

/// Whether a parameter is a table, by its name.
bool is_table(const std::string& name) {
  for (const char* part : {"table", "attention", "gains"}) {
    if (name.find(part) != std::string::npos) return true;
  }
  return false;
}

/// Optimizers by hand, in float64, one parameter at a time.
struct ByHand {
  ic::TableStep tables = {};
  bool is_adam = false;
  double decay = 0.02;
  std::map<std::string, at::Tensor> first = {};   // momentum, or first moment
  std::map<std::string, at::Tensor> second = {};  // second moment
  double steps = 0;

  void step(torch::nn::Module& net, double rate, double done) {
    const c10::NoGradGuard no_grad;
    ++steps;
    for (auto& p : net.named_parameters()) {
      at::Tensor& w = p.value();
      if (!w.grad().defined()) continue;
      const bool table = is_table(p.key());
      double own_rate = rate;
      if (table) own_rate = done < tables.from ? 0 : rate * tables.rate;
      double own_decay = w.dim() > 1 ? decay : 0;
      if (w.dim() > 1 && table && tables.weight_decay) own_decay = *tables.weight_decay;
      at::Tensor& v = first[p.key()];
      if (!v.defined()) v = at::zeros_like(w);
      if (!is_adam) {
        v = 0.9 * v + w.grad() + own_decay * w;
        w -= own_rate * v;
        continue;
      }
      at::Tensor& s = second[p.key()];
      if (!s.defined()) s = at::zeros_like(w);
      v = 0.9 * v + 0.1 * w.grad();
      s = 0.999 * s + 0.001 * w.grad() * w.grad();
      w -= own_rate * own_decay * w;
      w -= own_rate * (v / (1 - std::pow(0.9, steps))) /
           ((s / (1 - std::pow(0.999, steps))).sqrt() + 1e-8);
    }
  }
};

/// A network in float64 whose every parameter has a gradient from the first step on.
template <class Policy>
Net<Policy> double_net() {
  auto net = make_net<Policy>(5);
  net->to(at::kDouble);
  const c10::NoGradGuard no_grad;
  for (auto& p : net->parameters()) {
    p.add_(0.1 * at::randn(p.sizes(), at::kDouble));
    p.mutable_grad() = at::zeros_like(p);
  }
  return net;
}

/// Calls `step(epoch, loss)` for each step of two epochs.
template <class Policy, class Begin, class Step>
void run(const Begin& begin, const Step& step) {
  const ic::Batches data = data_of();
  for (std::size_t epoch = 0; epoch < 2; ++epoch) {
    begin(epoch);
    for (std::int64_t i = 0; i < data.size(); ++i) {
      const ic::Batch batch = data.epoch(epoch)[i];
      step(epoch, static_cast<std::size_t>(i), batch.data.to(at::kDouble), batch.target);
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("tables step as by hand, whatever policy they are of", "", ic::bias<1>,
                   ic::attention<1>, gain, (ic::compose<ic::affine<1>, ic::split<1>>)) {
  const bool is_adam = GENERATE(false, true);
  const ic::TableStep tables = GENERATE(
      ic::TableStep{.rate = 5}, ic::TableStep{.weight_decay = 0}, ic::TableStep{.from = 0.5},
      ic::TableStep{.rate = 0.5, .weight_decay = 0.3, .from = 0.5});
  INFO(tables.text() << (is_adam ? " AdamW" : " SGD"));
  const double rate = is_adam ? 1e-3 : 0.02;

  auto expected = double_net<TestType>();
  ByHand by_hand{tables, is_adam};
  run<TestType>(
      [&](std::size_t epoch) {
        for (const ic::NewParameter& copy : ic::begin_epoch(*expected, epoch)) {
          copy.parameter.mutable_grad() = at::zeros_like(copy.parameter);
          const std::string source = [&] {  // its name without `copy<k>.`
            const std::size_t at = copy.name.find("copy");
            return copy.name.substr(0, at) + copy.name.substr(copy.name.find('.', at) + 1);
          }();
          for (auto* moments : {&by_hand.first, &by_hand.second}) {
            if (moments->contains(source)) (*moments)[copy.name] = moments->at(source).clone();
          }
        }
      },
      [&](std::size_t epoch, std::size_t i, const at::Tensor& x, const at::Tensor& y) {
        expected->zero_grad(/*set_to_none=*/false);
        at::cross_entropy_loss(expected->forward(x, kUniform(epoch, i)), y).backward();
        by_hand.step(*expected, rate, static_cast<double>(epoch) / 2);
      });

  auto net = double_net<TestType>();
  const State before = parameters_of(*net);
  const auto train = [&](torch::optim::Optimizer& optimizer) {
    ic::PathStep step(net, optimizer);
    run<TestType>(
        [&](std::size_t epoch) {
          step.begin(epoch);
          ic::set_learning_rate(optimizer, rate, static_cast<double>(epoch) / 2);
        },
        [&](std::size_t, std::size_t, const at::Tensor& x, const at::Tensor& y) {
          step(kUniform,
               [&](const auto& path) { return at::cross_entropy_loss(net->forward(x, path), y); });
        });
    step.settle();
  };
  if (is_adam) {
    auto adam = ic::AdamW{.weight_decay = 0.02, .tables = tables}(*net);
    train(adam);
  } else {
    auto sgd = ic::Sgd{.weight_decay = 0.02, .tables = tables}(*net);
    train(sgd);
  }
  const State after = parameters_of(*net);
  REQUIRE(after.size() == expected->named_parameters().size());
  std::size_t moved = 0;
  for (const auto& p : expected->named_parameters()) {
    INFO(p.key());
    // AdamW makes steps even of gradients that are nothing but rounding.
    CHECK(at::allclose(after.at(p.key()), p.value(), 1e-8, is_adam ? 1e-8 : 1e-10));
    moved += is_table(p.key()) && !at::equal(p.value(), before.at(p.key())) ? 1 : 0;
  }
  CHECK(moved > 0);
}

TEST_CASE("tables are a group of their own only where their step is one") {
  using Policy = ic::compose<ic::affine<1>, ic::attention<1>, ic::split<0>>;
  auto net = make_net<Policy>(1);
  ic::begin_epoch(*net, 0);
  const auto tables = ic::tables_of(*net);
  std::size_t named = 0;
  for (const auto& p : net->named_parameters()) named += is_table(p.key()) ? 1 : 0;
  CHECK(named == tables.size());
  CHECK(ic::tables_of(*make_net<ic::split<0>>(1)).empty());
  CHECK(ic::Sgd{}(*net).param_groups().size() == 2);
  CHECK(ic::Sgd{.tables = {.rate = 2}}(*make_net<ic::none>(1)).param_groups().size() == 2);
  CHECK(ic::Sgd{.tables = {.rate = 2}}(*make_net<ic::bias<1>>(1)).param_groups().size() == 3);

  auto sgd = ic::Sgd{.weight_decay = 0, .tables = {.rate = 3, .weight_decay = 0.1}}(*net, 0.2);
  REQUIRE(sgd.param_groups().size() == 4);  // the biases of attention's layers are not decayed
  std::size_t in_groups = 0;
  for (std::size_t g = 0; g < 4; ++g) {
    const auto& options = static_cast<torch::optim::SGDOptions&>(sgd.param_groups()[g].options());
    CHECK(options.weight_decay() == (g == 2 ? 0.1 : 0));
    CHECK(options.lr() == Approx(g < 2 ? 0.2 : 0.6));
    CHECK(sgd.param_groups()[g].options().get_lr() == 0.2);
    if (g >= 2) in_groups += sgd.param_groups()[g].params().size();
  }
  CHECK(in_groups == tables.size());

  CHECK(ic::Sgd{}.text() == "SGD, momentum 0.9, weight decay 0.0003");
  CHECK(ic::Sgd{.tables = {.rate = 5, .weight_decay = 0, .from = 0.5}}.text() ==
        "SGD, momentum 0.9, weight decay 0.0003, tables: rate * 5, weight decay 0, from 0.5");
  CHECK(ic::AdamW{.tables = {.from = 0.25}}.text() ==
        "AdamW, weight decay 0.01, betas 0.9 and 0.999, tables: from 0.25");
  const auto refusal = [&](const ic::TableStep& step) {
    return message_of([&] { ic::Sgd{.tables = step}(*net); });
  };
  CHECK_THAT(refusal({.rate = -1}), Contains("TableStep::rate is -1; a factor of 0 or more"));
  CHECK_THAT(refusal({.rate = NAN}), Contains("TableStep::rate is nan"));
  CHECK_THAT(refusal({.weight_decay = -0.5}), Contains("weight_decay is -0.5"));
  CHECK_THAT(refusal({.from = 1.5}), Contains("from is 1.5 of a training's epochs; a fraction"));
  auto late = ic::Sgd{.tables = {.from = 0.5}}(*net);
  CHECK_THAT(message_of([&] { ic::set_learning_rate(late, 0.1); }),
             Contains("after 0.5 of a training") && Contains("need to know how much is done"));
}

TEST_CASE("groups of equal steps are one group, to the bit; tables wait in train") {
  auto before = make_net<ic::bias<1>>(1);
  {  // the two groups of ever
    std::vector<at::Tensor> decayed;
    std::vector<at::Tensor> plain;
    for (const auto& p : before->named_parameters()) {
      (ic::is_decayed(p.key(), p.value()) ? decayed : plain).push_back(p.value());
    }
    const auto options = torch::optim::SGDOptions(0.05).momentum(0.9).weight_decay(3e-4);
    const std::vector<torch::optim::OptimizerParamGroup> groups{
        {decayed, std::make_unique<torch::optim::SGDOptions>(options)},
        {plain, std::make_unique<torch::optim::SGDOptions>(
                    torch::optim::SGDOptions(options).weight_decay(0))}};
    torch::optim::SGD sgd(groups, options);
    ic::PathStep step(before, sgd);
    before->train();
    for (std::size_t epoch = 0; epoch < kEpochs; ++epoch) {
      step.begin(epoch);
      for (auto& group : sgd.param_groups()) {
        group.options().set_lr(ic::cosine(0.05, 1e-3)(epoch, kEpochs));
      }
      for (const auto& [x, y] : data_of().epoch(epoch)) {
        step(kUniform, [&, &images = x, &labels = y](const auto& path) {
          return at::cross_entropy_loss(before->forward(images, path), labels);
        });
      }
    }
    step.settle();
  }
  const State expected = state_of(*before);
  for (const ic::TableStep& tables : {ic::TableStep{}, ic::TableStep{.weight_decay = 3e-4}}) {
    auto net = make_net<ic::bias<1>>(1);
    ic::train(net, data_of(), kUniform, training_of(ic::Sgd{.tables = tables}));
    CHECK(differing(expected, state_of(*net)) == std::vector<std::string>{});
  }

  auto net = make_net<ic::scale<1>>(1);
  ic::Training training = training_of(ic::Sgd{.tables = {.from = 0.5}});
  std::vector<bool> are_one;
  training.after_epoch = [&](const ic::TrainingRecord&) {
    bool are = true;
    for (const at::Tensor& table : ic::tables_of(*net)) {
      are = are && at::equal(table, at::ones_like(table));
    }
    are_one.push_back(are);
  };
  ic::train(net, data_of(), kUniform, training);
  CHECK(are_one == std::vector{true, true, false, false});
}

TEST_CASE("a training whose tables step in their own way is resumed to the bit") {
  const ic::OptimizerMaker optimizer = GENERATE(
      as<ic::OptimizerMaker>(), ic::Sgd{.tables = {.rate = 5, .weight_decay = 0.1, .from = 0.5}},
      ic::AdamW{.tables = {.rate = 5, .weight_decay = 0.1, .from = 0.5}});
  INFO(optimizer.text());
  const ic::Training training = training_of(optimizer);
  auto whole = make_net<ic::bias<2>>(1);
  ic::train(whole, data_of(), kUniform, training);
  const TemporaryFolder folder;
  const ic::TrainingStateFile file{folder / "state"};
  auto resumed = make_net<ic::bias<2>>(1);
  CHECK(train_in_pieces(training, [&](const ic::Training& part) {
          resumed = make_net<ic::bias<2>>(1);
          return ic::train_resumable(file, resumed, data_of(), kUniform, part);
        }) > 4);
  CHECK(differing(state_of(*whole), state_of(*resumed)) == std::vector<std::string>{});
}

TEST_CASE("a state is refused where tables would have moved at other epochs") {
  ic::Training training = training_of(ic::Sgd{.tables = {.from = 0.5}});
  training.learning_rate = ic::constant(0.05);
  const TemporaryFolder folder;
  const ic::TrainingStateFile file{folder / "state"};
  const auto go_on = [&](std::size_t epochs, std::size_t most_steps) {
    auto net = make_net<ic::bias<1>>(1);
    ic::Training other = training;
    other.epochs = epochs;
    std::size_t steps = 0;
    other.stop = [&] { return ++steps >= most_steps; };
    return message_of([&] { ic::train_resumable(file, net, data_of(), kUniform, other); });
  };
  CHECK(go_on(4, 6) == "");  // two epochs without tables: those of any longer training, too
  CHECK(go_on(6, 3) == "");
  CHECK(go_on(6, 3) == "");  // and one with them
  CHECK_THAT(go_on(8, 3), Contains("tables that begin to move after 0.5 of 6 epochs do so at "
                                   "another one of 8: this training cannot be extended"));
  training.optimizer = ic::Sgd{};
  CHECK_THAT(go_on(6, 3), Contains("weight decay 0.0003, tables: from 0.5' there"));
}

TEMPLATE_TEST_CASE("tables of the start: the network of no dependency with the shared weights", "",
                   ic::bias<2>, ic::scale<1>, (ic::compose<ic::affine<1>, ic::bias_sum<1>>), gain) {
  auto net = make_net<TestType>(1);
  auto plain = make_net<ic::none>(2);
  const c10::NoGradGuard no_grad;
  for (auto& p : plain->named_parameters()) p.value().copy_(net->named_parameters()[p.key()]);
  for (const at::Tensor& table : ic::tables_of(*net)) table.normal_();
  const at::Tensor x = data_of().epoch(0)[0].data;
  const Path path{3, 1, 2, 3, 4, 2};
  const at::Tensor expected = plain->forward(x, path);
  CHECK_FALSE(at::allclose(net->forward(x, path), expected, 1e-4, 1e-5));
  const State before = parameters_of(*net);
  ic::reset_tables(*net);
  CHECK(at::allclose(net->forward(x, path), expected, 1e-5, 1e-6));
  std::size_t reset = 0;
  for (const auto& name : differing(before, parameters_of(*net))) {
    INFO(name);
    ++reset;
    CHECK(is_table(name));
  }
  CHECK(reset > 0);
}

TEST_CASE("tables of the start are those of the constructor; a subnet has none") {
  auto net = make_net<ic::compose<ic::scale<1>, ic::shift<1>>>(1);
  const State start = parameters_of(*net);
  {
    const c10::NoGradGuard no_grad;
    for (const at::Tensor& table : ic::tables_of(*net)) table.fill_(7);
  }
  CHECK(differing(start, parameters_of(*net)).size() == ic::tables_of(*net).size());
  auto subnet = ic::extract(net, Path{3, 3, 3, 3, 3, 3});
  ic::reset_tables(*net);
  CHECK(differing(start, parameters_of(*net)) == std::vector<std::string>{});
  CHECK(ic::tables_of(*subnet).empty());
  CHECK_THAT(message_of([&] { ic::reset_tables(*subnet); }),
             Contains("reset_tables of a subnet, whose block 'cells.0.edge01'"));

  // Layers of attention are random at the start.
  auto attentive = make_net<ic::attention<1>>(1);
  const State random = parameters_of(*attentive);
  ic::reset_tables(*attentive);
  CHECK(differing(random, parameters_of(*attentive)).size() == ic::tables_of(*attentive).size());
}
