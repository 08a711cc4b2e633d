// What bias and split do inside NAS-Bench-201, each by its defining property.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "interchoice/core/text.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/copy_momentum.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;
using Path = ic::Architecture<Space>;

template <class Policy, class Skip = ic::Skip>
using Net = ic::Supernet<ic::NasBench201<Skip>, Policy>;
template <class Policy>
using Block = ic::ChoiceBlockImpl<Space, Policy>;

namespace {

const ic::NasBench201Options kSmall{.width = 4, .cells_per_stage = {2, 1}};

Path sampled(std::uint64_t step) {
  return ic::Sampler{ic::Uniform{ic::all<Space>}, ic::Seed{17}}(0, step);
}

std::map<std::string, at::Tensor> state_of(const torch::nn::Module& network) {
  std::map<std::string, at::Tensor> state;
  for (const auto& p : network.named_parameters()) state[p.key()] = p.value();
  for (const auto& b : network.named_buffers()) state[b.key()] = b.value();
  return state;
}

std::map<std::string, at::Tensor> copy_of(const std::map<std::string, at::Tensor>& state) {
  std::map<std::string, at::Tensor> copy;
  for (const auto& [name, tensor] : state) copy[name] = tensor.detach().clone();
  return copy;
}

/// Gives `to` the values of `from` for all names that both have.
void copy_shared_state(const torch::nn::Module& from, torch::nn::Module& to) {
  const c10::AutoGradMode no_grad(false);
  const auto source = state_of(from);
  for (auto& [name, tensor] : state_of(to)) {
    if (source.contains(name)) tensor.copy_(source.at(name));
  }
}

template <class Policy>
std::map<std::string, const Block<Policy>*> blocks_of(const torch::nn::Module& network) {
  std::map<std::string, const Block<Policy>*> blocks;
  for (const auto& module : network.named_modules()) {
    if (const auto* block = dynamic_cast<const Block<Policy>*>(module.value().get())) {
      blocks[module.key()] = block;
    }
  }
  return blocks;
}

/// The row of a table, by running through it in storage order and counting.
std::size_t counted_row(const Block<ic::keep_inert<ic::bias<2>>>& block, const Path& path) {
  const ic::Context& at = block.context();
  std::size_t row = 0;
  const std::size_t far = at.depth() > 1 ? at.prior(1).candidates : 1;
  for (std::size_t p2 = 0; p2 < far; ++p2) {
    for (std::size_t p1 = 0; p1 < at.prior(0).candidates; ++p1) {
      for (std::size_t c = 0; c < at.candidates(); ++c, ++row) {
        if ((at.depth() < 2 || path[at.prior(1).choice] == p2) && path[at.prior(0).choice] == p1 &&
            path[at.choice()] == c) {
          return row;
        }
      }
    }
  }
  throw std::logic_error("no row");
}

at::Tensor with_gradient(const at::Tensor& x) { return x.detach().clone().requires_grad_(); }

}  // namespace

TEMPLATE_TEST_CASE("bias adds its vector to the input of every candidate", "", ic::Skip,
                   ic::LinearSkip) {
  // A block with a table against a block of the same weights without one, its input shifted by
  // hand.
  constexpr auto operations = ic::operations_of<typename ic::NasBench201<TestType>::EdgeOperations>;
  const ic::Geometry geometry{.channels = 3};
  ic::ChoiceBlock<Space, ic::keep_inert<ic::bias<2>>> biased(9, geometry, ic::Response::kObserved,
                                                             operations);
  ic::ChoiceBlock<Space, ic::none> plain(9, geometry, ic::Response::kObserved, operations);
  biased->to(at::kDouble);
  plain->to(at::kDouble);
  ic::testing::randomise(*biased, 1);
  for (std::uint8_t c = 0; c < 5; ++c) {
    const Path path{0, 4, 2, c, 1, 3};
    INFO(ic::to_text(path));
    copy_shared_state(*biased, *plain);
    biased->zero_grad();
    plain->zero_grad();
    const at::Tensor x =
        at::randn({2, 3, 5, 4}, at::kDouble).contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor x1 = with_gradient(x);
    const at::Tensor x2 = with_gradient(x);
    const at::Tensor vector =
        with_gradient(biased->state().table.values().index({4, 2, c}));  // p2, p1, c
    const at::Tensor weight = at::randn_like(x);
    const at::Tensor y1 = biased->forward(x1, path);
    const at::Tensor y2 = plain->forward(x2 + vector.view({1, 3, 1, 1}), path);
    CHECK(at::allclose(y1, y2, 1e-12, 1e-12));
    if (c == 0) {
      CHECK(y1.count_nonzero().item<std::int64_t>() == 0);
      CHECK_FALSE(y1.requires_grad());
      continue;
    }
    if (c == 1 && std::is_same_v<TestType, ic::Skip>) {
      CHECK(at::equal(y1, x + vector.detach().view({1, 3, 1, 1})));
    }
    (y1 * weight).sum().backward();
    (y2 * weight).sum().backward();
    CHECK(at::allclose(x1.grad(), x2.grad(), 1e-12, 1e-12));
    at::Tensor expected = at::zeros_like(biased->state().table.values());
    expected.index_put_({4, 2, c}, vector.grad());  // all other rows exactly zero
    CHECK(at::allclose(biased->state().table.values().grad(), expected, 1e-12, 1e-12));
    const auto ours = biased->named_parameters();
    for (const auto& p : plain->named_parameters()) {
      INFO(p.key());
      REQUIRE(ours[p.key()].grad().defined() == p.value().grad().defined());
      if (p.value().grad().defined()) {
        CHECK(at::allclose(ours[p.key()].grad(), p.value().grad(), 1e-12, 1e-12));
      }
    }
    // The same on its way to a sum.
    const ic::DeferredBias deferred = biased->forward_deferred(x, path);
    const at::Tensor sum = ic::node_sum(std::span(&deferred, 1), x);
    CHECK(at::allclose(sum, biased->forward(x, path), 1e-12, 1e-12));
  }
}

TEST_CASE("a network with bias is the plain one where all tables are zero, and not elsewhere") {
  Net<ic::bias<2>> biased(kSmall);
  Net<ic::none> plain(kSmall);
  ic::testing::randomise(*biased, 2);
  copy_shared_state(*biased, *plain);
  const at::Tensor x = at::randn({3, 3, 8, 8});
  std::size_t differing = 0;
  for (std::uint64_t step = 0; step < 6; ++step) {
    differing +=
        at::equal(biased->forward(x, sampled(step)), plain->forward(x, sampled(step))) ? 0 : 1;
  }
  CHECK(differing >= 5);
  {
    const c10::AutoGradMode no_grad(false);
    for (auto& p : biased->named_parameters()) {
      if (p.key().ends_with("bias_table")) p.value().zero_();
    }
  }
  for (std::uint64_t step = 0; step < 6; ++step) {
    CHECK(at::allclose(biased->forward(x, sampled(step)), plain->forward(x, sampled(step)), 1e-5,
                       1e-6));
  }
}

TEST_CASE("an architecture uses the row of its own priors, farthest first, and no other") {
  Net<ic::keep_inert<ic::bias<2>>> net(kSmall);
  ic::testing::randomise(*net, 3);
  const at::Tensor x = at::randn({2, 3, 6, 6});
  const auto blocks = blocks_of<ic::keep_inert<ic::bias<2>>>(*net);
  REQUIRE(blocks.size() == 18);
  std::size_t used = 0;
  for (std::uint64_t step = 0; step < 6; ++step) {
    const Path path = sampled(step);
    net->zero_grad();
    net->forward(x, path).square().sum().backward();
    for (const auto& [name, block] : blocks) {
      if (block->context().depth() == 0) continue;
      INFO(name << " " << ic::to_text(path));
      const std::size_t row = counted_row(*block, path);
      CHECK(block->context().row_of(path.candidates()) == row);
      const at::Tensor gradient = block->state().table.values().grad();
      if (!gradient.defined()) continue;
      const at::Tensor rows = gradient.flatten(0, -2).abs().sum(1).nonzero().flatten();
      if (rows.numel() == 0) continue;
      CHECK(rows.numel() == 1);
      CHECK(rows[0].item<std::int64_t>() == static_cast<std::int64_t>(row));
      ++used;
    }
  }
  CHECK(used > 30);
}

namespace {

const std::size_t kContexts = 5;

std::set<std::string> names_of(const ic::NewParameters& added) {
  std::set<std::string> names;
  for (const ic::NewParameter& p : added) names.insert(p.name);
  return names;
}

}  // namespace

TEST_CASE("split is none before its epoch, and changes no output when it happens") {
  Net<ic::split<3>> split(kSmall);
  Net<ic::none> plain(kSmall);
  ic::testing::randomise(*split, 4);
  copy_shared_state(*split, *plain);
  const at::Tensor x = at::randn({3, 3, 8, 8});

  const auto before = state_of(*split);
  CHECK(ic::begin_epoch(*split, 0).empty());
  CHECK(ic::begin_epoch(*split, 2).empty());
  CHECK_FALSE(ic::is_split(*split));
  CHECK(state_of(*split).size() == before.size());
  CHECK(state_of(*plain).size() == before.size());
  std::vector<at::Tensor> logits;
  for (std::uint64_t step = 0; step < 8; ++step) {
    logits.push_back(split->forward(x, sampled(step)).detach());
    CHECK(at::equal(logits.back(), plain->forward(x, sampled(step))));
  }

  const auto old_names = state_of(*split);
  const ic::NewParameters added = ic::begin_epoch(*split, 3);
  CHECK(ic::is_split(*split));
  CHECK(added.size() == 17 * 2 * (kContexts - 1));
  std::set<std::string> new_names;
  for (const auto& p : split->named_parameters()) {
    if (!old_names.contains(p.key())) new_names.insert(p.key());
  }
  CHECK(names_of(added) == new_names);
  CHECK(new_names.contains("cells.0.edge02.copy4.nor_conv_3x3.convolution.weight"));
  const auto now = state_of(*split);
  for (const auto& [name, tensor] : old_names) CHECK(now.at(name).is_same(tensor));
  for (const auto& [name, tensor] : now) {
    INFO(name);
    CHECK(name.find("cells.0.edge01.copy") ==
          std::string::npos);  // the first location has no prior
    const std::size_t at = name.find(".copy");
    if (at == std::string::npos) continue;
    const at::Tensor& original = now.at(std::string(name).erase(at, 6));
    CHECK(at::equal(tensor, original));
    CHECK(tensor.requires_grad() == original.requires_grad());
    CHECK(tensor.data_ptr() != original.data_ptr());
  }
  for (const ic::NewParameter& p : added) {
    CHECK(p.parameter.is_same(now.at(p.name)));
    CHECK(p.source.is_same(now.at(std::string(p.name).erase(p.name.find(".copy"), 6))));
  }
  for (std::uint64_t step = 0; step < 8; ++step) {
    CHECK(at::equal(split->forward(x, sampled(step)), logits[step]));
  }
  CHECK(ic::begin_epoch(*split, 3).empty());  // again
  CHECK(ic::begin_epoch(*split, 4).empty());  // later
  CHECK(ic::begin_epoch(*split, 1).empty());  // and an earlier one
  CHECK(ic::is_split(*split));
  CHECK(ic::split_now(*split).empty());
}

TEST_CASE("a split that is entered late, at once or on demand happens once") {
  Net<ic::split<3>> late(kSmall);
  CHECK(ic::begin_epoch(*late, 9).size() == 17 * 2 * 4);
  Net<ic::split<0>> at_once(kSmall);
  CHECK(ic::begin_epoch(*at_once, 0).size() == 17 * 2 * 4);
  Net<ic::split<ic::on_demand>> on_demand(kSmall);
  CHECK(ic::begin_epoch(*on_demand, 1'000'000).empty());
  CHECK(ic::split_now(*on_demand).size() == 17 * 2 * 4);
  Net<ic::split<0, 2>> deep(ic::NasBench201Options{.width = 4, .cells_per_stage = {1}});
  CHECK(ic::begin_epoch(*deep, 0).size() == 2 * (4 + 4 * 24));  // 0, 1 and then 2 priors
  Net<ic::bias<1>> other(kSmall);
  CHECK(ic::begin_epoch(*other, 0).empty());
  CHECK_THROWS_WITH(
      ic::split_now(*other),
      Catch::Matchers::Contains("split_now: no choice block of the network can split, "
                                "such as 'cells.0.edge01', whose policy is bias<1>; give them "
                                "split<on_demand>"));
  CHECK_FALSE(ic::is_split(*other));
  CHECK_THROWS_WITH(ic::split_now(*torch::nn::Linear(1, 1)),
                    Catch::Matchers::Contains("the network has no choice block"));
}

TEST_CASE("a split copies mode, dtype and what is frozen") {
  Net<ic::split<0>> net(kSmall);
  net->to(at::kDouble);
  net->eval();
  for (auto& p : net->named_parameters()) {
    if (p.key().find("nor_conv_1x1") != std::string::npos) p.value().set_requires_grad(false);
  }
  for (const auto& module : net->named_modules()) {  // a norm that is not frozen
    if (module.key().ends_with("edge23.nor_conv_3x3.norm")) module.value()->train();
  }
  for (const ic::NewParameter& p : ic::begin_epoch(*net, 0)) {
    INFO(p.name);
    CHECK(p.parameter.scalar_type() == at::kDouble);
    CHECK(p.parameter.requires_grad() == (p.name.find("nor_conv_1x1") == std::string::npos));
    CHECK_FALSE(p.parameter.grad().defined());
  }
  std::size_t training = 0;
  for (const auto& module : net->named_modules()) {
    INFO(module.key());
    const bool expected = module.key().find(".edge23.") != std::string::npos &&
                          module.key().ends_with("nor_conv_3x3.norm");
    CHECK(module.value()->is_training() == expected);
    training += module.value()->is_training() ? 1 : 0;
  }
  CHECK(training == 3 * kContexts);
  CHECK(net->forward(at::randn({2, 3, 8, 8}, at::kDouble), sampled(0)).scalar_type() ==
        at::kDouble);
}

TEST_CASE("after a step only the sampled context's copies have moved") {
  Net<ic::split<0>> net(kSmall);
  ic::testing::randomise(*net, 5);
  torch::optim::SGD sgd(net->parameters(), torch::optim::SGDOptions(0.1));
  ic::add_new_parameters(sgd, ic::begin_epoch(*net, 0));
  const Path path{3, 2, 3, 3, 2, 3};
  const auto before = copy_of(state_of(*net));
  sgd.zero_grad();
  net->forward(at::randn({3, 3, 8, 8}), path).square().sum().backward();
  sgd.step();
  // Priors: the choice before; the first edge of a later cell has the last of the cell before.
  const std::map<std::string, int> context{{"edge02", 3}, {"edge12", 2}, {"edge03", 3},
                                           {"edge13", 3}, {"edge23", 2}, {"edge01", 3}};
  const std::map<std::string, std::uint8_t> own{{"edge01", 3}, {"edge02", 2}, {"edge12", 3},
                                                {"edge03", 3}, {"edge13", 2}, {"edge23", 3}};
  std::size_t moved = 0;
  for (const auto& [name, tensor] : state_of(*net)) {
    INFO(name);
    const std::size_t at = name.find(".edge");
    bool expected = true;
    if (at != std::string::npos) {
      const std::string edge = name.substr(at + 1, 6);
      const std::string copy = name.starts_with("cells.0.edge01")
                                   ? "."
                                   : ".copy" + std::to_string(context.at(edge)) + ".";
      const std::string op = own.at(edge) == 2 ? "nor_conv_1x1." : "nor_conv_3x3.";
      expected = name.starts_with(name.substr(0, at + 7) + copy + op);
    }
    CHECK(at::equal(tensor, before.at(name)) == !expected);
    moved += expected ? 1 : 0;
  }
  CHECK(moved > 18 * 4);  // weights, running statistics and their counters alike
}

TEST_CASE("evaluation selects by the architecture's own context") {
  Net<ic::split<0>> net(kSmall);
  ic::begin_epoch(*net, 0);
  ic::testing::randomise(*net, 6);
  net->eval();
  const c10::AutoGradMode no_grad(false);
  const at::Tensor x = at::randn({2, 3, 8, 8});
  const auto with_edge02 = [](std::uint8_t prior) { return Path{prior, 3, 1, 3, 3, 3}; };
  std::vector<at::Tensor> before;
  for (std::uint8_t p = 0; p < 5; ++p) before.push_back(net->forward(x, with_edge02(p)));
  for (std::uint8_t changed = 1; changed < 5; ++changed) {
    const at::Tensor weight = state_of(*net).at("cells.0.edge02.copy" + std::to_string(changed) +
                                                ".nor_conv_3x3.convolution.weight");
    const at::Tensor kept = weight.clone();
    weight.mul_(1.5);
    for (std::uint8_t p = 0; p < 5; ++p) {
      INFO("copy " << int(changed) << ", prior " << int(p));
      CHECK(at::equal(net->forward(x, with_edge02(p)), before[p]) == (p != changed));
    }
    weight.copy_(kept);
  }
}
