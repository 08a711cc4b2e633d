#pragma once

// Trainings of architectures as networks of their own: who trains what, shared between processes.

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "examples/architecture_choice.hpp"
#include "examples/interruption.hpp"
#include "examples/networks/network_kind.hpp"
#include "examples/networks/supernet_file.hpp"
#include "examples/parallel_jobs.hpp"
#include "examples/standalone/results.hpp"
#include "examples/training_options.hpp"
#include "interchoice/core/exact_number.hpp"
#include "interchoice/distributed/shared_work.hpp"
#include "interchoice/distributed/work_list.hpp"
#include "interchoice/training/interrupt.hpp"
#include "interchoice/training/progress.hpp"

namespace examples {

/// Which architectures are trained, and how.
struct StandaloneOptions : TrainingOptions {
  std::string space = "nasbench201";
  ArchitectureChoice choice;
  std::uint64_t seeds = 2;
  std::size_t processes = 1;
  std::string networks;  ///< folder of the trained networks; empty: they are not kept
  std::string out = "truth.csv";

  /// The folder of finished trainings.
  std::string parts() const { return out + ".parts"; }
};

/// The accuracies that are known, one list a seed.
using Accuracies = std::vector<std::vector<std::optional<double>>>;

/// All trainings of a table. Takes up at once what is finished.
class StandaloneTrainings {
 public:
  /// The options must outlive it. Of several ranks the first has the folder.
  StandaloneTrainings(const StandaloneOptions& options, const Workplace& workplace)
      : options_(options),
        group_(workplace.group),
        device_(workplace.device),
        kind_(network_kind(options.space)),
        data_(load_program_data(options.data)),
        architectures_(chosen_architectures(kind_, options.choice)),
        known_(options.seeds, std::vector<std::optional<double>>(architectures_.size())) {
    if (!group_.is_first()) return;
    results_.emplace(options.parts(), kind_, settings());
    all_of_trainings([&](std::size_t place, std::uint64_t seed) { is_known(place, seed); });
  }

  const NetworkKind& kind() const { return kind_; }
  const ProgramData& data() const { return data_; }
  const std::vector<std::string>& architectures() const { return architectures_; }
  const Accuracies& accuracies() const { return known_; }

  /// Where the network of a training is kept.
  std::filesystem::path network_file(const std::string& architecture, std::uint64_t seed) const {
    return std::filesystem::path(options_.networks) /
           fmt::format("{}-{}.safetensors", kind_.index(architecture), seed);
  }

  /// The same in processes of their own, which share the trainings.
  ///
  /// *Throws* as `ParallelJobs::run`.
  void train_in_parallel() {
    const std::size_t total = training_count();
    std::vector<Job> jobs;
    for (std::size_t i = 1; i <= std::min(options_.processes, total - count_); ++i) {
      const std::string name = fmt::format("process-{}", i);
      jobs.push_back({name, {"--parallel", "1"}, results_->folder() / (name + ".log")});
    }
    const auto count = [&] {
      all_of_trainings([&](std::size_t place, std::uint64_t seed) { is_known(place, seed); });
      return count_;
    };
    ParallelJobs(options_.processes, jobs, {"trainings", total, count}).run();
  }

  /// The same on the ranks of a group: each takes the next trainings of a queue, and the first one
  /// keeps what comes. A rank that dies loses the training that it was at.
  ///
  /// *Throws* Interrupted; Done on all ranks but the first.
  void train_on_ranks() {
    const std::size_t total = training_count();
    const std::size_t before = count_;
    const ic::InterruptRequest interrupt;
    ic::TerminalProgress progress("stand-alone trainings");
    std::vector<std::size_t> missing;  // of the trainings in the order of the table
    ic::SharedWork work(
        group_.store(),
        {.name = "standalone",
         .rank = group_.rank(),
         .size = group_.size(),
         .fate = [&](std::size_t rank) { return group_.fate(rank); },
         .deliver =
             [&](std::size_t task, std::string_view text) {
               const auto [place, seed] = training(missing[task]);
               results_->write(architectures_[place], seed, ic::exact_number(text).value());
               is_known(place, seed);
               progress({count_, total, architectures_[place], count_ % 16 == 0, before});
             }},
        [&] { return interrupt.requested(); });
    const std::string text = work.text_of_first([&] {
      std::string numbers;
      for (std::size_t i = 0; i < total; ++i) {
        const auto [place, seed] = training(i);
        if (!known_[seed][place]) numbers += fmt::format("{} ", i);
      }
      return numbers;
    });
    std::istringstream numbers(text);
    for (std::size_t i = 0; numbers >> i;) missing.push_back(i);
    work.run(ic::WorkList(missing.size(), group_.size()),
             [&](ic::WorkRange range, const ic::SharedWork::Result& result) {
               for (std::size_t task = range.first; task < range.last; ++task) {
                 const auto [place, seed] = training(missing[task]);
                 const auto accuracy = train(architectures_[place], seed, interrupt);
                 if (!accuracy || !result(task, fmt::format("{}", *accuracy))) return;
               }
             });
    work.end([] { return std::string(); });
    leave_to_first(group_);
    if (count_ < total) throw_interrupted(interrupt, kept_text());
  }

  /// Trains what no other process holds, again and again, until all is known: the training of a
  /// process that was killed is free again.
  ///
  /// *Throws* Interrupted.
  void train_all() {
    const std::size_t total = training_count();
    ic::InterruptRequest interrupt;
    ic::TerminalProgress progress("stand-alone trainings");
    const auto require_no_interrupt = [&] { end_if_requested(interrupt, kept_text()); };
    std::size_t own = 0;
    while (count_ < total) {
      bool has_trained = false;
      all_of_trainings([&](std::size_t place, std::uint64_t seed) {
        require_no_interrupt();
        if (is_known(place, seed)) return;
        const auto claim = results_->claim(architectures_[place], seed);
        // It may have been finished between the two looks.
        if (!claim || is_known(place, seed)) return;
        const auto accuracy = train(architectures_[place], seed, interrupt);
        require_no_interrupt();
        results_->write(architectures_[place], seed, *accuracy);
        has_trained = is_known(place, seed);
        ++own;
        progress({count_, total, architectures_[place], count_ % 16 == 0,
                  count_ - std::min(own, count_)});
      });
      if (!has_trained && count_ < total) {  // others are at the rest
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
      }
    }
  }

 private:
  ic::Identity settings() const {
    const auto text = [](double value) { return fmt::format("{:.9g}", value); };
    ic::Identity settings{{"space", options_.space},
                          {"training images", fmt::format("{}", data_.training_images)},
                          {"test images", fmt::format("{}", data_.test.example_count())},
                          {"epochs", fmt::format("{}", options_.epochs)},
                          {"batch", fmt::format("{}", options_.batch)},
                          {"learning rate", text(options_.learning_rate)},
                          {"warm-up epochs", fmt::format("{}", options_.warm_up)},
                          {"weight decay", text(options_.optimizer.decay())},
                          {"label smoothing", text(options_.label_smoothing)},
                          {"device", device_.is_cuda() ? "cuda" : "cpu"},
                          {"threads", fmt::format("{}", options_.machine.threads)}};
    // Folders of before there was another one lack it.
    if (options_.optimizer.name != "sgd") settings.set("optimizer", options_.optimizer.name);
    if (!options_.networks.empty()) settings.set("networks", "kept");
    settings.set(options_.data.facts());
    settings.set(kind_.options(options_.sizes, data_.shape));
    return settings;
  }

  struct Training {
    std::size_t place;
    std::uint64_t seed;
  };

  // In the order of the table.
  std::size_t training_count() const { return architectures_.size() * options_.seeds; }
  Training training(std::size_t index) const {
    return {index / options_.seeds, index % options_.seeds};
  }

  // Calls `visit(place, seed)` for every training.
  template <class Visitor>
  void all_of_trainings(const Visitor& visit) const {
    for (std::size_t i = 0; i < training_count(); ++i) {
      visit(training(i).place, training(i).seed);
    }
  }

  /// What an interruption leaves.
  std::string kept_text() const {
    return fmt::format(
        "{} of {} trainings are kept in {}; the same command goes on, with --partial "
        "it writes the table of what is finished",
        count_, training_count(), results_->folder().string());
  }

  bool is_known(std::size_t place, std::uint64_t seed) {
    std::optional<double>& known = known_[seed][place];
    if (!known) {
      known = results_->read(architectures_[place], seed);
      count_ += known ? 1 : 0;
    }
    return known.has_value();
  }

  // Nothing if it was interrupted.
  std::optional<double> train(const std::string& architecture, std::uint64_t seed,
                              const ic::InterruptRequest& interrupt) const {
    at::manual_seed(seed);
    const auto net = kind_.make("none", options_.sizes, data_.shape);
    net->module().to(device_);
    ic::Training training = training_of(options_, ic::cosine(options_.learning_rate, 1e-5));
    training.stop = [&] { return interrupt.requested(); };
    const auto record = net->train({}, data_.training(options_.batch, ic::Seed{seed}),
                                   {.architecture = architecture}, training, ic::NoProgress());
    if (record.stopped) return {};
    const double accuracy = 100 * net->accuracy(architecture, data_.test);
    if (!options_.networks.empty()) {
      const auto alone = net->extract(architecture);
      alone->save(network_file(architecture, seed),
                  {{kNetworkFact, kind_.name()},
                   {"seed", fmt::format("{}", seed)},
                   {"test accuracy", fmt::format("{:.6f}", accuracy)}});
    }
    return accuracy;
  }

  const StandaloneOptions& options_;
  ic::Group group_;
  at::Device device_;
  const NetworkKind& kind_;
  ProgramData data_;
  std::vector<std::string> architectures_;
  std::optional<StandaloneResults> results_;  // of the first rank
  Accuracies known_;
  std::size_t count_ = 0;
};

}  // namespace examples
