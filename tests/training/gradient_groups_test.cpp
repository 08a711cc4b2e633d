// Groups of contexts: found by gradients, against a second computation and planted ones; splits
// into them, saved and resumed.

#include <ATen/Functions.h>
#include <torch/nn.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/export/subnet.hpp"
#include "interchoice/networks/saved_network.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/sampling/named.hpp"
#include "interchoice/spaces/chain.hpp"
#include "interchoice/training/gradient_groups.hpp"
#include "interchoice/training/resumable_training.hpp"
#include "interchoice/training/train.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "training/digits_supernet.hpp"
#include "training/train_in_pieces.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;
using Groups = std::vector<std::size_t>;

namespace {

using Policy = ic::grouped_split<1>;

ic::Batches data_of() { return batches(ic::first_images(digits(), 96), 32, 3); }

const ic::Sampler<ic::Uniform<Space>> kUniform(ic::Uniform(ic::all<Space>), ic::Seed{4});

struct FactorImpl : torch::nn::Module {
  explicit FactorImpl(double value) : factor(value) {}
  at::Tensor forward(const at::Tensor& x) { return factor * weight * x; }
  double factor;
  at::Tensor weight = register_parameter("weight", at::ones({1, 2, 1, 1}));
};
TORCH_MODULE(Factor);

/// y = factor w x: factors of one sign ask the weights behind for the same, those of another for
/// the opposite.
template <int Value>
struct Times {
  static constexpr char text[3] = {Value > 0 ? '+' : '-', Value > 0 ? '0' + Value : '0' - Value, 0};
  static constexpr std::string_view name{text};
  Factor build(const ic::Geometry&) const { return Factor(Value); }
};
using Signs = ic::Chain<3, ic::Candidates<Times<1>, Times<-2>, Times<3>, Times<-4>>>;

struct SignsNetImpl : torch::nn::Module {
  using Space = Signs;
  at::Tensor forward(const at::Tensor& x, const ic::Architecture<Signs>& path) {
    return blocks->forward(x, path);
  }
  ic::ChoiceBlocks<Signs, Policy> blocks =
      register_module("blocks", ic::ChoiceBlocks<Signs, Policy>(ic::Geometry{.channels = 2}));
};
TORCH_MODULE(SignsNet);

/// Batches of ones.
struct Ones {
  std::int64_t size() const { return 1; }
  std::int64_t example_count() const { return 4; }
  std::vector<ic::Batch> epoch(std::uint64_t) const { return {calibration(0)}; }
  ic::Batch evaluation(std::int64_t) const { return calibration(0); }
  ic::Batch calibration(std::int64_t) const {
    return {at::ones({4, 2, 1, 1}), at::zeros({4}, at::kLong)};
  }
};

double within(const std::vector<std::vector<double>>& distances, const Groups& groups) {
  double sum = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (std::size_t j = 0; j < groups.size(); ++j) {
      if (i != j && groups[i] == groups[j]) sum += distances[i][j];
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("groups of least distance") {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same every time
  std::uniform_real_distribution<double> uniform(0, 2);
  const auto matrix = [&](std::size_t n, const auto& distance) {
    std::vector<std::vector<double>> d(n, std::vector<double>(n));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < i; ++j) d[i][j] = d[j][i] = distance(i, j);
    }
    return d;
  };
  for (int repeat = 0; repeat < 50; ++repeat) {
    const auto d = matrix(5, [&](auto, auto) { return uniform(random); });
    double least = 1e9;
    for (std::size_t bits = 0; bits < 32; ++bits) {
      Groups groups;
      for (std::size_t i = 0; i < 5; ++i) groups.push_back(bits >> i & 1);
      least = std::min(least, within(d, groups));
    }
    CHECK(within(d, ic::detail::least_distance_groups(d, 2)) == Approx(least).margin(1e-9));
  }
  const Groups planted{0, 1, 1, 2, 0, 2, 1, 0, 2};
  const auto d = matrix(9, [&](std::size_t i, std::size_t j) {
    return planted[i] == planted[j] ? 0.1 * uniform(random) : 0.5 + uniform(random);
  });
  CHECK(ic::detail::least_distance_groups(d, 3) == planted);
  CHECK(ic::detail::least_distance_groups(d, 1) == Groups(9, 0));
  CHECK(ic::detail::least_distance_groups(d, 20) == Groups{0, 1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(ic::detail::least_distance_groups({}, 2).empty());
  CHECK(ic::detail::numbered_by_first({2, 2, 0, 1, 0}) == Groups{0, 0, 1, 2, 1});
}

TEST_CASE("contexts that ask the weights for the same are a group") {
  SignsNet net;
  const ic::GradientGroupsOptions options{
      .groups = 2, .repeats = 3, .loss = [](const at::Tensor& logits, const at::Tensor&) {
        return logits.mean();
      }};
  const auto groups = ic::gradient_groups(net, Ones(), ic::all<Signs>, options);
  REQUIRE(groups.size() == 2);
  CHECK(groups.at("blocks.1") == Groups{0, 1, 0, 1});
  CHECK(groups.at("blocks.2") == Groups{0, 1, 0, 1});
  // Contexts that are never drawn join the first group.
  const auto restricted =
      ic::gradient_groups(net, Ones(), ic::without<Signs>({"+1", "-2"}), options);
  CHECK(restricted.at("blocks.1") == Groups{0, 0, 0, 1});
  auto some = options;
  some.repeats = 0;
  CHECK_THAT(message_of([&] { ic::gradient_groups(net, Ones(), ic::all<Signs>, some); }),
             Contains("2 groups and 0 repeats"));
  some = options;
  some.loss = [](const at::Tensor& logits, const at::Tensor&) { return logits.mean().sqrt(); };
  CHECK_THAT(message_of([&] { ic::gradient_groups(net, Ones(), ic::all<Signs>, some); }),
             Contains("is not finite"));
  ic::split_now(*net);
  CHECK_THAT(message_of([&] { ic::gradient_groups(net, Ones(), ic::all<Signs>, options); }),
             Contains("a network that is split"));
}

TEST_CASE("distances by hand; and nothing is changed") {
  auto net = make_net<Policy>(1);
  auto other = make_net<Policy>(1);
  net->eval();
  const State before = state_of(*net);
  const auto random = at::globalContext().defaultGenerator(at::kCPU).get_state();
  const ic::Batches data = data_of();
  const std::size_t repeats = 4;
  const auto found = ic::gradient_groups(net, data, ic::no_zero<Space>,
                                         {.groups = 2, .repeats = repeats, .seed = ic::Seed{9}});
  CHECK(found.size() == 11);
  CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
  for (const at::Tensor& p : net->parameters()) CHECK_FALSE(p.grad().defined());
  CHECK_FALSE(net->is_training());
  CHECK_FALSE(net->named_modules()["cells"]->is_training());
  CHECK(at::equal(at::globalContext().defaultGenerator(at::kCPU).get_state(), random));

  std::size_t splits = 0;
  ic::detail::for_each_choice_block(
      *other, [&](const std::string& name, ic::AnyChoiceBlock& block) {
        if (block.context().depth() == 0) return;
        std::vector<std::vector<double>> sums(5, std::vector<double>(5));
        std::vector<std::vector<double>> counts(5, std::vector<double>(5));
        for (std::size_t r = 0; r < repeats; ++r) {
          const Path path = ic::Sampler{ic::Uniform{ic::no_zero<Space>}, ic::Seed{9},
                                        ic::Stream::kEvaluation}(0, r);
          const ic::Batch batch = data.calibration(static_cast<std::int64_t>(r));
          const auto own = block.context().candidate_of(path.candidates());
          std::vector<at::Tensor> gradients(5);
          for (std::uint8_t p = 1; p < 5; ++p) {  // not Zero
            const Path variant = path.with(block.context().prior(0).choice, p);
            other->zero_grad(/*set_to_none=*/false);
            at::cross_entropy_loss(other->forward(batch.data, variant), batch.target).backward();
            std::vector<at::Tensor> parts;
            for (const at::Tensor& w : block.candidate_parameters(own)) {
              if (w.grad().defined()) parts.push_back(w.grad().to(at::kDouble).flatten().clone());
            }
            if (!parts.empty()) gradients[p] = at::cat(parts);
          }
          for (std::size_t i = 1; i < 5; ++i) {
            for (std::size_t j = 1; j < 5; ++j) {
              if (i == j || !gradients[i].defined() || !gradients[j].defined()) continue;
              const double norms = (gradients[i].norm() * gradients[j].norm()).item<double>();
              if (norms == 0) continue;
              sums[i][j] += 1 - (gradients[i] * gradients[j]).sum().item<double>() / norms;
              ++counts[i][j];
            }
          }
        }
        // Of all partitions of the four contexts the least one; where it is not found by rounding.
        double least = 1e9;
        Groups best;
        double second = 1e9;
        for (std::size_t bits = 0; bits < 8; ++bits) {
          const Groups groups{0, 0, bits & 1, bits >> 1 & 1, bits >> 2 & 1};
          double sum = 0;
          for (std::size_t i = 1; i < 5; ++i) {
            for (std::size_t j = 1; j < i; ++j) {
              if (groups[i] != groups[j]) continue;
              sum += counts[i][j] > 0 ? sums[i][j] / counts[i][j] : 1;
            }
          }
          if (sum < least) {
            second = least;
            least = sum;
            best = groups;
          } else {
            second = std::min(second, sum);
          }
        }
        INFO(name << " " << least << " " << second);
        if (second - least < 1e-4) return;
        ++splits;
        CHECK(found.at(name) == best);
      });
  CHECK(splits >= 6);
}

TEST_CASE("contexts of a group share a copy; groups are saved, and kept by a subnet") {
  const TemporaryFolder folder;
  auto net = make_net<Policy>(1);
  auto groups = ic::context_groups(*net);
  REQUIRE(groups.size() == 11);
  for (auto& [name, own] : groups) {
    CHECK(own == Groups{0, 1, 2, 3, 4});
    own = {0, 1, 0, 1, 1};
  }
  const auto refusal = [&](const ic::ContextGroups& wrong) {
    return message_of([&] { ic::set_context_groups(*net, wrong); });
  };
  CHECK_THAT(refusal({{"cells.0.edge01", {0}}}),
             Contains("'cells.0.edge01' is no choice block of"));
  CHECK_THAT(refusal({{"cells.0.edge02", {0, 0}}}), Contains("2 groups for the 5 contexts"));
  CHECK_THAT(refusal({{"cells.0.edge02", {0, 0, 2, 2, 0}}}), Contains("has a group 2, but none 1"));
  ic::set_context_groups(*net, groups);
  CHECK(ic::context_groups(*net) == groups);
  const ic::NewParameters added = ic::split_now(*net);
  CHECK(added.size() == 11 * 1 * 2);  // locations with a prior, one more copy, kernels
  CHECK_THAT(refusal(groups), Contains("is split already"));
  {
    const c10::NoGradGuard no_grad;
    for (const ic::NewParameter& copy : added) copy.parameter.normal_();
  }
  const at::Tensor x = data_of().evaluation(0).data;
  const auto weights_at_1 = [&](auto& network, std::uint8_t prior) {
    ic::AnyChoiceBlock* block = nullptr;
    ic::detail::for_each_choice_block(*network, [&](const std::string& name, auto& own) {
      if (name == "cells.0.edge02") block = &own;
    });
    const Path path{prior, 3, 3, 3, 3, 3};
    return block->resolution(path.candidates()).candidate->parameters()[0];
  };
  for (std::uint8_t p = 0; p < 5; ++p) {
    const bool is_second = groups.at("cells.0.edge02")[p] == 1;
    CHECK(weights_at_1(net, p).is_same(weights_at_1(net, is_second ? 1 : 0)));
  }
  CHECK_FALSE(at::equal(weights_at_1(net, 0), weights_at_1(net, 1)));

  ic::save(folder / "net", net);
  auto loaded = ic::load<Net<Policy>>(folder / "net");
  CHECK(ic::context_groups(*loaded) == groups);
  CHECK(differing(state_of(*net), state_of(*loaded)) == std::vector<std::string>{});
  const c10::NoGradGuard no_grad;
  net->eval();
  loaded->eval();
  for (std::uint8_t p = 0; p < 5; ++p) {
    const Path path{p, 3, 2, p, 1, 2};
    const at::Tensor expected = net->forward(x, path);
    CHECK(same_bits(loaded->forward(x, path), expected));
    auto subnet = ic::extract(net, path);
    subnet->eval();
    CHECK(same_bits(subnet->forward(x, path), expected));
  }
}

TEST_CASE("a training splits into groups, and is resumed to the bit") {
  ic::Training training;
  training.epochs = 4;
  training.learning_rate = ic::constant(0.05);
  training.split_epochs = {2};
  const auto train = [&](auto& net, auto own, const auto& run) {
    own.after_epoch = [&](const ic::TrainingRecord& record) {
      if (record.epochs.size() != 2) return;
      ic::set_context_groups(
          *net, ic::gradient_groups(net, data_of(), ic::all<Space>, {.groups = 2, .repeats = 6}));
    };
    return run(net, own);
  };
  auto whole = make_net<Policy>(1);
  train(whole, training,
        [&](const auto& net, const auto& own) { return ic::train(net, data_of(), kUniform, own); });
  std::size_t copies = 0;
  for (const auto& [name, groups] : ic::context_groups(*whole)) {
    copies += *std::max_element(groups.begin(), groups.end());
  }
  CHECK(copies > 3);
  CHECK(copies <= 11);
  CHECK(whole->parameters().size() == make_net<ic::none>(1)->parameters().size() + copies * 2);

  const TemporaryFolder folder;
  auto resumed = make_net<Policy>(1);
  train_in_pieces(training, [&](const ic::Training& part) {
    resumed = make_net<Policy>(1);
    return train(resumed, part, [&](const auto& net, const auto& own) {
      return ic::train_resumable({folder / "state"}, net, data_of(), kUniform, own);
    });
  });
  CHECK(differing(state_of(*whole), state_of(*resumed)) == std::vector<std::string>{});

  // Without groups it is the plain split.
  auto each = make_net<Policy>(1);
  ic::train(each, data_of(), kUniform, training);
  auto plain = make_net<ic::split<ic::on_demand>>(1);
  ic::train(plain, data_of(), kUniform, training);
  CHECK(differing(parameters_of(*plain), parameters_of(*each)) == std::vector<std::string>{});
}
