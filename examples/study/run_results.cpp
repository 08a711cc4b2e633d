#include "examples/study/run_results.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <stdexcept>
#include <utility>

#include "interchoice/core/exact_number.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/csv.hpp"

namespace examples {

namespace {

constexpr const char* kRuns = "runs.csv";
constexpr const char* kSettings = "settings.csv";

std::string table_name(const std::string& experiment, const std::string& evaluation) {
  return experiment + "." + evaluation + ".csv";
}

std::string column_name(const RunName& name) {
  return fmt::format("{}, seed {}", name.method, name.seed);
}

/// The names of the tables of an experiment's evaluations.
std::vector<std::pair<std::string, std::filesystem::path>> tables_of(
    const std::filesystem::path& folder, const std::string& experiment) {
  std::vector<std::pair<std::string, std::filesystem::path>> tables;
  const std::string beginning = experiment + ".";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    if (!file.starts_with(beginning) || !file.ends_with(".csv")) continue;
    const std::string evaluation =
        file.substr(beginning.size(), file.size() - beginning.size() - 4);
    if (evaluation.find('.') == std::string::npos) tables.emplace_back(evaluation, entry.path());
  }
  return tables;
}

/// A column whose fields may be empty.
std::vector<std::optional<double>> optional_numbers(const ic::CsvTable& table, const char* column) {
  std::vector<std::optional<double>> numbers;
  for (const std::string& text : table.texts(column)) {
    numbers.push_back(ic::exact_number(text));
    if (numbers.back() || text.empty()) continue;
    throw std::runtime_error(fmt::format("{}: the {} is a finite number or empty",
                                         table.place(numbers.size() - 1), column));
  }
  return numbers;
}

std::string optional_text(const std::optional<double>& number) {
  return number ? fmt::format("{:.6f}", *number) : "";
}

}  // namespace

void RunPredictions::require(const std::vector<std::string>& wanted,
                             const std::string& source) const {
  if (architectures == wanted) return;
  throw std::runtime_error(fmt::format(
      "{}: its {} architectures are not the {} of this study; remove it to predict anew", source,
      architectures.size(), wanted.size()));
}

RunResults RunResults::read(const std::filesystem::path& folder) {
  RunResults results;
  results.folder_ = folder;
  if (folder.empty() || !std::filesystem::exists(folder / kRuns)) return results;
  const auto runs = ic::CsvTable::read(folder / kRuns);
  const auto experiments = runs.texts("experiment");
  const auto methods = runs.texts("method");
  const auto seeds = runs.numbers("seed");
  const auto seconds = runs.numbers("seconds");
  const auto losses = optional_numbers(runs, "loss");
  const auto accuracies = optional_numbers(runs, "accuracy");
  const auto machines = runs.texts("machine");
  const auto dates = runs.texts("date");
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!(seeds[i] >= 0 && seeds[i] < 1e15)) {
      throw std::runtime_error(runs.place(i) + ": a seed is a whole number from 0 to 1e15");
    }
    results.runs_[{experiments[i], methods[i], static_cast<std::uint64_t>(seeds[i])}] = {
        .settings = {},
        .evaluations = {},
        .seconds = seconds[i],
        .loss = losses[i],
        .accuracy = accuracies[i],
        .machine = machines[i],
        .date = dates[i]};
  }
  std::map<std::pair<std::string, std::string>, ic::Identity> settings;
  const auto table = ic::CsvTable::read(folder / kSettings);
  const auto of_experiment = table.texts("experiment");
  const auto of_method = table.texts("method");
  const auto names = table.texts("name");
  const auto values = table.texts("value");
  for (std::size_t i = 0; i < table.size(); ++i) {
    settings[{of_experiment[i], of_method[i]}].set(names[i], values[i]);
  }
  std::map<std::string, std::vector<std::pair<std::string, ic::CsvTable>>> tables;
  for (auto& [name, result] : results.runs_) {
    result.settings = settings[{name.experiment, name.method}];
    if (!tables.contains(name.experiment)) {
      auto& all = tables[name.experiment];
      for (const auto& [evaluation, path] : tables_of(folder, name.experiment)) {
        all.emplace_back(evaluation, ic::CsvTable::read(path));
      }
    }
    const std::string column = column_name(name);
    for (const auto& [evaluation, predictions] : tables[name.experiment]) {
      if (std::ranges::count(predictions.columns(), column) == 0) continue;
      result.evaluations[evaluation] = {predictions.texts("arch"), predictions.numbers(column)};
    }
    if (result.evaluations.empty()) {
      throw std::runtime_error(fmt::format(
          "{} names the run '{}' of {}, and none of the {} tables of that experiment has a column "
          "of it; put its column back, or take its row out",
          (folder / kRuns).string(), column, name.experiment, tables[name.experiment].size()));
    }
  }
  return results;
}

const RunResult* RunResults::find(const RunName& name, const ic::Identity& settings) const {
  const auto found = runs_.find(name);
  if (found == runs_.end()) return nullptr;
  const std::vector<std::string> lines = ic::differences(found->second.settings, settings);
  if (lines.empty()) return &found->second;
  std::string all;
  for (const std::string& line : lines) all += (all.empty() ? "" : ", ") + line;
  throw std::runtime_error(
      fmt::format("{} has the run of {} in {} with other settings: {}; give another --results, or "
                  "the study's file as it was",
                  folder_.string(), name.method, name.experiment, all));
}

void RunResults::set(const RunName& name, RunResult result) {
  RunResult& there = runs_[name];
  if (there.settings == result.settings) result.evaluations.merge(there.evaluations);
  there = std::move(result);
}

void RunResults::write(const std::filesystem::path& folder) const {
  std::filesystem::create_directories(folder);
  std::string runs = "experiment,method,seed,seconds,loss,accuracy,machine,date\n";
  std::string settings = "experiment,method,name,value\n";
  std::set<std::pair<std::string, std::string>> described;
  // Of each table the columns, in the order of the runs.
  std::map<std::string, std::vector<std::pair<std::string, const RunPredictions*>>> tables;
  for (const auto& [name, result] : runs_) {
    runs += fmt::format("{},{},{},{:.6g},{},{},{},{}\n", ic::csv_field(name.experiment),
                        ic::csv_field(name.method), name.seed, result.seconds,
                        optional_text(result.loss), optional_text(result.accuracy),
                        ic::csv_field(result.machine), result.date);
    for (const auto& [evaluation, predictions] : result.evaluations) {
      tables[table_name(name.experiment, evaluation)].emplace_back(column_name(name), &predictions);
    }
    if (!described.emplace(name.experiment, name.method).second) continue;
    for (const auto& [fact, value] : result.settings) {
      settings += ic::csv_line({name.experiment, name.method, fact, value}) + '\n';
    }
  }
  for (const auto& [file, columns] : tables) {
    std::vector<std::string> header{"arch"};
    for (const auto& [column, predictions] : columns) header.push_back(column);
    std::string text = ic::csv_line(header) + '\n';
    const auto& architectures = columns.front().second->architectures;
    for (std::size_t i = 0; i < architectures.size(); ++i) {
      text += ic::csv_field(architectures[i]);
      for (const auto& [column, predictions] : columns) {
        if (predictions->architectures != architectures) {
          throw std::runtime_error(fmt::format(
              "{}: '{}' has predictions of other architectures than '{}'; give each study a "
              "folder of its own",
              (folder / file).string(), column, columns.front().first));
        }
        text += fmt::format(",{}", predictions->values[i]);  // exact: rounding would make ties
      }
      text += '\n';
    }
    ic::write_file_atomically(folder / file, text);
  }
  ic::write_file_atomically(folder / kSettings, settings);
  ic::write_file_atomically(folder / kRuns, runs);
}

}  // namespace examples
