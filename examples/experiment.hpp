#pragma once

// What the programs share: names of restrictions and policies, the super-network they train, how
// they train, save, load and rank it.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "examples/command_line.hpp"
#include "examples/experiment_data.hpp"
#include "examples/machine.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/checkpoint.hpp"
#include "interchoice/training/interrupt.hpp"
#include "interchoice/training/train.hpp"

namespace examples {

using Space = ic::NasBench201Space;
using Network = ic::NasBench201<ic::LinearSkip>;
template <class Policy>
using Supernet = ic::Supernet<Network, Policy>;

/// Calls `visit.operator()<Policy>()` for the policy of a name of --dependency or of a checkpoint.
template <class Visitor>
void with_policy(const std::string& name, const Visitor& visit) {
  bool found = false;
  const auto offer = [&]<class Policy>(const std::string& option) {
    if (name != option && name != ic::policy_text<Policy>()) return;
    found = true;
    visit.template operator()<Policy>();
  };
  offer.template operator()<ic::none>("none");
  offer.template operator()<ic::bias<1>>("bias1");
  offer.template operator()<ic::bias<2>>("bias2");
  offer.template operator()<ic::bias<3>>("bias3");
  offer.template operator()<ic::split<ic::on_demand>>("split");
  if (!found) {
    throw UsageError("dependency '" + name + "': use none, bias1, bias2, bias3 or split");
  }
}

/// Sizes of a network as a checkpoint keeps them.
struct NetworkSizes {
  std::int64_t width = 16;
  std::int64_t cells = 2;
  std::int64_t stages = 3;

  ic::NasBench201Options options(const ExperimentData& data) const {
    return {.input_channels = data.training.images.size(1),
            .classes = data.training.classes,
            .width = width,
            .cells_per_stage = std::vector<std::int64_t>(static_cast<std::size_t>(stages), cells)};
  }
  std::map<std::string, std::string> texts(const ExperimentData& data) const {
    return {{"network", "nasbench201, linear skip"},
            {"width", std::to_string(width)},
            {"cells", std::to_string(cells)},
            {"stages", std::to_string(stages)},
            {"input_channels", std::to_string(data.training.images.size(1))},
            {"classes", std::to_string(data.training.classes)}};
  }
  static NetworkSizes of(const ic::CheckpointHeader& header) {
    const auto number = [&](const std::string& name) {
      const auto found = header.sizes.find(name);
      if (found == header.sizes.end() || found->second.size() > 6 ||
          found->second.find_first_not_of("0123456789") != std::string::npos) {
        throw std::runtime_error("the checkpoint's size '" + name + "' is missing or no number");
      }
      return std::int64_t{std::stol("0" + found->second)};
    };
    return {number("width"), number("cells"), number("stages")};
  }
};

/// The options that all programs that train have in common.
template <class Options>
void add_training_options(CLI::App& app, Options& options) {
  app.add_option("--epochs", options.epochs, "epochs")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--width", options.sizes.width, "channels of the first stage")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--cells", options.sizes.cells, "cells in a stage")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--stages", options.sizes.stages, "stages, with reductions between them")
      ->check(CLI::Range(1, 6))
      ->capture_default_str();
  app.add_option("--batch", options.batch, "images in a batch")
      ->check(CLI::Range(2, 65536))
      ->capture_default_str();
  app.add_option("--images", options.images, "training images to use; 0 for all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--learning-rate", options.learning_rate, "initial learning rate")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_machine_options(app, options.machine);
}

/// A new super-network; the seed decides its initial weights.
template <class Policy>
Supernet<Policy> make_supernet(const NetworkSizes& sizes, const ExperimentData& data,
                               std::uint64_t seed, at::Device device) {
  at::manual_seed(seed);
  Supernet<Policy> net(sizes.options(data));
  net->to(device);
  return net;
}

/// The super-network of a checkpoint of its policy, which must have been trained on such data.
template <class Policy>
Supernet<Policy> load_supernet(const std::filesystem::path& path,
                               const ic::CheckpointHeader& header, const ExperimentData& data,
                               at::Device device) {
  const NetworkSizes sizes = NetworkSizes::of(header);
  auto net = make_supernet<Policy>(sizes, data, 0, device);
  ic::load_checkpoint(path, *net, ic::checkpoint_header<Space, Policy>(sizes.texts(data)));
  return net;
}

/// All architectures of a restriction, or a random sample of `sample` of them.
inline std::vector<ic::Architecture<Space>> architectures_to_rank(
    const ic::Restriction<Space>& restriction, std::uint64_t sample) {
  return ic::distinct_architectures(restriction, sample, ic::Seed{0});
}

}  // namespace examples
