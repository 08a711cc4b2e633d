// The CUDA kernels where there is no device: their functions on the processor against libtorch's
// operators in float64; their text through NVRTC and nvcc, and what ptxas says of the result; the
// cache of cubins.

#include <ATen/Functions.h>
#include <sys/stat.h>
#include <torch/csrc/autograd/autograd.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/nn/kernels/cuda/compiled_kernels.hpp"
#include "interchoice/nn/kernels/cuda/kernels.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace cuda = interchoice::cuda;
namespace fs = std::filesystem;

namespace {

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

/// A block whose threads run one after another.
struct HostTeam {
  unsigned block;
  unsigned blocks;
  unsigned tile;
  void* shared;

  template <class Task>
  void each(const Task& task) const {
    for (unsigned thread = 0; thread < cuda::kThreads; ++thread) task(thread);
  }
  void wait() const {}
};

template <class Kernel>
void run_blocks(unsigned blocks, unsigned tiles, const Kernel& kernel) {
  std::vector<double> shared(std::size_t{16} * cuda::kThreads, NAN);
  for (unsigned tile = 0; tile < tiles; ++tile) {
    for (unsigned block = 0; block < blocks; ++block) {
      kernel(HostTeam{block, blocks, tile, shared.data()});
    }
  }
}

constexpr unsigned kBlocks = 3;

/// The kernels for one type and width of a pack, as a test's functions of tensors.
template <class T, unsigned kWidth>
struct Host {
  at::ScalarType type;
  at::ScalarType row_type;

  cuda::Operands operands(const at::Tensor& x) const {
    cuda::Operands o;
    o.channels = static_cast<unsigned>(x.size(1));
    o.height = static_cast<unsigned>(x.size(2));
    o.width = static_cast<unsigned>(x.size(3));
    o.pixels = static_cast<unsigned>(x.numel() / x.size(1));
    return o;
  }
  static unsigned tiles(const cuda::Operands& o) {
    return (o.channels / kWidth + cuda::kThreads - 1) / cuda::kThreads;
  }

  template <class Kernel>
  at::Tensor run(cuda::Operands o, const at::Tensor& like, const Kernel& kernel) const {
    at::Tensor out = at::full_like(like, NAN);
    o.out = out.data_ptr();
    run_blocks(kBlocks, tiles(o), [&](const HostTeam& team) { kernel(o, team); });
    return out;
  }

  /// Output and the sums' rows.
  template <class Kernel>
  std::array<at::Tensor, 3> run_sums(cuda::Operands o, const at::Tensor& like, unsigned sums,
                                     const Kernel& kernel) const {
    at::Tensor partial = at::full({sums, kBlocks, like.size(1)}, NAN, row_type);
    o.partial = partial.data_ptr();
    const at::Tensor out = run(o, like, kernel);
    // Row 1 of three; the others stay.
    const at::Tensor index = at::ones({1}, at::kLong);
    std::array<at::Tensor, 2> tables;
    for (at::Tensor& table : tables) table = at::full({3, like.size(1)}, 5, row_type);
    o.terms = kBlocks;
    o.shift = row(tables[0], index);
    o.scale = sums == 2 ? row(tables[1], index) : cuda::Row{};
    const unsigned blocks = (o.channels + cuda::kTotalChannels - 1) / cuda::kTotalChannels;
    run_blocks(blocks, sums, [&](const HostTeam& team) { cuda::total<cuda::Wide<T>>(o, team); });
    for (const at::Tensor& table : tables) {
      CHECK(at::equal(table[0], at::full_like(table[0], 5)));
      CHECK(at::equal(table[2], at::full_like(table[2], 5)));
    }
    // The same again is added.
    at::Tensor once = tables[0][1].clone();
    o.accumulate = 1;
    run_blocks(blocks, 1, [&](const HostTeam& team) { cuda::total<cuda::Wide<T>>(o, team); });
    CHECK(at::equal(tables[0][1], once + once));
    return {out, once, tables[1][1]};
  }

  static cuda::Row row(const at::Tensor& table, const at::Tensor& index) {
    return {table.data_ptr(), reinterpret_cast<const long long*>(index.data_ptr<std::int64_t>())};
  }
};

double tolerance(at::ScalarType type) {
  return type == at::kDouble     ? 1e-12
         : type == at::kFloat    ? 1e-5
         : type == at::kBFloat16 ? 1e-2
                                 : 2e-3;
}

template <class T, unsigned kWidth>
void check_functions(at::ScalarType type, std::array<std::int64_t, 4> sizes) {
  INFO(type << " " << at::IntArrayRef(sizes) << ", " << kWidth << " at once");
  const Host<T, kWidth> host{type, type == at::kDouble ? at::kDouble : at::kFloat};
  const auto random = [&] { return at::randn(sizes).contiguous(kChannelsLast).to(type); };
  const auto exact = [](const at::Tensor& x) {
    return x.to(at::kDouble).detach().requires_grad_();
  };
  const auto close = [&](const at::Tensor& ours, const at::Tensor& theirs, double factor = 1) {
    const double limit = factor * tolerance(type);
    const bool result = at::allclose(ours.to(at::kDouble), theirs, limit, limit, true);
    if (!result) UNSCOPED_INFO((ours.to(at::kDouble) - theirs).abs().max());
    return result;
  };
  // Sums keep their type: short only what goes in.
  const double of_sums = type == at::kBFloat16 || type == at::kHalf ? 0.1 : 1;
  const double values = of_sums * static_cast<double>(sizes[0] * sizes[2] * sizes[3]);

  const at::Tensor table = at::randn({4, sizes[1]}, host.row_type);
  const at::Tensor other_table = at::randn({4, sizes[1]}, host.row_type);
  const at::Tensor index = at::full({1}, 2, at::kLong);
  const at::Tensor x = random();
  const at::Tensor first = x[0][0][0][0];
  const at::Tensor g = random();
  const at::Tensor row = exact(table[2]);
  const at::Tensor wide = row.view({1, -1, 1, 1});
  const at::Tensor in = exact(x);
  cuda::Operands o = host.operands(x);
  o.in[0] = x.data_ptr();
  o.shift = host.row(table, index);

  {
    first.fill_(NAN);
    const at::Tensor input = exact(x);
    const at::Tensor y = at::relu(input + wide);
    const at::Tensor ours = host.run(o, x, cuda::shifted_relu<T, kWidth, HostTeam>);
    CHECK(close(ours, y));
    CHECK(ours.isnan().sum().template item<std::int64_t>() == 1);
    cuda::Operands back = host.operands(x);
    back.in[0] = ours.data_ptr();
    back.in[1] = g.data_ptr();
    const auto gradients = torch::autograd::grad({(y * exact(g).detach()).sum()}, {input, row});
    const auto [dx, sum, unused] =
        host.run_sums(back, x, 1, cuda::shifted_relu_backward<T, kWidth, HostTeam>);
    CHECK(close(dx, gradients[0]));
    CHECK(close(sum, dx.to(at::kDouble).sum({0, 2, 3}), values));
    first.fill_(0.5);
  }
  {
    const at::Tensor b = random();
    const at::Tensor c = random();
    for (unsigned terms = 1; terms <= 3; ++terms) {
      o.terms = terms;
      o.in[1] = b.data_ptr();
      o.in[2] = c.data_ptr();
      at::Tensor expected = exact(x) + wide;
      if (terms > 1) expected = expected + exact(b);
      if (terms > 2) expected = expected + exact(c);
      CHECK(close(host.run(o, x, cuda::node_sum<T, kWidth, HostTeam>), expected));
    }
    const auto [unused, sum, also_unused] =
        host.run_sums(o, x, 1, cuda::pixel_sum<T, kWidth, HostTeam>);
    CHECK(close(sum, exact(x).sum({0, 2, 3}), values));
  }
  for (const bool count_include_pad : {true, false}) {
    o.count_include_pad = count_include_pad ? 1 : 0;
    const auto pool = [&](const at::Tensor& images) {
      return at::avg_pool2d(images, {3, 3}, {1, 1}, {1, 1}, false, count_include_pad);
    };
    const at::Tensor input = exact(x);
    const at::Tensor y = pool(input + wide);
    CHECK(close(host.run(o, x, cuda::average_pool<T, kWidth, HostTeam>), y));
    const auto gradients = torch::autograd::grad({(y * exact(g).detach()).sum()}, {input, row});
    cuda::Operands back = o;
    back.in[0] = g.data_ptr();
    const auto [dx, sum, unused] =
        host.run_sums(back, x, 1, cuda::average_pool_backward<T, kWidth, HostTeam>);
    CHECK(close(dx, gradients[0]));
    CHECK(close(sum, gradients[1], values));
    back.partial = nullptr;  // no row
    CHECK(at::equal(host.run(back, x, cuda::average_pool_backward<T, kWidth, HostTeam>), dx));
  }
  {
    const at::Tensor scale = exact(other_table[2]);
    const at::Tensor input = exact(x);
    const at::Tensor y = input * scale.view({1, -1, 1, 1}) + wide;
    o.scale = host.row(other_table, index);
    CHECK(close(host.run(o, x, cuda::scale_shift<T, kWidth, HostTeam>), y, 4));
    const auto gradients =
        torch::autograd::grad({(y * exact(g).detach()).sum()}, {input, row, scale});
    cuda::Operands back = o;
    back.in[1] = g.data_ptr();
    const auto [dx, shift_sum, scale_sum] =
        host.run_sums(back, x, 2, cuda::scale_shift_backward<T, kWidth, HostTeam>);
    CHECK(close(dx, gradients[0]));
    CHECK(close(shift_sum, gradients[1], values));
    CHECK(close(scale_sum, gradients[2], values));
  }
}

template <class T>
void check_type(at::ScalarType type) {
  constexpr unsigned kPack = 16 / sizeof(T);
  check_functions<T, 1>(type, {1, 1, 1, 1});
  check_functions<T, 1>(type, {2, 17, 5, 1});
  check_functions<T, 1>(type, {3, 3, 1, 4});
  check_functions<T, 1>(type, {1, 300, 2, 3});  // more groups than threads
  check_functions<T, kPack>(type, {2, kPack, 3, 5});
  check_functions<T, kPack>(type, {2, 3 * kPack, 2, 2});
  check_functions<T, kPack>(type, {4, 16, 17, 19});
  check_functions<T, kPack>(type, {1, 264 * kPack, 2, 1});
}

bool has_compiler() {
  try {
    cuda::compiler_version();
    return true;
  } catch (const std::exception& error) {
    WARN("SKIPPED: " << error.what());
    return false;
  }
}

/// What a command prints; empty if it fails.
std::string output_of(const std::string& command) {
  const std::string path = "PATH=$PATH:${CUDA_HOME:-/usr/local/cuda}/bin ";
  std::FILE* const pipe = ::popen((path + command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> piece{};
  while (const std::size_t count = std::fread(piece.data(), 1, piece.size(), pipe)) {
    text.append(piece.data(), count);
  }
  return ::pclose(pipe) == 0 ? text : "";
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string content(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

const std::array<const char*, 4> kScalars{"float", "double", "interchoice::cuda::Bf16",
                                          "interchoice::cuda::F16"};

}  // namespace

TEST_CASE("the CUDA kernels' functions compute what libtorch does in float64") {
  at::manual_seed(1);
  check_type<float>(at::kFloat);
  check_type<double>(at::kDouble);
  check_type<cuda::Bf16>(at::kBFloat16);
  check_type<cuda::F16>(at::kHalf);
}

TEST_CASE("the CUDA kernels' short types are libtorch's") {
  for (unsigned bits = 0; bits < 0x10000U; ++bits) {
    const auto short_bits = static_cast<std::uint16_t>(bits);
    const float half = c10::Half(short_bits, c10::Half::from_bits());
    const float bfloat = c10::BFloat16(short_bits, c10::BFloat16::from_bits());
    const float ours = cuda::widen(cuda::F16{short_bits});
    if (std::isnan(half) ? !std::isnan(ours) : ours != half) FAIL("half " << bits);
    const float ours_too = cuda::widen(cuda::Bf16{short_bits});
    if (std::isnan(bfloat) ? !std::isnan(ours_too) : ours_too != bfloat) FAIL("bfloat " << bits);
  }
  std::uint32_t bits = 0;
  for (int i = 0; i < 2'000'000; ++i) {
    bits += 2'654'435'769U;  // all exponents
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    cuda::F16 half{};
    cuda::Bf16 bfloat{};
    cuda::narrow(value, half);
    cuda::narrow(value, bfloat);
    if (std::isnan(value)) {
      if (!std::isnan(cuda::widen(half)) || !std::isnan(cuda::widen(bfloat))) FAIL("NaN " << bits);
    } else if (half.bits != c10::Half(value).x || bfloat.bits != c10::BFloat16(value).x) {
      FAIL(value << ": " << half.bits << " " << bfloat.bits);
    }
  }
}

TEST_CASE("NVRTC compiles the CUDA kernels for every architecture") {
  if (!has_compiler()) return;
  for (const int architecture : {80, 90, 100}) {
    for (const char* const scalar : kScalars) {
      INFO(scalar << " on sm_" << architecture);
      CHECK(cuda::compile_kernels(architecture, scalar).substr(1, 3) == "ELF");
    }
  }
}

TEST_CASE("NVRTC's log tells what is wrong") {
  if (!has_compiler()) return;
  CHECK_THROWS_WITH(cuda::compile_kernels(90, "no_such_type"),
                    Catch::Matchers::Contains("interchoice: nvrtcCompileProgram failed") &&
                        Catch::Matchers::Contains("no_such_type"));
}

TEST_CASE("nvcc compiles the text of the CUDA kernels, and none of them spills") {
  if (output_of("nvcc --version").empty()) {
    WARN("SKIPPED: there is no nvcc");
    return;
  }
  const interchoice::testing::TemporaryFolder folder;
  write(folder / "kernels.cu", cuda::kernel_source());
  std::string command =
      "nvcc -std=c++17 -fatbin -Xptxas -v"
      " '-DINTERCHOICE_CUDA_FUNCTION=__device__ __forceinline__'";
  for (const char* const architecture : {"80", "90", "100"}) {
    command += " -gencode arch=compute_" + std::string(architecture) + ",code=sm_" + architecture;
  }
  for (const char* const scalar : kScalars) {
    INFO(scalar);
    const std::string text =
        output_of(command + " -DINTERCHOICE_CUDA_SCALAR=" + scalar + " -o " +
                  (folder / "kernels.fatbin").string() + " " + (folder / "kernels.cu").string());
    const std::regex usage(
        "Function properties for (interchoice_\\w+)\\s+(\\d+) bytes stack frame, (\\d+) bytes "
        "spill "
        "stores, (\\d+) bytes spill loads\\s+ptxas info\\s*: Used (\\d+) registers");
    int kernels = 0;
    for (std::sregex_iterator i(text.begin(), text.end(), usage), end; i != end; ++i) {
      INFO((*i)[0].str());
      for (const std::size_t bytes : {2U, 3U, 4U}) CHECK((*i)[bytes].str() == "0");
      CHECK(std::stoi((*i)[5]) <= 64);  // a processor holds four blocks of 256 threads, and more
      ++kernels;
    }
    INFO(text);
    CHECK(kernels == 3 * 17);
  }
}

TEST_CASE("the cache of CUDA kernels gives back only what it was given for a key") {
  const interchoice::testing::TemporaryFolder folder;
  const cuda::CubinCache cache(folder / "a" / "b");
  CHECK_FALSE(cache.read("key"));
  REQUIRE(cache.write("key", "the bytes"));
  CHECK(cache.read("key") == "the bytes");
  CHECK_FALSE(cache.read("other"));
  struct stat found {};
  REQUIRE(::stat(cache.folder().c_str(), &found) == 0);
  CHECK((found.st_mode & 077U) == 0);
  const fs::path file = cache.file("key");
  const std::string whole = content(file);

  SECTION("damaged") {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      std::string text = whole;
      text[i] = static_cast<char>(text[i] ^ 1);
      write(file, text);
      CHECK_FALSE(cache.read("key"));
    }
  }
  SECTION("truncated, empty, longer") {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      write(file, whole.substr(0, size));
      CHECK_FALSE(cache.read("key"));
    }
    write(file, whole + "x");
    CHECK_FALSE(cache.read("key"));
    CHECK(cache.write("key", "the bytes"));
    CHECK(cache.read("key") == "the bytes");
  }
  SECTION("of another key") {
    fs::copy_file(file, cache.file("other"));
    CHECK_FALSE(cache.read("other"));
  }
  SECTION("not a file") {
    fs::remove(file);
    fs::create_directory(file);
    CHECK_FALSE(cache.read("key"));
    CHECK_FALSE(cache.write("key", "the bytes"));
  }
  SECTION("no folder can be made") {
    write(folder / "file", "");
    const cuda::CubinCache impossible(folder / "file" / "cache");
    CHECK_FALSE(impossible.write("key", "the bytes"));
    CHECK_FALSE(impossible.read("key"));
  }
  SECTION("switched off") {
    const cuda::CubinCache none;
    CHECK_FALSE(none.write("key", "the bytes"));
    CHECK_FALSE(none.read("key"));
  }
}

TEST_CASE("environment variables say where CUDA kernels are cached") {
  struct Variable {
    const char* name;
    std::string before;
    bool was_set;
    explicit Variable(const char* n)
        : name(n), before(std::getenv(n) ? std::getenv(n) : ""), was_set(std::getenv(n)) {}
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { was_set ? ::setenv(name, before.c_str(), 1) : ::unsetenv(name); }
    void set(const char* value) const { ::setenv(name, value, 1); }
    void unset() const { ::unsetenv(name); }
  };
  const Variable own("INTERCHOICE_KERNEL_CACHE");
  const Variable caches("XDG_CACHE_HOME");
  const Variable home("HOME");
  const auto folder = [] { return cuda::CubinCache::from_environment().folder(); };
  own.unset();
  caches.set("/caches");
  home.set("/home/me");
  CHECK(folder() == "/caches/interchoice");
  caches.set("relative");
  CHECK(folder() == "/home/me/.cache/interchoice");
  caches.unset();
  CHECK(folder() == "/home/me/.cache/interchoice");
  home.unset();
  CHECK(folder().empty());
  own.set("/mine");
  CHECK(folder() == "/mine");
  own.set("off");
  home.set("/home/me");
  CHECK(folder().empty());
}

TEST_CASE("a damaged cubin is compiled again") {
  if (!has_compiler()) return;
  const interchoice::testing::TemporaryFolder folder;
  const cuda::CubinCache cache(folder / "cache");
  const std::string key = cuda::cubin_key(90, "float");
  const std::string cubin = cuda::compiled_kernels(90, "float", cache);
  CHECK(cache.read(key) == cubin);
  cache.write(key, "kept");
  CHECK(cuda::compiled_kernels(90, "float", cache) == "kept");  // not compiled
  write(cache.file(key), content(cache.file(key)) + "!");
  CHECK(cuda::compiled_kernels(90, "float", cache) == cubin);
  CHECK(cache.read(key) == cubin);
  CHECK(cuda::cubin_key(80, "float") != key);
  CHECK(cuda::cubin_key(90, "double") != key);
}
