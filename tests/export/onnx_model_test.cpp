// ONNX models as plain data: their bytes, what is refused, folding.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/export/fold_onnx_batch_norm.hpp"
#include "interchoice/export/read_onnx_model.hpp"
#include "interchoice/export/write_onnx_model.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;

namespace {

ic::OnnxTensor floats(std::string name, std::vector<std::int64_t> sizes,
                      const std::vector<float>& values) {
  ic::OnnxTensor tensor{std::move(name), ic::OnnxType::kFloat, std::move(sizes),
                        std::string(values.size() * sizeof(float), '\0')};
  if (!values.empty()) std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
  return tensor;
}

std::vector<float> values_of(const ic::OnnxTensor& tensor) {
  std::vector<float> values(tensor.data.size() / sizeof(float));
  std::memcpy(values.data(), tensor.data.data(), tensor.data.size());
  return values;
}

/// Everything that a model can have.
ic::OnnxModel full_model() {
  ic::OnnxModel model;
  model.opsets = {{"", 17}, {"own", 3}};
  model.producer_name = "interchoice";
  model.producer_version = "0";
  model.name = "all";
  model.nodes = {{.op_type = "Clip",
                  .name = "clip",
                  .inputs = {"x", "", "b"},
                  .outputs = {"y"},
                  .attributes = {},
                  .domain = {}},
                 {.op_type = "Own",
                  .name = "own",
                  .inputs = {"y"},
                  .outputs = {"z", "w"},
                  .attributes = {{"int", -5},
                                 {"float", 0.25F},
                                 {"text", std::string("a\0b", 3)},
                                 {"ints", std::vector<std::int64_t>{1, -1, 1'000'000'000'000}},
                                 {"none", std::vector<std::int64_t>{}},
                                 {"floats", std::vector<float>{0.5F, -2.0F}},
                                 {"tensor", floats("", {1}, {3})}},
                  .domain = "own"}};
  model.initializers = {floats("b", {}, {6}),
                        floats("empty", {2, 0}, {}),
                        {"flags", ic::OnnxType::kBool, {3}, std::string("\1\0\1", 3)}};
  model.inputs = {{"x", ic::OnnxType::kFloat, {"batch", 3, 8}}};
  model.outputs = {{"z", ic::OnnxType::kFloat, {"batch", 10}}, {"w", ic::OnnxType::kInt64, {}}};
  model.metadata = {{"a", "1"}, {"b", ""}};
  return model;
}

}  // namespace

TEST_CASE("an ONNX model is read back as it was written") {
  const ic::OnnxModel model = full_model();
  const ic::testing::TemporaryFolder folder;
  ic::write_onnx_model(folder / "model.onnx", model);
  CHECK(ic::read_onnx_model(folder / "model.onnx") == model);
  CHECK(ic::onnx_model_of(ic::onnx_bytes({}), "nothing").opsets == ic::OnnxModel().opsets);
}

TEST_CASE("no end, and no byte, of an ONNX file makes its reader fail otherwise than by refusing") {
  const std::string bytes = ic::onnx_bytes(full_model());
  std::size_t refused = 0;
  const auto read = [&](const std::string& changed) {
    try {
      ic::onnx_model_of(changed, "changed.onnx");
    } catch (const std::runtime_error& error) {
      CHECK_THAT(error.what(), Contains("interchoice: changed.onnx: is no ONNX model"));
      ++refused;
    }
  };
  for (std::size_t size = 0; size < bytes.size(); ++size) read(bytes.substr(0, size));
  CHECK(refused > bytes.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int bit : {1, 8, 128}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ bit);
      read(changed);
    }
  }
}

TEST_CASE("what an ONNX file must not have is named") {
  const auto refusal = [](const ic::OnnxModel& model) {
    return message_of([&] { ic::onnx_model_of(ic::onnx_bytes(model), "bad.onnx"); });
  };
  ic::OnnxModel model;
  model.initializers = {{"w", ic::OnnxType::kFloat, {2, 2}, std::string(15, 'x')}};
  CHECK_THAT(refusal(model), Contains("the tensor 'w' has 15 bytes of raw data, and needs 16"));
  const std::int64_t large = std::numeric_limits<std::int64_t>::max() / 2;
  model.initializers = {{"w", ic::OnnxType::kFloat, {large, large}, {}}};
  CHECK_THAT(refusal(model), Contains("the tensor 'w' has sizes whose product is too large"));
  model.initializers = {{"w", ic::OnnxType::kFloat, {-1}, {}}};
  CHECK_THAT(refusal(model), Contains("has a size of -1"));
  model.initializers = {{"w", static_cast<ic::OnnxType>(8), {1}, "x"}};
  CHECK_THAT(refusal(model), Contains("elements of type 8"));
  // An attribute of the type TENSOR without one: field 20 of field 5 of field 1 of field 7.
  const std::string no_tensor("\x3a\x07\x0a\x05\x2a\x03\xa0\x01\x04", 9);
  CHECK_THAT(message_of([&] { ic::onnx_model_of(no_tensor, "bad.onnx"); }),
             Contains("the attribute '' has no tensor"));
  // A graph as an attribute: field 6 of field 5 of field 1 of field 7.
  const std::string subgraph("\x3a\x06\x0a\x04\x2a\x02\x32\x00", 8);
  CHECK_THAT(message_of([&] { ic::onnx_model_of(subgraph, "bad.onnx"); }),
             Contains("an attribute has a field 6 of wire type 2, which is not read"));
}

TEST_CASE("a BatchNormalization becomes a part of the Conv in front of it") {
  ic::OnnxModel model;
  const auto convolution = [](std::string in, std::string out) {
    return ic::OnnxNode{.op_type = "Conv",
                        .name = out,
                        .inputs = {std::move(in), "w", "b"},
                        .outputs = {out},
                        .attributes = {},
                        .domain = {}};
  };
  const auto norm = [](std::string in, std::string out) {
    return ic::OnnxNode{.op_type = "BatchNormalization",
                        .name = out,
                        .inputs = {std::move(in), "gamma", "beta", "mean", "variance"},
                        .outputs = {out},
                        .attributes = {{"epsilon", 0.5F}},
                        .domain = {}};
  };
  model.nodes = {convolution("x", "c1"),
                 norm("c1", "n1"),
                 convolution("n1", "c2"),
                 norm("c2", "n2"),
                 {.op_type = "Add",
                  .name = "add",
                  .inputs = {"c2", "n2"},
                  .outputs = {"y"},
                  .attributes = {},
                  .domain = {}}};
  model.initializers = {floats("w", {2, 1, 1, 1}, {3, -2}), floats("b", {2}, {1, 5}),
                        floats("gamma", {2}, {2, 3}),       floats("beta", {2}, {10, 20}),
                        floats("mean", {2}, {4, 1}),        floats("variance", {2}, {3.5F, 0.75F})};
  model.inputs = {{"x", ic::OnnxType::kFloat, {1, 1, 1, 1}}};
  model.outputs = {{"y", ic::OnnxType::kFloat, {1, 2, 1, 1}}};
  // The second convolution's result is read twice and stays.
  CHECK(ic::fold_batch_norm(model) == 1);
  REQUIRE(model.nodes.size() == 4);
  CHECK(model.nodes[0].inputs == std::vector<std::string>{"x", "w.folded", "w.folded_bias"});
  CHECK(model.nodes[0].outputs == std::vector<std::string>{"n1"});
  REQUIRE(model.initializers.size() == 8);
  const auto weight = values_of(model.initializers[6]);
  const auto bias = values_of(model.initializers[7]);
  for (const float x : {-1.5F, 0.0F, 2.0F}) {
    CHECK(weight[0] * x + bias[0] == Approx((3 * x + 1 - 4) / std::sqrt(3.5 + 0.5) * 2 + 10));
    CHECK(weight[1] * x + bias[1] == Approx((-2 * x + 5 - 1) / std::sqrt(0.75 + 0.5) * 3 + 20));
  }
  CHECK(ic::fold_batch_norm(model) == 0);

  // Nothing to fold: a value that depends on the input, and nodes without what the standard asks
  // for.
  model.nodes = {convolution("x", "c"), norm("c", "y")};
  model.nodes[1].inputs[1] = "x";
  CHECK(ic::fold_batch_norm(model) == 0);
  model.nodes = {
      {},
      {.op_type = "Conv", .name = {}, .inputs = {}, .outputs = {}, .attributes = {}, .domain = {}},
      norm("c", "y")};
  CHECK(ic::fold_batch_norm(model) == 0);
}
