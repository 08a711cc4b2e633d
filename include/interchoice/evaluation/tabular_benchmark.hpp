#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/evaluation/benchmark_table.hpp"
#include "interchoice/evaluation/detail/benchmark_rows.hpp"
#include "interchoice/io/csv.hpp"

namespace interchoice {

/// How a column of a tabular benchmark is read.
struct BenchmarkColumn {
  /// Fields that mean that there is no value, such as "-1" or "". Their architectures are left out.
  std::vector<std::string> missing = {};
};

/// How a file's rows are joined to those of a tabular benchmark.
struct BenchmarkJoin {
  std::string key = "index";   ///< the benchmark's column with the keys
  std::string file_key = {};   ///< the file's; the same name if empty
  std::string prefix = {};     ///< put before the names of the file's columns
  bool may_lack_rows = false;  ///< architectures without a row have no values in its columns
};

/// A tabular benchmark: everything that is recorded about each of many architectures, in one CSV
/// file or in several that belong together.
///
///     auto bench = TabularBenchmark<NasBench201Space>::read("nasbench201.csv");
///     bench.join("hw_nas_bench_cifar10.csv", {.key = "index"});
///     const auto accuracy = bench.column("c10_test_200");                       // BenchmarkTable
///     const auto latency = bench.column("edgetpu_latency", {.missing = {"-1"}});
///
/// Each file is read once, completely and strictly; a column becomes numbers when it is asked for,
/// so that a table may have columns of text. Joined files are read as text, keys compared as text.
template <SearchSpace Space>
class TabularBenchmark {
 public:
  using architecture_type = Architecture<Space>;
  using table_type = BenchmarkTable<Space>;

  /// Reads a CSV file with a column of architectures.
  ///
  /// *Throws*: `std::runtime_error` with `path:line` and what to do if the file is no table (see
  /// `CsvTable`), has no such column, no row, a text that is no architecture of the space, or an
  /// architecture twice.
  static TabularBenchmark read(const std::filesystem::path& path,
                               const BenchmarkTableOptions& options = {}) {
    return from_csv(CsvTable::read(path), path.string(), options);
  }

  /// The same from a table that is in memory already. `source` names it in errors.
  static TabularBenchmark from_csv(CsvTable csv, std::string source,
                                   const BenchmarkTableOptions& options = {}) {
    TabularBenchmark benchmark;
    benchmark.rows_ = detail::read_benchmark_rows<Space>(csv, source, options.architecture_column);
    std::vector<std::size_t> places(csv.size());
    for (std::size_t row = 0; row < places.size(); ++row) places[row] = row;
    benchmark.add(std::move(csv), std::move(source), std::move(places),
                  {.key = options.architecture_column});
    return benchmark;
  }

  /// Adds the columns of another file, whose rows are found by a key.
  ///
  /// *Throws*: `std::runtime_error` with `path:line` and what to do if the file is no table, if one
  /// of the two has no such column or a key twice, if the file has a key that the benchmark does
  /// not know, lacks one (unless `may_lack_rows`; the first is named and all are counted), or has a
  /// column of a name that is there already (give a prefix). The benchmark is unchanged then.
  void join(const std::filesystem::path& path, const BenchmarkJoin& options = {}) {
    join(CsvTable::read(path), path.string(), options);
  }

  /// The same with a table that is in memory already. `source` names it in errors.
  void join(CsvTable csv, std::string source, const BenchmarkJoin& options = {}) {
    const std::string& file_key = options.file_key.empty() ? options.key : options.file_key;
    const Column own = find(options.key);
    const std::vector<std::string> keys = texts(own);
    std::unordered_map<std::string, std::size_t> known;
    for (std::size_t row = 0; row < keys.size(); ++row) {
      const auto [first, is_new] = known.emplace(keys[row], row);
      if (!is_new) {
        detail::fail_at(place(own, row), "key '" + keys[row] + "' in column '" + options.key +
                                             "' was there before, at " + place(own, first->second) +
                                             "; join by a column that is different in every row");
      }
    }
    std::vector<std::size_t> places(size(), kNoRow);
    const std::vector<std::string> others = csv.texts(file_key);
    for (std::size_t row = 0; row < others.size(); ++row) {
      const auto found = known.find(others[row]);
      if (found == known.end()) {
        detail::fail_at(csv.place(row), "key '" + others[row] + "' in column '" + file_key +
                                            "' is not in column '" + options.key + "' of " +
                                            parts_[own.part].source +
                                            "; remove the row or join the file to another table");
      }
      if (places[found->second] != kNoRow) {
        detail::fail_at(csv.place(row), "key '" + others[row] + "' was listed before, at " +
                                            csv.place(places[found->second]) +
                                            "; remove one of the two rows");
      }
      places[found->second] = row;
    }
    const auto lacking = static_cast<std::size_t>(std::count(places.begin(), places.end(), kNoRow));
    if (lacking > 0 && !options.may_lack_rows) {
      const auto row = static_cast<std::size_t>(std::find(places.begin(), places.end(), kNoRow) -
                                                places.begin());
      detail::fail_at(source, "lacks " + std::to_string(lacking) + " of " + std::to_string(size()) +
                                  " rows: the first is key '" + keys[row] + "', of " +
                                  place(own, row) + "; complete the file or set `may_lack_rows`");
    }
    BenchmarkJoin named = options;
    named.key = file_key;
    add(std::move(csv), std::move(source), std::move(places), named);
  }

  /// Where the architectures are from.
  const std::string& source() const { return parts_.front().source; }

  /// The number of architectures.
  std::size_t size() const { return rows_.architectures.size(); }

  /// All architectures, in the first file's order.
  const std::vector<architecture_type>& architectures() const { return rows_.architectures; }

  /// Whether the benchmark lists an architecture.
  bool contains(const architecture_type& architecture) const {
    return rows_.places.contains(architecture);
  }

  /// The names of all columns beside the architectures and the keys of joined files.
  std::vector<std::string> columns() const {
    std::vector<std::string> names;
    for (const Column& column : columns_) names.push_back(column.name);
    return names;
  }

  /// Whether there is a column of a name.
  bool has_column(std::string_view name) const {
    return std::any_of(columns_.begin(), columns_.end(),
                       [&](const Column& column) { return column.name == name; });
  }

  /// One column as numbers.
  ///
  /// *Throws*: `std::runtime_error` with `path:line` and what to do if there is no such column, if
  /// a field that is not said to be missing is no finite number, if an architecture has no row in a
  /// joined file and "" is not said to be missing, or if no value is left.
  table_type column(std::string_view name, const BenchmarkColumn& options = {}) const {
    const Column& column = find(name);
    const std::vector<std::string> fields = texts(column);
    const auto is_missing = [&](const std::string& field) {
      return std::find(options.missing.begin(), options.missing.end(), field) !=
             options.missing.end();
    };
    detail::BenchmarkRows<Space> rows;
    std::vector<double> values;
    typename table_type::EmptyFields empty;
    rows.places.reserve(size());
    for (std::size_t row = 0; row < size(); ++row) {
      const architecture_type& architecture = rows_.architectures[row];
      if (is_missing(fields[row])) {
        empty.emplace(architecture, place(column, row) + ": column '" + column.name +
                                        "' has no value ('" + fields[row] + "')");
        continue;
      }
      rows.places.emplace(architecture, values.size());
      rows.architectures.push_back(architecture);
      values.push_back(number(column, fields[row], row));
    }
    const std::string source = parts_[column.part].source + ", column '" + column.name + "'";
    if (values.empty()) {
      detail::fail_at(source, "every value is missing; is `missing` what you mean?");
    }
    return table_type(source, std::move(rows), std::move(values), std::move(empty));
  }

  /// Several columns as one list of values each, in the order of `architectures()`: the repeats of
  /// `noise_ceiling`, say. *Throws*: as `column`; values must be complete.
  std::vector<std::vector<double>> values(std::span<const std::string> names) const {
    std::vector<std::vector<double>> lists;
    for (const std::string& name : names) lists.push_back(column(name).values());
    return lists;
  }

  /// The mean of several columns, one value an architecture: of runs with different seeds.
  /// *Throws*: as `values`; `std::invalid_argument` without names.
  table_type mean(std::span<const std::string> names) const {
    if (names.empty()) {
      throw std::invalid_argument("interchoice: " + source() +
                                  ": the mean of no columns; name at least one");
    }
    std::vector<double> means(size());
    std::string source = this->source() + ", mean of";
    for (const std::string& name : names) {
      const std::vector<double> one = column(name).values();
      for (std::size_t i = 0; i < size(); ++i) means[i] += one[i];
      source += " '" + name + "'";
    }
    for (double& value : means) value /= static_cast<double>(names.size());
    return table_type(source, rows_, std::move(means));
  }

 private:
  static constexpr std::size_t kNoRow = std::numeric_limits<std::size_t>::max();

  /// A file, and which of its rows belongs to each architecture.
  struct Part {
    CsvTable csv;
    std::string source;
    std::vector<std::size_t> rows;
  };
  struct Column {
    std::string name;       // with prefix
    std::string file_name;  // in its file
    std::size_t part;
  };

  TabularBenchmark() = default;

  void add(CsvTable csv, std::string source, std::vector<std::size_t> rows,
           const BenchmarkJoin& options) {
    std::vector<Column> added;
    for (const std::string& name : csv.columns()) {
      if (name == options.key) continue;
      const std::string full = options.prefix + name;
      if (has_column(full)) {
        detail::fail_at(source, "column '" + full + "' is there already, from " +
                                    parts_[find(full).part].source + "; give a prefix");
      }
      added.push_back({full, name, parts_.size()});
    }
    columns_.insert(columns_.end(), added.begin(), added.end());
    parts_.push_back({std::move(csv), std::move(source), std::move(rows)});
    if (parts_.size() == 1) architecture_column_ = options.key;
  }

  Column find(std::string_view name) const {
    for (const Column& column : columns_) {
      if (column.name == name) return column;
    }
    if (name == architecture_column_) return {architecture_column_, architecture_column_, 0};
    std::string existing;
    for (const Column& column : columns_) {
      existing += (existing.empty() ? "'" : ", '") + column.name + "'";
    }
    detail::fail_at(source(), "there is no column '" + std::string(name) + "'; there are " +
                                  (existing.empty() ? "none" : existing));
  }

  // Fields in the order of the architectures; "" where a joined file has no row.
  std::vector<std::string> texts(const Column& column) const {
    const Part& part = parts_[column.part];
    const std::vector<std::string> fields = part.csv.texts(column.file_name);
    std::vector<std::string> result;
    result.reserve(part.rows.size());
    for (const std::size_t row : part.rows) result.push_back(row == kNoRow ? "" : fields[row]);
    return result;
  }

  std::string place(const Column& column, std::size_t row) const {
    const Part& part = parts_[column.part];
    return part.rows[row] == kNoRow ? part.source : part.csv.place(part.rows[row]);
  }

  double number(const Column& column, const std::string& field, std::size_t row) const {
    double value = 0;
    const char* const end = field.data() + field.size();
    const auto [rest, error] = std::from_chars(field.data(), end, value);
    if (error == std::errc() && rest == end && std::isfinite(value)) return value;
    const std::string architecture =
        " for architecture '" + to_text(rows_.architectures[row]) + "'";
    if (parts_[column.part].rows[row] == kNoRow) {
      detail::fail_at(place(column, row), "there is no row" + architecture +
                                              "; say that '' is missing to leave it out");
    }
    detail::fail_at(place(column, row),
                    "column '" + column.name + "' holds '" + field + "'" + architecture +
                        "; write a finite number, or say that '" + field + "' is missing");
  }

  detail::BenchmarkRows<Space> rows_;
  std::vector<Part> parts_;
  std::vector<Column> columns_;
  std::string architecture_column_;
};

}  // namespace interchoice
