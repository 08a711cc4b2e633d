#pragma once

#include <algorithm>
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
/// The file may hold any part of the space, in any order, and further columns.
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
    const std::vector<std::string> texts = csv.texts(options.architecture_column);
    BenchmarkTable table;
    table.source_ = source + ", column '" + std::string(value_column) + "'";
    table.values_ = csv.numbers(value_column);
    if (texts.empty()) fail(source, "there are no architectures; add rows");
    table.architectures_.reserve(texts.size());
    table.places_.reserve(texts.size());
    for (std::size_t row = 0; row < texts.size(); ++row) {
      table.architectures_.push_back(parse(texts[row], csv, row));
      const auto [first, is_new] = table.places_.emplace(table.architectures_.back(), row);
      if (!is_new) {
        fail(csv.place(row), "architecture '" + texts[row] + "' was listed before, at " +
                                 csv.place(first->second) + "; remove one of the two rows");
      }
    }
    return table;
  }

  /// The number of architectures.
  std::size_t size() const { return values_.size(); }

  /// All architectures, in the file's order.
  const std::vector<architecture_type>& architectures() const { return architectures_; }

  /// All values, in the same order.
  const std::vector<double>& values() const { return values_; }

  /// Whether the table lists an architecture.
  bool contains(const architecture_type& architecture) const {
    return places_.contains(architecture);
  }

  /// The value of an architecture.
  ///
  /// *Throws*: `std::out_of_range` with the architecture's text if the table does not list it.
  double value(const architecture_type& architecture) const {
    const auto place = places_.find(architecture);
    if (place == places_.end()) {
      throw std::out_of_range("interchoice: " + source_ + " lists no architecture '" +
                              to_text(architecture) + "' among its " + std::to_string(size()) +
                              "; ask `contains` first or complete the table");
    }
    return values_[place->second];
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
  BenchmarkTable() = default;

  static architecture_type parse(const std::string& text, const CsvTable& csv, std::size_t row) {
    try {
      return from_text<Space>(text);
    } catch (const std::logic_error& error) {  // std::invalid_argument, std::out_of_range
      std::string_view reason = error.what();
      constexpr std::string_view kPrefix = "interchoice: ";  // `fail` puts it before the place
      if (reason.starts_with(kPrefix)) reason.remove_prefix(kPrefix.size());
      fail(csv.place(row), std::string(reason));
    }
  }

  [[noreturn]] static void fail(const std::string& place, const std::string& reason) {
    throw std::runtime_error("interchoice: " + place + ": " + reason);
  }

  std::string source_;  // file and column, for messages
  std::vector<architecture_type> architectures_;
  std::vector<double> values_;
  std::unordered_map<architecture_type, std::size_t> places_;
};

}  // namespace interchoice
