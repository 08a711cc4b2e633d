#pragma once

// Shared by the programs: names of policies, the super-network they train, options of a training,
// how they save, load and rank.

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "examples/command_line.hpp"
#include "examples/experiment_data.hpp"
#include "examples/machine.hpp"
#include "interchoice/core/identity.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/core/shown.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/saved_network.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
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
    throw UsageError("dependency " + ic::shown(name) + ": use none, bias1, bias2, bias3 or split");
  }
}

/// Sizes of a network, as options of a command line.
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
};

/// The options that all programs that train have in common.
template <class Options>
void add_training_options(CLI::App& app, Options& options) {
  app.add_option("--epochs", options.epochs, "epochs")
      ->check(whole_number(1, 100000))
      ->capture_default_str();
  app.add_option("--width", options.sizes.width, "channels of the first stage")
      ->check(whole_number(1, 1024))
      ->capture_default_str();
  app.add_option("--cells", options.sizes.cells, "cells in a stage")
      ->check(whole_number(1, 64))
      ->capture_default_str();
  app.add_option("--stages", options.sizes.stages, "stages, with reductions between them")
      ->check(whole_number(1, 6))
      ->capture_default_str();
  app.add_option("--batch", options.batch, "images in a batch")
      ->check(whole_number(2, 65536))
      ->capture_default_str();
  app.add_option("--images", options.images, "training images to use; 0 for all")
      ->check(whole_number(0, kMostImages))
      ->capture_default_str();
  app.add_option("--learning-rate", options.learning_rate, "initial learning rate")
      ->check(positive_number())
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

/// The description of a super-network's file, whose space must be NAS-Bench-201.
struct SupernetFile {
  explicit SupernetFile(std::filesystem::path file) : path(std::move(file)) {
    const ic::SavedNetwork saved = reading(path, [&] { return ic::read_saved_network(path); });
    const auto text = [](const std::string* fact) { return fact == nullptr ? "" : *fact; };
    const std::string space = text(saved.network.find("space"));
    if (space != ic::space_signature<Space>()) {
      throw std::runtime_error(
          fmt::format("{} holds a network of the space {}, not of NAS-Bench-201; give one that "
                      "train_supernet wrote",
                      path.string(), ic::shown(space.substr(0, space.find(':')))));
    }
    policy = text(saved.network.find("policy"));
    facts = saved.facts;
  }

  /// The position at which its training was interrupted; null if it was not.
  const std::string* stopped() const { return facts.find("stopped"); }

  /// The policy and the place where its training was interrupted.
  std::string label() const {
    std::string label = policy == "split<on_demand>" ? "split" : policy;
    if (stopped() != nullptr) label += ", stopped at " + *stopped();
    return terminal_text(label, 200);
  }

  /// Says it where the network is only half trained.
  void print_note(const std::string& program) const {
    if (stopped() == nullptr) return;
    print_message(program, path.string() + " is a half-trained network, stopped at " + *stopped());
  }

  std::filesystem::path path;
  std::string policy;
  ic::Identity facts;
};

/// The super-network of a file, which must have been trained on such data.
template <class Policy>
Supernet<Policy> load_supernet(const std::filesystem::path& path, const ExperimentData& data,
                               at::Device device) {
  auto net = reading(path, [&] { return ic::load<Supernet<Policy>>(path); });
  const ic::NasBench201Options& options = net->options();
  const std::int64_t channels = data.training.images.size(1);
  if (options.input_channels != channels || options.classes != data.training.classes) {
    throw std::runtime_error(fmt::format(
        "{} is for images of {} channels and {} classes, '{}' has {} and {}; give the data that it "
        "was trained on",
        path.string(), options.input_channels, options.classes, data.name, channels,
        data.training.classes));
  }
  net->to(device);
  return net;
}

/// All architectures of a restriction, or a random sample of `sample` of them.
inline std::vector<ic::Architecture<Space>> architectures_to_rank(
    const ic::Restriction<Space>& restriction, std::uint64_t sample) {
  return ic::distinct_architectures(restriction, sample, ic::Seed{0});
}

}  // namespace examples
