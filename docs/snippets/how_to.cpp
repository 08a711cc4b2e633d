// The code of the how-to pages, as one program: it compiles, runs and checks itself.

#include <fmt/core.h>
#include <torch/nn.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/evaluation/tabular_benchmark.hpp"
#include "interchoice/interchoice.hpp"
#include "interchoice/networks/saved_network.hpp"
#include "interchoice/nn/operations/tokens.hpp"
#include "interchoice/training/resumable_training.hpp"
#include "interchoice/training/separate_momentum.hpp"

namespace ic = interchoice;
namespace nn = torch::nn;

// --- own-operation.md
// -----------------------------------------------------------------------------

/// ReLU -> depthwise 3x3 -> 1x1 -> BatchNorm.
struct Separable3x3 {
  static constexpr std::string_view name = "separable3x3";
  static constexpr ic::CandidateKind kind = ic::CandidateKind::kConvolution;

  struct Module : nn::Module {
    explicit Module(const ic::Geometry& g) {
      auto spatial = nn::Conv2dOptions(g.channels, g.channels, 3);
      spatial.stride(g.stride).padding(1).groups(g.channels).bias(false);
      depthwise = register_module("depthwise", nn::Conv2d(spatial));
      auto mixing = nn::Conv2dOptions(g.channels, g.out_channels, 1).bias(false);
      pointwise = register_module("pointwise", nn::Conv2d(mixing));
      norm = register_module("norm", nn::BatchNorm2d(g.out_channels));
    }
    at::Tensor forward(const at::Tensor& x) { return rest(at::relu(x)); }
    /// op(x + vector): the addition and the ReLU are one kernel.
    at::Tensor forward_biased(const at::Tensor& x, const at::Tensor& vector) {
      return rest(ic::vector_relu(x, vector));
    }
    at::Tensor rest(const at::Tensor& x) {
      return ic::convolution_norm(pointwise, norm, depthwise(x));
    }

    nn::Conv2d depthwise{nullptr};
    nn::Conv2d pointwise{nullptr};
    nn::BatchNorm2d norm{nullptr};
  };

  std::shared_ptr<Module> build(const ic::Geometry& geometry) const {
    return std::make_shared<Module>(geometry);
  }
};

/// y = x / 2, for places where the shape stays.
struct Half {
  static constexpr std::string_view name = "half";
  struct Module : nn::Module {
    at::Tensor forward(const at::Tensor& x) { return x / 2; }
    /// (x + vector) / 2: the vector is deferred to the sum that follows.
    ic::DeferredBias forward_deferred(const at::Tensor& x, const at::Tensor& vector) {
      return {x / 2, vector.defined() ? vector / 2 : vector};
    }
  };
  std::shared_ptr<Module> build(const ic::Geometry&) const { return std::make_shared<Module>(); }
};

// --- any-tensor.md
// --------------------------------------------------------------------------------

/// Depthwise convolution over the tokens behind a LayerNorm, plus the input.
struct TokenConvolution {
  static constexpr std::string_view name = "token_conv3";
  static constexpr ic::Responses responses(const ic::Geometry&) {
    return {.norm_shift = ic::Response::kObserved, .norm_scale = ic::Response::kObserved};
  }

  struct Module : nn::Module {
    explicit Module(const ic::Geometry& g) {
      norm = register_module("norm", nn::LayerNorm(nn::LayerNormOptions({g.channels})));
      auto options = nn::Conv1dOptions(g.channels, g.channels, 3).padding(1).groups(g.channels);
      convolution = register_module("convolution", nn::Conv1d(options));
    }
    at::Tensor forward(const at::Tensor& x) { return forward_adjusted(x, {}); }
    /// Scale and shift of a policy act on the LayerNorm's output.
    at::Tensor forward_adjusted(const at::Tensor& x, const ic::NormAdjustment& adjustment) {
      const at::Tensor h = ic::adjusted_norm(norm, x, adjustment);  // [N, T, C]
      return x + convolution(h.transpose(1, 2)).transpose(1, 2);
    }
    std::int64_t norm_channels() const { return convolution->options.out_channels(); }

    nn::LayerNorm norm{nullptr};
    nn::Conv1d convolution{nullptr};
  };

  std::shared_ptr<Module> build(const ic::Geometry& geometry) const {
    ic::check_axis(geometry, ic::ChannelAxis::kLast, name);
    ic::check_keeps_shape(geometry, name, "change the shape between the blocks");
    return std::make_shared<Module>(geometry);
  }
};

using Mixers = ic::Candidates<ic::SelfAttention<2>, ic::SelfAttention<4>, TokenConvolution>;
using Mlps = ic::Candidates<ic::Mlp<1>, ic::Mlp<2>, ic::Mlp<4>, ic::Skip>;
using TokenSpace = ic::MixedChain<Mixers, Mlps, Mixers, Mlps>;

template <class Policy>
at::Tensor on_tokens(const ic::Architecture<TokenSpace>& architecture) {
  ic::ChoiceBlocks<TokenSpace, Policy> body(
      ic::Geometry{.channels = 64, .axis = ic::ChannelAxis::kLast});
  return body->forward(at::randn({8, 16, 64}), architecture);  // [N, T, C]
}

// --- own-space.md
// ---------------------------------------------------------------------------------

using Wide = ic::Candidates<Separable3x3, ic::ReluConvolutionNorm<3, true>>;
using Narrow = ic::Candidates<Separable3x3, ic::ReluConvolutionNorm<1, true>, ic::LinearSkip>;

/// Three choices that differ; a name of its own keeps files of other spaces away.
struct MySpace : ic::MixedChain<Wide, Narrow, Narrow> {
  static constexpr std::string_view name = "my-space";
};
static_assert(ic::architecture_count<MySpace>() == 18);

constexpr auto kNoSkip = ic::without<MySpace>({"skip_connect"});
constexpr auto kMiddle = ic::Restriction<MySpace>(
    [](std::size_t choice, std::size_t candidate) { return choice != 1 || candidate < 2; });
static_assert(kNoSkip.architecture_count() == 8 && kMiddle.architecture_count() == 12);

/// Two nodes, three edges; every cell of a network takes the same choices.
using MyCell = ic::Cell<2, ic::Candidates<Half, Separable3x3>>;
static_assert(MyCell::choice_count == 3);

template <class Policy>
struct MyNetImpl : nn::Module {
  using Body = ic::ChoiceBlocks<MySpace, Policy>;
  nn::Conv2d stem = register_module("stem", nn::Conv2d(nn::Conv2dOptions(1, 8, 3).padding(1)));
  Body body = register_module(
      "body",
      Body(std::vector<ic::Geometry>{
          {.channels = 8}, {.channels = 8, .out_channels = 16, .stride = 2}, {.channels = 16}}));
  nn::Linear head = register_module("head", nn::Linear(16, 10));
  at::Tensor forward(const at::Tensor& x, const ic::Architecture<MySpace>& architecture) {
    return head(at::relu(body->forward(stem(x), architecture)).mean({2, 3}));
  }
};
template <class Policy>
struct MyNet : nn::ModuleHolder<MyNetImpl<Policy>> {
  using nn::ModuleHolder<MyNetImpl<Policy>>::ModuleHolder;
};

template <class Policy>
struct CellNetImpl : nn::Module {
  using Cell = ic::CellBlocks<MyCell, Policy>;
  CellNetImpl() {
    for (std::size_t i = 0; i < 2; ++i) {
      const Cell cell(i, ic::Geometry{.channels = 8});
      cells.push_back(register_module("cell" + std::to_string(i), cell));
    }
  }
  at::Tensor forward(at::Tensor x, const ic::Architecture<MyCell>& architecture) {
    for (Cell& cell : cells) x = cell->forward(x, architecture);
    return x;
  }
  std::vector<Cell> cells;
};

// --- own-loop.md
// ----------------------------------------------------------------------------------

using Policy = ic::split<3>;

void own_loop(MyNet<Policy>& net, const ic::Batches& data) {
  const std::size_t epochs = 6;
  const ic::Sampler sample{ic::Uniform{kNoSkip}, ic::Seed{0}};
  const ic::LearningRate learning_rate = ic::cosine(0.1, 1e-5);
  torch::optim::SGD optimizer = ic::Sgd{.momentum = 0.9, .weight_decay = 3e-4}(*net);
  ic::PathStep step(net, optimizer,
                    {.unsampled = ic::UnsampledWeights::kFreeze, .copies = ic::copied_momentum});
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    const ic::NewParameters added = step.begin(epoch);
    ic::set_learning_rate(optimizer, learning_rate(epoch, epochs));
    double loss = 0;
    for (const auto& [images, labels] : data.epoch(epoch)) {
      const auto record = step(sample, [&](const auto& path) {
        return at::cross_entropy_loss(net->forward(images, path), labels);
      });
      loss += record.loss() / static_cast<double>(data.size());
    }
    fmt::print("epoch {}: loss {:.3f}, {} new parameters\n", epoch, loss, added.size());
  }
}

double enqueued_epoch(ic::PathStep& step, MyNet<Policy>& net, const ic::Batches& data,
                      std::size_t epoch) {
  const ic::Sampler sample{ic::Uniform{kNoSkip}, ic::Seed{0}};
  double loss = 0;
  step.begin(epoch);
  for (const ic::Batch& host : data.epoch(epoch)) {
    const ic::Batch batch = ic::on_device(host, ic::device_of(*net));
    step.enqueue(sample, [&](const auto& path) {
      return at::cross_entropy_loss(net->forward(batch.data, path), batch.target);
    });
  }
  step.read([&](const ic::StepOutcome& outcome) { loss += outcome.loss(); });
  return loss / static_cast<double>(data.size());
}

/// Cross entropy plus the distance to a teacher's logits.
struct Distillation {
  std::function<at::Tensor(const at::Tensor&)> teacher;
  at::Tensor operator()(const at::Tensor& logits, const at::Tensor& labels,
                        const at::Tensor& images) const {
    return at::cross_entropy_loss(logits, labels) + at::mse_loss(logits, teacher(images).detach());
  }
  std::string text() const { return "cross entropy and distance to the teacher"; }
};

ic::TrainingRecord distil(MyNet<Policy>& net, const ic::Batches& data, const Distillation& loss) {
  const ic::Sampler sample{ic::Uniform{kNoSkip}, ic::Seed{0}};
  return ic::train(net, data, sample,
                   {.epochs = 2,
                    .loss = loss,
                    .optimizer = ic::AdamW{.weight_decay = 0.01},
                    .learning_rate = ic::warm_up(1, ic::cosine(1e-3, 1e-5)),
                    .unsampled = ic::UnsampledWeights::kFreeze});
}

ic::TrainingRecord train_with_momenta(MyNet<Policy>& net, const ic::Batches& data) {
  const ic::Sampler sample{ic::Uniform{kNoSkip}, ic::Seed{0}};
  return ic::train(
      net, data, sample,
      {.epochs = 2, .optimizer = ic::SeparateMomentum{.groups = ic::context_momentum}});
}

ic::Ranking<MySpace> train_and_rank_in_bfloat16(MyNet<Policy>& net, const ic::Batches& data) {
  const ic::Precision precision = ic::is_native(ic::Precision::kBfloat16, ic::device_of(*net))
                                      ? ic::Precision::kBfloat16
                                      : ic::Precision::kFloat32;
  const ic::Sampler sample{ic::Uniform{kNoSkip}, ic::Seed{0}};
  ic::train(net, data, sample, {.epochs = 4, .precision = precision});
  return ic::rank(net, {.calibration = data, .validation = data}, ic::every_architecture(kNoSkip),
                  {.precision = precision});
}

at::Tensor loss_in_bfloat16(MyNet<Policy>& net, const ic::Batch& batch,
                            const ic::Architecture<MySpace>& path) {
  const at::Tensor logits = ic::in_precision(ic::Precision::kBfloat16, batch.data.device(),
                                             [&] { return net->forward(batch.data, path); });
  return at::cross_entropy_loss(logits, batch.target);
}

/// Tokens [N, T] with a target each, of which `BatchesOf` makes batches.
struct Tokens {
  at::Tensor tokens;
  at::Tensor targets;
  std::int64_t size() const { return tokens.size(0); }
  ic::Batch operator()(std::span<const std::int64_t> indices) const {
    const at::Tensor chosen = at::tensor(at::IntArrayRef(indices.data(), indices.size()));
    return {tokens.index_select(0, chosen), targets.index_select(0, chosen)};
  }
  std::string text() const { return "tokens of my file"; }
};

ic::BatchesOf<Tokens> token_batches(const at::Tensor& tokens, const at::Tensor& targets) {
  return {Tokens{tokens, targets}, 64, ic::Seed{0}};
}

// --- own-data.md
// ---------------------------------------------------------------------------------

/// Images of one white line: a row (label 0) or a column (label 1).
ic::ImageSet lines(std::int64_t count) {
  const at::Tensor images = at::zeros({count, 1, 8, 8}, at::kByte);
  const at::Tensor labels = at::empty({count}, at::kLong);
  for (std::int64_t i = 0; i < count; ++i) {
    images[i][0].select(i % 2, i / 2 % 8).fill_(255);
    labels[i].fill_(i % 2);
  }
  return {.images = images, .labels = labels, .classes = 2};
}

ic::Ranking<MySpace> rank_on_lines() {
  const ic::TrainingAndValidation parts = ic::hold_out(lines(400), 100, ic::Seed{0});
  const ic::Normalisation scale = ic::measure_normalisation(parts.training);
  const ic::Batches train(parts.training, {.batch_size = 32,
                                           .normalisation = scale,
                                           .augmentation = {.shift = 1},
                                           .seed = ic::Seed{0}});
  const ic::Batches valid(parts.validation, {.batch_size = 100, .normalisation = scale});
  MyNet<ic::none> net;
  const ic::Sampler sample{ic::Uniform{ic::all<MySpace>}, ic::Seed{0}};
  ic::train(net, train, sample, {.epochs = 30, .learning_rate = ic::cosine(0.1, 1e-5)});
  return ic::rank(net, {.calibration = train, .validation = valid},
                  ic::every_architecture(ic::all<MySpace>));
}

/// Sines of two frequencies at random phases, computed when asked for: [64, 1, 32], a label each.
class Sines {
 public:
  Sines(std::int64_t size, ic::Seed seed) : size_(size), seed_(seed) {}

  std::int64_t size() const { return size_; }
  std::int64_t example_count() const { return 64 * size_; }
  ic::Batch evaluation(std::int64_t index) const { return batch(ic::Stream::kSplit, 0, index); }
  ic::Batch calibration(std::int64_t index) const {
    return batch(ic::Stream::kCalibration, 0, index);
  }

  struct Epoch;
  Epoch epoch(std::uint64_t number) const;

  std::string text() const {
    return fmt::format("{} batches of sines, seed {}", size_, seed_.value);
  }

 private:
  ic::Batch batch(ic::Stream stream, std::uint64_t epoch, std::int64_t index) const {
    ic::CounterRandom random(seed_, stream, epoch, static_cast<std::uint64_t>(index));
    ic::Batch batch{at::empty({64, 1, 32}), at::empty({64}, at::kLong)};
    for (std::int64_t b = 0; b < 64; ++b) {
      const std::int64_t label = random.below(2);
      batch.target[b].fill_(label);
      const at::Tensor phase = at::arange(32) * (0.2 * static_cast<double>(label + 1));
      batch.data[b][0].copy_((phase + 6.28 * random.unit()).sin());
    }
    return batch;
  }

  std::int64_t size_;
  ic::Seed seed_;
};

/// Its batches of one epoch, each made where it is read.
struct Sines::Epoch {
  ic::Batch operator[](std::int64_t index) const {
    return source.batch(ic::Stream::kAugmentation, number, index);
  }
  ic::BatchIterator<Epoch> begin() const { return {*this, 0}; }
  ic::BatchIterator<Epoch> end() const { return {*this, source.size()}; }

  Sines source;
  std::uint64_t number;
};

inline Sines::Epoch Sines::epoch(std::uint64_t number) const { return {*this, number}; }
static_assert(ic::BatchSource<Sines>);

// --- saving-and-loading.md
// ------------------------------------------------------------------------

MyNet<Policy> saved_and_loaded(const MyNet<Policy>& net, const std::filesystem::path& path) {
  ic::save(path, net, {{"data", "digits"}, {"seed", "0"}});
  return ic::load<MyNet<Policy>>(path);
}

struct WideNetImpl : nn::Module {
  struct Options {
    std::int64_t width = 8;
    static void for_each_field(auto& options, auto&& visit) { visit("width", options.width); }
  };
  explicit WideNetImpl(const Options& options) : options_(options) {}
  const Options& options() const { return options_; }
  at::Tensor forward(const at::Tensor& x, const ic::Architecture<MySpace>& architecture) {
    return body->forward(x, architecture);
  }
  Options options_;
  ic::ChoiceBlocks<MySpace, ic::bias<1>> body = register_module(
      "body", ic::ChoiceBlocks<MySpace, ic::bias<1>>(ic::Geometry{.channels = options_.width}));
};
TORCH_MODULE(WideNet);

ic::TrainingRecord train_on(MyNet<Policy>& net, const ic::Batches& data,
                            const std::filesystem::path& state) {
  return ic::train_resumable({.path = state}, net, data,
                             ic::Sampler{ic::Uniform{ic::all<MySpace>}, ic::Seed{0}},
                             {.epochs = 4});
}

// --- ground-truth.md
// ------------------------------------------------------------------------------

void judge(const std::filesystem::path& csv) {
  using Space = ic::NasBench201Space;
  const auto truth = ic::TabularBenchmark<Space>::read(csv).column("mean_accuracy");
  const auto architectures = ic::distinct_architectures(ic::only_convolutions<Space>, 1000, {});
  const std::vector<double> values = truth.values(architectures);
  std::vector<double> predictions;  // here: the number of parameters
  const ic::Supernet<ic::NasBench201<ic::LinearSkip>, ic::none> net(
      ic::NasBench201Options{.input_channels = 1, .width = 4, .cells_per_stage = {1, 1}});
  for (const auto& architecture : architectures) {
    predictions.push_back(static_cast<double>(ic::path_parameters(*net, architecture)));
  }
  const ic::PredictionQuality quality = ic::prediction_quality(predictions, values);
  fmt::print("Kendall tau-b {:.3f}, the 10 best have {:.2f} % on average\n", quality.kendall_tau_b,
             quality.best_mean_expected);
}

void check(bool holds, const char* what) {
  if (!holds) throw std::logic_error(fmt::format("{}: not as the pages say", what));
}

// --- architecture-text.md
// -------------------------------------------------------------------------

void texts_of_architectures() {
  const ic::Architecture<MySpace> chain{1, 2, 0};
  fmt::print("{}\n", ic::to_text(chain));
  check(ic::from_text<MySpace>("1-2-0") == chain, "a chain's text");

  using Cell = ic::NasBench201Space;
  const auto cell = ic::from_text<Cell>(
      "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|nor_conv_1x1~1|avg_pool_3x3~2|");
  fmt::print("{} is number {}\n", cell, cell.index());
  check(ic::Architecture<Cell>::from_index(cell.index()) == cell, "an architecture's number");

  try {
    ic::from_text<MySpace>("1-3-0");
  } catch (const std::invalid_argument& error) {
    fmt::print("{}\n", error.what());
  }
}

int main() {
  const auto digits = ic::read_digits("examples/data/digits.bin");
  const auto scale = ic::measure_normalisation(digits);
  const ic::Batches data(ic::first_images(digits, 397), {64, scale, {}, ic::Seed{0}});
  torch::manual_seed(0);
  MyNet<Policy> net;
  own_loop(net, data);
  torch::optim::SGD optimizer = ic::Sgd{}(*net, 0.01);
  ic::PathStep step(net, optimizer);
  check(std::isfinite(enqueued_epoch(step, net, data, 0)), "the loss of enqueued steps");
  MyNet<Policy> student;
  distil(student, data, {[&](const at::Tensor& x) { return net->forward(x, {0, 0, 0}); }});
  check(train_with_momenta(student, data).epochs.size() == 2, "a momentum for each context");
  check(train_and_rank_in_bfloat16(student, data).predictions.size() == 8, "bfloat16");
  check(loss_in_bfloat16(net, data.evaluation(0), {0, 0, 0}).scalar_type() == at::kFloat,
        "the loss is a float");
  check(token_batches(at::ones({100, 8}, at::kLong), at::zeros({100}, at::kLong)).size() == 2,
        "batches of tokens");
  MyNet<Policy> again = saved_and_loaded(net, "build/how_to.safetensors");
  net->eval();
  again->eval();
  const ic::Architecture<MySpace> path{1, 2, 0};
  const at::Tensor x = data.evaluation(0).data;
  check(at::equal(net->forward(x, path), again->forward(x, path)), "the loaded network");
  ic::save("build/wide.safetensors", WideNet(WideNetImpl::Options{16}));
  check(ic::load<WideNet>("build/wide.safetensors")->options().width == 16, "its options");
  bool is_refused = false;
  try {
    WideNet other(WideNetImpl::Options{8});
    ic::load("build/wide.safetensors", other);
  } catch (const std::exception& error) {
    is_refused = true;
    fmt::print("{}\n", error.what());
  }
  check(is_refused, "a file of another width");
  const std::filesystem::path state = "build/how_to_training.safetensors";
  std::filesystem::remove(state);
  torch::manual_seed(1);
  MyNet<Policy> first;
  train_on(first, data, state);
  MyNet<Policy> second;  // as after an interruption; here nothing is left to be done
  const auto record = train_on(second, data, state);
  first->eval();
  second->eval();
  check(record.epochs.size() == 4 && at::equal(first->forward(x, path), second->forward(x, path)),
        "the resumed training");
  const ic::Architecture<TokenSpace> mixed{0, 2, 2, 3};
  check(!at::equal(on_tokens<ic::bias<1>>(mixed), on_tokens<ic::bias<1>>({1, 2, 2, 3})), "tokens");
  check(on_tokens<ic::affine<1>>(mixed).sizes() == on_tokens<ic::bias<1>>(mixed).sizes(),
        "the shape of tokens");
  CellNetImpl<ic::bias<1>> cells;
  check(cells.forward(at::ones({2, 8, 4, 4}), {0, 1, 1}).size(0) == 2, "cells");
  judge("examples/data/digits_only_conv.csv");
  torch::manual_seed(2);
  const std::vector<double> accuracies = rank_on_lines().predictions;
  check(*std::max_element(accuracies.begin(), accuracies.end()) > 0.8, "rows and columns");
  const Sines sines(3, ic::Seed{0});
  check(at::equal(sines.epoch(1)[2].data, sines.epoch(1)[2].data) &&
            !at::equal(sines.epoch(1)[2].data, sines.epoch(2)[2].data),
        "batches are functions of epoch and number");
  texts_of_architectures();
}
