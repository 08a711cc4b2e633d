#pragma once

// The accuracy that a trained super-network predicts, asked for one architecture at a time.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "examples/experiment.hpp"
#include "interchoice/evaluation/result_log.hpp"
#include "interchoice/evaluation/result_origin.hpp"
#include "interchoice/networks/canonical_form.hpp"

namespace examples {

/// The super-network of a checkpoint, and the images it is evaluated on.
struct SupernetOptions {
  std::string file;  ///< that train_supernet wrote
  std::string data = "digits";
  std::int64_t batch = 64;
  std::int64_t validation = 0;  ///< images; 0 for all
  Machine machine;
};

inline void add_supernet_options(CLI::App& app, SupernetOptions& options) {
  auto* file = app.add_option("--supernet", options.file,
                              "a checkpoint that train_supernet wrote: `supernet` is then known, "
                              "the validation accuracy in % that it predicts. Parameters and MACs "
                              "are those of the benchmark's networks all the same")
                   ->check(CLI::ExistingFile);
  app.add_option("--data", options.data, "digits, cifar10:FOLDER or fashion:FOLDER")
      ->needs(file)
      ->capture_default_str();
  app.add_option("--batch", options.batch, "images in a batch that recalibrates BatchNorm")
      ->needs(file)
      ->check(CLI::Range(2, 65536))
      ->capture_default_str();
  app.add_option("--validation", options.validation, "validation images to use; 0 for all")
      ->needs(file)
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  add_machine_options(app, options.machine);
}

/// Validation accuracies in %, as rank_architectures predicts them.
///
/// Each is computed once and kept in a CSV file, which also serves the next process. The file says
/// of which network, images and batch it is, and is refused by any other. Architectures that
/// compute the same are evaluated once. No file is made before the first question.
template <class Policy>
class SupernetAccuracy {
 public:
  using Path = ic::Architecture<Space>;

  SupernetAccuracy(const SupernetOptions& options, const ic::CheckpointHeader& header,
                   std::filesystem::path results)
      : data_(load_data(options.data, 0)), batch_(options.batch), results_(std::move(results)) {
    const at::Device device = prepare(options.machine);
    use_validation_images(data_, options.validation);
    net_ = load_supernet<Policy>(options.file, header, data_, device);
    net_->eval();
    key_ = net_->canonical_forms();
  }

  double operator()(const Path& architecture) {
    if (!log_) open_log();
    const auto known = log_->results().find(architecture);
    if (known != log_->results().end()) return 100 * known->second;
    const ic::CanonicalForm key = key_(architecture);
    auto same = shares_.find(key);
    if (same == shares_.end()) same = shares_.emplace(key, evaluate(architecture)).first;
    log_->add(architecture, same->second);
    return 100 * same->second;
  }

 private:
  ic::Batches calibration() const { return data_.training_batches(batch_, ic::Seed{0}); }
  ic::Batches validation() const {
    return ExperimentData::plain_batches(data_.validation, data_.normalisation, 256);
  }

  void open_log() {
    ic::ResultOrigin origin = {{"data", data_.name}, {"batch", std::to_string(batch_)}};
    for (auto& fact :
         ic::result_origin<Space>(*net_, calibration(), validation(), recalibration_)) {
      origin.push_back(std::move(fact));
    }
    log_.emplace(results_, std::move(origin));
    for (const auto& [architecture, share] : log_->results()) shares_[key_(architecture)] = share;
  }

  double evaluate(const Path& architecture) {
    return ic::rank(net_, calibration(), validation(), std::vector{architecture},
                    {.recalibration = recalibration_, .merge_isomorphic = false})
        .predictions.at(0);
  }

  ExperimentData data_;
  std::int64_t batch_;
  std::filesystem::path results_;
  ic::Recalibration recalibration_ =
      ic::Recalibration::paper(ic::RankingOptions{}.calibration_batches);
  Supernet<Policy> net_{nullptr};
  std::function<ic::CanonicalForm(const Path&)> key_;
  std::map<ic::CanonicalForm, double> shares_;
  std::optional<ic::ResultLog<Space>> log_;
};

/// Loads the network once, for all questions; `results` is the file of its answers.
inline std::function<double(const ic::Architecture<Space>&)> supernet_accuracy(
    const SupernetOptions& options, const std::filesystem::path& results) {
  const ic::CheckpointHeader header = ic::read_checkpoint_header(options.file);
  if (header.space != ic::space_signature<Space>()) {
    throw std::runtime_error(options.file + " holds a super-network of the space '" +
                             header.space.substr(0, header.space.find(':')) +
                             "', not of NAS-Bench-201; give one that train_supernet wrote");
  }
  std::function<double(const ic::Architecture<Space>&)> accuracy;
  with_policy(header.policy, [&]<class Policy>() {
    const auto network = std::make_shared<SupernetAccuracy<Policy>>(options, header, results);
    accuracy = [network](const ic::Architecture<Space>& a) { return (*network)(a); };
  });
  return accuracy;
}

}  // namespace examples
