#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/io/csv.hpp"
#include "interchoice/io/input_file.hpp"
#include "interchoice/report/report.hpp"

namespace interchoice {

namespace detail {

/// A part of a JSON file with its place, which refuses values of other types than asked for.
class JsonPart {
 public:
  static JsonPart read(const std::filesystem::path& path) {
    const std::string text = InputFile(path).text();
    JsonPart part(path.string());
    std::vector<std::set<std::string>> members;  // of the objects that are open
    const auto refuse_repeats = [&](int, nlohmann::json::parse_event_t event,
                                    nlohmann::json& value) {
      using Event = nlohmann::json::parse_event_t;
      if (event == Event::object_start) members.emplace_back();
      if (event == Event::object_end) members.pop_back();
      if (event == Event::key && !members.back().insert(value.get<std::string>()).second) {
        part.fail(
            fmt::format("has an object with two members '{}'; keep one", value.get<std::string>()));
      }
      return true;
    };
    try {
      part.json_ = nlohmann::json::parse(text, refuse_repeats);
    } catch (const nlohmann::json::exception& error) {
      part.fail(fmt::format("is not JSON: {}", error.what()));
    }
    return part;
  }

  /// A member of an object.
  JsonPart operator[](const std::string& name) const {
    require(json_.is_object(), "an object");
    const auto member = json_.find(name);
    if (member == json_.end()) fail(fmt::format("has no '{}'; write_report writes one", name));
    return {*member, fmt::format("{}/{}", place_, name), source_};
  }

  std::vector<JsonPart> elements() const {
    require(json_.is_array(), "a list");
    std::vector<JsonPart> parts;
    for (const nlohmann::json& element : json_) {
      parts.push_back({element, fmt::format("{}/{}", place_, parts.size()), source_});
    }
    return parts;
  }

  std::string text() const {
    require(json_.is_string(), "a text");
    return json_.get<std::string>();
  }

  bool truth_value() const {
    require(json_.is_boolean(), "true or false");
    return json_.get<bool>();
  }

  /// NaN where the file has null, as the writer's undefined numbers are.
  double number() const {
    if (json_.is_null()) return std::numeric_limits<double>::quiet_NaN();
    require(json_.is_number(), "a number or null");
    return json_.get<double>();
  }

  /// A whole number from `lowest` to `highest`.
  int whole(int lowest, int highest) const {
    require(json_.is_number_integer(), "a whole number");
    // Compared as a double: an int beyond its range would wrap around.
    const auto value = json_.get<double>();
    if (value < lowest || value > highest) {
      fail(fmt::format("is {}; a whole number from {} to {} must be here", json_.dump(), lowest,
                       highest));
    }
    return json_.get<int>();
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw std::runtime_error(
        fmt::format("interchoice: {}: {} {}", source_, place_.empty() ? "it" : place_, reason));
  }

 private:
  explicit JsonPart(std::string source) : source_(std::move(source)) {}
  JsonPart(nlohmann::json json, std::string place, std::string source)
      : json_(std::move(json)), place_(std::move(place)), source_(std::move(source)) {}

  void require(bool fits, const char* wanted) const {
    if (!fits) fail(fmt::format("is of type {}; {} must be here", json_.type_name(), wanted));
  }

  nlohmann::json json_;
  std::string place_;  // `/predictors/0/label`; empty: the whole file
  std::string source_;
};

inline Identity read_facts(const JsonPart& list) {
  Identity facts;
  for (const JsonPart& fact : list.elements()) {
    const std::string name = fact["name"].text();
    if (facts.find(name) != nullptr) fact.fail(fmt::format("is a second '{}'; keep one", name));
    facts.set(name, fact["value"].text());
  }
  return facts;
}

inline std::vector<TrainingPoint> read_training(const JsonPart& list) {
  std::vector<TrainingPoint> training;
  for (const JsonPart& point : list.elements()) {
    training.push_back(
        {point["epoch"].whole(std::numeric_limits<int>::min(), std::numeric_limits<int>::max()),
         point["loss"].number(), point["accuracy"].number()});
  }
  return training;
}

/// Refuses columns that the report does not have, and other orders of them.
inline void check_prediction_columns(const CsvTable& table, const std::vector<std::string>& names,
                                     const std::string& source) {
  const std::vector<std::string>& columns = table.columns();
  for (std::size_t i = 0; i < std::max(names.size(), columns.size()); ++i) {
    if (i < names.size() && i < columns.size() && names[i] == columns[i]) continue;
    const auto name = [i](const std::vector<std::string>& all) {
      return i < all.size() ? fmt::format("'{}'", all[i]) : "no column";
    };
    throw std::runtime_error(fmt::format(
        "interchoice: {}:1: column {}: there is {} where metrics.json asks for {}; take both files "
        "from the same report",
        source, i + 1, name(columns), name(names)));
  }
}

}  // namespace detail

/// Reads a report from the folder into which `write_report` wrote it: texts, facts and trainings
/// from `metrics.json`, values from `predictions.csv`. Everything else in the folder follows from
/// these and is not read. Writing the report again gives the same bytes.
///
/// A loss that was not finite reads as NaN.
///
/// *Throws*: `std::runtime_error` with the path, the place in it and the fault: files that are
/// missing or not of their format, values of another type, columns that do not fit `metrics.json`,
/// or a report that `write_report` would refuse.
inline Report read_report(const std::filesystem::path& folder) {
  constexpr int kMostLists = 10'000;
  const detail::JsonPart metrics = detail::JsonPart::read(folder / "metrics.json");
  const std::filesystem::path predictions = folder / "predictions.csv";
  const CsvTable table = CsvTable::read(predictions);
  Report report;
  report.title = metrics["title"].text();
  report.introduction = metrics["introduction"].text();
  const detail::JsonPart truth = metrics["truth"];
  report.truth_label = truth["label"].text();
  report.truth_unit = truth["unit"].text();
  report.facts = detail::read_facts(metrics["facts"]);
  std::vector<std::string> names = {"arch", "truth"};
  const auto repeats = static_cast<std::size_t>(truth["repeats"].whole(0, kMostLists));
  for (std::size_t i = 0; i < repeats; ++i) names.push_back(detail::repeat_name(i));
  std::vector<std::size_t> runs;
  for (const detail::JsonPart& part : metrics["predictors"].elements()) {
    Predictor predictor{.label = part["label"].text(),
                        .runs = {},
                        .baseline = part["trivial"].truth_value(),
                        .training = detail::read_training(part["training"]),
                        .facts = detail::read_facts(part["facts"])};
    runs.push_back(static_cast<std::size_t>(part["runs"].whole(1, kMostLists)));
    // One name more than there are columns is enough to be refused below.
    for (std::size_t run = 0; run < runs.back() && names.size() <= table.columns().size(); ++run) {
      names.push_back(detail::run_name(predictor.label, runs.back(), run));
    }
    report.predictors.push_back(std::move(predictor));
  }
  detail::check_prediction_columns(table, names, predictions.string());

  report.architectures = table.texts("arch");
  report.truth = table.numbers("truth");
  std::size_t column = 2;
  for (std::size_t i = 0; i < repeats; ++i) {
    report.truth_repeats.push_back(table.numbers(names[column++]));
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (std::size_t run = 0; run < runs[i]; ++run) {
      report.predictors[i].runs.push_back(table.numbers(names[column++]));
    }
  }
  const int architectures = truth["architectures"].whole(0, std::numeric_limits<int>::max());
  if (static_cast<std::size_t>(architectures) != report.architectures.size()) {
    throw std::runtime_error(
        fmt::format("interchoice: {}: {} architectures; metrics.json says {}: take both files from "
                    "the same report",
                    predictions.string(), report.architectures.size(), architectures));
  }
  try {
    detail::check_report(report);
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error(
        fmt::format("interchoice: {}: no report: {}", folder.string(), error.what()));
  }
  return report;
}

}  // namespace interchoice
