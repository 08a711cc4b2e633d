// Training-free scores: by hand on small networks, by second computations on any, and beside the
// numbers that others recorded; what they leave of a network, and what they refuse.

#include <torch/nn.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "interchoice/data/batches.hpp"
#include "interchoice/data/cifar10.hpp"
#include "interchoice/evaluation/tabular_benchmark.hpp"
#include "interchoice/export/subnet.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/predictors/predictor_scores.hpp"
#include "interchoice/predictors/standard_scores.hpp"
#include "interchoice/stats/spearman.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/shared_data.hpp"

namespace ic = interchoice;
namespace nn = torch::nn;
using at::Tensor;
using Catch::Matchers::Contains;

namespace {

using Network = ic::Supernet<ic::NasBench201Benchmark, ic::none>;
using Space = ic::NasBench201Space;
using Path = ic::Architecture<Space>;

const ic::NasBench201Options kSmall{.width = 4, .cells_per_stage = {1, 1}};

/// Examples of a classification.
ic::Batch batch_of(std::vector<std::int64_t> sizes, std::uint64_t seed = 1) {
  at::manual_seed(seed);
  return {at::randn(sizes), at::randint(0, 3, {sizes[0]}, at::kLong)};
}

template <class Net>
double score_of(const char* name, Net& net, const std::vector<ic::Batch>& batches,
                const ic::Loss& loss = ic::CrossEntropy{}) {
  ic::ScoredNetwork scored(net, batches, loss);
  return ic::score_named(name)(scored);
}

/// y = W2 relu(W1 x), in double.
nn::Sequential two_layers() {
  at::manual_seed(5);
  nn::Sequential net(nn::Linear(nn::LinearOptions(4, 6).bias(false)), nn::ReLU(),
                     nn::Linear(nn::LinearOptions(6, 3).bias(false)));
  net->to(at::kDouble);
  return net;
}

ic::Batch double_batch(std::int64_t examples, std::uint64_t seed = 2) {
  ic::Batch batch = batch_of({examples, 4}, seed);
  batch.data = batch.data.to(at::kDouble);
  return batch;
}

Tensor sum_loss(const Tensor& y, const Tensor&) { return y.sum(); }

/// conv -> BN -> ReLU -> conv -> ReLU -> global pool -> linear.
nn::Sequential image_network() {
  at::manual_seed(6);
  return nn::Sequential(nn::Conv2d(nn::Conv2dOptions(3, 5, 3).bias(false)), nn::BatchNorm2d(5),
                        nn::ReLU(nn::ReLUOptions().inplace(true)), nn::Conv2d(5, 4, 3),
                        nn::ReLU(nn::ReLUOptions().inplace(true)), nn::AdaptiveAvgPool2d(1),
                        nn::Flatten(), nn::Linear(4, 3));
}

/// The derivatives of the mean loss of some weights, by libtorch alone.
std::vector<Tensor> gradients_of(nn::Sequential& net, const ic::Batch& batch,
                                 const std::vector<Tensor>& weights) {
  net->train();
  return torch::autograd::grad(
      {nn::functional::cross_entropy(net->forward(batch.data), batch.target)}, weights);
}

std::vector<Tensor> matrices(const nn::Module& net) {
  std::vector<Tensor> all;
  for (const Tensor& p : net.parameters()) {
    if (p.dim() >= 2) all.push_back(p);
  }
  return all;
}

/// All that a score must leave as it was.
struct State {
  std::vector<Tensor> values;
  std::vector<const void*> memory;
  std::vector<bool> modes;
  Tensor random;

  explicit State(nn::Module& net) {
    for (const Tensor& p : net.parameters()) add(p);
    for (const Tensor& b : net.buffers()) add(b);
    for (const Tensor& p : net.parameters()) {
      CHECK(p.requires_grad());
      values.push_back(p.grad().defined() ? p.grad().clone() : Tensor());
    }
    for (const auto& m : net.modules()) modes.push_back(m->is_training());
    random = at::globalContext().defaultGenerator(at::Device(at::kCPU)).get_state();
  }
  void add(const Tensor& tensor) {
    values.push_back(tensor.detach().clone());
    memory.push_back(tensor.data_ptr());
  }
  bool operator==(const State& other) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].defined() != other.values[i].defined()) return false;
      if (!values[i].defined()) continue;
      if (values[i].scalar_type() != other.values[i].scalar_type()) return false;
      if (!at::equal(values[i], other.values[i])) return false;
    }
    return memory == other.memory && modes == other.modes && at::equal(random, other.random);
  }
};

struct TokensImpl : nn::Module {
  TokensImpl()
      : norm(register_module("norm", nn::LayerNorm(nn::LayerNormOptions({6})))),
        inner(register_module("inner", nn::Linear(6, 6))),
        head(register_module("head", nn::Linear(6, 3))) {}
  Tensor forward(const Tensor& x) {  // [N, T, 6]
    const Tensor y = inner->forward(norm->forward(x));
    return head->forward((x + (has_relu ? at::relu(y) : at::gelu(y))).mean(1));
  }
  bool has_relu = true;
  nn::LayerNorm norm;
  nn::Linear inner;
  nn::Linear head;
};
TORCH_MODULE(Tokens);

}  // namespace

TEST_CASE("scores of a network of two matrices are those of their formulas") {
  nn::Sequential net = two_layers();
  const auto weights = matrices(*net);
  const Tensor &first = weights[0], &second = weights[1];
  const ic::Batch batch = double_batch(5);
  CHECK(score_of("parameters", net, {batch}) == 4 * 6 + 6 * 3);
  CHECK(score_of("macs", net, {batch}) == 4 * 6 + 6 * 3);
  CHECK(score_of("l2_norm", net, {batch}) ==
        Approx(first.norm().item<double>() + second.norm().item<double>()));
  // The network is linear in each matrix, so that Σ w ∂R/∂w = R for each.
  const double flow = 2 * second.abs().mm(first.abs()).sum().item<double>();
  CHECK(score_of("synflow", net, {batch}) == Approx(std::log(flow)));
  const double output = net->forward(batch.data).sum().item<double>();
  CHECK(score_of("plain", net, {batch}, sum_loss) == Approx(2 * output));
  // Derivatives of 1ᵀ W2 relu(W1 x).
  const Tensor on = (batch.data.mm(first.t()) > 0).to(at::kDouble);  // [N, 6]
  const Tensor to_first = (on * second.sum(0)).t().mm(batch.data);   // [6, 4]
  const Tensor to_second = at::relu(batch.data.mm(first.t())).sum(0).expand({3, 6});
  CHECK(score_of("grad_norm", net, {batch}, sum_loss) ==
        Approx(to_first.norm().item<double>() + to_second.norm().item<double>()));
  CHECK(score_of("snip", net, {batch}, sum_loss) ==
        Approx((first * to_first).abs().sum().item<double>() +
               (second * to_second).abs().sum().item<double>()));
  // H g: the loss has no curvature but between the two matrices.
  const Tensor hessian_first = (on * to_second.sum(0)).t().mm(batch.data);
  const Tensor hessian_second = (on * batch.data.mm(to_first.t())).sum(0).expand({3, 6});
  CHECK(score_of("grasp", net, {batch}, sum_loss) ==
        Approx(-((first * hessian_first).sum() + (second * hessian_second).sum()).item<double>()));
  // Layers' outputs a and the derivatives by them: those of a single number a channel.
  const Tensor inner = batch.data.mm(first.t());
  const Tensor by_inner = on * second.sum(0);
  const Tensor outer = net->forward(batch.data);
  const double information = 0.5 * (inner * by_inner).square().mean(0).sum().item<double>() * 4 +
                             0.5 * outer.square().mean(0).sum().item<double>() * 6;
  CHECK(score_of("fisher", net, {batch}, sum_loss) == Approx(information));
  // Codes of the six units, compared one by one.
  Tensor alike = at::zeros({5, 5}, at::kDouble);
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 5; ++j) {
      for (int unit = 0; unit < 6; ++unit) {
        if (at::equal(on[i][unit], on[j][unit])) alike[i][j] += 1;
      }
    }
  }
  const double determinant = at::linalg_det(alike).item<double>();
  if (determinant > 1e-9) {
    CHECK(score_of("nwot", net, {batch}) == Approx(std::log(determinant)));
  }
  // Correlations of the derivatives by the inputs.
  const Tensor slopes = (on * second.sum(0)).mm(first);
  const Tensor centred = slopes - slopes.mean(1, true);
  const Tensor unit = centred / centred.norm(2, 1, true);
  const Tensor values = std::get<0>(at::linalg_eigh(unit.mm(unit.t()))) + 1e-5;
  CHECK(score_of("jacov", net, {batch}) ==
        Approx(-(values.log() + 1 / values).sum().item<double>()).epsilon(1e-4));
}

TEST_CASE("scores of an image network are those of a second computation") {
  nn::Sequential net = image_network();
  ic::Batch batch = batch_of({8, 3, 9, 9});
  const auto weights = matrices(*net);
  const auto slopes = gradients_of(net, batch, weights);
  double snip = 0, norms = 0, plain = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    snip += (weights[i] * slopes[i]).abs().sum().item<double>();
    plain += (weights[i] * slopes[i]).sum().item<double>();
    norms += slopes[i].norm().item<double>();
  }
  CHECK(score_of("snip", net, {batch}) == Approx(snip));
  CHECK(score_of("plain", net, {batch}) == Approx(plain).margin(1e-6));
  CHECK(score_of("grad_norm", net, {batch}) == Approx(norms));

  // Fisher, with the outputs of each layer as leaves of the graph.
  net->train();
  double fisher = 0;
  for (const std::size_t layer : {0U, 3U, 7U}) {
    Tensor x = batch.data;
    Tensor output;
    for (std::size_t i = 0; i < net->size(); ++i) {
      x = net->ptr(i)->as<nn::Conv2d>()        ? net->ptr(i)->as<nn::Conv2d>()->forward(x)
          : net->ptr(i)->as<nn::BatchNorm2d>() ? net->ptr(i)->as<nn::BatchNorm2d>()->forward(x)
          : net->ptr(i)->as<nn::ReLU>()        ? at::relu(x)
          : net->ptr(i)->as<nn::Linear>()      ? net->ptr(i)->as<nn::Linear>()->forward(x)
          : i == 5                             ? x.mean({2, 3}, true)
                                               : x.flatten(1);
      if (i == layer) output = x = x.detach().requires_grad_();
    }
    const Tensor slope =
        torch::autograd::grad({nn::functional::cross_entropy(x, batch.target)}, {output})[0];
    const Tensor per_channel = (output * slope).flatten(1).view({8, output.size(1), -1}).sum(2);
    const double weights_of_channel = layer == 0 ? 27 : layer == 3 ? 45 : 4;
    fisher += 0.5 * per_channel.square().mean(0).sum().item<double>() * weights_of_channel;
  }
  CHECK(score_of("fisher", net, {batch}) == Approx(fisher).epsilon(1e-4));

  // Grasp, by the difference of two gradients, in double.
  net->to(at::kDouble);
  batch.data = batch.data.to(at::kDouble);
  const auto exact = gradients_of(net, batch, weights);
  const auto at_step = [&](double step) {
    const at::NoGradGuard no_grad;
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i].add_(exact[i], step);
    const at::AutoGradMode gradients(true);
    auto found = gradients_of(net, batch, weights);
    const at::NoGradGuard again;
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i].sub_(exact[i], step);
    return found;
  };
  const auto ahead = at_step(1e-5), behind = at_step(-1e-5);
  double grasp = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    grasp -= (weights[i] * (ahead[i] - behind[i]) / 2e-5).sum().item<double>();
  }
  CHECK(score_of("grasp", net, {batch}) == Approx(grasp).epsilon(1e-4));
}

TEST_CASE("synflow leaves normalisations out, and takes no notice of data") {
  nn::Sequential net = image_network();
  const double flow = score_of("synflow", net, {batch_of({4, 3, 9, 9}, 1)});
  CHECK(flow == score_of("synflow", net, {batch_of({2, 3, 9, 9}, 2)}));
  // By hand, without the norm: R is linear in each layer's weights, but for the biases in front.
  const auto p = net->named_parameters();
  const auto positive = [&](const char* name) { return p[name].detach().abs().to(at::kDouble); };
  const Tensor first = positive("0.weight").requires_grad_(),
               second = positive("3.weight").requires_grad_(),
               third = positive("7.weight").requires_grad_();
  const Tensor x = at::conv2d(at::ones({1, 3, 9, 9}, at::kDouble), first);
  const Tensor y = at::conv2d(x, second, positive("3.bias")).mean({2, 3});
  const Tensor sum = at::linear(y, third, positive("7.bias")).sum();
  const auto slopes = torch::autograd::grad({sum}, {first, second, third});
  const double expected =
      ((first * slopes[0]).sum() + (second * slopes[1]).sum() + (third * slopes[2]).sum())
          .item<double>();
  CHECK(flow == Approx(std::log(expected)));
}

TEST_CASE("zen is the distance behind the body, with what BatchNorms divide by put back") {
  nn::Sequential net = image_network();
  const ic::Batch batch = batch_of({6, 3, 9, 9});
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(0);
  std::map<std::string, Tensor> drawn;
  for (const auto& p : net->named_parameters()) {
    if (p.value().dim() >= 2) drawn[p.key()] = at::randn(p.value().sizes(), random, at::kFloat);
  }
  const Tensor x = at::randn(batch.data.sizes(), random, at::kFloat);
  const Tensor near = x + 0.01 * at::randn(batch.data.sizes(), random, at::kFloat);
  Tensor variance = at::ones({5});
  const auto features = [&](const Tensor& input) {
    const Tensor y = at::conv2d(input, drawn["0.weight"]);
    variance = 0.9 * variance + 0.1 * y.var(at::IntArrayRef{0, 2, 3}, /*unbiased=*/true);
    const Tensor mean = y.mean({0, 2, 3}, true);
    const Tensor spread = y.var(at::IntArrayRef{0, 2, 3}, /*unbiased=*/false, /*keepdim=*/true);
    return at::relu(at::conv2d(at::relu((y - mean) / (spread + 1e-5).sqrt()), drawn["3.weight"]));
  };
  const double distance = (features(x) - features(near)).abs().sum({1, 2, 3}).mean().item<double>();
  const double expected = std::log(distance) + std::log(std::sqrt(variance.mean().item<double>()));
  CHECK(score_of("zen", net, {batch}) == Approx(expected).epsilon(1e-4));
}

TEST_CASE("scores leave the network as it was, and do not depend on what was asked before") {
  const auto check = [](auto net, const ic::Batch& batch) {
    ic::testing::randomise(*net, 3);
    net->eval();
    for (const Tensor& p : net->parameters()) p.mutable_grad() = at::ones_like(p);
    const State before(*net);
    ic::ScoredNetwork together(net, {batch});
    std::map<std::string, double> values;
    for (const ic::Score& score : ic::standard_scores()) {
      INFO(score.name());
      values[score.name()] = score(together);
      CHECK(std::isfinite(values[score.name()]));
      CHECK(State(*net) == before);
    }
    auto scores = ic::standard_scores();
    std::reverse(scores.begin(), scores.end());
    for (const ic::Score& score : scores) {
      INFO(score.name());
      ic::ScoredNetwork alone(net, {batch});
      CHECK(score(alone) == values[score.name()]);
    }
  };
  check(ic::Subnet<Network>(Path{3, 1, 2, 4, 3, 0}, kSmall), batch_of({4, 3, 8, 8}));
  check(image_network(), batch_of({6, 3, 9, 9}));
  check(Tokens(), batch_of({4, 5, 6}));
  // Whatever a score of one's own does.
  nn::Sequential net = image_network();
  ic::ScoredNetwork scored(net, {batch_of({4, 3, 9, 9})});
  const State before(*net);
  const ic::Score wild("wild", [](ic::ScoredNetwork& own) {
    own.module().train();
    const double loss = own.loss(own.batches()[0]).item<double>();
    own.loss(own.batches()[0]).backward();
    const at::NoGradGuard no_grad;
    for (const Tensor& p : own.module().parameters()) p.fill_(at::randn({1}).item<double>());
    own.module().to(at::kDouble);
    own.module().eval();
    return loss;
  });
  CHECK(wild(scored) == wild(scored));
  CHECK(State(*net) == before);
  CHECK_THROWS(ic::Score("throws", [](ic::ScoredNetwork& own) -> double {
    own.module().to(at::kDouble);
    throw std::runtime_error("no");
  })(scored));
  CHECK(State(*net) == before);
}

TEST_CASE("several batches are one mean, weighed by their examples") {
  nn::Sequential net = two_layers();
  const ic::Batch whole = double_batch(6);
  const auto part = [&](std::int64_t begin, std::int64_t count) {
    return ic::Batch{whole.data.narrow(0, begin, count), whole.target.narrow(0, begin, count)};
  };
  const std::vector<ic::Batch> parts{part(0, 4), part(4, 2)};
  for (const char* name : {"snip", "plain", "grad_norm", "grasp"}) {
    INFO(name);
    CHECK(score_of(name, net, parts) == Approx(score_of(name, net, {whole})));
  }
  for (const char* name : {"jacov", "fisher"}) {
    INFO(name);
    // Fisher's derivatives are of the mean over the part.
    const double mean = 4 * score_of(name, net, {parts[0]}) + 2 * score_of(name, net, {parts[1]});
    CHECK(score_of(name, net, parts) == Approx(mean / 6));
  }
}

TEST_CASE("scores that are undefined for a network say so") {
  Tokens tokens;
  const ic::Batch batch = batch_of({4, 5, 6});
  CHECK(std::isfinite(score_of("nwot", tokens, {batch})));
  tokens->has_relu = false;
  CHECK_THAT(message_of([&] { score_of("nwot", tokens, {batch}); }),
             Contains("nwot counts ReLUs, and the network has none"));
  CHECK(std::isfinite(score_of("synflow", tokens, {batch})));
  nn::Sequential no_weights{nn::ReLU(), nn::Flatten()};
  for (const char* name : {"l2_norm", "synflow", "snip", "plain", "grad_norm", "fisher", "grasp"}) {
    CHECK_THAT(message_of([&] { score_of(name, no_weights, {batch}); }),
               Contains(std::string("the score ") + name) && Contains("the network has none"));
  }
  nn::Sequential words(nn::Embedding(7, 4), nn::Flatten(), nn::Linear(8, 3));
  const ic::Batch numbers{at::randint(0, 7, {4, 2}, at::kLong), at::zeros({4}, at::kLong)};
  CHECK(std::isfinite(score_of("snip", words, {numbers})));
  for (const char* name : {"synflow", "jacov", "zen"}) {
    CHECK_THAT(message_of([&] { score_of(name, words, {numbers}); }), Contains("whole numbers"));
  }
  CHECK_THAT(message_of([&] { ic::ScoredNetwork(words, {}); }), Contains("at least one batch"));
  CHECK_THAT(message_of([&] {
               score_of("grad_norm", words, {numbers},
                        [](const Tensor& y, const Tensor&) { return y; });
             }),
             Contains("a loss that is a scalar"));
  CHECK_THAT(message_of([] { ic::score_named("accuracy"); }),
             Contains("there is no score 'accuracy'") && Contains("synflow"));
  // Nothing flows: worst, and no error.
  ic::Subnet<Network> cut(Path{0, 0, 0, 0, 0, 0}, kSmall);
  const ic::Batch images = batch_of({4, 3, 8, 8});
  CHECK(score_of("synflow", cut, {images}) == -INFINITY);
  nn::Sequential dead(nn::Linear(6, 3));
  torch::NoGradGuard no_grad;
  dead->parameters()[0].zero_();
  const ic::Batch vectors = batch_of({4, 6});
  CHECK(score_of("synflow", dead, {vectors}) == -INFINITY);
  CHECK(score_of("jacov", dead, {vectors}) == -INFINITY);
}

TEST_CASE("architectures are scored with fresh weights that depend on the seed alone") {
  const std::vector<Path> paths{{3, 3, 3, 3, 3, 3}, {1, 1, 1, 1, 1, 1}, {2, 3, 4, 1, 3, 2}};
  const ic::Batch batch = batch_of({4, 3, 8, 8});
  const std::vector<ic::Score> scores{ic::Parameters{}, ic::Macs{}, ic::Synflow{}, ic::Nwot{},
                                      ic::OperationCount{"nor_conv_3x3"}};
  const auto make = [](const Path& path) { return ic::Subnet<Network>(path, kSmall); };
  const State random(*two_layers());
  std::size_t told = 0;
  const auto found =
      ic::predictor_scores(make, paths, scores, {batch}, {}, [&](const ic::Progress& p) {
        CHECK(p.done == ++told);
        CHECK(p.total == 3);
      });
  CHECK(told == 3);
  CHECK_FALSE(found.stopped);
  for (std::size_t i = 0; i < 3; ++i) {
    const ic::Cost cost = ic::NasBench201Benchmark::cost(paths[i], kSmall, {8, 8});
    CHECK(found.of("parameters")[i] == static_cast<double>(cost.parameters));
    CHECK(found.of("macs")[i] == static_cast<double>(cost.macs));
  }
  CHECK(found.of("count:nor_conv_3x3") == std::vector<double>{6, 0, 2});
  const auto vote = found.vote({"parameters", "synflow", "nwot"});
  CHECK(vote[0] > vote[1]);
  CHECK_THAT(message_of([&] { found.of("zen"); }), Contains("no column zen"));

  at::manual_seed(99);
  const Tensor expected = at::randn({3});
  at::manual_seed(99);
  const std::vector<Path> other{paths[2], paths[0]};
  const auto again = ic::predictor_scores(make, other, scores, {batch});
  CHECK(at::equal(at::randn({3}), expected));  // the program's own random numbers go on
  for (const char* name : {"synflow", "nwot"}) {
    CHECK(again.of(name) == std::vector<double>{found.of(name)[2], found.of(name)[0]});
  }
  const auto seeded = ic::predictor_scores(make, other, scores, {batch}, {.seed = 1});
  CHECK(seeded.of("synflow") != again.of("synflow"));

  std::size_t asked = 0;
  const auto stopped =
      ic::predictor_scores(make, paths, scores, {batch}, {.stop = [&] { return ++asked == 2; }});
  CHECK(stopped.stopped);
  CHECK(stopped.of("synflow").size() == 2);
  ic::Subnet<Network> net(paths[0], kSmall);
  CHECK_THAT(message_of([&] { score_of("count:none", net, {batch}); }), Contains("set_operations"));
}

TEST_CASE(
    "a network of ReLU6 and depthwise convolutions, with a policy's constants, has all scores") {
  using FairNas = ic::Supernet<ic::FairNas, ic::bias<1>>;
  ic::Architecture<FairNas::Space> path;
  ic::Subnet<FairNas> net(path);
  ic::ScoredNetwork scored(net, {{at::randn({2, 3, 32, 32}), at::zeros({2}, at::kLong)}});
  for (const ic::Score& score : ic::standard_scores()) {
    INFO(score.name());
    if (score.name() == "grasp") continue;  // a minute in a build without optimisation
    CHECK(std::isfinite(score(scored)));
  }
}

TEST_CASE("scores are those that NAS-Bench-Suite-Zero recorded", "[shared]") {
  const auto folder = ic::testing::shared_data() / "data";
  const auto table =
      ic::TabularBenchmark<Space>::read(folder / "nasbench201" / "zero_cost_proxies.csv");
  const ic::ImageSet images =
      ic::read_cifar10(folder / "cifar10" / "cifar10_train_first4000_lossless.bin");
  const ic::Batches data(images,
                         {.batch_size = 64, .normalisation = ic::measure_normalisation(images)});
  // At full size: the numbers themselves, but for the random weights.
  const std::vector<Path> two(table.architectures().begin(), table.architectures().begin() + 2);
  const auto full = ic::predictor_scores(
      [](const Path& path) {
        return ic::Subnet<Network>(path, ic::NasBench201Benchmark::default_options());
      },
      two, {ic::Parameters{}, ic::L2Norm{}, ic::Synflow{}, ic::Nwot{}}, {data.evaluation(0)});
  const std::map<std::string, std::string> columns{
      {"parameters", "params"}, {"l2_norm", "l2_norm"}, {"synflow", "synflow"}, {"nwot", "nwot"}};
  for (const auto& [name, column] : columns) {
    for (std::size_t i = 0; i < 2; ++i) {
      INFO(name << " " << i);
      const double unit = name == "parameters" ? 1e6 : 1;
      CHECK(full.of(name)[i] == Approx(unit * table.column(column).value(two[i])).epsilon(0.02));
    }
  }
  // Narrow and shallow: the order.
  std::vector<Path> some;
  for (std::size_t i = 0; i < 24; ++i) some.push_back(table.architectures()[i * 390]);
  const auto small = ic::predictor_scores(
      [](const Path& path) {
        return ic::Subnet<Network>(
            path, ic::NasBench201Options{.width = 4, .cells_per_stage = {1, 1, 1}});
      },
      some, {ic::Synflow{}, ic::Nwot{}}, {data.evaluation(0)});
  for (const char* name : {"synflow", "nwot"}) {
    INFO(name);
    CHECK(ic::spearman(small.of(name), table.column(name).values(some)) > 0.8);
  }
}
