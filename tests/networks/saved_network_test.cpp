// Networks in files: round trips bit by bit, by type and into existing ones, and refusals that name
// every difference and change nothing.

#include <ATen/Functions.h>
#include <c10/util/Exception.h>
#include <sys/resource.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "interchoice/export/subnet.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/nasbench_macro.hpp"
#include "interchoice/networks/saved_network.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
namespace nn = torch::nn;
using namespace ic::testing;
using Catch::Matchers::Contains;

namespace {

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Values that leave nothing at its initial value, counters included.
void fill(nn::Module& network, std::uint64_t seed) {
  randomise(network, seed);
  for (auto& b : network.named_buffers()) {
    if (b.key().ends_with("num_batches_tracked")) b.value().fill_(static_cast<std::int64_t>(seed));
  }
}

/// The message with which loading fails; the network must stay what it was.
template <class Network>
std::string refusal(const std::filesystem::path& path, Network& net) {
  const State before = state_of(*net);
  const std::string message = message_of([&] { ic::load(path, net); });
  CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
  CHECK_THAT(message, Contains(path.string()));
  return message;
}

const std::vector<std::string> kNothing;

}  // namespace

TEMPLATE_TEST_CASE("a network read from a file has every bit", "", ic::none, ic::bias<2>,
                   (ic::split<1>), ic::bias_sum<2>, ic::bias_residual<1>, ic::scale<1>,
                   (ic::attention<1, 2>), ic::affine<1>,
                   (ic::compose<ic::shift<1>, ic::bias<1>, ic::split<1>>)) {
  const TemporaryFolder folder;
  const auto path = folder / "net.safetensors";
  auto net = make_net<TestType>(1);
  auto other = make_net<TestType>(2);
  auto again = make_net<TestType>(3);
  fill(*net, 11);
  const ic::Identity facts{{"data", "digits"}, {"remark", "\"ä\"\n\\"}, {"format", ""}};
  ic::save(path, net, facts);
  const std::string first_bytes = bytes_of(path);
  REQUIRE_FALSE(differing(state_of(*net), state_of(*other)).empty());

  const auto check_equal = [&](auto& target, bool is_split) {
    CHECK(differing(state_of(*net), state_of(*target)) == kNothing);
    CHECK(ic::is_split(*target) == is_split);
    for (const auto& p : target->parameters()) CHECK((p.requires_grad() && p.is_leaf()));
    target->eval();
    net->eval();
    const at::Tensor x = at::randn({2, 1, 8, 8});
    const Path path_taken{3, 2, 1, 4, 3, 2};
    CHECK(same_bits(net->forward(x, path_taken), target->forward(x, path_taken)));
    const ic::SavedNetwork saved = ic::read_saved_network(path);
    CHECK(saved.facts == facts);
    CHECK(saved.network == ic::network_identity(target));
    CHECK(saved.is_split == is_split);
  };
  ic::load(path, other);
  check_equal(other, false);
  auto by_type = ic::load<Net<TestType>>(path);
  check_equal(by_type, false);
  CHECK(by_type->options().cells_per_stage == kTiny.cells_per_stage);
  CHECK(ic::network_identity(net) == ic::Identity{{"space", ic::space_signature<Space>()},
                                                  {"policy", ic::policy_text<TestType>()},
                                                  {"options.input_channels", "1"},
                                                  {"options.classes", "10"},
                                                  {"options.width", "4"},
                                                  {"options.cells_per_stage", "1,1"}});

  ic::save(path, other, facts);  // the same content, the same bytes
  CHECK(bytes_of(path) == first_bytes);

  if (ic::begin_epoch(*net, 1).empty()) return;
  fill(*net, 12);  // every copy its own values
  ic::save(path, net, facts);
  ic::load(path, other);  // was unsplit: is split by loading
  check_equal(other, true);
  fill(*other, 13);
  ic::load(path, other);  // was split already
  check_equal(other, true);
  ic::load(path, again);
  check_equal(again, true);
  by_type = ic::load<Net<TestType>>(path);
  check_equal(by_type, true);

  // A file from before the split fits no split network.
  std::ofstream(path, std::ios::binary) << first_bytes;
  CHECK_THAT(refusal(path, net), Contains("saved before the split"));
  CHECK(ic::is_split(*net));
}

TEST_CASE("loading names every difference and changes nothing") {
  const TemporaryFolder folder;
  const auto path = folder / "net.safetensors";
  auto source = make_net<ic::bias<1>>(1);
  auto net = make_net<ic::bias<1>>(2);
  ic::save(path, source);
  const ic::TensorFile good = ic::read_tensor_file(path);
  const auto write = [&](const auto& change) {
    ic::TensorFile file = good;
    change(file);
    ic::write_tensor_file(path, file);
  };
  const std::string table = "network.cells.0.edge02.bias_table";
  const std::string counter = "network.stem.norm.num_batches_tracked";
  const std::string weight = "network.head.linear.weight";
  REQUIRE(good.tensors.contains(table));
  REQUIRE(good.tensors.contains(counter));

  SECTION("space, policy and options") {
    ic::Supernet<ic::NasBenchMacro, ic::bias<3>> other(
        ic::NasBenchMacroOptions{.classes = 3, .width = 4, .head_width = 8});
    const std::string message = refusal(path, other);
    CHECK_THAT(message, Contains("policy is 'bias<1>' there, 'bias<3>' here"));
    CHECK_THAT(message,
               Contains("space is '" + ic::space_signature<Space>() + "' there, 'nasbench-macro"));
    CHECK_THAT(message, Contains("options.classes is '10' there, '3' here"));
    CHECK_THAT(message, Contains("options.head_width is missing there, '8' here"));
    CHECK_THAT(message, Contains("options.cells_per_stage is '1,1' there, missing here"));
    CHECK_THAT(message, !Contains("options.width"));
  }
  SECTION("tensors") {
    write([&](ic::TensorFile& file) {
      file.tensors.erase(table);
      file.tensors["network.cells.7.weight"] = at::zeros({1});
      file.tensors.at(counter) = at::zeros({}, at::kInt);
      file.tensors.at(weight) = at::zeros({10, 9});
    });
    const std::string message = refusal(path, net);
    CHECK_THAT(message, Contains("'" + table + "' is missing there"));
    CHECK_THAT(message, Contains("'network.cells.7.weight' is Float[1] there, missing here"));
    CHECK_THAT(message, Contains("'" + counter + "' is Int[] there, Long[] here"));
    CHECK_THAT(message, Contains("'" + weight + "' is Float[10, 9] there, Float[10, 8] here"));
  }
  SECTION("a tensor file without a network") {
    write([](ic::TensorFile& file) { file.metadata.clear(); });
    CHECK_THAT(refusal(path, net), Contains("holds no network"));
    CHECK_THROWS_AS(ic::read_saved_network(path), std::runtime_error);
    CHECK_THROWS_AS(ic::load<Net<ic::none>>(path), std::runtime_error);
  }
  SECTION("a later format") {
    write([](ic::TensorFile& file) { file.metadata["interchoice.format"] = "4"; });
    CHECK_THAT(refusal(path, net), Contains("format '4'; this version reads up to 3"));
  }
  SECTION("options of a network that the file cannot hold") {
    write([](ic::TensorFile& file) {
      file.tensors = {};
      file.metadata["interchoice.network.options.width"] = "2000";
      file.metadata["interchoice.network.options.cells_per_stage"] = "64,64,64,64,64";
    });
    REQUIRE(std::filesystem::file_size(path) < 1000);
    const auto most_kilobytes = [] {
      rusage usage{};
      ::getrusage(RUSAGE_SELF, &usage);
      return usage.ru_maxrss;
    };
    const auto before = most_kilobytes();
    CHECK_THAT(message_of([&] { ic::load<Net<ic::bias<1>>>(path); }),
               Contains(path.string()) && Contains("tensors of more than 67108864 bytes"));
    CHECK(most_kilobytes() - before < 200'000);
    CHECK_NOTHROW(make_net<ic::bias<1>>(3));  // the limit is gone
  }
  SECTION("options that are none") {
    for (const char* const text : {"", "4x", " 4", "4.5", "99999999999999999999", "four"}) {
      INFO(text);
      write(
          [&](ic::TensorFile& file) { file.metadata["interchoice.network.options.width"] = text; });
      CHECK_THAT(message_of([&] { ic::load<Net<ic::bias<1>>>(path); }),
                 Contains(path.string()) && Contains("option 'width' is '" + std::string(text)));
    }
    write([](ic::TensorFile& file) {
      file.metadata.erase("interchoice.network.options.cells_per_stage");
    });
    CHECK_THAT(message_of([&] { ic::load<Net<ic::bias<1>>>(path); }),
               Contains("option 'cells_per_stage' is missing"));
    write([](ic::TensorFile& file) {
      file.metadata["interchoice.network.options.cells_per_stage"] = "1,0";
    });
    CHECK_THAT(message_of([&] { ic::load<Net<ic::bias<1>>>(path); }),
               Contains(path.string()) && Contains("at least one cell in each stage"));
  }
  SECTION("another file, or none") {
    CHECK_THAT(refusal(folder.write("text", "no tensors at all"), net), Contains("byte 0"));
    CHECK_FALSE(refusal(folder / "absent", net).empty());
  }
  SECTION("the whole file again") {  // the twin of all of these
    CHECK_NOTHROW(ic::load(path, net));
    CHECK(differing(state_of(*source), state_of(*net)) == kNothing);
  }
}

TEST_CASE("files of format 1 are read into an existing network") {
  const TemporaryFolder folder;
  const auto path = folder / "net.safetensors";
  auto source = make_net<ic::split<1>>(1);
  ic::split_now(*source);
  const auto write = [&](std::string json) {
    const std::string space = ic::space_signature<Space>();
    if (const auto at = json.find("SPACE"); at != json.npos) json.replace(at, 5, space);
    ic::TensorFile file = ic::detail::network_file(source, {});
    file.metadata = {{"interchoice", json}};
    ic::write_tensor_file(path, file);
  };
  const std::string good =
      R"({"format":1,"version":"0.1.0","space":"SPACE","policy":"split<1>",)"
      R"("sizes":{"width":"4","cells":"1"},"facts":{"seed":"7"},"is_split":true})";
  write(good);
  auto net = make_net<ic::split<1>>(2);
  ic::load(path, net);
  CHECK(differing(state_of(*source), state_of(*net)) == kNothing);
  CHECK(ic::read_saved_network(path).facts == ic::Identity{{"seed", "7"}});
  auto other = make_net<ic::none>(1);
  CHECK_THAT(refusal(path, other),
             Contains("policy is 'split<1>' there, 'none' here") && !Contains("options"));
  CHECK_THAT(message_of([&] { ic::load<Net<ic::split<1>>>(path); }),
             Contains("option 'input_channels' is missing"));
  for (const std::string& text :
       {std::string(""), std::string("{"), std::string("null"), std::string("[1]"),
        std::string(R"({"format":1})"), good.substr(0, good.size() - 1)}) {
    INFO(text);
    write(text);
    CHECK_THAT(refusal(path, net), Contains("description is damaged"));
  }
  write(R"({"format":4})");
  CHECK_THAT(refusal(path, net), Contains("format"));
}

TEST_CASE("a file without a digest is read where its format has none, and says so") {
  const TemporaryFolder folder;
  const auto path = folder / "net.safetensors";
  auto source = make_net<ic::none>(1);
  ic::save(path, source);
  CHECK(ic::read_saved_network(path).has_digest);
  // The entry's name is damaged: for a reader there is no digest.
  const auto lose_digest = [&] {
    std::string bytes = bytes_of(path);
    bytes.replace(bytes.find("interchoice.digest"), 18, "interchoice.digesT");
    folder.write("net.safetensors", bytes);
  };
  lose_digest();
  auto net = make_net<ic::none>(2);
  CHECK_THAT(refusal(path, net), Contains("is damaged: it has lost its digest"));

  ic::TensorFile file = ic::detail::network_file(source, {});
  file.metadata["interchoice.format"] = "2";
  ic::write_tensor_file(path, file);
  lose_digest();
  struct Warnings : c10::WarningHandler {
    void process(const c10::Warning& warning) override { text += warning.msg(); }
    std::string text;
  } warnings;
  {
    const c10::WarningUtils::WarningHandlerGuard guard(&warnings);
    ic::load(path, net);
  }
  CHECK_THAT(warnings.text, Contains(path.string()) && Contains("has no digest"));
  CHECK_FALSE(ic::read_saved_network(path).has_digest);
  CHECK(differing(state_of(*source), state_of(*net)) == kNothing);
}

TEST_CASE("what is not finite is not saved") {
  const TemporaryFolder folder;
  const auto path = folder / "net.safetensors";
  auto net = make_net<ic::bias<1>>(1);
  ic::save(path, net);
  const std::string former = bytes_of(path);
  const c10::NoGradGuard no_grad;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const auto refuses = [&](const at::Tensor& tensor, double value) {
    const at::Tensor element = tensor.view({-1})[0];
    const at::Tensor kept = element.clone();
    element.fill_(value);
    const std::string message = message_of([&] { ic::save(path, net); });
    element.copy_(kept);
    return message;
  };
  const at::Tensor weight = net->named_parameters()["head.linear.weight"];
  const at::Tensor variance = net->named_buffers()["stem.norm.running_var"];
  CHECK_THAT(
      refuses(weight, nan),
      Contains(path.string() + ": is not written, since the parameter 'head.linear.weight'"));
  CHECK_THAT(refuses(weight, -infinity),
             Contains("the parameter 'head.linear.weight' is not finite"));
  CHECK_THAT(refuses(variance, nan), Contains("the buffer 'stem.norm.running_var' is not finite"));
  CHECK(bytes_of(path) == former);
  CHECK(refuses(variance, infinity).empty());
}

TEST_CASE("a refused file leaves an unsplit network unsplit") {
  const TemporaryFolder folder;
  const auto path = folder / "net.safetensors";
  auto source = make_net<ic::split<1>>(1);
  ic::split_now(*source);
  ic::save(path, source);
  ic::TensorFile file = ic::read_tensor_file(path);

  auto net = make_net<ic::split<1>>(2);
  file.tensors.erase("network.stem.norm.weight");
  file.tensors["network.odd"] = at::zeros({1});
  ic::write_tensor_file(path, file);
  const std::string message = refusal(path, net);
  CHECK_THAT(message, Contains("'network.stem.norm.weight' is missing there"));
  CHECK_THAT(message, Contains("'network.odd' is Float[1] there"));
  CHECK_THAT(message, !Contains("copy1"));
  CHECK_FALSE(ic::is_split(*net));

  // Where the copies themselves differ, the weights stay all the same.
  ic::save(path, source);
  file = ic::read_tensor_file(path);
  REQUIRE(file.tensors.erase("network.cells.2.edge23.copy4.nor_conv_1x1.convolution.weight") == 1);
  ic::write_tensor_file(path, file);
  const State before = state_of(*net);
  CHECK_THAT(message_of([&] { ic::load(path, net); }),
             Contains("edge23.copy4.nor_conv_1x1.convolution.weight' is missing there"));
  const State after = state_of(*net);
  for (const auto& [name, tensor] : before) CHECK(same_bits(tensor, after.at(name)));
}

TEST_CASE("saving that fails leaves the former file") {
  const TemporaryFolder folder;
  const auto path = folder / "net.safetensors";
  auto net = make_net<ic::none>(1);
  ic::save(path, net);
  const std::string former = bytes_of(path);

  fill(*net, 3);
  const ic::Identity no_text{{"remark", "\xff"}};
  CHECK_THROWS_AS(ic::save(path, net, no_text), std::runtime_error);
  CHECK_THAT(message_of([&] { ic::save(path, net, no_text); }),
             Contains(path.string()) && Contains("UTF-8"));
  CHECK(bytes_of(path) == former);
  const auto absent = folder / "absent" / "net.safetensors";
  CHECK_THAT(message_of([&] { ic::save(absent, net); }), Contains(absent.string()));
  const auto taken = folder / "taken";
  std::filesystem::create_directories(taken / "inside");
  CHECK_THROWS_AS(ic::save(taken, net), std::runtime_error);
  CHECK(std::filesystem::is_directory(taken / "inside"));
  // Nothing else lies about.
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()),
                      std::filesystem::directory_iterator()) == 2);
}

// --- networks of the user's own ------------------------------------------------------------------

namespace {

using First = ic::Chain<2, ic::Candidates<ic::Skip, ic::ReluConvolutionNorm<1>>>;
using Second = ic::Chain<1, ic::Candidates<ic::LinearSkip, ic::Zero>>;

/// Two spaces under two policies, no options.
struct PlainImpl : nn::Module {
  PlainImpl() {
    register_module("first", first);
    register_module("second", second);
  }
  ic::ChoiceBlocks<First, ic::bias<1>> first{ic::Geometry{.channels = 4}};
  ic::ChoiceBlocks<Second, ic::none> second{ic::Geometry{.channels = 4}};
};
TORCH_MODULE(Plain);

/// Options of every kind.
struct ConfiguredImpl : nn::Module {
  struct Options {
    std::int64_t channels = 4;
    double rate = 0.5;
    bool wide = false;
    std::string remark;
    std::vector<double> list;
    static void for_each_field(auto& options, auto&& visit) {
      visit("channels", options.channels);
      visit("rate", options.rate);
      visit("wide", options.wide);
      visit("remark", options.remark);
      visit("list", options.list);
    }
  };
  explicit ConfiguredImpl(const Options& options)
      : options_(options), body(ic::Geometry{.channels = options.channels}) {
    register_module("body", body);
  }
  const Options& options() const { return options_; }
  Options options_;
  ic::ChoiceBlocks<First, ic::scale<1>> body;
};
TORCH_MODULE(Configured);

/// Made from something that is not its options.
struct OtherwiseImpl : nn::Module {
  explicit OtherwiseImpl(int channels) : body(ic::Geometry{.channels = channels}) {
    register_module("body", body);
  }
  ic::ChoiceBlocks<First, ic::none> body;
};
TORCH_MODULE(Otherwise);

}  // namespace

TEST_CASE("networks of the user's own are saved and loaded by their types") {
  const TemporaryFolder folder;
  const auto path = folder / "own.safetensors";
  SECTION("made from nothing") {
    Plain net;
    fill(*net, 4);
    ic::save(path, net);
    CHECK(ic::network_identity(net) ==
          ic::Identity{
              {"space", ic::space_signature<Second>() + " + " + ic::space_signature<First>()},
              {"policy", "bias<1> + none"}});
    CHECK(differing(state_of(*net), state_of(*ic::load<Plain>(path))) == kNothing);
    Otherwise other(4);
    CHECK_THAT(refusal(path, other), Contains("policy is 'bias<1> + none' there, 'none' here"));
  }
  SECTION("made from options") {
    const double third = 1.0 / 3;
    const double tiny = std::numeric_limits<double>::denorm_min();
    Configured net(ConfiguredImpl::Options{6, third, true, "1,\"ü\n", {0.1, -tiny, 3e300}});
    fill(*net, 4);
    ic::save(path, net);
    const auto again = ic::load<Configured>(path);
    CHECK(differing(state_of(*net), state_of(*again)) == kNothing);
    CHECK(again->options().rate == third);
    CHECK(again->options().wide);
    CHECK(again->options().remark == "1,\"ü\n");
    CHECK(again->options().list == std::vector<double>{0.1, -tiny, 3e300});
    ic::save(path, Configured(ConfiguredImpl::Options{}));
    CHECK(ic::load<Configured>(path)->options().list.empty());
    CHECK_THAT(refusal(path, net), Contains("options.wide is 'false' there, 'true' here"));
  }
  SECTION("made otherwise") {
    Otherwise net(3);
    fill(*net, 4);
    ic::save(path, net);
    Otherwise again(3);
    ic::load(path, again);
    CHECK(differing(state_of(*net), state_of(*again)) == kNothing);
    Otherwise wide(4);
    CHECK_THAT(refusal(path, wide), Contains("Float[3, 3, 1, 1] there, Float[4, 4, 1, 1] here"));
  }
  SECTION("ready ones") {
    ic::FairNasOptions options{.classes = 3, .width_multiplier = 0.25, .dropout = 0.2};
    ic::Supernet<ic::FairNas, ic::shift<1>> net(options);
    ic::save(path, net);
    const auto again = ic::load<ic::Supernet<ic::FairNas, ic::shift<1>>>(path);
    CHECK(differing(state_of(*net), state_of(*again)) == kNothing);
    CHECK(again->options().dropout == 0.2);
    CHECK(again->options().width_multiplier == 0.25);
  }
}

// --- subnets -------------------------------------------------------------------------------------

namespace {

/// Of a default constructor and one space.
struct SmallImpl : nn::Module {
  SmallImpl() { register_module("body", body); }
  at::Tensor forward(const at::Tensor& x, const ic::Architecture<First>& architecture) {
    return body->forward(x, architecture);
  }
  ic::ChoiceBlocks<First, ic::affine<1>> body{ic::Geometry{.channels = 4}};
};
TORCH_MODULE(Small);

/// Saves an architecture of a network on its own and reads it by its type.
template <class Network, class Path>
void check_subnet(Network& net, const Path& path, const at::Tensor& x) {
  const TemporaryFolder folder;
  const auto file = folder / "best.safetensors";
  fill(*net, 5);
  auto best = ic::extract(net, path);
  ic::save(file, best);
  auto again = ic::load<decltype(best)>(file);
  CHECK(again->architecture() == path);
  CHECK(differing(state_of(*best), state_of(*again)) == kNothing);
  for (const bool training : {true, false}) {
    best->train(training);
    again->train(training);
    net->train(training);
    const at::Tensor y = again->forward(x);
    CHECK(same_bits(best->forward(x), y));
    CHECK(same_bits(net->forward(x, path), y));
  }
  fill(*best, 6);
  ic::save(file, best);
  ic::load(file, again);  // which has its constants already
  CHECK(differing(state_of(*best), state_of(*again)) == kNothing);

  auto other = ic::extract(net, Path{});
  CHECK_THAT(refusal(file, other), Contains("architecture is '" + ic::to_text(path) + "' there"));
  CHECK_THAT(refusal(file, net), Contains("policy is 'fixed' there"));
  ic::save(file, net);
  CHECK_THAT(message_of([&] { ic::load<decltype(best)>(file); }), Contains(file.string()));
}

}  // namespace

TEST_CASE("a subnet takes the constants that it lacks and keeps those that it has") {
  const TemporaryFolder folder;
  const auto file = folder / "best.safetensors";
  const Path path{3, 2, 1, 4, 3, 2};
  auto both = make_net<ic::compose<ic::shift<1>, ic::bias<1>>>(1);
  auto plain = make_net<ic::bias<1>>(2);
  fill(*both, 5);
  fill(*plain, 6);
  auto source = ic::extract(both, path);
  auto target = ic::extract(plain, path);
  ic::save(file, source);
  ic::load(file, target);
  CHECK(differing(state_of(*source), state_of(*target)) == kNothing);
  const at::Tensor x = at::randn({4, 1, 8, 8});
  CHECK(same_bits(source->forward(x), target->forward(x)));
}

TEST_CASE("constants of a file are checked before a subnet takes any") {
  const TemporaryFolder folder;
  const auto file = folder / "best.safetensors";
  Small net;
  fill(*net, 5);
  const ic::Architecture<First> path{1, 1};
  auto best = ic::extract(net, path);
  ic::save(file, best);
  const ic::TensorFile good = ic::read_tensor_file(file);
  const std::string scale = "network.body.1.norm_scale";
  const std::string shift = "network.body.1.norm_shift";
  REQUIRE(good.tensors.at(scale).sizes() == std::vector<std::int64_t>{4});
  const auto with = [&](const std::string& name, const at::Tensor& tensor) {
    ic::TensorFile changed = good;
    changed.tensors[name] = tensor;
    ic::write_tensor_file(file, changed);
    ic::Subnet<Small> fresh(path);
    return refusal(file, fresh);
  };
  CHECK_THAT(with(shift, at::zeros({1})), Contains("'" + shift + "' is Float[1] there, Float[4]"));
  CHECK_THAT(with(scale, at::zeros({7})), Contains("'" + scale + "' is Float[7] there, Float[4]"));
  CHECK_THAT(with(shift, at::zeros({4}, at::kDouble)),
             Contains("'" + shift + "' is Double[4] there, Float[4] here"));
  CHECK_THAT(with("network.body.0.input_vector", at::zeros({3})),
             Contains("input_vector' is Float[3] there, Float[4] here"));
  CHECK_THAT(with("network.odd.norm_shift", at::zeros({4})),
             Contains("'network.odd.norm_shift' is Float[4] there, missing here"));
  ic::write_tensor_file(file, good);
  ic::Subnet<Small> fresh(path);
  ic::load(file, fresh);
  CHECK(differing(state_of(*best), state_of(*fresh)) == kNothing);
}

TEMPLATE_TEST_CASE("a network of another type is loaded by its type", "", ic::none,
                   (ic::compose<ic::affine<1>, ic::bias<1>, ic::split<0>>)) {
  const TemporaryFolder folder;
  const auto file = folder / "net.safetensors";
  const Path path{3, 2, 1, 4, 3, 2};
  for (const at::ScalarType type : {at::kDouble, at::kHalf}) {
    auto net = make_net<TestType>(1);
    ic::begin_epoch(*net, 0);
    net->to(type);
    fill(*net, 5);
    ic::save(file, net);
    auto again = ic::load<Net<TestType>>(file);
    CHECK(differing(state_of(*net), state_of(*again)) == kNothing);
    CHECK(again->is_training());
    auto best = ic::extract(net, path);
    ic::save(file, best);
    auto best_again = ic::load<decltype(best)>(file);
    CHECK(differing(state_of(*best), state_of(*best_again)) == kNothing);
    if (type == at::kHalf) continue;  // which not all operators have on the CPU
    const at::Tensor x = at::randn({4, 1, 8, 8}, type);
    CHECK(same_bits(net->forward(x, path), best_again->forward(x)));
  }
}

TEST_CASE("subnets are saved and loaded by their types") {
  auto shifted = make_net<ic::compose<ic::shift<1>, ic::bias<1>>>(1);
  check_subnet(shifted, Path{3, 2, 1, 4, 3, 2}, at::randn({4, 1, 8, 8}));
  Small small;
  check_subnet(small, ic::Architecture<First>{1, 1}, at::randn({4, 4, 6, 6}));
}
