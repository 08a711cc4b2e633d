#pragma once

// The accuracy that a trained super-network predicts, asked for one architecture at a time, and
// computed for many.

#include <fmt/core.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "examples/experiment.hpp"
#include "examples/search/resumed_search.hpp"
#include "interchoice/distributed/published_text.hpp"
#include "interchoice/evaluation/evaluation_identity.hpp"
#include "interchoice/evaluation/prefix_sharing.hpp"
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
/// are isomorphic are evaluated once. No file is made before the first question. Its lines are in
/// the order of the questions, whether or not answers were prepared.
template <class Policy>
class SupernetAccuracy {
 public:
  using Path = ic::Architecture<Space>;

  SupernetAccuracy(const SupernetOptions& options, const Workplace& workplace,
                   std::filesystem::path results)
      : data_(load_data(options.data, 0)),
        batch_(options.batch),
        group_(workplace.group),
        results_(std::move(results)) {
    use_validation_images(data_, options.validation);
    net_ = load_supernet<Policy>(options.file, data_, workplace.device);
    net_->eval();
    form_ = net_->canonical_forms();
  }

  double operator()(const Path& architecture) {
    if (!log_) open_log();
    const auto known = log_->results().find(ic::to_text(architecture));
    if (known != log_->results().end()) return 100 * known->second;
    if (!accuracies_.contains(form_(architecture))) evaluate({architecture}, {}, [] {});
    return 100 * keep(architecture);
  }

  /// What the ranks do whose first one searches: they compute what it prepares, until it is done.
  void serve() {
    for (auto list = next_list(); list; list = next_list()) {
      std::vector<Path> architectures;
      std::istringstream texts(*list);
      for (std::string text; std::getline(texts, text);) {
        architectures.push_back(ic::from_text<Space>(text));
      }
      rank(architectures, {}, [](const std::string&, double accuracy) { return accuracy; });
    }
    group_.store().add("search/left", 1);
  }
  /// Ends that, on the first rank; returns once the others know, which keeps the store there.
  void dismiss() const {
    if (group_.is_alone()) return;
    ic::PublishedText(group_.store(), "search/end").publish("done");
    const auto others = static_cast<std::int64_t>(group_.size() - 1);
    for (int i = 0; i < 250 && group_.store().add("search/left", 0) < others; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  /// Computes what will be asked next, in this order.
  void prepare(const std::vector<Path>& architectures, const Preparation& how) {
    if (!log_) open_log();
    std::vector<Path> unknown;
    std::set<ic::CanonicalForm> forms;
    for (const Path& architecture : architectures) {
      const ic::CanonicalForm form = form_(architecture);
      if (accuracies_.contains(form) || !forms.insert(form).second) continue;
      unknown.push_back(architecture);
    }
    std::size_t kept = 0;
    evaluate(unknown, how, [&] {
      while (kept < architectures.size() && accuracies_.contains(form_(architectures[kept]))) {
        keep(architectures[kept++]);
      }
    });
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

  // Into `accuracies_`; `was_added` is called after each.
  template <class Call>
  void evaluate(const std::vector<Path>& architectures, const Preparation& how,
                const Call& was_added) {
    const auto add = [&](const std::string& text, double accuracy) {
      accuracies_[form_(ic::from_text<Space>(text))] = accuracy;
      was_added();
      return accuracy;
    };
    if (architectures.size() > 1 && !group_.is_alone()) {
      std::string texts;
      for (const Path& architecture : architectures) texts += ic::to_text(architecture) + '\n';
      ic::PublishedText(group_.store(), list_key(lists_++)).publish(texts);
    }
    rank(architectures, how, add);
  }

  // A single architecture is not worth asking the other ranks.
  void rank(const std::vector<Path>& architectures, const Preparation& how,
            const std::function<double(const std::string&, double)>& add) {
    ic::rank(net_, images(), architectures,
             {.sharing = ic::PrefixSharing{},
              .merge_isomorphic = false,
              .results = [&](const auto&) { return ic::KnownResults{.add = add}; },
              .stop = how.stop,
              .group = architectures.size() > 1 ? group_ : ic::Group()},
             [&](const ic::Progress& progress) {
               if (how.report) how.report(progress);
             });
  }

  static std::string list_key(std::size_t number) { return fmt::format("search/{}", number); }

  // Nothing once the search is over.
  std::optional<std::string> next_list() {
    const ic::PublishedText next(group_.store(), list_key(lists_));
    const ic::PublishedText end(group_.store(), "search/end");
    for (;;) {
      if (auto list = next.read()) {
        ++lists_;
        return list;
      }
      if (end.read()) return std::nullopt;
      if (const auto fate = group_.fate(0)) {
        throw ic::GroupError(fmt::format("rank 0 of {} {}", group_.size(), *fate));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  double keep(const Path& architecture) {
    return log_->add(ic::to_text(architecture), accuracies_.at(form_(architecture)));
  }

  ExperimentData data_;
  std::int64_t batch_;
  ic::Group group_;
  std::size_t lists_ = 0;  // of architectures that all ranks compute
  std::filesystem::path results_;
  Supernet<Policy> net_{nullptr};
  std::function<ic::CanonicalForm(const Path&)> form_;
  std::map<ic::CanonicalForm, double> accuracies_;
  std::optional<ic::ResultLog> log_;
};

/// What a super-network is asked.
struct SupernetQuestions {
  std::function<double(const ic::Architecture<Space>&)> accuracy;
  Preparing<Space> prepare;
  std::function<void()> serve;  ///< see `SupernetAccuracy`
  std::function<void()> dismiss;
};

/// Loads the network once, for all questions; `results` is the file of its answers.
inline SupernetQuestions supernet_questions(const SupernetOptions& options,
                                            const Workplace& workplace,
                                            const std::filesystem::path& results) {
  SupernetQuestions questions;
  const SupernetFile file(options.file);
  file.print_note("search_architectures");
  with_policy(file.policy, [&]<class Policy>() {
    const auto network = std::make_shared<SupernetAccuracy<Policy>>(options, workplace, results);
    questions.accuracy = [network](const auto& architecture) { return (*network)(architecture); };
    questions.prepare = [network](const auto& architectures, const auto& how) {
      network->prepare(architectures, how);
    };
    questions.serve = [network] { network->serve(); };
    questions.dismiss = [network] { network->dismiss(); };
  });
  return questions;
}

}  // namespace examples
