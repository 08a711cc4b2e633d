// A super-network takes a step and is ranked, with nothing included but what was precompiled.

namespace ic = interchoice;

using Space = ic::Chain<2, ic::Candidates<ic::ReluConvolutionNorm<3>, ic::Skip>>;

struct NetImpl : torch::nn::Module {
  using Body = ic::ChoiceBlocks<Space, ic::split<0>>;
  torch::nn::Conv2d stem =
      register_module("stem", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 4, 3).padding(1)));
  Body body = register_module("body", Body(ic::Geometry{.channels = 4}));
  torch::nn::Linear head = register_module("head", torch::nn::Linear(4, 2));
  at::Tensor forward(const at::Tensor& x, const ic::Architecture<Space>& path) {
    return head(body->forward(stem(x), path).mean({2, 3}));
  }
};
TORCH_MODULE(Net);

int main() {
  const ic::ImageSet images{at::randint(256, {8, 1, 6, 6}).to(at::kByte), at::arange(8) % 2, 2};
  const ic::Batches data(images, {.batch_size = 4, .normalisation = {{0.5}, {0.5}}});
  Net net;
  const ic::Sampler sample{ic::Uniform{ic::all<Space>}, ic::Seed{0}};
  ic::train(net, data, sample, {.epochs = 1});
  const auto ranking = ic::rank(net, {.calibration = data, .validation = data},
                                ic::every_architecture(ic::all<Space>));
  return ranking.architectures.size() == 4 && ic::is_split(*net) ? 0 : 1;
}
