#include "faults/scenarios.hpp"

#include <ATen/Functions.h>
#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "faults/state_content.hpp"
#include "faults/tiny_network.hpp"
#include "interchoice/core/enumeration.hpp"
#include "interchoice/evaluation/result_log.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/io/safetensors.hpp"
#include "interchoice/networks/saved_network.hpp"
#include "interchoice/report/read_report.hpp"
#include "interchoice/report/write_report.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/search/history_csv.hpp"
#include "interchoice/training/resumable_training.hpp"

namespace interchoice::testing {

namespace {

namespace fs = std::filesystem;
using Space = TinySkeleton::Space;
using Net = TinyNet<bias<1>>;

Net make_net(std::uint64_t seed) {
  at::manual_seed(seed);
  return Net();
}

std::string content_of(const Net& net) {
  std::string text;
  for (const auto& [name, tensor] : detail::named_state(*net)) text += name + bytes_of(tensor);
  return text;
}

// --- one file ----------------------------------------------------------------------------------

Scenario checkpoint() {
  const auto write = [](const fs::path& folder, std::uint64_t seed) {
    save(folder / "net.safetensors", make_net(seed), {{"seed", fmt::format("{}", seed)}});
  };
  return {.name = "checkpoint",
          .first = [write](const fs::path& folder) { write(folder, 1); },
          .second = [write](const fs::path& folder) { write(folder, 2); },
          .content =
              [](const fs::path& folder, bool) {
                const fs::path path = folder / "net.safetensors";
                std::string text = content_of(load<Net>(path));
                for (const auto& [name, fact] : read_saved_network(path).facts) {
                  text += name + '=' + fact;
                }
                return text;
              },
          .guarded_files = {"net.safetensors"}};
}

std::string table_text(int rows, int salt) {
  std::string text = "arch,accuracy\n";
  for (int i = 0; i < rows; ++i) text += fmt::format("a{},0.{:05}\n", i, (i * 7919 + salt) % 99991);
  return text;
}

Scenario table() {
  return {.name = "table",
          .first =
              [](const fs::path& folder) {
                write_file_atomically(folder / "t.csv", table_text(300, 1));
              },
          .second =
              [](const fs::path& folder) {
                write_file_atomically(folder / "t.csv", table_text(500, 2));
              },
          .content =
              [](const fs::path& folder, bool) {
                const CsvTable read = CsvTable::read(folder / "t.csv");
                std::string text;
                for (const std::string& arch : read.texts("arch")) text += arch + ' ';
                for (const double value : read.numbers("accuracy"))
                  text += fmt::format("{} ", value);
                return text;
              }};
}

SearchProblem<Space> problem() {
  const auto first = [](const Architecture<Space>& a) { return static_cast<double>(a[0]) / 3; };
  const auto cost = [](const Architecture<Space>& a) { return static_cast<double>(a[1] + a[2]); };
  return {.objectives = {maximise<Space>("accuracy", first), minimise<Space>("cost", cost)}};
}

SearchHistory<Space> history_of(std::size_t size) {
  SearchHistory<Space> history;
  for (const auto& architecture : every_architecture(all<Space>)) {
    if (history.size() == size) break;
    history.push_back({architecture, {0.1 * static_cast<double>(history.size()), 2}, 0});
  }
  return history;
}

Scenario history() {
  const auto write = [](const fs::path& folder, std::size_t size) {
    write_history(folder / "h.csv", problem(), history_of(size));
  };
  return {.name = "search history",
          .first = [write](const fs::path& folder) { write(folder, 6); },
          .second = [write](const fs::path& folder) { write(folder, 20); },
          .content =
              [](const fs::path& folder, bool) {
                return history_csv(problem(), read_history(folder / "h.csv", problem()));
              }};
}

// --- results, line by line ---------------------------------------------------------------------

Scenario results() {
  const auto add = [](const fs::path& folder, std::size_t count) {
    ResultLog log(folder / "results.csv", {{"network", "tiny"}, {"data", "numbers, \"24\""}},
                  ResultLog::spelling<Space>);
    std::size_t number = 0;
    for (const auto& architecture : every_architecture(all<Space>)) {
      if (number == count) break;
      log.add(to_text(architecture), 1 / (2 + static_cast<double>(number++)));
    }
  };
  return {.name = "results",
          .between = Between::kPrefix,
          .first = [add](const fs::path& folder) { add(folder, 5); },
          .second = [add](const fs::path& folder) { add(folder, 20); },
          .content =
              [](const fs::path& folder, bool) {
                // In the order in which they were added.
                const ResultLog log(folder / "results.csv",
                                    {{"network", "tiny"}, {"data", "numbers, \"24\""}},
                                    ResultLog::spelling<Space>);
                std::string text;
                std::size_t found = 0;
                for (const auto& architecture : every_architecture(all<Space>)) {
                  const auto result = log.results().find(to_text(architecture));
                  if (result == log.results().end()) continue;
                  text += fmt::format("{} {}\n", result->first, result->second);
                  ++found;
                }
                if (found != log.results().size()) text += "results of unknown architectures\n";
                return text;
              },
          .guarded_files = {"results.csv"}};
}

// --- several files -----------------------------------------------------------------------------

Report report_of(int salt) {
  Report report;
  report.title = fmt::format("Report {}", salt);
  report.introduction = "One.\n\nTwo.";
  report.truth_label = "accuracy";
  report.truth_unit = "%";
  Predictor predictor{"bias<1>", {{}}, false, {{1, 2.25, 15.5}}, {{"seconds", "31"}}};
  for (int i = 0; i < 60; ++i) {
    report.architectures.push_back(fmt::format("a<{}>", i));
    report.truth.push_back(90 + 0.25 * i + salt);
    predictor.runs.front().push_back((i * 7 + salt) % 60);
  }
  report.predictors = {std::move(predictor)};
  report.facts = {{"salt", fmt::format("{}", salt)}};
  return report;
}

Scenario report() {
  return {.name = "report",
          .between = Between::kMayRefuse,
          .first = [](const fs::path& folder) { write_report(folder / "r", report_of(1)); },
          .second = [](const fs::path& folder) { write_report(folder / "r", report_of(2)); },
          .content =
              [](const fs::path& folder, bool) {
                const Report read = read_report(folder / "r");
                std::string text = read.title + '|' + read.introduction + '|' + read.truth_label +
                                   '|' + read.truth_unit + '|';
                for (const auto& [name, fact] : read.facts) text += name + '=' + fact + '|';
                for (const auto& arch : read.architectures) text += arch + '|';
                for (const double value : read.truth) text += fmt::format("{}|", value);
                for (const Predictor& p : read.predictors) {
                  text += fmt::format("{}|{}|", p.label, p.baseline);
                  for (const auto& [name, fact] : p.facts) text += name + '=' + fact + '|';
                  for (const TrainingPoint& t : p.training) {
                    text += fmt::format("{}|{}|{}|", t.epoch, t.loss, t.accuracy);
                  }
                  for (const auto& run : p.runs) {
                    for (const double value : run) text += fmt::format("{}|", value);
                  }
                }
                return text;
              },
          .guarded_files = {"r/predictions.csv"}};
}

// --- trainings ---------------------------------------------------------------------------------

void train(const fs::path& folder, Net& net, std::size_t steps) {
  Training training;
  training.epochs = 2;
  training.stop = [steps, done = std::size_t{0}]() mutable { return ++done >= steps; };
  train_resumable({.path = folder / "state", .steps = 2}, net, tiny_batches(),
                  Sampler(Uniform(all<Space>), Seed{4}), training);
}

void begin_training(const fs::path& folder) {
  Net net = make_net(1);
  train(folder, net, 4);
}

Scenario state() {
  return {.name = "training state",
          .between = Between::kGoesOn,
          .first = begin_training,
          .second =
              [](const fs::path& folder) {
                Net net = make_net(1);
                train(folder, net, 100);
              },
          .content = [](const fs::path& folder,
                        bool exactly) { return content_of_state(folder / "state", exactly); },
          .guarded_files = {"state"}};
}

// As the programs do it: the state goes once the checkpoint is there.
Scenario state_then_checkpoint() {
  return {.name = "state, then checkpoint",
          .between = Between::kGoesOn,
          .first = begin_training,
          .second =
              [](const fs::path& folder) {
                Net net = make_net(1);
                train(folder, net, 100);
                save(folder / "net.safetensors", net);
                fs::remove(folder / "state");
              },
          .content =
              [](const fs::path& folder, bool exactly) {
                if (!fs::exists(folder / "net.safetensors")) {
                  return content_of_state(folder / "state", exactly);
                }
                return content_of(load<Net>(folder / "net.safetensors"));
              }};
}

}  // namespace

std::vector<Scenario> scenarios() {
  return {checkpoint(), state(), state_then_checkpoint(), results(), report(), table(), history()};
}

}  // namespace interchoice::testing
