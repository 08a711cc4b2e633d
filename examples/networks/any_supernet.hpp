#pragma once

// Super-networks of every space and policy behind one interface, so that programs have no
// templates: architectures are texts, spaces and policies names.

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "examples/networks/network_sizes.hpp"
#include "examples/state_options.hpp"
#include "interchoice/core/identity.hpp"
#include "interchoice/core/random.hpp"
#include "interchoice/data/any_batch_source.hpp"
#include "interchoice/evaluation/evaluation_data.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/evaluation/recalibration.hpp"
#include "interchoice/nn/cost.hpp"
#include "interchoice/training/progress.hpp"
#include "interchoice/training/training.hpp"

namespace examples {

namespace ic = interchoice;

using ProgressReport = std::function<void(const ic::Progress&)>;

/// The paths that a training takes: random ones of a restriction, or always the same.
struct Paths {
  std::string restriction = "all";
  std::string sampler = "uniform";  ///< or strict_fair: one for each candidate a step
  ic::Seed seed = {};
  std::string architecture = {};  ///< the only one, if not empty
};

/// One architecture as a network of its own.
class AnySubnet {
 public:
  virtual ~AnySubnet() = default;
  virtual torch::nn::Module& module() = 0;
  virtual std::string architecture() const = 0;
  /// `ic::network_identity`: space, policy, architecture, options.
  virtual ic::Identity identity() const = 0;
  virtual at::Tensor forward(const at::Tensor& x) = 0;
  /// BatchNorm's statistics from batches of a source.
  virtual void recalibrate(const ic::AnyBatchSource& data) = 0;
  /// The fraction of a source's images that it classifies correctly, in evaluation mode.
  virtual double accuracy(const ic::AnyBatchSource& data) = 0;
  virtual void save(const std::filesystem::path& path, const ic::Identity& facts) const = 0;
};

/// Predicted accuracies of architectures, in [0, 1]; fewer if the evaluation was `stopped`.
struct Predictions {
  std::vector<double> accuracies;
  bool stopped = false;
};

/// A super-network of some space and policy. Its functions are those of the library.
///
/// *Throws* std::invalid_argument for a text that is no architecture of the space.
class AnySupernet {
 public:
  virtual ~AnySupernet() = default;
  virtual torch::nn::Module& module() = 0;
  virtual const std::string& policy() const = 0;
  /// Channels and classes that its options name; the rest is not known.
  virtual ImageShape shape() const = 0;

  virtual at::Tensor forward(const at::Tensor& x, const std::string& architecture) = 0;
  virtual ic::TrainingRecord train(const StateOptions& state, const ic::AnyBatchSource& data,
                                   const Paths& paths, const ic::Training& training,
                                   const ProgressReport& report) = 0;
  virtual Predictions rank(const ic::EvaluationData& data,
                           const std::vector<std::string>& architectures,
                           const ic::RankingOptions& options, const ProgressReport& report) = 0;
  /// `ic::accuracy`, of the running statistics as they are.
  virtual double accuracy(const std::string& architecture, const ic::AnyBatchSource& data) = 0;
  virtual std::unique_ptr<AnySubnet> extract(const std::string& architecture) = 0;
  /// The same network without its policy, with fresh weights, as it would be trained alone; on the
  /// CPU.
  virtual std::unique_ptr<AnySubnet> fresh(const std::string& architecture) const = 0;
  virtual void save(const std::filesystem::path& path, const ic::Identity& facts) const = 0;

  virtual ic::Identity evaluation_identity(const ic::EvaluationData& data,
                                           const ic::Recalibration& recalibration) const = 0;
  virtual std::int64_t path_parameters(const std::string& architecture) const = 0;
  /// Equal for architectures that compute the same.
  virtual std::string canonical_form(const std::string& architecture) = 0;
};

}  // namespace examples
