// The code of how-to/subnets.md as a program.

#include <fmt/core.h>
#include <torch/nn.h>

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "interchoice/interchoice.hpp"
#include "interchoice/networks/saved_network.hpp"

namespace ic = interchoice;

void take_out(ic::Supernet<ic::NasBench201<ic::Skip>, ic::bias<1>>& supernet,
              const ic::Batches& data) {
  const ic::Architecture<ic::NasBench201Space> path{3, 1, 3, 2, 0, 3};
  auto subnet = ic::extract(supernet, path);
  const at::Tensor x = data.evaluation(0).data;
  TORCH_CHECK(at::equal(subnet->forward(x), supernet->forward(x, path)));
  ic::recalibrate(subnet, data);
  const auto file = std::filesystem::temp_directory_path() / "subnet.safetensors";
  ic::save(file, subnet);
  auto again = ic::load<decltype(subnet)>(file);
}

template <int Kernel>
struct Conv {
  static constexpr std::string_view name = Kernel == 3 ? "conv3x3" : "conv5x5";
  torch::nn::Conv2d build(const ic::Geometry& g) const {
    auto options = torch::nn::Conv2dOptions(g.channels, g.out_channels, Kernel);
    return torch::nn::Conv2d(options.padding(Kernel / 2));
  }
};
using Space = ic::Chain<4, ic::Candidates<Conv<3>, Conv<5>, ic::Skip>>;
using Body = ic::ChoiceBlocks<Space, ic::bias<1>>;

struct NetImpl : torch::nn::Module {
  explicit NetImpl(std::int64_t width)
      : body(register_module("body", Body(ic::Geometry{.channels = width}))) {}
  at::Tensor forward(const at::Tensor& x, const ic::Architecture<Space>& path) {
    return body->forward(x, path);
  }
  Body body;
};
TORCH_MODULE(Net);

void take_out_of_ones_own() {
  Net net(8);
  const ic::Architecture<Space> path{0, 2, 1, 0};
  ic::Subnet<Net> subnet = ic::extract(net, path, 8);  // rebuilt with the same argument
  fmt::print("{} parameters of {}\n", subnet->parameters().size(), net->parameters().size());
}

void train_alone(const ic::Batches& data) {
  using Network = ic::Supernet<ic::NasBench201Benchmark, ic::none>;
  const Network::Options options{.input_channels = 1, .width = 4, .cells_per_stage = {1}};
  const ic::Architecture<Network::Space> path{3, 1, 3, 2, 0, 3};
  ic::Subnet<Network> subnet(path, options);
  torch::optim::SGD sgd(subnet->parameters(), 0.1);
  for (const auto& [x, y] : data.epoch(0)) {
    sgd.zero_grad();
    torch::nn::functional::cross_entropy(subnet->forward(x), y).backward();
    sgd.step();
  }
}

int main() {
  ic::Supernet<ic::NasBench201<ic::Skip>, ic::bias<1>> supernet(
      ic::NasBench201Options{.input_channels = 1, .width = 4, .cells_per_stage = {1, 1}});
  const auto digits = ic::read_digits("examples/data/digits.bin");
  const ic::Batches data(ic::first_images(digits, 512), {64, ic::measure_normalisation(digits)});
  supernet->eval();
  take_out(supernet, data);
  take_out_of_ones_own();
  train_alone(data);
}
