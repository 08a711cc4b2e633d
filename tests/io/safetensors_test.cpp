#include "interchoice/io/safetensors.hpp"

#include <ATen/ATen.h>
#include <rapidcheck.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/io/digest.hpp"
#include "interchoice/io/input_file.hpp"
#include "support/catch.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using interchoice::testing::TemporaryFolder;

namespace {

// A file: length, header, data. A false length can be given.
std::string file_of(const std::string& header, const std::string& data,
                    std::uint64_t length = ~std::uint64_t{0}) {
  if (length == ~std::uint64_t{0}) length = header.size();
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(length >> shift & 0xff);
  return bytes + header + data;
}

std::string description(const std::string& type, const std::string& shape,
                        const std::string& offsets) {
  return R"({"dtype":")" + type + R"(","shape":[)" + shape + R"(],"data_offsets":[)" + offsets +
         "]}";
}

// A header with one tensor of the name "a".
std::string one(const std::string& type, const std::string& shape, const std::string& offsets) {
  return R"({"a":)" + description(type, shape, offsets) + "}";
}

// The format's names of libtorch's types.
const std::map<std::string, at::ScalarType> kTypes{
    {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf},  {"BF16", at::kBFloat16},
    {"I64", at::kLong},   {"I32", at::kInt},   {"I16", at::kShort}, {"I8", at::kChar},
    {"U8", at::kByte},    {"BOOL", at::kBool}};

const std::string kData = "0123456789abcdefghijklmnopqrstuv";  // 32 bytes

// "accepted", or the reader's message.
std::string verdict(const std::filesystem::path& path) {
  try {
    (void)ic::read_tensor_file(path);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "accepted";
}

std::string content(const std::filesystem::path& path) {
  const auto bytes = ic::InputFile(path).read_all();
  return {bytes.begin(), bytes.end()};
}

std::string bytes_of(const at::Tensor& tensor) {
  const at::Tensor contiguous = tensor.contiguous();
  return {static_cast<const char*>(contiguous.const_data_ptr()), contiguous.nbytes()};
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    for (const int shift : {4, 0}) text += "0123456789abcdef"[byte >> shift & 15];
  }
  return text;
}

}  // namespace

TEST_CASE("a tensor file gives back what was written, bit for bit") {
  const TemporaryFolder folder;
  ic::TensorFile file;
  file.metadata = {{"format", "pt"}, {"", ""}, {"note \"1\"", "\xc3\xbc\n\t\\ \xe5\xb1\xa4"}};
  for (const auto& [name, type] : kTypes) {
    file.tensors[name] = at::arange(-3, 3).view({2, 3}).to(type);
  }
  const float nan = std::numeric_limits<float>::quiet_NaN();
  file.tensors["bits"] = at::tensor({nan, -0.0f, std::numeric_limits<float>::denorm_min(),
                                     -std::numeric_limits<float>::infinity()});
  file.tensors["scalar"] = at::scalar_tensor(7, at::kLong);
  file.tensors["none"] = at::empty({2, 0, 3}, at::kInt);
  file.tensors["view"] = at::arange(20, at::kFloat).view({4, 5}).t().narrow(0, 1, 3);
  file.tensors["channels last"] =
      at::arange(120, at::kFloat).view({2, 3, 4, 5}).contiguous(at::MemoryFormat::ChannelsLast);
  file.tensors["sixteen"] =
      at::arange(4, at::kFloat).view({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2});
  file.tensors["trained"] = at::ones({3}).requires_grad_();
  file.tensors[std::string(1024, 'n')] = at::ones({1});

  const auto path = folder / "all.safetensors";
  ic::write_tensor_file(path, file);
  const ic::TensorFile read = ic::read_tensor_file(path);
  CHECK(read.metadata == file.metadata);
  CHECK(read.has_digest);
  REQUIRE(read.tensors.size() == file.tensors.size());
  for (const auto& [name, tensor] : file.tensors) {
    INFO(name);
    const at::Tensor& again = read.tensors.at(name);
    CHECK(again.sizes() == tensor.sizes());
    CHECK(again.scalar_type() == tensor.scalar_type());
    CHECK(bytes_of(again) == bytes_of(tensor));
    CHECK(again.is_contiguous());
    CHECK_FALSE(again.requires_grad());
  }

  // Equal contents, equal bytes; also when they were read from a file.
  ic::write_tensor_file(folder / "again.safetensors", read);
  CHECK(content(path) == content(folder / "again.safetensors"));
  // A file that exists is replaced.
  ic::write_tensor_file(path, {});
  CHECK(ic::read_tensor_file(path).tensors.empty());
}

TEST_CASE("any tensors and texts come back from a tensor file, in the same bytes") {
  const TemporaryFolder folder;
  const auto path = folder / "random.safetensors";
  CHECK(rc::check([&] {
    const auto name = rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
    ic::TensorFile file;
    file.metadata = *rc::gen::container<std::map<std::string, std::string>>(name, name);
    for (const std::string& key : *rc::gen::container<std::set<std::string>>(name)) {
      if (key == "__metadata__") continue;
      const auto shape = *rc::gen::container<std::vector<std::int64_t>>(
          *rc::gen::inRange(0, 5), rc::gen::inRange<std::int64_t>(0, 4));
      const auto type = std::next(kTypes.begin(), *rc::gen::inRange(0, 10))->second;
      at::Tensor tensor = at::arange(at::empty(shape, at::kByte).numel()).view(shape).to(type);
      if (*rc::gen::arbitrary<bool>()) tensor = tensor.transpose(0, -1);  // not contiguous
      file.tensors[key] = tensor;
    }
    ic::write_tensor_file(path, file);
    const std::string bytes = content(path);
    const ic::TensorFile read = ic::read_tensor_file(path);
    RC_ASSERT(read.metadata == file.metadata);
    RC_ASSERT(read.tensors.size() == file.tensors.size());
    for (const auto& [key, tensor] : file.tensors) {
      const at::Tensor& again = read.tensors.at(key);
      RC_ASSERT(again.sizes() == tensor.sizes());
      RC_ASSERT(again.scalar_type() == tensor.scalar_type());
      RC_ASSERT(bytes_of(again) == bytes_of(tensor));
    }
    ic::write_tensor_file(path, read);
    RC_ASSERT(content(path) == bytes);
  }));
}

TEST_CASE("the bytes of a written file: names sorted, large elements first, data aligned") {
  const TemporaryFolder folder;
  const auto path = folder / "small.safetensors";
  ic::write_tensor_file(path, {.metadata = {{"epoch", "3"}},
                               .tensors = {{"a", at::tensor({1, 2}, at::kByte)},
                                           {"b", at::tensor({1.0f})},
                                           {"c", at::tensor({2.0f}).view({1, 1})},
                                           {"d", at::scalar_tensor(-1, at::kLong)}}});
  // The digest, put together by hand.
  using namespace std::string_literals;
  ic::Digest digest;
  const auto add = [&](const char* name, const char* type, const std::string& sizes,
                       const std::string& data) {
    digest.add(name);
    digest.add(type);
    for (const std::string& bytes : {sizes, data}) digest.add(std::as_bytes(std::span(bytes)));
  };
  const std::string one = "\1\0\0\0\0\0\0\0"s;
  digest.add("epoch");
  digest.add("3");
  add("a", "U8", "\2\0\0\0\0\0\0\0"s, "\1\2");
  add("b", "F32", one, "\0\0\x80\x3f"s);
  add("c", "F32", one + one, "\0\0\0\x40"s);
  add("d", "I64", "", std::string(8, '\xff'));
  std::string header = R"({"__metadata__":{"epoch":"3","interchoice.digest":")" + digest.text() +
                       R"("},)"
                       R"("d":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
                       R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},)"
                       R"("c":{"dtype":"F32","shape":[1,1],"data_offsets":[12,16]},)"
                       R"("a":{"dtype":"U8","shape":[2],"data_offsets":[16,18]}})";
  header.append((8 - header.size() % 8) % 8, ' ');
  CHECK(content(path) ==
        file_of(header, "\xff\xff\xff\xff\xff\xff\xff\xff\0\0\x80\x3f\0\0\0\x40\1\2"s));
}

TEST_CASE("files that are not exactly right are refused, with the tensor and the limit") {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& bytes) {
    const auto path = folder.write("file.safetensors", bytes);
    const std::string text = verdict(path);
    if (text != "accepted") CHECK_THAT(text, Contains(path.string() + ": "));
    return text;
  };
  const std::string two = R"({"a":)" + description("F32", "4", "0,16") + R"(,"b":)" +
                          description("F32", "2,2", "16,32") + "}";
  const std::string good = file_of(two, kData);
  const std::string sixteen = kData.substr(0, 16);

  SECTION("the twin that is right") {
    CHECK(read(good) == "accepted");
    const ic::TensorFile file = ic::read_tensor_file(folder / "file.safetensors");
    CHECK(bytes_of(file.tensors.at("a")) == sixteen);
    CHECK(file.tensors.at("b").sizes() == at::IntArrayRef{2, 2});
    CHECK(bytes_of(file.tensors.at("b")) == kData.substr(16));
  }
  SECTION("cut after every byte, and one byte more") {
    for (std::size_t size = 0; size < good.size(); ++size) {
      INFO(size);
      CHECK(read(good.substr(0, size)) != "accepted");
    }
    CHECK_THAT(read(good + "x"),
               EndsWith("the tensors end at data byte 32; the file has 33 data bytes"));
    CHECK_THAT(read("1234567"), Contains("has 7 bytes"));
  }
  SECTION("the header's length") {
    CHECK_THAT(read(file_of(two, kData, 0)), Contains("opening brace"));
    CHECK_THAT(read(file_of(two, kData, two.size() + kData.size() + 1)),
               Contains("byte 0: header of"));
    CHECK_THAT(read(file_of(two, kData, ~std::uint64_t{1})),
               Contains("18446744073709551614") && Contains("the limit is 16777216"));
    const std::string padding((std::size_t{16} << 20) - 1, ' ');
    CHECK(read(file_of("{}" + padding.substr(1), "")) == "accepted");
    CHECK_THAT(read(file_of("{}" + padding, "")), Contains("header of 16777217 bytes"));
  }
  SECTION("what is no header") {
    CHECK_THAT(read(file_of(" " + two, kData)), Contains("opening brace"));
    CHECK_THAT(read(file_of(two + "x", kData)),
               Contains("header byte " + std::to_string(two.size() + 1) + ": not valid JSON"));
    CHECK_THAT(read(file_of(two + std::string(3, '\0'), kData)), Contains("NUL byte"));
    CHECK_THAT(read(file_of(R"({"a)"
                            "\xff"
                            R"(":)" +
                                description("U8", "0", "0,0") + "}",
                            "")),
               Contains("UTF-8"));
    CHECK_THAT(read(file_of(R"({"a\u0000":)" + description("U8", "0", "0,0") + "}", "")),
               Contains("NUL character"));
    CHECK_THAT(read(file_of(R"({"a":)" + std::string(100000, '['), "")),
               Contains("tensor 'a': must be an object; it is an array"));
    CHECK_THAT(read(file_of(R"({"a":null})", "")), Contains("it is null"));
    CHECK_THAT(read(file_of(R"({"\n\u001b[31m":1})", "")),
               Contains("tensor '??[31m': must be an object; it is 1"));
  }
  SECTION("names") {
    const std::string empty = description("U8", "0", "0,0");
    CHECK_THAT(read(file_of(R"({"a":)" + empty + R"(,"a":)" + empty + "}", "")),
               Contains("tensor 'a': comes twice"));
    CHECK_THAT(read(file_of(R"({"__metadata__":{},"__metadata__":{}})", "")),
               Contains("metadata: comes twice"));
    CHECK_THAT(read(file_of(R"({"__metadata__":{"k":"1","k":"2"}})", "")),
               Contains("metadata 'k': comes twice"));
    CHECK_THAT(read(file_of(R"({"__metadata__":{"k":3}})", "")),
               Contains("metadata 'k': must be a string; it is 3"));
    CHECK(read(file_of("{\"" + std::string(1024, 'n') + "\":" + empty + "}", "")) == "accepted");
    CHECK_THAT(read(file_of("{\"" + std::string(1025, 'n') + "\":" + empty + "}", "")),
               Contains("nnn'... (1025 bytes)") && Contains("the limit is 1024"));
    std::string many;
    for (int i = 0; i < 65536; ++i) many += ",\"" + std::to_string(i) + "\":" + empty;
    CHECK(read(file_of("{" + many.substr(1) + "}", "")) == "accepted");
    CHECK_THAT(read(file_of("{" + many.substr(1) + ",\"more\":" + empty + "}", "")),
               Contains("tensor 'more': is one more than 65536 entries, the limit"));
  }
  SECTION("fields") {
    CHECK_THAT(read(file_of(one("F33", "4", "0,16"), sixteen)),
               Contains("tensor 'a': dtype 'F33' is none of F64, F32, F16"));
    CHECK_THAT(read(file_of(R"({"a":{"dtype":"F32","shape":[4]}})", sixteen)),
               Contains("has no data_offsets"));
    CHECK_THAT(read(file_of(R"({"a":{"shape":[4],"shape":[4]}})", sixteen)),
               Contains("shape comes twice"));
    CHECK_THAT(read(file_of(R"({"a":{"strides":[4]}})", sixteen)),
               Contains("unknown field 'strides'"));
    CHECK_THAT(read(file_of(R"({"a":{"dtype":7}})", "")),
               Contains("dtype must be a string; it is 7"));
    CHECK_THAT(read(file_of(R"({"a":{"shape":"4"}})", "")),
               Contains("shape must be an array; it is a string"));
    CHECK_THAT(read(file_of(one("F32", "4.0", "0,16"), sixteen)), Contains("shape has '4.0'"));
    CHECK_THAT(read(file_of(one("F32", "-4", "0,16"), sixteen)), Contains("shape has -4"));
    CHECK_THAT(read(file_of(one("F32", "[4]", "0,16"), sixteen)), Contains("shape has an array"));
    CHECK_THAT(read(file_of(one("F32", "4", "0"), sixteen)),
               Contains("has 1 numbers instead of two"));
    CHECK_THAT(read(file_of(one("F32", "4", "0,16,16"), sixteen)),
               Contains("more than two numbers"));
    CHECK_THAT(read(file_of(one("BOOL", "4", "0,4"), std::string("\0\1\2\1", 4))),
               Contains("element 2 is 2; a BOOL is 0 or 1"));
  }
  SECTION("sizes") {
    // The product of the three is 4 modulo 2^64.
    CHECK_THAT(read(file_of(one("F32", "4194305,4194305,211106198978564", "0,16"), sixteen)),
               Contains("more than 9223372036854775807 bytes, the limit"));
    CHECK_THAT(read(file_of(one("F32", "4611686018427387904", "0,0"), "")), Contains("the limit"));
    CHECK_THAT(read(file_of(one("U8", "9223372036854775808", "0,0"), "")), Contains("2^63 - 1"));
    CHECK_THAT(read(file_of(one("U8", "0,4294967296,4294967296", "0,0"), "")),
               Contains("the limit"));
    CHECK(read(file_of(one("U8", "0,4294967296,2147483647", "0,0"), "")) == "accepted");
    CHECK_THAT(
        read(file_of(one("F32", "5", "0,16"), sixteen)),
        EndsWith("tensor 'a': data_offsets [0, 16) hold 16 bytes; its shape and dtype need 20"));
    CHECK_THAT(read(file_of(one("F32", "0", "0,16"), sixteen)), Contains("need 0"));
    const std::string ones = "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,4";
    CHECK(read(file_of(one("F32", ones, "0,16"), sixteen)) == "accepted");
    CHECK_THAT(read(file_of(one("F32", "1," + ones, "0,16"), sixteen)),
               Contains("shape has more than 16 sizes, the limit"));
  }
  SECTION("offsets") {
    const auto pair = [&](const std::string& a, const std::string& b) {
      return file_of(
          R"({"a":)" + description("F32", "2", a) + R"(,"b":)" + description("F32", "2", b) + "}",
          sixteen);
    };
    CHECK(read(pair("8,16", "0,8")) == "accepted");
    CHECK_THAT(read(pair("0,8", "4,12")),
               Contains("tensor 'b': begins at data byte 4; the tensors before it end at 8"));
    CHECK_THAT(read(pair("0,8", "0,8")), Contains("begins at data byte 0"));
    CHECK_THAT(read(pair("0,8", "9,17")), Contains("are [9, 17); the file has data bytes [0, 16)"));
    CHECK_THAT(read(pair("0,8", "8,18446744073709551615")), Contains("18446744073709551615"));
    CHECK_THAT(read(pair("0,8", "16,8")), Contains("are [16, 8)"));
    CHECK_THAT(read(file_of(one("F32", "3", "4,16"), sixteen)), Contains("no gap and no overlap"));
  }
  SECTION("no file") {
    CHECK_THAT(verdict(folder / "absent"), EndsWith("absent: there is no such file"));
    CHECK_THAT(verdict(folder.path()), EndsWith("is not a regular file"));
  }
}

TEST_CASE("no single flipped bit and no zeroed bytes of a file are read as something else") {
  const TemporaryFolder folder;
  const auto path = folder / "file.safetensors";
  ic::write_tensor_file(path,
                        {.metadata = {{"k", "v"}},
                         .tensors = {{"a", at::ones({2, 2})}, {"b", at::ones({3}, at::kBool)}}});
  const std::string good = content(path);
  const auto is_silent = [&](const std::string& bytes) {
    const auto spoiled = folder.write("spoiled.safetensors", bytes);
    if (verdict(spoiled) != "accepted") return false;
    // The name of the digest's own entry may be hit: then the file has none, and says so.
    const ic::TensorFile file = ic::read_tensor_file(spoiled);
    return file.has_digest || !at::equal(file.tensors.at("a"), at::ones({2, 2})) ||
           !at::equal(file.tensors.at("b"), at::ones({3}, at::kBool)) ||
           file.metadata.at("k") != "v";
  };
  int silent = 0;
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    silent += is_silent(bytes);
  }
  for (std::size_t at = 0; at + 4 <= good.size(); ++at) {
    if (good.substr(at, 4) == std::string(4, '\0')) continue;
    silent += is_silent(std::string(good).replace(at, 4, 4, '\0'));
  }
  CHECK(silent == 0);
}

TEST_CASE("a spoiled file is refused, whatever was done to it, and never crashes the reader") {
  const TemporaryFolder folder;
  const auto path = folder / "file.safetensors";
  ic::write_tensor_file(path,
                        {.metadata = {{"k", "v"}},
                         .tensors = {{"a", at::ones({2, 2})}, {"b", at::ones({3}, at::kBool)}}});
  const std::string good = content(path);
  ic::CounterRandom random{ic::Seed{1}, ic::Stream::kPaths, 0, 0};
  int accepted = 0;
  for (int round = 0; round < 500; ++round) {
    std::string bytes = good;
    for (std::uint32_t change = random.below(3); change < 3; ++change) {
      const std::size_t at = random.below(static_cast<std::uint32_t>(bytes.size()));
      switch (random.below(3)) {
        case 0:
          bytes[at] = static_cast<char>(bytes[at] ^ 1 << random.below(8));
          break;
        case 1:
          bytes[at] = "{}[]\",:0129-."[random.below(13)];
          break;
        default:
          bytes.erase(at, 1 + random.below(4));
      }
    }
    if (bytes == good) continue;
    const auto spoiled = folder.write("spoiled.safetensors", bytes);
    accepted += verdict(spoiled) == "accepted" && ic::read_tensor_file(spoiled).has_digest;
  }
  CHECK(accepted == 0);
}

TEST_CASE("what a tensor file cannot hold is refused before anything is written") {
  const TemporaryFolder folder;
  const auto path = folder.write("file.safetensors", "as before");
  const auto message = [&](ic::TensorFile file) {
    std::string text = "written";
    try {
      ic::write_tensor_file(path, file);
    } catch (const std::runtime_error& error) {
      text = error.what();
    }
    CHECK(content(path) == "as before");
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
    return text;
  };
  const auto tensor = [&](const std::string& name, const at::Tensor& value) {
    return message({.metadata = {}, .tensors = {{name, value}}});
  };
  CHECK_THAT(tensor("x", {}), Contains("tensor 'x': is undefined"));
  CHECK_THAT(tensor("x", at::zeros({2}, at::kComplexFloat)),
             Contains("tensor 'x': is ComplexFloat") && Contains("F64, F32"));
  CHECK_THAT(tensor("x", at::eye(3).to_sparse()), Contains("not dense"));
  CHECK_THAT(tensor("__metadata__", at::ones({1})), Contains("the name is the format's own"));
  CHECK_THAT(tensor("x\xff", at::ones({1})), Contains("is not UTF-8"));
  CHECK_THAT(tensor(std::string("x\0y", 3), at::ones({1})), Contains("NUL"));
  CHECK_THAT(tensor(std::string(1025, 'n'), at::ones({1})), Contains("the limit is 1024"));
  CHECK_THAT(tensor("x", at::ones({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})),
             Contains("more than 16 sizes"));
  CHECK_THAT(message({.metadata = {{"k", "\xc3"}}, .tensors = {}}), Contains("metadata 'k'"));
  CHECK_THAT(message({.metadata = {{"k", std::string(std::size_t{16} << 20, ' ')}}, .tensors = {}}),
             Contains("the limit is 16777216"));
  CHECK_THROWS_WITH(ic::write_tensor_file(folder / "absent/x", {}), Contains("cannot be written"));
}

TEST_CASE("the corpus of hostile safetensors files", "[shared]") {
  const TemporaryFolder folder;
  const auto tool = interchoice::testing::shared_data() / "tools" / "make_hostile_safetensors.py";
  const std::string command =
      "python3 '" + tool.string() + "' '" + folder.path().string() + "' > /dev/null";
  REQUIRE(std::system(command.c_str()) == 0);

  const auto cases = ic::CsvTable::read(folder / "cases.csv");
  const auto files = cases.texts("file");
  const auto expected = cases.texts("expected");
  int valid = 0, invalid = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    INFO(files[i]);
    const std::string text = verdict(folder / files[i]);
    if (expected[i] == "valid") {
      CHECK(text == "accepted");
      ++valid;
    } else {
      CHECK(text != "accepted");
      CHECK_THAT(text, Contains(files[i]));
      CHECK(text.size() < 500);
      ++invalid;
    }
  }
  CHECK(valid == 10);
  CHECK(invalid == 81);

  const auto contents = ic::CsvTable::read(folder / "contents.csv");
  const auto names = contents.texts("tensor");
  const auto types = contents.texts("dtype");
  const auto shapes = contents.texts("shape");
  const auto bytes = contents.texts("bytes_hex");
  const auto holders = contents.texts("file");
  std::map<std::string, std::size_t> counts;
  for (std::size_t i = 0; i < names.size(); ++i) {
    INFO(holders[i] << " " << names[i]);
    const ic::TensorFile file = ic::read_tensor_file(folder / holders[i]);
    const at::Tensor tensor = file.tensors.at(names[i]);
    std::string shape;
    for (const std::int64_t size : tensor.sizes()) {
      shape += (shape.empty() ? "" : "x") + std::to_string(size);
    }
    CHECK((shape.empty() ? "scalar" : shape) == shapes[i]);
    CHECK(tensor.scalar_type() == kTypes.at(types[i]));
    CHECK(hex(bytes_of(tensor)) == bytes[i]);
    CHECK(file.tensors.size() >= ++counts[holders[i]]);
    // Written by us, it is the same again.
    ic::write_tensor_file(folder / "again", file);
    CHECK(hex(bytes_of(ic::read_tensor_file(folder / "again").tensors.at(names[i]))) == bytes[i]);
  }
  CHECK(names.size() == 23);
  CHECK(ic::read_tensor_file(folder / "ok_metadata.safetensors").metadata ==
        std::map<std::string, std::string>{{"empty", ""},
                                           {"format", "pt"},
                                           {"note",
                                            "\xc3\xbc"
                                            "ber, \"quoted\"\nline"}});
}
