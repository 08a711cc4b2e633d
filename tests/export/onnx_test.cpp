// Networks as ONNX models, programs of torch.export and TorchScript: what is written, and what is
// refused. The files of `export-cases` are run by tests/export/check_exports.py afterwards.

#include <ATen/EmptyTensor.h>
#include <caffe2/serialize/inline_container.h>
#include <torch/nn.h>
#include <torch/script.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "../../examples/sequence_network.hpp"
#include "../../examples/token_network.hpp"
#include "interchoice/export/read_onnx_model.hpp"
#include "interchoice/export/subnet.hpp"
#include "interchoice/export/torch_script.hpp"
#include "interchoice/export/write_exported_program.hpp"
#include "interchoice/export/write_onnx.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/nasbench_macro.hpp"
#include "interchoice/networks/saved_network.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;

namespace {

/// The folder of the models for others to check; empty at the beginning.
const std::filesystem::path& cases() {
  static const std::filesystem::path folder = [] {
    std::filesystem::remove_all("export-cases");
    std::filesystem::create_directory("export-cases");
    return "export-cases";
  }();
  return folder;
}

/// Writes a network as NAME.onnx with an input of seven and its results beside it.
template <class Net>
void write_case(const std::string& name, Net& net, const at::Tensor& x, bool folds = false) {
  const c10::NoGradGuard no_grad;
  net->eval();
  const auto file = cases() / (name + ".onnx");
  ic::write_onnx(file, net, x.narrow(0, 0, 1), {.fold_batch_norm = folds});
  ic::write_tensor_file(cases() / (name + ".results"),
                        {.metadata = {}, .tensors = {{"x", x}, {"y", net->forward(x)}}});
  const ic::OnnxModel model = ic::read_onnx_model(file);
  CHECK(model.inputs.at(0).sizes.at(0) == ic::OnnxSize("batch"));
  CHECK(model.outputs.at(0).sizes.at(0) == ic::OnnxSize("batch"));
}

/// The same as NAME.pt2.
template <class Net>
void write_program_case(const std::string& name, Net& net, const at::Tensor& x) {
  const c10::NoGradGuard no_grad;
  net->eval();
  ic::write_exported_program(cases() / (name + ".pt2"), net, x.narrow(0, 0, 1));
  ic::write_tensor_file(cases() / (name + ".results"),
                        {.metadata = {}, .tensors = {{"x", x}, {"y", net->forward(x)}}});
}

/// Random architectures of a super-network, every other one with BatchNorm folded; the first few
/// also for Python's torch.
template <class Net>
void write_cases(const std::string& name, Net net, const at::Tensor& x, std::size_t count) {
  using OwnSpace = typename Net::Space;
  ic::testing::randomise(*net, 1);
  net->eval();
  std::size_t number = 0;
  for (const auto& path : ic::distinct_architectures(ic::all<OwnSpace>, count, ic::Seed{5})) {
    const std::string own = name + "-" + std::to_string(number);
    auto subnet = ic::extract(net, path);
    write_case(own, subnet, x, number % 2 == 1);
    if (number < 8) ic::save(cases() / (own + ".safetensors"), subnet);
    if (number < 2) ic::write_torch_script(cases() / (own + ".pt"), subnet, x);
    if (number < 2) write_program_case(own, subnet, x);
    ++number;
  }
  CHECK(number == count);
}

std::vector<std::string> op_types(const ic::OnnxModel& model) {
  std::vector<std::string> all;
  for (const ic::OnnxNode& node : model.nodes) all.push_back(node.op_type);
  return all;
}

}  // namespace

TEST_CASE("random architectures of each space are written for others to check") {
  using NasBench201 = ic::NasBench201<ic::LinearSkip>;
  const auto images = [](std::int64_t size) {
    at::manual_seed(3);
    return at::randn({7, 3, size, size});
  };
  write_cases("nasbench201",
              ic::Supernet<NasBench201, ic::compose<ic::affine<1>, ic::bias<1>>>(
                  ic::NasBench201Options{.width = 4, .cells_per_stage = {1, 1}}),
              images(8), 100);
  write_cases("nasbench201-benchmark",
              ic::Supernet<ic::NasBench201Benchmark, ic::none>(
                  ic::NasBench201Options{.width = 4, .cells_per_stage = {1, 2}}),
              images(8), 8);
  write_cases("fairnas",
              ic::Supernet<ic::FairNas, ic::affine<1>>(
                  ic::FairNasOptions{.classes = 10, .width_multiplier = 0.1}),
              images(32), 100);
  write_cases("macro",
              ic::Supernet<ic::NasBenchMacro, ic::bias<1>>(
                  ic::NasBenchMacroOptions{.width = 4, .head_width = 16}),
              images(16), 100);
  write_cases("tokens", examples::TokenNet<ic::compose<ic::affine<1>, ic::bias<1>>>(),
              at::randn({7, 1, 8, 8}), 20);
  write_cases("sequences", examples::SequenceNet<ic::scale<1>>(), at::randn({7, 1, 8, 8}), 20);
}

// --- modules of one's own
// --------------------------------------------------------------------------

namespace {

/// What the table of operators has beside the library's own networks.
struct ZooImpl : torch::nn::Module {
  at::Tensor forward(const at::Tensor& x) {  // [N, 4, 6, 6]
    std::vector<at::Tensor> y;
    y.push_back(group_norm(same(x)));
    y.push_back(transposed(x).slice(2, 0, 5, 2));
    y.push_back(at::instance_norm(x, {}, {}, {}, {}, true, 0.1, 1e-5, false));
    y.push_back(at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1}, {1, 1}, /*ceil_mode=*/true));
    y.push_back(at::avg_pool2d(x.narrow(2, 0, 5), {2, 2}, {2, 2}, {0, 0}, /*ceil_mode=*/true));
    y.push_back(at::adaptive_avg_pool2d(x, {2, 3}));
    y.push_back(std::get<0>(at::adaptive_max_pool2d(x, {1, 1})).expand_as(x) * x);
    y.push_back(prelu(x));
    y.push_back(at::gelu(x, "tanh") + at::silu(x) - at::mish(x));
    y.push_back(at::leaky_relu(x, 0.2) * at::elu(x, 0.7) / (at::hardswish(x).abs() + 1));
    y.push_back(2 - x.clamp(-0.5, 0.8).pow(2) + x.clamp_min(0).sqrt() + at::hardsigmoid(x));
    const auto parts = x.chunk(2, 1);
    y.push_back(at::cat({parts[1], parts[0]}, 1));
    y.push_back(at::stack({x.select(1, -1), x.select(1, 0)}, 1));
    y.push_back(at::stack(x.unbind(1), 1).flip({2, 3}));
    y.push_back(at::constant_pad_nd(x, {1, 2, 0, 1}, 0.5));
    y.push_back(at::pad(x, {1, 1, 2, 0}, "reflect"));
    y.push_back(at::upsample_nearest2d(x, {12, 18}));
    y.push_back(at::upsample_bilinear2d(x, {9, 9}, false));
    y.push_back(at::pixel_shuffle(x, 2));
    y.push_back(at::where(x > 0, x, x.new_full({}, -1.5)));
    y.push_back(x.masked_fill(x.le(0.1), 3));
    y.push_back(at::scaled_dot_product_attention(x, x, x, {}, 0, /*is_causal=*/true));
    y.push_back(at::einsum("nchw,ncwk->nchk", {x, x}));
    y.push_back(at::log_softmax(x, 1) + at::softmax(x, -1));
    y.push_back(x.amax({2}, true) - x.sum({1, 3}, true) + x.mean({1}, true) + x.amin({1, 2}, true));
    y.push_back(at::addmm(bias, x.flatten(0, 2), matrix, 2, 0.5).view({x.size(0), -1}));
    y.push_back(embedding(x.argmax(1).flatten(1)).transpose(1, 2));
    y.push_back(at::zeros({x.size(0), 2}).fill_(1.25));
    at::Tensor z = x + 1;
    z.mul_(2).sub_(x, 0.5);  // each with a result of its own
    y.push_back(z);
    const at::Tensor start = token.expand({x.size(0), 1, -1});
    y.push_back(at::cat({start, x.flatten(2)}, 1));
    for (at::Tensor& one : y) one = one.reshape({x.size(0), -1});
    return at::cat(y, 1);
  }

  torch::nn::Conv2d same = register_module(
      "same", torch::nn::Conv2d(torch::nn::Conv2dOptions(4, 4, {4, 3}).padding(torch::kSame)));
  torch::nn::GroupNorm group_norm =
      register_module("group_norm", torch::nn::GroupNorm(torch::nn::GroupNormOptions(2, 4)));
  torch::nn::ConvTranspose2d transposed = register_module(
      "transposed", torch::nn::ConvTranspose2d(
                        torch::nn::ConvTranspose2dOptions(4, 3, 3).stride(2).output_padding(1)));
  torch::nn::PReLU prelu =
      register_module("prelu", torch::nn::PReLU(torch::nn::PReLUOptions().num_parameters(4)));
  torch::nn::Embedding embedding = register_module("embedding", torch::nn::Embedding(4, 3));
  at::Tensor token = register_parameter("token", torch::randn({1, 1, 36}));
  at::Tensor matrix = register_parameter("matrix", torch::randn({6, 5}));
  at::Tensor bias = register_buffer("bias", torch::randn({5}));
};
TORCH_MODULE(Zoo);

/// A network of one function, behind a module of a name.
struct OfImpl : torch::nn::Module {
  explicit OfImpl(std::function<at::Tensor(const at::Tensor&)> f) : function(std::move(f)) {}
  at::Tensor forward(const at::Tensor& x) { return function(stem(x)); }
  torch::nn::Linear stem = register_module("stem", torch::nn::Linear(4, 4));
  std::function<at::Tensor(const at::Tensor&)> function;
};
TORCH_MODULE(Of);

std::string refusal(std::function<at::Tensor(const at::Tensor&)> function,
                    const ic::OnnxOptions& options = {}) {
  Of net(std::move(function));
  net->eval();
  return message_of([&] { ic::onnx_model(net, at::randn({2, 4}), options); });
}

}  // namespace

TEST_CASE("modules of one's own are written, with whatever of the table they use") {
  Zoo zoo;
  const at::Tensor images = at::randn({7, 4, 6, 6});
  write_case("zoo", zoo, images);
  write_program_case("zoo", zoo, images);
  torch::nn::Sequential sequential(
      torch::nn::Conv3d(torch::nn::Conv3dOptions(2, 4, 3).groups(2)), torch::nn::BatchNorm3d(4),
      torch::nn::ReLU6(), torch::nn::MaxPool3d(2), torch::nn::Flatten(), torch::nn::Dropout(),
      torch::nn::Linear(4 * 2 * 2 * 2, 5), torch::nn::Softmax(1));
  ic::testing::randomise(*sequential, 2);
  write_case("sequential", sequential, at::randn({7, 2, 6, 6, 6}), /*folds=*/true);
}

TEST_CASE("a model says what it is") {
  using Network = ic::NasBench201<>;
  ic::Supernet<Network, ic::bias<1>> net(
      ic::NasBench201Options{.width = 2, .cells_per_stage = {1}});
  const ic::Architecture<ic::NasBench201Space> path{3, 0, 2, 4, 1, 3};
  auto subnet = ic::extract(net, path);
  const at::Tensor x = at::randn({4, 3, 6, 6});
  CHECK_THAT(message_of([&] { ic::onnx_model(subnet, x); }),
             Contains("training mode; call eval()"));
  subnet->eval();
  const ic::OnnxModel model = ic::onnx_model(
      subnet, x, {.input = "image", .output = "logits", .metadata = {{"author", "me"}}});
  CHECK(model.opsets == std::map<std::string, std::int64_t>{{"", 17}});
  CHECK(model.inputs.at(0).name == "image");
  CHECK(model.inputs.at(0).sizes == std::vector<ic::OnnxSize>{"batch", 3, 6, 6});
  CHECK(model.outputs.at(0).name == "logits");
  CHECK(model.outputs.at(0).sizes == std::vector<ic::OnnxSize>{"batch", 10});
  CHECK(model.metadata.at("interchoice.architecture") == ic::to_text(path));
  CHECK(model.metadata.at("interchoice.space") == ic::space_signature<ic::NasBench201Space>());
  CHECK(model.metadata.at("interchoice.policy") == "fixed");
  CHECK(model.metadata.at("interchoice.options.width") == "2");
  CHECK(model.metadata.at("author") == "me");
  const ic::testing::TemporaryFolder folder;
  ic::write_onnx(folder / "again.onnx", subnet, at::zeros({1, 3, 6, 6}),
                 {.input = "image", .output = "logits", .metadata = {{"author", "me"}}});
  CHECK(ic::read_onnx_model(folder / "again.onnx") == model);  // whatever the example's batch
  const std::string digest = model.metadata.at("interchoice.weights");
  std::set<std::string> names;
  for (const ic::OnnxTensor& tensor : model.initializers) names.insert(tensor.name);
  CHECK(names.size() == model.initializers.size());
  CHECK(names.contains("stem.convolution.weight"));
  CHECK(names.contains("head.linear.weight.t"));
  const auto ops = op_types(model);
  CHECK(std::count(ops.begin(), ops.end(), "BatchNormalization") == 5);

  subnet->parameters().front().data().add_(1);
  const ic::OnnxModel folded =
      ic::onnx_model(subnet, x, {.dynamic_batch = false, .fold_batch_norm = true});
  CHECK(folded.metadata.at("interchoice.weights") != digest);
  CHECK(folded.inputs.at(0).sizes == std::vector<ic::OnnxSize>{4, 3, 6, 6});
  const auto folded_ops = op_types(folded);
  CHECK(std::count(folded_ops.begin(), folded_ops.end(), "BatchNormalization") == 1);  // the head's
}

TEST_CASE("what ONNX cannot hold is refused with its place") {
  CHECK(refusal([](const at::Tensor& x) { return x.relu(); }).empty());
  CHECK_THAT(
      refusal([](const at::Tensor& x) { return at::celu(x).sum(); }),
      Contains("the operator aten::celu behind 'stem' has no translation to ONNX; add one to "
               "OnnxOptions::operators"));
  CHECK_THAT(refusal([](const at::Tensor& x) { return at::dropout(x, 0.5, true); }),
             Contains("aten::dropout behind 'stem' drops values; call eval()"));
  CHECK_THAT(refusal([](const at::Tensor& x) { return x.size(0) > 2 ? x.relu() : x.tanh(); }),
             Contains("runs other operators for other inputs: aten::tanh and aten::relu"));
  CHECK_THAT(refusal([](const at::Tensor& x) { return x.narrow(0, 0, x.size(0) - 1); }),
             Contains("argument `length` that is another for another input or batch"));
  CHECK_THAT(refusal([](const at::Tensor& x) { return x + static_cast<double>(x.size(0)); }),
             Contains("has an argument `other` that is another for another input or batch"));
  CHECK_THAT(refusal([](const at::Tensor& x) { return x.sum() * x.max().item<double>(); }),
             Contains("that is another for another input or batch"));
  // A kernel of one's own that the tracer does not see.
  const auto own_kernel = [](const at::Tensor& x) {
    at::Tensor y = at::detail::empty_cpu(x.sizes(), x.options());
    std::copy_n(x.const_data_ptr<float>(), x.numel(), y.mutable_data_ptr<float>());
    return y * 2;
  };
  CHECK_THAT(refusal(own_kernel, {.dynamic_batch = false}),
             Contains("depends on the network's input, but libtorch's operators did not make it"));
  // Written through a view: ONNX has no memory.
  CHECK_THAT(refusal([](const at::Tensor& x) {
               at::Tensor y = x + 1;
               y.narrow(1, 0, 2).zero_();
               return y;
             }),
             Contains("aten::zero_ behind 'stem' writes into memory that is read afterwards"));
  // Decided by the batch, but right for one size of it.
  CHECK(refusal([](const at::Tensor& x) { return x.size(0) > 2 ? x.relu() : x.tanh(); },
                {.dynamic_batch = false})
            .empty());
  CHECK_THAT(message_of([] {
               Of net([](const at::Tensor& x) { return x; });
               net->eval();
               ic::onnx_model(net, at::Tensor());
             }),
             Contains("needs an example of the network's input"));
}

TEST_CASE("a user adds an operator in a few lines") {
  Of net([](const at::Tensor& x) { return at::celu(x, 0.5); });
  net->eval();
  ic::OnnxOptions options;
  options.operators["aten::celu"] = [](ic::OnnxCall& call) -> std::vector<std::string> {
    return {call.add("Celu", {call.tensor("self")},
                     {{"alpha", static_cast<float>(call.number("alpha"))}})};
  };
  const ic::OnnxModel model = ic::onnx_model(net, at::randn({2, 4}), options);
  CHECK(op_types(model) == std::vector<std::string>{"Gemm", "Celu", "Identity"});
  CHECK(std::get<float>(model.nodes[1].attributes.at("alpha")) == 0.5F);
  options.operators["aten::celu"] = [](ic::OnnxCall& call) -> std::vector<std::string> {
    return {call.text("self")};
  };
  CHECK_THAT(message_of([&] {
               ic::onnx_model(net, at::randn({2, 4}), options);
             }),
             Contains("aten::celu behind 'stem' has an argument `self` that is no text"));
}

namespace {

/// A record of a `.pt2` archive as JSON.
nlohmann::json record_of(const std::filesystem::path& path, const std::string& name) {
  caffe2::serialize::PyTorchStreamReader archive(path.string());
  const auto [data, size] = archive.getRecord(name);
  return nlohmann::json::parse(std::string(static_cast<const char*>(data.get()), size));
}

std::string program_refusal(std::function<at::Tensor(const at::Tensor&)> function) {
  const ic::testing::TemporaryFolder folder;
  Of net(std::move(function));
  net->eval();
  const std::string message = message_of([&] {
    ic::write_exported_program(folder / "net.pt2", net, at::randn({2, 4}));
  });
  CHECK(std::filesystem::exists(folder / "net.pt2") == message.empty());
  return message;
}

}  // namespace

TEST_CASE("a program of torch.export has what ONNX cannot hold: memory, multiples of the batch") {
  Of net([](const at::Tensor& x) {
    at::Tensor offset = at::detail::empty_cpu({4}, x.options());  // which the tracer does not see
    std::fill_n(offset.mutable_data_ptr<float>(), 4, 0.25F);
    at::Tensor y = at::celu(x, 0.5) + offset;
    y.narrow(1, 0, 2).mul_(3);
    const at::Tensor halves = y.reshape({2 * x.size(0), 2}).expand({3, 2 * x.size(0), 2});
    const at::Tensor mask = at::full({x.size(0), 1}, -HUGE_VAL, x.options());
    const at::Tensor z =
        at::cat({at::amax(halves, 0).view({x.size(0), 4}), at::maximum(mask, x)}, 1);
    return z * x.size(0) / x.size(0);
  });
  write_program_case("memory", net, at::randn({7, 4}));
  const auto file = cases() / "memory.pt2";
  const nlohmann::json program = record_of(file, "models/model.json");
  const nlohmann::json& graph = program["graph_module"]["graph"];
  CHECK(program["range_constraints"]["s0"]["min_val"] == 1);
  std::set<std::string> targets;
  for (const auto& node : graph["nodes"]) targets.insert(node["target"].get<std::string>());
  for (const char* target : {"torch.ops.aten.sym_size.int", "_operator.mul",
                             "torch.ops.aten.mul_.Scalar", "torch.ops.aten.celu.default"}) {
    INFO(target);
    CHECK(targets.contains(target));
  }
  const auto weights = record_of(file, "data/weights/model_weights_config.json")["config"];
  CHECK(weights["stem.weight"]["is_param"] == true);
  CHECK(weights["stem.weight"]["tensor_meta"]["sizes"].size() == 2);

  const ic::testing::TemporaryFolder folder;
  ic::write_exported_program(folder / "fixed.pt2", net, at::randn({5, 4}),
                             {.dynamic_batch = false});
  const nlohmann::json fixed = record_of(folder / "fixed.pt2", "models/model.json");
  CHECK(fixed["range_constraints"].empty());
  CHECK(fixed["graph_module"]["graph"]["sym_int_values"].empty());
  CHECK(fixed["graph_module"]["graph"]["tensor_values"]["x"]["sizes"][0]["as_int"] == 5);

  CHECK_THAT(program_refusal([](const at::Tensor& x) { return x.narrow(0, 0, x.size(0) - 1); }),
             Contains("aten::narrow behind 'stem' has an argument that is another for another "
                      "input or batch; it cannot be exported to .pt2"));
  CHECK_THAT(program_refusal([](const at::Tensor& x) { return x.sum() * x.max().item<double>(); }),
             Contains("that is another for another input or batch"));
  CHECK(program_refusal([](const at::Tensor& x) { return x; }).empty());
  net->train();
  CHECK_THAT(message_of([&] {
               ic::write_exported_program(folder / "net.pt2", net, at::randn({2, 4}));
             }),
             Contains("training mode; call eval()"));
}

TEST_CASE("TorchScript computes what the network does, and refuses what holds for one batch") {
  const ic::testing::TemporaryFolder folder;
  Of net([](const at::Tensor& x) { return x.relu().unsqueeze(1).flatten(1); });
  net->eval();
  ic::write_torch_script(folder / "net.pt", net, at::randn({2, 4}));
  torch::jit::Module script = torch::jit::load(folder / "net.pt");
  const at::Tensor x = at::randn({5, 4});
  CHECK(at::equal(script.forward({x}).toTensor(), net->forward(x)));
  std::set<std::string> names;
  for (const auto& p : script.named_parameters()) names.insert(p.name);
  CHECK(names == std::set<std::string>{"stem.weight", "stem.bias"});
  Of fixed([](const at::Tensor& y) { return y.view({y.size(0), 2, 2}); });
  fixed->eval();
  CHECK_THAT(message_of([&] { ic::write_torch_script(folder / "fixed.pt", fixed, x); }),
             Contains("gives other results than the network for another batch"));
  CHECK_FALSE(std::filesystem::exists(folder / "fixed.pt"));
}
