// Checkpoints: round trips bit by bit, and refusals that name every difference and change nothing.

#include <ATen/Functions.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "interchoice/training/checkpoint.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;

namespace {

template <class Policy>
ic::CheckpointHeader header_of() {
  return ic::checkpoint_header<Space, Policy>({{"width", "4"}, {"cells", "1,1"}});
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Values that leave nothing at its initial value, counters included.
void fill(torch::nn::Module& network, std::uint64_t seed) {
  randomise(network, seed);
  for (auto& b : network.named_buffers()) {
    if (b.key().ends_with("num_batches_tracked")) b.value().fill_(static_cast<std::int64_t>(seed));
  }
}

/// The message with which loading fails; the network must stay what it was.
template <class Network>
std::string refusal(const std::filesystem::path& path, Network& net,
                    const ic::CheckpointHeader& expected) {
  const State before = state_of(*net);
  const std::string message = thrown_by([&] { ic::load_checkpoint(path, *net, expected); });
  CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
  CHECK_THAT(message, Contains(path.string()));
  return message;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto place = text.find(from);
  REQUIRE(place != std::string::npos);
  return text.replace(place, from.size(), to);
}

}  // namespace

TEMPLATE_TEST_CASE("a checkpoint round trip keeps every bit", "", ic::none, ic::bias<2>,
                   (ic::split<1>), ic::bias_sum<2>, ic::scale<1>, (ic::attention<1, 2>),
                   ic::affine<1>, (ic::compose<ic::shift<1>, ic::bias<1>, ic::split<1>>)) {
  const TemporaryFolder folder;
  const auto path = folder / "net.safetensors";
  auto net = make_net<TestType>(1);
  auto other = make_net<TestType>(2);
  auto again = make_net<TestType>(3);
  fill(*net, 11);
  ic::CheckpointHeader header = header_of<TestType>();
  header.facts = {{"data", "digits"}, {"remark", "\"ä\"\n\\"}};
  ic::save_checkpoint(path, *net, header);
  const std::string first_bytes = bytes_of(path);
  REQUIRE_FALSE(differing(state_of(*net), state_of(*other)).empty());

  const auto check_read = [&](auto& target, bool is_split) {
    const ic::CheckpointHeader read = ic::load_checkpoint(path, *target, header_of<TestType>());
    CHECK(differing(state_of(*net), state_of(*target)) == std::vector<std::string>{});
    CHECK(read.facts == header.facts);
    CHECK(read.sizes == header.sizes);
    CHECK(read.is_split == is_split);
    CHECK(ic::is_split(*target) == is_split);
    for (const auto& p : target->parameters()) CHECK((p.requires_grad() && p.is_leaf()));
    target->eval();
    net->eval();
    const at::Tensor x = at::randn({2, 1, 8, 8});
    const Path path_taken{3, 2, 1, 4, 3, 2};
    CHECK(same_bits(net->forward(x, path_taken), target->forward(x, path_taken)));
  };
  check_read(other, false);
  const ic::CheckpointHeader read = ic::read_checkpoint_header(path);
  CHECK(read.space == header.space);
  CHECK(read.policy == ic::policy_text<TestType>());
  CHECK(read.facts == header.facts);

  ic::save_checkpoint(path, *other, header);  // the same content, the same bytes
  CHECK(bytes_of(path) == first_bytes);

  if (ic::begin_epoch(*net, 1).empty()) return;
  fill(*net, 12);  // every copy its own values
  ic::save_checkpoint(path, *net, header);
  check_read(other, true);  // was unsplit: is split by loading
  fill(*other, 13);
  check_read(other, true);  // was split already
  check_read(again, true);

  // A file from before the split fits no split network.
  std::ofstream(path, std::ios::binary) << first_bytes;
  CHECK_THAT(refusal(path, net, header_of<TestType>()), Contains("saved before the split"));
  CHECK(ic::is_split(*net));
}

TEST_CASE("loading names every difference and changes nothing") {
  const TemporaryFolder folder;
  const auto path = folder / "net.safetensors";
  auto source = make_net<ic::bias<1>>(1);
  auto net = make_net<ic::bias<1>>(2);
  const auto expected = header_of<ic::bias<1>>();
  ic::save_checkpoint(path, *source, expected);
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

  SECTION("space, policy and sizes") {
    auto other = header_of<ic::bias<3>>();
    other.space = "a chain: a,b | =";
    other.sizes = {{"width", "16"}, {"classes", "10"}};
    const std::string message = refusal(path, net, other);
    CHECK_THAT(message, Contains("policy is 'bias<1>', the network's 'bias<3>'"));
    CHECK_THAT(message, Contains("space is '" + ic::space_signature<Space>() +
                                 "', the network's 'a chain: a,b | ='"));
    CHECK_THAT(message, Contains("width is '4', the network's '16'"));
    CHECK_THAT(message, Contains("classes is '', the network's '10'"));
    CHECK_THAT(message, Contains("cells is '1,1', the network's ''"));
  }
  SECTION("tensors") {
    write([&](ic::TensorFile& file) {
      file.tensors.erase(table);
      file.tensors["network.cells.7.weight"] = at::zeros({1});
      file.tensors.at(counter) = at::zeros({}, at::kInt);
      file.tensors.at(weight) = at::zeros({10, 9});
    });
    const std::string message = refusal(path, net, expected);
    CHECK_THAT(message, Contains("'" + table + "' is missing"));
    CHECK_THAT(message, Contains("'network.cells.7.weight' is unknown"));
    CHECK_THAT(message, Contains("'" + counter + "' is Int[], the network's Long[]"));
    CHECK_THAT(message, Contains("'" + weight + "' is Float[10, 9], the network's Float[10, 8]"));
  }
  SECTION("a tensor file that is no checkpoint") {
    write([](ic::TensorFile& file) { file.metadata.clear(); });
    CHECK_THAT(refusal(path, net, expected), Contains("no checkpoint"));
    CHECK_THROWS_AS(ic::read_checkpoint_header(path), std::runtime_error);
  }
  SECTION("a damaged header") {
    const std::string header = good.metadata.at("interchoice");
    const std::string damaged[] = {
        "",
        "{",
        "null",
        "[1]",
        header.substr(0, header.size() - 1),
        "{\"format\":1}",
        replaced(header, "\"format\":1", "\"format\":\"one\""),
        replaced(header, "\"width\":\"4\"", "\"width\":4"),
        replaced(header, "\"is_split\":false", "\"is_split\":\"no\""),
        replaced(header, "\"facts\"", "\"fakts\""),
    };
    for (const std::string& text : damaged) {
      INFO(text);
      write([&](ic::TensorFile& file) { file.metadata["interchoice"] = text; });
      CHECK_THAT(refusal(path, net, expected), Contains("header is damaged"));
      CHECK_THROWS_AS(ic::load_checkpoint(path, *net, expected), std::runtime_error);
    }
  }
  SECTION("a later format, though the rest is unknown") {
    write([](ic::TensorFile& file) { file.metadata["interchoice"] = "{\"format\":2}"; });
    CHECK_THAT(refusal(path, net, expected), Contains("format 2") && Contains("format 1"));
  }
  SECTION("another file, or none") {
    CHECK_THAT(refusal(folder.write("text", "no tensors at all"), net, expected),
               Contains("byte 0"));
    CHECK_FALSE(refusal(folder / "absent", net, expected).empty());
  }
  SECTION("the whole file again") {  // the twin of all of these
    CHECK_NOTHROW(ic::load_checkpoint(path, *net, expected));
    CHECK(differing(state_of(*source), state_of(*net)) == std::vector<std::string>{});
  }
}

TEST_CASE("a refused file leaves an unsplit network unsplit") {
  const TemporaryFolder folder;
  const auto path = folder / "net.safetensors";
  auto source = make_net<ic::split<1>>(1);
  ic::split_now(*source);
  const auto expected = header_of<ic::split<1>>();
  ic::save_checkpoint(path, *source, expected);
  ic::TensorFile file = ic::read_tensor_file(path);

  auto net = make_net<ic::split<1>>(2);
  file.tensors.erase("network.stem.norm.weight");
  file.tensors["network.odd"] = at::zeros({1});
  ic::write_tensor_file(path, file);
  const std::string message = refusal(path, net, expected);
  CHECK_THAT(message, Contains("'network.stem.norm.weight' is missing"));
  CHECK_THAT(message, Contains("'network.odd' is unknown"));
  CHECK_THAT(message, !Contains("copy1"));
  CHECK_FALSE(ic::is_split(*net));

  // Where the copies themselves differ, the weights stay all the same.
  ic::save_checkpoint(path, *source, expected);
  file = ic::read_tensor_file(path);
  REQUIRE(file.tensors.erase("network.cells.2.edge23.copy4.nor_conv_1x1.convolution.weight") == 1);
  ic::write_tensor_file(path, file);
  const State before = state_of(*net);
  CHECK_THAT(thrown_by([&] { ic::load_checkpoint(path, *net, expected); }),
             Contains("edge23.copy4.nor_conv_1x1.convolution.weight' is missing"));
  const State after = state_of(*net);
  for (const auto& [name, tensor] : before) CHECK(same_bits(tensor, after.at(name)));
}

TEST_CASE("copies that no name reaches are not saved") {
  using Policy = ic::split<1, 1, ic::last_used>;
  const TemporaryFolder folder;
  auto net = make_net<Policy>(1);
  CHECK_NOTHROW(ic::save_checkpoint(folder / "before", *net, header_of<Policy>()));
  ic::begin_epoch(*net, 1);
  const std::string message =
      thrown_by([&] { ic::save_checkpoint(folder / "after", *net, header_of<Policy>()); });
  CHECK_THAT(message, Contains((folder / "after").string()) && Contains("cells.0.edge01") &&
                          Contains("split<1,last_used>") && Contains("use split<Epoch>"));
  CHECK_FALSE(std::filesystem::exists(folder / "after"));
  CHECK_THAT(refusal(folder / "before", net, header_of<Policy>()),
             Contains("saved before the split"));
}

TEST_CASE("saving that fails leaves the former file") {
  const TemporaryFolder folder;
  const auto path = folder / "net.safetensors";
  auto net = make_net<ic::none>(1);
  auto header = header_of<ic::none>();
  ic::save_checkpoint(path, *net, header);
  const std::string former = bytes_of(path);

  fill(*net, 3);
  header.facts["remark"] = "\xff";
  CHECK_THROWS_AS(ic::save_checkpoint(path, *net, header), std::runtime_error);
  CHECK_THAT(thrown_by([&] { ic::save_checkpoint(path, *net, header); }),
             Contains(path.string()) && Contains("UTF-8"));
  CHECK(bytes_of(path) == former);
  header.facts.clear();
  const auto absent = folder / "absent" / "net.safetensors";
  CHECK_THAT(thrown_by([&] { ic::save_checkpoint(absent, *net, header); }),
             Contains(absent.string()));
  const auto taken = folder / "taken";
  std::filesystem::create_directories(taken / "inside");
  CHECK_THROWS_AS(ic::save_checkpoint(taken, *net, header), std::runtime_error);
  CHECK(std::filesystem::is_directory(taken / "inside"));
  // Nothing else lies about.
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()),
                      std::filesystem::directory_iterator()) == 2);
}
