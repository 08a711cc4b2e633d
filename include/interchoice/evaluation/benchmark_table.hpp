#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/evaluation/detail/benchmark_rows.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/stats/detail/compensated_sum.hpp"

namespace interchoice {

/// Where a benchmark table finds things in its file.
struct BenchmarkTableOptions {
  std::string architecture_column = "arch";  ///< the architectures' text forms
};

/// One recorded number for each of many architectures: the ground truth of a tabular benchmark, or
/// any other property that a CSV file lists (parameters, latency, another network's predictions).
///
///     const auto truth = BenchmarkTable<NasBench201Space>::read("nasbench201.csv",
///     "c10_test_200"); truth.value(architecture);  // 93.66
///
/// The file may hold any part of the space, in any order, and further columns. For several columns,
/// files that belong together, or values that are missing see `TabularBenchmark`.
template <SearchSpace Space>
class BenchmarkTable {
 public:
  using architecture_type = Architecture<Space>;

  /// Reads one column of a CSV file.
  ///
  /// *Throws*: `std::runtime_error` with `path:line` and what to do if the file is no table (see
  /// `CsvTable`), has no such column, no row, a text that is no architecture of the space, an
  /// architecture twice, or a value that is no finite number.
  static BenchmarkTable read(const std::filesystem::path& path, std::string_view value_column,
                             const BenchmarkTableOptions& options = {}) {
    return from_csv(CsvTable::read(path), path.string(), value_column, options);
  }

  /// The same from a table that is in memory already. `source` names it in errors.
  static BenchmarkTable from_csv(const CsvTable& csv, const std::string& source,
                                 std::string_view value_column,
                                 const BenchmarkTableOptions& options = {}) {
    std::vector<double> values = csv.numbers(value_column);
    auto rows = detail::read_benchmark_rows<Space>(csv, source, options.architecture_column);
    return BenchmarkTable(source + ", column '" + std::string(value_column) + "'", std::move(rows),
                          std::move(values));
  }

  /// A table of numbers that were made otherwise: a network's costs, means of several columns.
  /// `source` names it in errors.
  ///
  /// *Throws*: `std::invalid_argument` if there are no architectures, one is listed twice, the
  /// numbers of architectures and values differ, or a value is not finite.
  static BenchmarkTable of(std::string source, std::vector<architecture_type> architectures,
                           std::vector<double> values) {
    const auto refuse = [&](const std::string& reason) {
      throw std::invalid_argument("interchoice: " + source + ": " + reason);
    };
    if (architectures.empty() || architectures.size() != values.size()) {
      refuse(std::to_string(architectures.size()) + " architectures and " +
             std::to_string(values.size()) + " values; give one value for each, at least one");
    }
    detail::BenchmarkRows<Space> rows;
    for (std::size_t row = 0; row < values.size(); ++row) {
      const std::string text = to_text(architectures[row]);
      if (!rows.places.emplace(architectures[row], row).second) {
        refuse("architecture '" + text + "' is listed twice; leave one out");
      }
      if (!std::isfinite(values[row])) {
        refuse("the value of '" + text + "' is " + std::to_string(values[row]) +
               "; leave out what has no finite value");
      }
    }
    rows.architectures = std::move(architectures);
    return BenchmarkTable(std::move(source), std::move(rows), std::move(values));
  }

  /// Where the numbers are from: file and column.
  const std::string& source() const { return source_; }

  /// The number of architectures.
  std::size_t size() const { return values_.size(); }

  /// All architectures, in the file's order.
  const std::vector<architecture_type>& architectures() const { return rows_.architectures; }

  /// All values, in the same order.
  const std::vector<double>& values() const { return values_; }

  /// Whether the table has a value for an architecture.
  bool contains(const architecture_type& architecture) const {
    return rows_.places.contains(architecture);
  }

  /// The value of an architecture.
  ///
  /// *Throws*: `std::out_of_range` with the architecture's text if the table does not list it; with
  /// its row where that says that there is no value.
  double value(const architecture_type& architecture) const {
    const auto place = rows_.places.find(architecture);
    if (place != rows_.places.end()) return values_[place->second];
    const auto empty = empty_.find(architecture);
    if (empty != empty_.end()) {
      throw std::out_of_range("interchoice: " + empty->second + " for architecture '" +
                              to_text(architecture) + "'; ask `contains` first");
    }
    throw std::out_of_range("interchoice: " + source_ + " lists no architecture '" +
                            to_text(architecture) + "' among its " + std::to_string(size()) +
                            "; ask `contains` first or complete the table");
  }

  /// The values of several architectures, in their order.
  ///
  /// *Throws*: `std::out_of_range`, as `value`.
  std::vector<double> values(std::span<const architecture_type> architectures) const {
    std::vector<double> result;
    result.reserve(architectures.size());
    for (const architecture_type& architecture : architectures) {
      result.push_back(value(architecture));
    }
    return result;
  }

  /// The largest value.
  double max() const { return *std::max_element(values_.begin(), values_.end()); }

  /// The mean of all values.
  double mean() const {
    detail::CompensatedSum sum;
    for (const double value : values_) sum.add(value);
    return sum.value() / static_cast<double>(size());
  }

 private:
  template <SearchSpace>
  friend class TabularBenchmark;
  using EmptyFields = std::unordered_map<architecture_type, std::string>;

  BenchmarkTable(std::string source, detail::BenchmarkRows<Space> rows, std::vector<double> values,
                 EmptyFields empty = {})
      : source_(std::move(source)),
        rows_(std::move(rows)),
        values_(std::move(values)),
        empty_(std::move(empty)) {}

  std::string source_;  // file and column, for messages
  detail::BenchmarkRows<Space> rows_;
  std::vector<double> values_;
  EmptyFields empty_;  // rows without a value: where, and what is there
};

}  // namespace interchoice
