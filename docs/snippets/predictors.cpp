// The code of predictors.md as a program.

#include <fmt/core.h>
#include <torch/nn.h>

#include <algorithm>
#include <vector>

#include "interchoice/interchoice.hpp"
#include "interchoice/predictors/predictor_scores.hpp"
#include "interchoice/predictors/standard_scores.hpp"
#include "interchoice/spaces/architecture_features.hpp"
#include "interchoice/stats/ridge_regression.hpp"

namespace ic = interchoice;
namespace nn = torch::nn;

void score_ones_own(const ic::Batches& data) {
  nn::Sequential net(nn::Conv2d(1, 8, 3), nn::BatchNorm2d(8), nn::ReLU(), nn::Flatten(),
                     nn::Linear(8 * 6 * 6, 10));
  ic::ScoredNetwork scored(net, {data.evaluation(0)});
  for (const ic::Score& score : ic::standard_scores()) {
    fmt::print("{} {:.4g}\n", score.name(), score(scored));
  }
}

using Network = ic::Supernet<ic::NasBench201Benchmark, ic::none>;
using Path = ic::Architecture<Network::Space>;

std::vector<double> vote_on(const std::vector<Path>& architectures, const ic::Batches& data) {
  const Network::Options options{.input_channels = 1, .width = 4, .cells_per_stage = {1, 1}};
  const auto scores = ic::predictor_scores(
      [&](const Path& path) { return ic::Subnet<Network>(path, options); }, architectures,
      {ic::Parameters{}, ic::Synflow{}, ic::Nwot{}}, {data.evaluation(0)});
  return scores.vote({"parameters", "synflow", "nwot"});
}

ic::Score least_gradient() {
  return ic::Score("least gradient", [](ic::ScoredNetwork& net) {
    double least = 1e30;
    for (const at::Tensor& g : net.weight_gradients()) {
      least = std::min(least, g.norm().item<double>());
    }
    return least;
  });
}

std::vector<double> predict_from_few(const std::vector<Path>& known,
                                     const std::vector<double>& accuracies,
                                     const std::vector<Path>& others) {
  std::vector<std::vector<double>> features;
  for (const Path& path : known) features.push_back(ic::operation_counts(path));
  const ic::RidgeRegression ridge(features, accuracies);
  fmt::print("error for one that is left out: {:.3g}\n", ridge.leave_one_out_error());
  std::vector<double> predictions;
  for (const Path& path : others) predictions.push_back(ridge.predict(ic::operation_counts(path)));
  return predictions;
}

int main() {
  const auto digits = ic::read_digits("examples/data/digits.bin");
  const ic::Batches data(ic::first_images(digits, 64), {64, ic::measure_normalisation(digits)});
  score_ones_own(data);
  const std::vector<Path> paths{{3, 3, 3, 3, 3, 3}, {1, 2, 1, 2, 1, 2}, {1, 1, 1, 1, 1, 1}};
  const auto vote = vote_on(paths, data);
  TORCH_CHECK(vote[0] > vote[1] && vote[1] > vote[2]);
  nn::Sequential net(nn::Flatten(), nn::Linear(64, 10));
  ic::ScoredNetwork scored(net, {data.evaluation(0)});
  TORCH_CHECK(least_gradient()(scored) > 0);
  const auto predictions = predict_from_few(paths, {94.0, 92.5, 91.0}, paths);
  TORCH_CHECK(predictions[0] > predictions[2]);
}
