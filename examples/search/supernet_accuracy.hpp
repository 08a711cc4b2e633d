#pragma once

// The accuracy that a trained super-network predicts, asked for one architecture at a time.

#include <fmt/core.h>

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
#include "interchoice/evaluation/evaluation_identity.hpp"
#include "interchoice/evaluation/result_log.hpp"
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
      ->check(whole_number(2, 65536))
      ->capture_default_str();
  app.add_option("--validation", options.validation, "validation images to use; 0 for all")
      ->needs(file)
      ->check(whole_number(0, kMostImages))
      ->capture_default_str();
  add_machine_options(app, options.machine);
}

/// Validation accuracies in %, as rank_architectures predicts them.
///
/// Each is computed once and kept in a CSV file, which also serves the next process. The file says
/// of which network, images and batch it is, and is refused by any other. Architectures that
/// are isomorphic are evaluated once. No file is made before the first question.
template <class Policy>
class SupernetAccuracy {
 public:
  using Path = ic::Architecture<Space>;

  SupernetAccuracy(const SupernetOptions& options, std::filesystem::path results)
      : data_(load_data(options.data, 0)), batch_(options.batch), results_(std::move(results)) {
    const at::Device device = prepare(options.machine);
    use_validation_images(data_, options.validation);
    net_ = load_supernet<Policy>(options.file, data_, device);
    net_->eval();
    form_ = net_->canonical_forms();
  }

  double operator()(const Path& architecture) {
    if (!log_) open_log();
    const auto known = log_->results().find(ic::to_text(architecture));
    if (known != log_->results().end()) return 100 * known->second;
    const ic::CanonicalForm form = form_(architecture);
    auto same = accuracies_.find(form);
    if (same == accuracies_.end()) same = accuracies_.emplace(form, evaluate(architecture)).first;
    return 100 * log_->add(ic::to_text(architecture), same->second);
  }

 private:
  ic::EvaluationData images() const {
    return {
        .calibration = data_.training_batches(batch_, ic::Seed{0}),
        .validation = ExperimentData::plain_batches(data_.validation, data_.normalisation, 256)};
  }

  void open_log() {
    ic::Identity identity = {{"data", data_.name}, {"batch", fmt::format("{}", batch_)}};
    identity.set(ic::evaluation_identity<Space>(*net_, images(), ic::Recalibration::paper()));
    log_.emplace(results_, identity, ic::ResultLog::spelling<Space>);
    if (!log_->has_digests()) {
      print_message("search_architectures",
                    results_.string() +
                        " has no digests: it was begun by an older version, and "
                        "damage to its lines would not be noticed");
    }
    for (const auto& [text, accuracy] : log_->results()) {
      accuracies_[form_(ic::from_text<Space>(text))] = accuracy;
    }
  }

  double evaluate(const Path& architecture) {
    return ic::rank(net_, images(), std::vector{architecture}, {.merge_isomorphic = false})
        .predictions.at(0);
  }

  ExperimentData data_;
  std::int64_t batch_;
  std::filesystem::path results_;
  Supernet<Policy> net_{nullptr};
  std::function<ic::CanonicalForm(const Path&)> form_;
  std::map<ic::CanonicalForm, double> accuracies_;
  std::optional<ic::ResultLog> log_;
};

/// Loads the network once, for all questions; `results` is the file of its answers.
inline std::function<double(const ic::Architecture<Space>&)> supernet_accuracy(
    const SupernetOptions& options, const std::filesystem::path& results) {
  std::function<double(const ic::Architecture<Space>&)> accuracy;
  const SupernetFile file(options.file);
  file.print_note("search_architectures");
  with_policy(file.policy, [&]<class Policy>() {
    const auto network = std::make_shared<SupernetAccuracy<Policy>>(options, results);
    accuracy = [network](const ic::Architecture<Space>& a) { return (*network)(a); };
  });
  return accuracy;
}

}  // namespace examples
