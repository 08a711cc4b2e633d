#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/core/shown.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/io/input_file.hpp"
#include "interchoice/report/detail/json_part.hpp"
#include "interchoice/report/detail/report_digests.hpp"
#include "interchoice/report/report.hpp"

namespace interchoice {

namespace detail {

// More than any report has; what is made of a file takes up to forty times its bytes of memory.
inline constexpr std::uint64_t kMostMetricsBytes = std::uint64_t{1} << 25;
inline constexpr std::size_t kMostFacts = 1'000;
inline constexpr std::size_t kMostEpochs = 1'000'000;

inline Identity read_facts(const JsonPart& list) {
  Identity facts;
  for (const JsonPart& fact : list.elements(kMostFacts)) {
    const std::string name = fact["name"].text();
    if (facts.find(name) != nullptr)
      fact.fail(fmt::format("is a second {}; keep one", shown(name)));
    facts.set(name, fact["value"].text());
  }
  return facts;
}

/// The training of a predictor. Those of earlier versions have no digest.
inline std::vector<TrainingPoint> read_training(const JsonPart& predictor) {
  std::vector<TrainingPoint> training;
  for (const JsonPart& point : predictor["training"].elements(kMostEpochs)) {
    training.push_back(
        {point["epoch"].whole(std::numeric_limits<int>::min(), std::numeric_limits<int>::max()),
         point["loss"].number(), point["accuracy"].number()});
  }
  const std::string wanted = predictor.text_or_empty("training_digest");
  if (!wanted.empty() && wanted != training_digest(training)) {
    predictor.fail(
        "has a training that was changed since it was written: its digest is another; write the "
        "report again, or remove training_digest to take it as it is");
  }
  return training;
}

/// The columns of `predictions.csv` from left to right, which must be those that `metrics.json`
/// asks for.
class PredictionColumns {
 public:
  PredictionColumns(const CsvTable& table, std::string source)
      : table_(table), source_(std::move(source)) {}

  std::vector<std::string> texts(const std::string& name) {
    expect(name);
    return table_.texts(name);
  }

  std::vector<double> numbers(const std::string& name) {
    expect(name);
    return table_.numbers(name);
  }

  bool has_next(const std::string& name) const {
    return next_ < table_.columns().size() && table_.columns()[next_] == name;
  }

  void expect_end() const {
    if (next_ < table_.columns().size()) fail("no column");
  }

 private:
  void expect(const std::string& name) {
    if (!has_next(name)) fail(shown(name));
    ++next_;
  }

  [[noreturn]] void fail(const std::string& wanted) const {
    const std::vector<std::string>& columns = table_.columns();
    throw std::runtime_error(fmt::format(
        "interchoice: {}:1: column {}: there is {} where metrics.json asks for {}; take both files "
        "from the same report",
        source_, next_ + 1, next_ < columns.size() ? shown(columns[next_]) : "no column", wanted));
  }

  const CsvTable& table_;
  std::string source_;
  std::size_t next_ = 0;
};

/// Refuses predictions that were not written together with `metrics.json`. Reports of earlier
/// versions do not say.
inline void check_predictions_digest(const JsonPart& metrics, std::string_view predictions,
                                     const std::string& source) {
  const std::string wanted = metrics.text_or_empty("predictions_digest");
  const std::string found = predictions_digest(predictions);
  if (wanted.empty() || wanted == found) return;
  throw std::runtime_error(fmt::format(
      "interchoice: {}: its digest is {}, metrics.json belongs to one of digest {}: they were not "
      "written together, or this one was changed; write the report again, or remove "
      "predictions_digest from metrics.json to take them as they are",
      source, found, shown(wanted)));
}

}  // namespace detail

/// A report out of the texts of its `metrics.json` and `predictions.csv`; `source` takes the place
/// of their folder in messages.
///
/// *Throws*: as `read_report`.
inline Report parse_report(std::string_view metrics_text, std::string_view predictions_text,
                           const std::filesystem::path& source) {
  const std::string predictions = (source / "predictions.csv").string();
  const std::string metrics_source = (source / "metrics.json").string();
  const nlohmann::json json = detail::parse_json(metrics_text, metrics_source);
  const detail::JsonPart metrics(json, metrics_source);
  detail::check_predictions_digest(metrics, predictions_text, predictions);
  const CsvTable table = CsvTable::parse(predictions_text, predictions);
  detail::PredictionColumns columns(table, predictions);
  constexpr int kMostColumns = 10'000;  // of the truth, or of a predictor
  Report report;
  report.title = metrics["title"].text();
  report.introduction = metrics["introduction"].text();
  const detail::JsonPart truth = metrics["truth"];
  report.truth_label = truth["label"].text();
  report.truth_unit = truth["unit"].text();
  report.facts = detail::read_facts(metrics["facts"]);
  report.architectures = columns.texts("arch");
  // Without a truth its column is missing, and no other may be called so.
  if (columns.has_next("truth")) report.truth = columns.numbers("truth");
  const auto repeats = static_cast<std::size_t>(truth["repeats"].whole(0, kMostColumns));
  for (std::size_t i = 0; i < repeats; ++i) {
    report.truth_repeats.push_back(columns.numbers(detail::repeat_name(i)));
  }
  for (const detail::JsonPart& part : metrics["predictors"].elements(kMostColumns)) {
    Predictor predictor{.label = part["label"].text(),
                        .runs = {},
                        .baseline = part["trivial"].truth_value(),
                        .training = detail::read_training(part),
                        .facts = detail::read_facts(part["facts"]),
                        .unit = part.text_or_empty("unit")};
    const auto runs = static_cast<std::size_t>(part["runs"].whole(1, kMostColumns));
    for (std::size_t run = 0; run < runs; ++run) {
      predictor.runs.push_back(columns.numbers(detail::run_name(predictor.label, runs, run)));
    }
    report.predictors.push_back(std::move(predictor));
  }
  columns.expect_end();
  const int architectures = truth["architectures"].whole(0, std::numeric_limits<int>::max());
  if (static_cast<std::size_t>(architectures) != report.architectures.size()) {
    throw std::runtime_error(
        fmt::format("interchoice: {}: {} architectures; metrics.json says {}: take both files from "
                    "the same report",
                    predictions, report.architectures.size(), architectures));
  }
  try {
    detail::check_report(report);
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error(
        fmt::format("interchoice: {}: no report: {}", source.string(), error.what()));
  }
  return report;
}

/// Reads a report from the folder into which `write_report` wrote it: texts, facts and trainings
/// from `metrics.json`, values from `predictions.csv`. Everything else in the folder follows from
/// these and is not read. Writing the report again gives the same bytes.
///
/// `metrics.json` holds the digest of the `predictions.csv` that was written with it, so that the
/// halves of two reports are no report, and one of each training. Its texts may be edited.
///
/// A loss that was not finite reads as NaN.
///
/// *Throws*: `std::runtime_error` with the path, the place in it and the fault: files that are
/// missing, too large or not of their format, values of another type, predictions of another
/// report, or a report that `write_report` would refuse.
inline Report read_report(const std::filesystem::path& folder) {
  const std::string metrics = InputFile(folder / "metrics.json").text(detail::kMostMetricsBytes);
  const std::string predictions = InputFile(folder / "predictions.csv").text(CsvTable::kMostBytes);
  return parse_report(metrics, predictions, folder);
}

}  // namespace interchoice
