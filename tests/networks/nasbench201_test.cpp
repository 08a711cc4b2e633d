// The NAS-Bench-201 super-network: Table 3, segments, and `none` against hand-written networks.

#include "interchoice/networks/nasbench201.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "interchoice/core/restriction.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/networks/dependency_report.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;
using Path = ic::Architecture<Space>;

template <class Policy, class Skip = ic::Skip>
using Net = ic::Supernet<ic::NasBench201<Skip>, Policy>;

static_assert(ic::SegmentedNetwork<ic::NasBench201<>::Module<ic::none>, Space>);
static_assert(!ic::SegmentedNetwork<torch::nn::LinearImpl, Space>);
static_assert(ic::SupernetNetwork<ic::NasBench201<>, ic::none>);
static_assert(ic::SupernetNetwork<ic::NasBench201<ic::LinearSkip>, ic::bias<1>>);
static_assert(!ic::SupernetNetwork<torch::nn::LinearImpl, ic::none>);
static_assert(!ic::SupernetNetwork<Space, ic::none>);

namespace {

const ic::NasBench201Options kSmall{.width = 4, .cells_per_stage = {2, 1}};

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.defined() == b.defined() &&
         (!a.defined() || (a.dtype() == b.dtype() && at::equal(a, b)));
}

Path sampled(std::uint64_t step) {
  return ic::Sampler(ic::Uniform(ic::all<Space>), ic::Seed{7})(0, step);
}

template <class Policy>
std::int64_t dependent_parameters(Net<Policy> net = Net<Policy>()) {
  const ic::ParameterRow sum = ic::parameter_total(ic::parameter_report(*net));
  CHECK(sum.plain == 718'426);
  std::int64_t all = 0;
  for (const at::Tensor& p : net->parameters()) all += p.numel();
  CHECK(sum.plain + sum.dependent == all);
  return sum.dependent;
}

}  // namespace

TEST_CASE("Table 3 comes out row by row") {
  Net<ic::none, ic::LinearSkip> net;
  const auto rows = ic::parameter_report(*net);
  const std::vector<std::pair<std::string, std::int64_t>> expected{
      {"stem", 464},        {"cells.0", 16'896}, {"cells.1", 16'896}, {"cells.2", 14'464},
      {"cells.3", 67'584},  {"cells.4", 67'584}, {"cells.5", 57'600}, {"cells.6", 270'336},
      {"cells.7", 270'336}, {"head", 778}};
  REQUIRE(rows.size() == expected.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CHECK(rows[i].part == expected[i].first);
    CHECK(rows[i].plain == expected[i].second);
    CHECK(rows[i].dependent == 0);
  }
  CHECK(ic::parameter_total(rows).plain == 782'938);
}

TEST_CASE("dependent parameters come beside the plain ones and change none of them") {
  CHECK(dependent_parameters<ic::none>() == 0);
  CHECK(dependent_parameters<ic::keep_inert<ic::bias<1>>>() == 33'200);
  CHECK(dependent_parameters<ic::keep_inert<ic::bias<2>>>() == 164'400);
  CHECK(dependent_parameters<ic::keep_inert<ic::bias<3>>>() == 812'400);
  CHECK(dependent_parameters<ic::keep_inert<ic::bias<2, ic::dataflow>>>() == 39'200);
  // 35 of 36 locations, each with four more copies of a 1x1 and a 3x3 convolution.
  Net<ic::split<125>> split;
  CHECK(dependent_parameters<ic::split<125>>(split) == 0);
  ic::split_now(*split);
  CHECK(dependent_parameters<ic::split<125>>(split) ==
        4 * 10 * (12 * (16 * 16 + 32 * 32 + 64 * 64) - 16 * 16));
}

TEST_CASE("tables have the sizes of the unrestricted space, farthest prior first") {
  Net<ic::keep_inert<ic::bias<2>>> net;
  const auto parameters = net->named_parameters();
  CHECK(parameters.find("cells.0.edge01.bias_table") == nullptr);
  CHECK(parameters["cells.0.edge02.bias_table"].sizes() == std::vector<std::int64_t>{5, 5, 16});
  CHECK(parameters["cells.0.edge12.bias_table"].sizes() == std::vector<std::int64_t>{5, 5, 5, 16});
  CHECK(parameters["cells.6.edge01.bias_table"].sizes() == std::vector<std::int64_t>{5, 5, 5, 64});
  for (const auto& p : parameters) {
    if (p.key().ends_with("bias_table")) CHECK(p.value().count_nonzero().item<std::int64_t>() == 0);
  }
}

TEST_CASE("the dependency report names each location's priors") {
  const auto rows = ic::dependency_report(*Net<ic::bias<2>>(kSmall));
  REQUIRE(rows.size() == 18);
  CHECK(ic::to_text(rows[0]) == "cells.0.edge01  location 0, choice 0: no prior");
  CHECK(ic::to_text(rows[1]) ==
        "cells.0.edge02  location 1, choice 1: priors 0 (choice 0), 5 contexts, 80 "
        "parameters; inert for none");
  // Registration order runs on through cells and reductions.
  CHECK(ic::to_text(rows[12]) ==
        "cells.3.edge01  location 12, choice 0: priors 11 (choice 5), 10 (choice 4), 25 contexts, "
        "800 parameters; inert for none");
  for (const auto& row : rows) CHECK(row.policy == "bias<2>");
  const auto flow = ic::dependency_report(*Net<ic::bias<2, ic::dataflow>>(kSmall));
  CHECK(ic::to_text(flow[12]) == "cells.3.edge01  location 12, choice 0: no prior");
  CHECK(ic::to_text(flow[17]) ==
        "cells.3.edge23  location 17, choice 5: priors 14 (choice 2), 13 (choice 1), 25 contexts, "
        "600 parameters; inert for none, skip_connect");
  const std::string text = ic::describe(*Net<ic::shift<1>>(kSmall));
  CHECK(text.starts_with("cells.0.edge01  location 0, choice 0: no prior\ncells.0.edge02"));
  CHECK(text.find("inert for every candidate\n") != std::string::npos);  // into the last node
}

TEST_CASE("options that make no network are refused with the value") {
  using Catch::Matchers::Contains;
  CHECK_THROWS_WITH(
      Net<ic::none>(ic::NasBench201Options{.width = 0}),
      Contains("interchoice: NasBench201Options need") && Contains("at least 1, got 3, 10, 0"));
  CHECK_THROWS_WITH(Net<ic::none>(ic::NasBench201Options{.classes = -1}),
                    Contains("got 3, -1, 16"));
  CHECK_THROWS_WITH(Net<ic::none>(ic::NasBench201Options{.cells_per_stage = {}}),
                    Contains("at least one stage"));
  CHECK_THROWS_WITH(Net<ic::none>(ic::NasBench201Options{.cells_per_stage = {1, 0}}),
                    Contains("at least one cell in each stage, got 0"));
}

namespace {

/// For every segment: which choices, changed alone, change its result for some architecture.
template <class Policy>
std::vector<std::set<std::size_t>> observed_choices(Net<Policy>& net) {
  const c10::AutoGradMode no_grad(false);
  const at::Tensor x = at::randn({2, 3, 6, 6});
  std::vector<std::set<std::size_t>> observed(net->segments().size());
  for (std::uint64_t step = 0; step < 12; ++step) {
    const Path path = sampled(step);
    ic::Activations before{x};
    for (std::size_t i = 0; i < observed.size(); ++i) {
      ic::Activations after = before;
      net->run_segment(i, after, path);
      for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
        for (std::uint8_t c = 0; c < 5; ++c) {
          ic::Activations changed = before;
          net->run_segment(i, changed, path.with(choice, c));
          REQUIRE(changed.size() == after.size());
          if (!same_bits(changed.back(), after.back())) observed[i].insert(choice);
        }
      }
      before = after;
    }
  }
  return observed;
}

template <class Policy>
void check_segments() {
  INFO(ic::policy_text<Policy>());
  Net<Policy> net(ic::NasBench201Options{.width = 4, .cells_per_stage = {1, 1}});
  ic::begin_epoch(*net, 0);
  ic::testing::randomise(*net, 3);
  net->eval();
  const auto observed = observed_choices<Policy>(net);
  for (std::size_t i = 0; i < observed.size(); ++i) {
    INFO(net->segments()[i].name);
    const auto& declared = net->segments()[i].choices;
    CHECK(observed[i] == std::set<std::size_t>(declared.begin(), declared.end()));
    CHECK(std::is_sorted(declared.begin(), declared.end()));
  }
}

/// The number of leading segments whose choices all agree.
std::size_t shared_segments(const std::vector<ic::Segment>& segments, const Path& a,
                            const Path& b) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    for (const std::size_t choice : segments[i].choices) {
      if (a[choice] != b[choice]) return i;
    }
  }
  return segments.size();
}

template <class Policy>
void check_prefix_sharing() {
  INFO(ic::policy_text<Policy>());
  const c10::AutoGradMode no_grad(false);
  Net<Policy> net(kSmall);
  ic::begin_epoch(*net, 0);
  ic::testing::randomise(*net, 4);
  net->eval();
  const at::Tensor x = at::randn({2, 3, 6, 6});
  std::size_t most_shared = 0;
  for (std::uint64_t step = 0; step < 8; ++step) {
    const Path first = sampled(step);
    const Path second = first.with(step % 6, static_cast<std::uint8_t>((first[step % 6] + 1) % 5));
    const std::size_t shared = shared_segments(net->segments(), first, second);
    most_shared = std::max(most_shared, shared);
    ic::Activations activations{x};
    ic::Activations kept{x};
    for (std::size_t i = 0; i < net->segments().size(); ++i) {
      net->run_segment(i, activations, first);
      if (i + 1 == shared) kept = activations;
    }
    for (std::size_t i = shared; i < net->segments().size(); ++i) net->run_segment(i, kept, second);
    CHECK(same_bits(activations.front(), net->forward(x, first)));
    CHECK(same_bits(kept.front(), net->forward(x, second)));
    CHECK(same_bits(ic::run_segments(*net, x, second), net->forward(x, second)));
  }
  CHECK(most_shared > 1);
}

}  // namespace

TEST_CASE("a segment declares exactly the choices that it reads") {
  check_segments<ic::none>();
  check_segments<ic::bias<1>>();
  check_segments<ic::bias<2, ic::dataflow>>();
  check_segments<ic::split<0>>();
  const Net<ic::bias<1>> net(kSmall);
  std::vector<std::string> names;
  for (const ic::Segment& segment : net->segments()) names.push_back(segment.name);
  CHECK(names == std::vector<std::string>{"stem", "cells.0.node1", "cells.0.node2", "cells.0.node3",
                                          "cells.1.node1", "cells.1.node2", "cells.1.node3",
                                          "cells.2", "cells.3.node1", "cells.3.node2",
                                          "cells.3.node3", "head"});
  CHECK(net->segments()[1].choices == std::vector<std::size_t>{0});
  CHECK(net->segments()[4].choices == std::vector<std::size_t>{0, 5});
}

TEST_CASE("architectures share the activations of equal prefixes to the bit") {
  check_prefix_sharing<ic::none>();
  check_prefix_sharing<ic::bias<1>>();
  check_prefix_sharing<ic::split<0>>();
}

namespace {

/// One architecture as a network of its own, of libtorch's modules and operators alone.
class StaticNet : public torch::nn::Module {
 public:
  StaticNet(const ic::NasBench201Options& options, const Path& path) : path_(path) {
    std::int64_t width = options.width;
    convolution("stem.convolution", 3, width, 3);
    norm("stem.norm", width);
    for (std::size_t stage = 0; stage < options.cells_per_stage.size(); ++stage) {
      if (stage > 0) {
        const std::string name = "cells." + std::to_string(layers_++);
        convolution(name + ".convolution1", width, 2 * width, 3, 2);
        norm(name + ".norm1", 2 * width);
        convolution(name + ".convolution2", 2 * width, 2 * width, 3);
        norm(name + ".norm2", 2 * width);
        convolution(name + ".shortcut", width, 2 * width, 1);
        width *= 2;
      }
      for (std::int64_t cell = 0; cell < options.cells_per_stage[stage]; ++cell) {
        const std::string name = "cells." + std::to_string(layers_++);
        is_cell_.insert(name);
        for (std::size_t choice = 0; choice < 6; ++choice) {
          if (path[choice] == 2 || path[choice] == 3) {
            const std::string edge = edge_name(name, choice);
            convolution(edge + ".convolution", width, width, path[choice] == 2 ? 1 : 3);
            norm(edge + ".norm", width, false);
          }
        }
      }
    }
    norm("head.norm", width);
    linear_ = torch::nn::Linear(width, options.classes);
    register_module("head/linear", linear_);
  }

  at::Tensor forward(at::Tensor x) {
    x = x.contiguous(at::MemoryFormat::ChannelsLast);
    x = n("stem.norm")(c("stem.convolution")(x));
    for (int layer = 0; layer < layers_; ++layer) {
      const std::string name = "cells." + std::to_string(layer);
      if (is_cell_.contains(name)) {
        const at::Tensor n1 = sum({op(name, 0, x)}, x);
        const at::Tensor n2 = sum({op(name, 1, x), op(name, 2, n1)}, x);
        x = sum({op(name, 3, x), op(name, 4, n1), op(name, 5, n2)}, x);
      } else {
        at::Tensor y = n(name + ".norm1")(c(name + ".convolution1")(torch::relu(x)));
        y = n(name + ".norm2")(c(name + ".convolution2")(torch::relu(y)));
        x = y + c(name + ".shortcut")(torch::avg_pool2d(x, {2, 2}));
      }
    }
    return linear_(torch::relu(n("head.norm")(x)).mean({2, 3}));
  }

  /// Parameters and buffers with the super-network's names.
  std::map<std::string, at::Tensor> state() const {
    std::map<std::string, at::Tensor> state;
    const auto named = [](std::string key) {
      std::replace(key.begin(), key.end(), '/', '.');
      return key;
    };
    for (const auto& p : named_parameters()) state[named(p.key())] = p.value();
    for (const auto& b : named_buffers()) state[named(b.key())] = b.value();
    return state;
  }

 private:
  static std::string edge_name(const std::string& cell, std::size_t choice) {
    static const char* const edges[] = {"01", "02", "12", "03", "13", "23"};
    return cell + ".edge" + edges[choice];
  }
  std::string in_path(std::string name) const {
    const std::size_t at = name.find(".edge");
    if (at != std::string::npos) {
      const std::string edge = name.substr(at + 5, 2);
      static const std::vector<std::string> edges{"01", "02", "12", "03", "13", "23"};
      const auto choice =
          static_cast<std::size_t>(std::find(edges.begin(), edges.end(), edge) - edges.begin());
      name.insert(at + 7, path_[choice] == 2 ? ".nor_conv_1x1" : ".nor_conv_3x3");
    }
    std::replace(name.begin(), name.end(), '.', '/');  // a module's own name has no dots
    return name;
  }
  void convolution(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel,
                   std::int64_t stride = 1) {
    torch::nn::Conv2d module(
        torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
    convolutions_.emplace(name, register_module(in_path(name), module));
  }
  void norm(const std::string& name, std::int64_t width, bool affine = true) {
    torch::nn::BatchNorm2d module(torch::nn::BatchNorm2dOptions(width).affine(affine));
    norms_.emplace(name, register_module(in_path(name), module));
  }
  torch::nn::Conv2d& c(const std::string& name) { return convolutions_.at(name); }
  torch::nn::BatchNorm2d& n(const std::string& name) { return norms_.at(name); }

  at::Tensor op(const std::string& cell, std::size_t choice, const at::Tensor& x) {
    const std::string edge = edge_name(cell, choice);
    switch (path_[choice]) {
      case 0:
        return {};
      case 1:
        return x;
      case 4:
        return torch::avg_pool2d(x, {3, 3}, {1, 1}, {1, 1});
      default:
        return n(edge + ".norm")(c(edge + ".convolution")(torch::relu(x)));
    }
  }
  static at::Tensor sum(const std::vector<at::Tensor>& terms, const at::Tensor& like) {
    at::Tensor total;
    for (const at::Tensor& term : terms) {
      if (term.defined()) total = total.defined() ? total + term : term;
    }
    return total.defined() ? total : torch::zeros_like(like);
  }

  Path path_;
  int layers_ = 0;
  std::set<std::string> is_cell_;
  std::map<std::string, torch::nn::Conv2d> convolutions_;
  std::map<std::string, torch::nn::BatchNorm2d> norms_;
  torch::nn::Linear linear_{nullptr};
};

std::map<std::string, at::Tensor> state_of(const torch::nn::Module& network) {
  std::map<std::string, at::Tensor> state;
  for (const auto& p : network.named_parameters()) state[p.key()] = p.value();
  for (const auto& b : network.named_buffers()) state[b.key()] = b.value();
  return state;
}

/// Trains both for three steps and compares every bit on the way.
void check_equal_to_static(const Path& path, at::ScalarType type, at::MemoryFormat format) {
  INFO(ic::to_text(path) << " " << c10::toString(type) << " " << static_cast<int>(format));
  Net<ic::none> net(kSmall);
  ic::testing::randomise(*net, 5);
  StaticNet fixed(kSmall, path);
  net->to(type);
  fixed.to(type);
  auto ours = state_of(*net);
  const auto theirs = fixed.state();
  {
    const c10::AutoGradMode no_grad(false);
    for (const auto& [name, tensor] : theirs) tensor.copy_(ours.at(name));
  }
  torch::optim::SGD our_sgd(net->parameters(),
                            torch::optim::SGDOptions(0.05).momentum(0.9).weight_decay(3e-3));
  torch::optim::SGD their_sgd(fixed.parameters(),
                              torch::optim::SGDOptions(0.05).momentum(0.9).weight_decay(3e-3));
  at::manual_seed(11);
  for (int step = 0; step < 3; ++step) {
    const at::Tensor x = at::randn({5, 3, 8, 8}, type).contiguous(format);
    const at::Tensor y = at::randint(10, {5}, at::kLong);
    our_sgd.zero_grad();
    their_sgd.zero_grad();
    const at::Tensor a = net->forward(x, path);
    const at::Tensor b = fixed.forward(x);
    REQUIRE(same_bits(a, b));
    torch::nn::functional::cross_entropy(a, y).backward();
    torch::nn::functional::cross_entropy(b, y).backward();
    for (const auto& [name, tensor] : theirs) {
      INFO(name);
      REQUIRE(same_bits(ours.at(name).grad(), tensor.grad()));
    }
    our_sgd.step();
    their_sgd.step();
  }
  std::size_t with_gradient = 0;
  for (const auto& [name, tensor] : theirs) {
    INFO(name);
    REQUIRE(same_bits(ours.at(name), tensor));
    with_gradient += tensor.grad().defined() ? 1 : 0;
  }
  std::size_t ours_with_gradient = 0;
  for (const auto& [name, tensor] : ours) ours_with_gradient += tensor.grad().defined() ? 1 : 0;
  CHECK(ours_with_gradient == with_gradient);  // nothing off the path was touched
  net->eval();
  fixed.eval();
  const at::Tensor x = at::randn({2, 3, 8, 8}, type);
  CHECK(same_bits(net->forward(x, path), fixed.forward(x)));
}

}  // namespace

TEST_CASE("none is the hand-written network of the sampled path, to the bit") {
  torch::set_num_threads(1);
  std::vector<Path> paths{{3, 3, 3, 3, 3, 3}, {4, 4, 4, 4, 4, 4}, {1, 1, 1, 1, 1, 1},
                          {0, 0, 0, 0, 0, 0}, {3, 2, 1, 0, 0, 0}, {2, 3, 4, 1, 4, 3},
                          {0, 3, 3, 0, 1, 4}};
  for (std::uint64_t step = 0; step < 3; ++step) paths.push_back(sampled(step));
  for (const Path& path : paths) {
    check_equal_to_static(path, at::kFloat, at::MemoryFormat::ChannelsLast);
    check_equal_to_static(path, at::kDouble, at::MemoryFormat::ChannelsLast);
    check_equal_to_static(path, at::kFloat, at::MemoryFormat::Contiguous);
  }
}

TEST_CASE("odd image sizes pass the reductions, and no weight off the path gets a gradient") {
  Net<ic::bias<1>> net(kSmall);
  CHECK(net->forward(at::randn({2, 3, 7, 9}), sampled(0)).sizes() ==
        std::vector<std::int64_t>{2, 10});
  const Path path{3, 0, 0, 0, 3, 0};
  net->forward(at::randn({2, 3, 8, 8}), path).sum().backward();
  for (const auto& p : net->named_parameters()) {
    const bool is_edge = p.key().find(".edge") != std::string::npos;
    const bool on_path = p.key().find(".edge01.nor_conv_3x3.") != std::string::npos ||
                         p.key().find(".edge13.nor_conv_3x3.") != std::string::npos ||
                         p.key().find(".edge01.bias_table") != std::string::npos ||
                         p.key().find(".edge13.bias_table") != std::string::npos;
    INFO(p.key());
    CHECK(p.value().grad().defined() == (!is_edge || on_path));
  }
}
