// The code of how-to/subnets.md as a program.

#include <cstdio>

#include "interchoice/interchoice.hpp"

namespace ic = interchoice;

void take_out(ic::Supernet<ic::NasBench201<ic::Skip>, ic::bias<1>>& supernet, const at::Tensor& x) {
  const ic::Architecture<ic::NasBench201Space> path{3, 1, 3, 2, 0, 3};
  ic::Subnet<ic::NasBench201<ic::Skip>> subnet = ic::extract(supernet, path);
  std::printf("%s\n", at::equal(subnet->forward(x), supernet->forward(x, path)) ? "equal" : "not");
}

void train_alone(const ic::Batches& data) {
  const ic::Architecture<ic::NasBench201Space> path{3, 1, 3, 2, 0, 3};
  ic::Subnet<ic::NasBench201Benchmark> subnet(
      ic::NasBench201BenchmarkOptions{.input_channels = 1, .width = 4, .cells_per_stage = {1}},
      path);
  const auto record = ic::train(subnet, data, ic::FixedSampler(path), {.epochs = 1});
  std::printf("loss %.3f\n", record.epochs.back().loss);
}

int main() {
  ic::Supernet<ic::NasBench201<ic::Skip>, ic::bias<1>> supernet(
      ic::NasBench201Options{.input_channels = 1, .width = 4, .cells_per_stage = {1, 1}});
  const auto digits = ic::read_digits("examples/data/digits.bin");
  const ic::Batches data(ic::first_images(digits, 512), {64, ic::measure_normalisation(digits)});
  supernet->eval();
  take_out(supernet, data.evaluation(0).data);
  train_alone(data);
}
