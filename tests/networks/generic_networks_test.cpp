// Networks from a user's own skeleton: chains and cells of several kinds, with own operations.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "interchoice/core/restriction.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/networks/cell_network.hpp"
#include "interchoice/networks/chain_network.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/measured_cost.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/nasbench_macro.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/spaces/cell_sequence.hpp"
#include "networks/random_state.hpp"
#include "spaces/example_spaces.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
namespace nn = torch::nn;

// --- a chain -----------------------------------------------------------------------------------

namespace {

/// relu(x) * I / 16, without parameters.
template <std::size_t I>
struct Scaled {
  static constexpr std::string_view name = ic::testing::Numbered<I>::name;
  struct Module : nn::Module {
    at::Tensor forward(const at::Tensor& x) { return at::relu(x) * (static_cast<double>(I) / 16); }
  };
  static constexpr ic::Cost cost(const ic::Geometry&, const ic::SpatialSize&) { return {}; }
  std::shared_ptr<Module> build(const ic::Geometry&) const { return std::make_shared<Module>(); }
};

template <class Indices>
struct ScaledList;
template <std::size_t... Is>
struct ScaledList<std::index_sequence<Is...>> {
  using type = ic::Candidates<Scaled<Is>...>;
};
template <std::size_t N>
using scaled = typename ScaledList<std::make_index_sequence<N>>::type;

using Blocks =
    ic::Candidates<ic::ReluConvolutionNorm<3, true>, ic::InvertedResidual<3, 3>, ic::LinearSkip>;

/// One candidate, 255 candidates, three of another shape.
struct MyChain {
  using Space = ic::MixedChain<ic::Candidates<ic::Skip>, scaled<255>, Blocks>;
  struct Options {
    std::int64_t classes = 5;
  };
  static nn::Sequential stem(const Options&) {
    return nn::Sequential(nn::Conv2d(nn::Conv2dOptions(2, 4, 3).stride(2).padding(1).bias(false)),
                          nn::BatchNorm2d(4));
  }
  static std::vector<ic::Geometry> geometries(const Options&) {
    return {{.channels = 4}, {.channels = 4}, {.channels = 4, .out_channels = 6, .stride = 2}};
  }
  static nn::Sequential head(const Options& o) {
    return nn::Sequential(nn::AdaptiveAvgPool2d(1), nn::Flatten(), nn::Linear(6, o.classes));
  }

  static constexpr std::int64_t stem_stride = 2;
  static constexpr ic::SpatialSize input_size{8, 8};
  static constexpr ic::Cost stem_cost(const Options&, const ic::SpatialSize& input) {
    return ic::convolution_cost({.channels = 2, .out_channels = 4, .kernel = 3}, input.reduced(2)) +
           ic::norm_cost(4);
  }
  static constexpr ic::Cost head_cost(const Options& o, const ic::SpatialSize&) {
    return ic::linear_cost({.inputs = 6, .outputs = o.classes});
  }
};
using ChainPath = ic::Architecture<MyChain::Space>;

static_assert(ic::architecture_count<MyChain::Space>() == 1 * 255 * 3);
static_assert(ic::SegmentedNetwork<ic::ChainNetwork<MyChain>::Module<ic::bias<1>>, MyChain::Space>);

}  // namespace

TEST_CASE("a chain network of a user's own holds 1 and 255 candidates beside each other") {
  ic::Supernet<ic::ChainNetwork<MyChain>, ic::bias<2>> net(MyChain::Options{});
  net->to(at::kDouble);
  ic::testing::randomise(*net, 3);
  const auto parameters = net->named_parameters();
  const at::Tensor wide = parameters["body.1.bias_table"];
  CHECK(wide.sizes() == std::vector<std::int64_t>{1, 255, 4});
  // In the last block the ReLU-convolution and the linear skip show a constant, as the head does
  // not say what becomes of it; the block that starts with a convolution and BatchNorm removes it.
  CHECK(parameters["body.2.bias_table"].sizes() == std::vector<std::int64_t>{1, 255, 2, 4});
  const at::Tensor x = at::randn({3, 2, 8, 8}, at::kDouble);
  const ChainPath path{0, 254, 0};
  at::Tensor y = torch::batch_norm(torch::conv2d(x, parameters["stem.0.weight"], {}, 2, 1),
                                   parameters["stem.1.weight"], parameters["stem.1.bias"], {}, {},
                                   true, 0.1, 1e-5, false);
  y = torch::relu(y + wide[0][254].view({1, 4, 1, 1})) * (254.0 / 16);
  y = torch::relu(y + parameters["body.2.bias_table"][0][254][0].view({1, 4, 1, 1}));
  const std::string block = "body.2.nor_conv_3x3.";
  y = torch::batch_norm(torch::conv2d(y, parameters[block + "convolution.weight"], {}, 2, 1),
                        parameters[block + "norm.weight"], parameters[block + "norm.bias"], {}, {},
                        true, 0.1, 1e-5, false);
  y = torch::linear(y.mean({2, 3}), parameters["head.2.weight"], parameters["head.2.bias"]);
  CHECK(at::allclose(net->forward(x, path), y, 1e-10, 1e-10));
  CHECK(at::equal(ic::run_segments(*net, x, path), net->forward(x, path)));
  CHECK(net->segments()[3].choices == std::vector<std::size_t>{0, 1, 2});

  net->to(at::kFloat);
  for (std::uint8_t c = 0; c < 3; ++c) {
    const ChainPath p{0, 17, c};
    CHECK(ic::measured_cost(net, p, at::randn({2, 2, 8, 8})) == ic::ChainNetwork<MyChain>::cost(p));
  }
}

// --- cells
// -----------------------------------------------------------------------------------------

namespace {

using Normal = ic::Cell<2, ic::Candidates<ic::Zero, ic::Skip, ic::ReluConvolutionNorm<3>>>;
using Reducing = ic::MixedCell<ic::Candidates<ic::LinearSkip, ic::Zero>,
                               ic::Candidates<ic::Zero, ic::ReluConvolutionNorm<1>>,
                               ic::Candidates<ic::Skip, ic::AveragePool3x3<false>, ic::Zero>>;

/// conv1x1 -> BatchNorm, and BatchNorm -> pool -> Linear around any cells.
struct Surroundings {
  struct Options {
    std::int64_t width = 3;
  };
  static nn::Sequential stem(const Options& o) {
    return nn::Sequential(nn::Conv2d(nn::Conv2dOptions(2, o.width, 1).bias(false)),
                          nn::BatchNorm2d(o.width));
  }
  static constexpr ic::Response head_response = ic::Response::kRemoved;
  static constexpr std::int64_t stem_stride = 1;
  static constexpr ic::SpatialSize input_size{6, 6};
  static constexpr ic::Cost stem_cost(const Options& o, const ic::SpatialSize& input) {
    return ic::convolution_cost({.channels = 2, .out_channels = o.width}, input) +
           ic::norm_cost(o.width);
  }
  static nn::Sequential head_of(std::int64_t width) {
    return nn::Sequential(nn::BatchNorm2d(width), nn::ReLU(), nn::AdaptiveAvgPool2d(1),
                          nn::Flatten(), nn::Linear(width, 4));
  }
  static constexpr ic::Cost cost_of_head(std::int64_t width) {
    return ic::norm_cost(width) + ic::linear_cost({.inputs = width, .outputs = 4});
  }
};

/// Reductions that are cells with choices of their own.
struct SearchedReduction : Surroundings {
  using Space = ic::CellSequence<ic::CellOrder<0, 1, 0>, Normal, Reducing>;
  static constexpr std::vector<ic::CellLayer> layers(const Options& o) {
    return {{ic::CellLayer::kCell, {.channels = o.width}},
            {ic::CellLayer::kCell, {.channels = o.width, .out_channels = 2 * o.width, .stride = 2}},
            {ic::CellLayer::kCell, {.channels = 2 * o.width}}};
  }
  static nn::Sequential head(const Options& o) { return head_of(2 * o.width); }
  static constexpr ic::Cost head_cost(const Options& o, const ic::SpatialSize&) {
    return cost_of_head(2 * o.width);
  }
};

/// Cells that share no topology, with a fixed reduction between two of them.
struct Unshared : Surroundings {
  using Space = ic::IndependentCells<3, Normal>;
  static std::vector<ic::CellLayer> layers(const Options& o) {
    return ic::staged_layers({o.width, {2, 1}});
  }
  static nn::Sequential reduction(const Options&, const ic::Geometry& g) {
    return nn::Sequential(
        nn::Conv2d(nn::Conv2dOptions(g.channels, g.out_channels, 1).stride(g.stride).bias(false)));
  }
  static nn::Sequential head(const Options& o) { return head_of(2 * o.width); }
};

struct WithoutReduction : Unshared {
  static constexpr auto reduction = nullptr;
};
struct TooManyCells : SearchedReduction {
  static std::vector<ic::CellLayer> layers(const Options& o) {
    std::vector<ic::CellLayer> layers = SearchedReduction::layers(o);
    layers.pop_back();
    return layers;
  }
};

using SearchedPath = ic::Architecture<SearchedReduction::Space>;

/// A cell by libtorch's operators from the parameters of the network.
class PlainCells {
 public:
  explicit PlainCells(const nn::Module& net) : parameters_(net.named_parameters()) {}

  at::Tensor normal(const std::string& cell, std::size_t first, const SearchedPath& path,
                    const at::Tensor& x) const {
    const at::Tensor n1 = edge(cell, "01", path[first], x);
    return edge(cell, "02", path[first + 1], x) + edge(cell, "12", path[first + 2], n1);
  }
  at::Tensor reducing(const std::string& cell, const SearchedPath& path,
                      const at::Tensor& x) const {
    const at::Tensor zero = torch::zeros({x.size(0), 6, 3, 3}, x.options());
    const at::Tensor n1 =
        path[3] == 0
            ? torch::conv2d(x, parameters_[cell + "edge01.skip_connect.convolution.weight"], {}, 2)
            : zero;
    const at::Tensor direct =
        path[4] == 0 ? zero
                     : norm(torch::conv2d(torch::relu(x), p(cell + "edge02.nor_conv_1x1"), {}, 2));
    const at::Tensor further = path[5] == 0   ? n1
                               : path[5] == 1 ? torch::avg_pool2d(n1, {3, 3}, {1, 1}, {1, 1}, false,
                                                                  /*count_include_pad=*/false)
                                              : zero;
    return direct + further;
  }
  at::Tensor stem(const at::Tensor& x) const {
    return affine("stem.1", torch::conv2d(x, parameters_["stem.0.weight"]));
  }
  at::Tensor head(const at::Tensor& x) const {
    return torch::linear(torch::relu(affine("head.0", x)).mean({2, 3}),
                         parameters_["head.4.weight"], parameters_["head.4.bias"]);
  }

 private:
  at::Tensor edge(const std::string& cell, const std::string& name, std::size_t candidate,
                  const at::Tensor& x) const {
    if (candidate == 0) return torch::zeros_like(x);
    if (candidate == 1) return x;
    return norm(torch::conv2d(torch::relu(x), p(cell + "edge" + name + ".nor_conv_3x3"), {}, 1, 1));
  }
  at::Tensor p(const std::string& operation) const {
    return parameters_[operation + ".convolution.weight"];
  }
  static at::Tensor norm(const at::Tensor& x) {
    return torch::batch_norm(x, {}, {}, {}, {}, true, 0.1, 1e-5, false);
  }
  at::Tensor affine(const std::string& name, const at::Tensor& x) const {
    return torch::batch_norm(x, parameters_[name + ".weight"], parameters_[name + ".bias"], {}, {},
                             true, 0.1, 1e-5, false);
  }
  torch::OrderedDict<std::string, at::Tensor> parameters_;
};

}  // namespace

TEST_CASE("a network of several cell types computes what plain operators do") {
  using Network = ic::CellNetwork<SearchedReduction>;
  ic::Supernet<Network, ic::none> net(SearchedReduction::Options{});
  net->to(at::kDouble);
  ic::testing::randomise(*net, 4);
  const PlainCells plain(*net);
  const at::Tensor x = at::randn({4, 2, 6, 6}, at::kDouble);
  const ic::Sampler sample(ic::Uniform(ic::all<SearchedReduction::Space>), ic::Seed{1});
  std::vector<SearchedPath> paths{{0, 0, 0, 1, 0, 2}, {1, 2, 1, 1, 0, 1}, {2, 2, 2, 0, 1, 1}};
  for (std::uint64_t step = 0; step < 8; ++step) paths.push_back(sample(0, step));
  for (const SearchedPath& path : paths) {
    INFO(ic::to_text(path));
    at::Tensor y = plain.normal("cells.0.", 0, path, plain.stem(x));
    y = plain.reducing("cells.1.", path, y);
    CHECK(y.sizes() == std::vector<std::int64_t>{4, 6, 3, 3});
    y = plain.head(plain.normal("cells.2.", 0, path, y));
    CHECK(at::allclose(net->forward(x, path), y, 1e-9, 1e-9));
    CHECK(at::equal(ic::run_segments(*net, x, path), net->forward(x, path)));
    CHECK(ic::measured_cost(net, path, x) == Network::cost(path));
  }
  std::vector<std::string> names;
  for (const ic::Segment& segment : net->segments()) names.push_back(segment.name);
  CHECK(names == std::vector<std::string>{"stem", "cells.0.node1", "cells.0.node2", "cells.1.node1",
                                          "cells.1.node2", "cells.2.node1", "cells.2.node2",
                                          "head"});
  // Registration order runs on from type to type: cell 2 depends on the reducing cell.
  ic::Supernet<Network, ic::split<0>> split(SearchedReduction::Options{});
  CHECK(split->segments()[5].choices == std::vector<std::size_t>{0, 5});
  CHECK(split->segments()[3].choices == std::vector<std::size_t>{2, 3});
}

TEST_CASE("independent cells decide for themselves, around a fixed reduction") {
  ic::Supernet<ic::CellNetwork<Unshared>, ic::none> net(Unshared::Options{});
  net->to(at::kDouble);
  ic::testing::randomise(*net, 5);
  std::vector<std::string> names;
  for (const auto& row : ic::parameter_report(*net)) names.push_back(row.part);
  CHECK(names ==
        std::vector<std::string>{"stem", "cells.0", "cells.1", "cells.2", "cells.3", "head"});
  const at::Tensor x = at::randn({3, 2, 6, 6}, at::kDouble);
  const ic::Architecture<Unshared::Space> path{1, 2, 2, 2, 1, 2, 2, 2, 1};
  CHECK(at::equal(ic::run_segments(*net, x, path), net->forward(x, path)));
  // Each choice changes the result, and first that of its own cell's segments.
  for (std::size_t choice = 0; choice < 9; ++choice) {
    const auto changed = path.with(choice, path[choice] == 1 ? 2 : 1);
    ic::Activations a{x};
    ic::Activations b{x};
    for (std::size_t i = 0; i < net->segments().size(); ++i) {
      net->run_segment(i, a, path);
      net->run_segment(i, b, changed);
      const auto& name = net->segments()[i].name;
      const std::size_t cell = choice / 3 == 2 ? 3 : choice / 3;  // layer 2 is the reduction
      if (!at::equal(a.back(), b.back())) {
        CHECK(name.starts_with("cells." + std::to_string(cell)));
        break;
      }
      CHECK(name != "head");
    }
  }
}

TEST_CASE("skeletons whose layers do not fit are refused") {
  using Catch::Matchers::Contains;
  CHECK_THROWS_WITH(
      (ic::Supernet<ic::CellNetwork<WithoutReduction>, ic::none>(WithoutReduction::Options{})),
      Contains("interchoice: layer 2 of a CellNetwork is a reduction") &&
          Contains("add `reduction(const Options&, const Geometry&)`"));
  CHECK_THROWS_WITH(
      (ic::Supernet<ic::CellNetwork<TooManyCells>, ic::none>(TooManyCells::Options{})),
      Contains("interchoice: 'cells' has 3 cells, the layers of the network have 2"));
}

// --- measured costs ------------------------------------------------------------------------------

namespace {

/// Attention with queries, keys and values of `Width` each, on tokens [N, T, C].
template <std::int64_t Width>
struct Attention {
  static constexpr std::string_view name = Width == 4 ? "attention4" : "attention8";
  struct Module : nn::Module {
    explicit Module(std::int64_t channels)
        : in(register_module("in", nn::Linear(channels, 3 * Width))),
          out(register_module("out", nn::Linear(Width, channels))) {}
    at::Tensor forward(const at::Tensor& x) {
      const auto qkv = in->forward(x).chunk(3, -1);
      return out->forward(at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]));
    }
    nn::Linear in, out;
  };
  std::shared_ptr<Module> build(const ic::Geometry& g) const {
    return std::make_shared<Module>(g.channels);
  }
};

/// The same by hand, with products of batches of matrices.
struct ByHand {
  static constexpr std::string_view name = "by_hand";
  struct Module : nn::Module {
    at::Tensor forward(const at::Tensor& x) {
      return at::baddbmm(x, at::softmax(at::bmm(x, x.transpose(1, 2)), -1), x);
    }
  };
  std::shared_ptr<Module> build(const ic::Geometry&) const { return std::make_shared<Module>(); }
};

using TokenSpace = ic::Chain<1, ic::Candidates<Attention<4>, Attention<8>, ByHand>>;

/// Convolutions of every kind around a block on tokens; every pass changes a buffer, draws random
/// numbers, and behaves otherwise in training.
struct MeasuredImpl : nn::Module {
  MeasuredImpl()
      : convolution1(register_module("convolution1",
                                     nn::Conv1d(nn::Conv1dOptions(2, 4, 3).groups(2).stride(2)))),
        transposed(register_module("transposed",
                                   nn::ConvTranspose1d(nn::ConvTranspose1dOptions(4, 6, 2)))),
        convolution3(
            register_module("convolution3", nn::Conv3d(nn::Conv3dOptions(1, 2, {1, 2, 3})))),
        norm(register_module("norm", nn::BatchNorm1d(6))),
        body(register_module("body", ic::ChoiceBlocks<TokenSpace, ic::none>(ic::Geometry{
                                         .channels = 6, .axis = ic::ChannelAxis::kLast}))),
        passes(register_buffer("passes", at::zeros({}))) {
    norm->eval();
  }
  at::Tensor forward(at::Tensor x, const ic::Architecture<TokenSpace>& architecture) {
    passes.add_(1);
    x = norm->forward(transposed->forward(convolution1->forward(x)));  // [N, 6, 5]
    x = at::dropout(x + at::rand_like(x), 0.5, is_training());
    x = body->forward(x.transpose(1, 2), architecture);         // [N, 5, 6]
    return convolution3->forward(x.unsqueeze(1).unsqueeze(1));  // [N, 2, 1, 4, 4]
  }
  nn::Conv1d convolution1;
  nn::ConvTranspose1d transposed;
  nn::Conv3d convolution3;
  nn::BatchNorm1d norm;
  ic::ChoiceBlocks<TokenSpace, ic::none> body;
  at::Tensor passes;
};
TORCH_MODULE(Measured);

}  // namespace

TEST_CASE("the cost of any network is measured in a forward pass that leaves no trace") {
  Measured net;
  const at::Tensor x = at::randn({3, 2, 9});
  const std::int64_t convolutions = 4 * 4 * 3 + 4 * (4 * 6 * 2) + 4 * 4 * (2 * 6);
  const std::int64_t own = (4 * 3 + 4) + (4 * 6 * 2 + 6) + (2 * 6 + 2) + 12;
  const auto attention = [](std::int64_t w) { return 5 * 6 * 3 * w + 5 * w * 6 + 2 * 5 * 5 * w; };
  const auto parameters = [](std::int64_t w) { return 7 * 3 * w + (w + 1) * 6; };
  at::manual_seed(3);
  const at::Tensor expected = at::rand({2});
  at::manual_seed(3);
  const at::Tensor before = net->norm->running_mean.clone();
  using Path = ic::Architecture<TokenSpace>;
  CHECK(ic::measured_cost(net, Path{0}, x) ==
        ic::Cost{own + parameters(4), convolutions + attention(4)});
  CHECK(ic::measured_cost(net, Path{1}, x) ==
        ic::Cost{own + parameters(8), convolutions + attention(8)});
  CHECK(ic::measured_cost(net, Path{2}, x) == ic::Cost{own, convolutions + 2 * 5 * 5 * 6});
  CHECK(net->is_training());
  CHECK_FALSE(net->norm->is_training());
  CHECK(net->body->is_training());
  CHECK(net->passes.item<float>() == 0);
  CHECK(at::equal(net->norm->running_mean, before));
  CHECK(at::equal(at::rand({2}), expected));
  // Within another, and where the call throws.
  std::int64_t inner = 0;
  const std::int64_t outer = ic::measured_macs(*net, [&] {
    inner = ic::measured_cost(net, Path{2}, x).macs;
    at::mm(at::ones({2, 3}), at::ones({3, 4}));
  });
  CHECK(inner == convolutions + 2 * 5 * 5 * 6);
  CHECK(outer == 24);
  CHECK_THROWS(ic::measured_cost(net, Path{0}, at::randn({3, 1, 9})));
  CHECK(net->is_training());
  CHECK(at::GradMode::is_enabled());
  CHECK(net->forward(x, Path{0}).requires_grad());
}

// --- cells of tokens -----------------------------------------------------------------------------

namespace {

/// One parameter for each location whose channels are last.
struct LastAxis {
  static constexpr std::string_view name = "last_axis";
  static nn::Identity build(const ic::Geometry&) { return nn::Identity(); }
  static constexpr ic::Cost cost(const ic::Geometry& g, const ic::SpatialSize&) {
    return {g.axis == ic::ChannelAxis::kLast ? 1 : 0, 0};
  }
};

struct TokenCells {
  using Space = ic::Cell<2, ic::Candidates<LastAxis>>;
  struct Options {};
  static std::vector<ic::CellLayer> layers(const Options&) {
    return ic::staged_layers(
        {.width = 2, .cells_per_stage = {1, 1}, .axis = ic::ChannelAxis::kLast});
  }
  static nn::Identity reduction(const Options&, const ic::Geometry&) { return nn::Identity(); }
  static constexpr std::int64_t stem_stride = 1;
  static constexpr ic::SpatialSize input_size{6, 6};
  static ic::Cost stem_cost(const Options&, const ic::SpatialSize&) { return {}; }
  static ic::Cost head_cost(const Options&, const ic::SpatialSize&) { return {}; }
  static ic::Cost reduction_cost(const Options&, const ic::Geometry& g, const ic::SpatialSize& s) {
    return LastAxis::cost(g, s);
  }
};

}  // namespace

TEST_CASE("stages of cells and their costs keep the channels' axis") {
  const ic::Architecture<TokenCells::Space> path{0, 0, 0};
  CHECK(ic::CellNetwork<TokenCells>::cost(path) == ic::Cost{3 + 1 + 3, 0});
}

// --- what is observed ----------------------------------------------------------------------------

namespace {

struct CountingPool : ic::AveragePool3x3<true> {
  static constexpr std::string_view name = "counting_pool";
};

/// Layers of which some remove a constant, some pass it on, some show it.
struct Removing {
  using Space = ic::MixedChain<ic::Candidates<ic::Skip, ic::InvertedResidual<3, 3>>,
                               ic::Candidates<ic::LinearSkip, ic::ReluConvolutionNorm<1>>,
                               ic::Candidates<ic::ProjectedSkip, ic::InvertedResidual<3, 6>>,
                               ic::Candidates<ic::Skip, ic::InvertedResidual<5, 3>>,
                               ic::Candidates<ic::AveragePool3x3<false>, CountingPool>,
                               ic::Candidates<ic::LinearSkip, ic::InvertedResidual<3, 3>>>;
  struct Options {};
  static nn::Conv2d stem(const Options&) { return nn::Conv2d(nn::Conv2dOptions(3, 4, 1)); }
  static std::array<ic::Geometry, 6> geometries(const Options&) {
    constexpr ic::Geometry same{.channels = 4};
    return {same, same, same, same, same, same};
  }
  static std::shared_ptr<ic::nasbench201::Head> head(const Options&) {
    return std::make_shared<ic::nasbench201::Head>(4, 3);
  }
  static constexpr ic::Response head_response = ic::Response::kRemoved;
};

struct SmallLayout {
  static constexpr std::int64_t stem_width = 6;
  static constexpr std::int64_t width = 4;
  static constexpr std::array<ic::ChainStage, 2> stages{
      {{.width = 4, .blocks = 3, .stride = 1}, {.width = 8, .blocks = 1, .stride = 2}}};
  static constexpr std::int64_t head_width = 8;
};

std::map<std::string, const ic::AnyChoiceBlock*> blocks_of(const nn::Module& net) {
  std::map<std::string, const ic::AnyChoiceBlock*> blocks;
  ic::detail::for_each_choice_block(
      net, [&](const std::string& name, const ic::AnyChoiceBlock& b) { blocks[name] = &b; });
  return blocks;
}

/// Redraws each row of each table: what is said to be inert changes no output, what is said to be
/// observed changes one for some architecture. Returns how many candidates are observed.
template <class Network>
std::size_t check_observed(const typename Network::Options& options, std::int64_t channels,
                           std::uint64_t paths) {
  const c10::AutoGradMode no_grad(false);
  using Space = typename Network::Space;
  ic::Supernet<Network, ic::bias<1>> lean(options);
  ic::Supernet<Network, ic::keep_inert<ic::bias<1>>> net(options);
  net->to(at::kDouble);
  ic::testing::randomise(*net, 7);
  const auto blocks = blocks_of(*lean);
  auto tables = net->named_parameters();
  const at::Tensor x = at::randn({4, channels, 8, 8}, at::kDouble);
  const ic::Sampler sample(ic::Uniform(ic::all<Space>), ic::Seed{9});
  std::map<std::pair<std::string, std::size_t>, bool> seen;
  for (std::uint64_t step = 0; step < paths; ++step) {
    const ic::Architecture<Space> path = sample(0, step);
    const at::Tensor y = net->forward(x, path);
    for (const auto& [name, block] : blocks) {
      const ic::Context& context = block->context();
      if (context.depth() == 0) continue;
      const auto row = static_cast<std::int64_t>(context.row_of(path.candidates()));
      const std::size_t c = context.candidate_of(path.candidates());
      at::Tensor entry = tables[name + ".bias_table"].flatten(0, -2)[row];
      const at::Tensor before = entry.clone();
      entry.normal_();
      const bool changed = (net->forward(x, path) - y).abs().max().template item<double>() > 1e-9;
      entry.copy_(before);
      INFO(name << " candidate " << block->candidate_name(c) << ", path " << ic::to_text(path));
      if (!block->is_observed(c)) CHECK(!changed);
      seen[{name, c}] = seen[{name, c}] || changed;
    }
  }
  std::size_t observed = 0;
  for (const auto& [place, changed] : seen) {
    INFO(place.first << " candidate " << place.second);
    const bool claimed = blocks.at(place.first)->is_observed(place.second);
    CHECK(claimed == changed);
    observed += claimed ? 1 : 0;
  }
  return observed;
}

}  // namespace

TEST_CASE("what is said to be inert or observed is so in every kind of network") {
  CHECK(check_observed<ic::FairNasNetwork<SmallLayout>>({}, 3, 25) == 0);
  CHECK(check_observed<ic::NasBenchMacro>({.width = 4, .head_width = 8}, 3, 12) == 0);
  // All six before the pool that counts its padding (the first block has no prior), and that pool.
  CHECK(check_observed<ic::ChainNetwork<Removing>>({}, 3, 60) == 7);
  CHECK(check_observed<ic::CellNetwork<SearchedReduction>>({}, 2, 80) > 10);
  CHECK(check_observed<ic::CellNetwork<Unshared>>({}, 2, 150) > 10);
  CHECK(check_observed<ic::NasBench201<>>({.width = 4, .cells_per_stage = {1, 1}}, 3, 120) > 30);
}
