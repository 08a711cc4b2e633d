#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/detail/shown_list.hpp"
#include "interchoice/core/exact_number.hpp"
#include "interchoice/core/shown.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/evaluation/benchmark_table.hpp"
#include "interchoice/io/csv.hpp"

namespace interchoice {

/// How the file of a tabular benchmark is read.
struct BenchmarkOptions {
  std::string architecture_column = "arch";  ///< the architectures' text forms
};

/// How a column of a tabular benchmark is read.
struct BenchmarkColumn {
  /// Fields that mean that there is no value, such as "-1" or "". Their architectures are left out.
  std::vector<std::string> missing = {};
};

/// How a file's rows are joined to those of a tabular benchmark.
struct BenchmarkJoin {
  std::string key = "index";                 ///< the benchmark's column with the keys
  std::optional<std::string> file_key = {};  ///< the file's, if it has another name
  std::string prefix = {};                   ///< put before the names of the file's columns
  bool may_lack_rows = false;                ///< architectures without a row have no values in it
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
/// so that a file may have columns of text. Joined files are read as text, keys compared as text.
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
                               const BenchmarkOptions& options = {}) {
    return from_csv(CsvTable::read(path), path.string(), options);
  }

  /// The same from a table that is in memory already. `source` names it in errors.
  static TabularBenchmark from_csv(CsvTable csv, std::string source,
                                   const BenchmarkOptions& options = {}) {
    TabularBenchmark benchmark;
    const std::vector<std::string> texts = csv.texts(options.architecture_column);
    if (texts.empty()) fail(source, "there are no architectures; add rows");
    std::vector<std::optional<std::size_t>> rows;
    for (const std::string& text : texts) {
      const std::size_t row = rows.size();
      try {
        benchmark.architectures_.push_back(from_text<Space>(text));
      } catch (const std::logic_error& error) {  // std::invalid_argument, std::out_of_range
        fail(csv.place(row), error.what());
      }
      const auto [first, is_new] = benchmark.places_.emplace(benchmark.architectures_.back(), row);
      if (!is_new) {
        fail(csv.place(row),
             fmt::format("architecture {} was listed before, at {}; remove one of the two rows",
                         shown(text, 200), csv.place(first->second)));
      }
      rows.push_back(row);
    }
    benchmark.add({std::move(csv), std::move(source), std::move(rows)}, options.architecture_column,
                  "");
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
    const std::string& file_key = options.file_key ? *options.file_key : options.key;
    const Column own = find(options.key);
    const std::vector<std::string> keys = texts(own);
    std::map<std::string_view, std::size_t> known;
    for (std::size_t i = 0; i < size(); ++i) {
      const auto [first, is_new] = known.emplace(keys[i], i);
      if (!is_new) {
        fail(place(own, i),
             fmt::format("key {} in column '{}' was there before, at {}; join by a column that "
                         "is different in every row",
                         shown(keys[i]), options.key, place(own, first->second)));
      }
    }
    std::vector<std::optional<std::size_t>> rows(size());
    const std::vector<std::string> others = csv.texts(file_key);
    for (std::size_t row = 0; row < others.size(); ++row) {
      const auto found = known.find(others[row]);
      if (found == known.end()) {
        fail(csv.place(row),
             fmt::format("key {} in column '{}' is not in column '{}' of {}; remove the row or "
                         "join the file to another table",
                         shown(others[row]), file_key, options.key, parts_[own.part].source));
      }
      std::optional<std::size_t>& place = rows[found->second];
      if (place) {
        fail(csv.place(row), fmt::format("key {} was listed before, at {}; remove one of the "
                                         "two rows",
                                         shown(others[row]), csv.place(*place)));
      }
      place = row;
    }
    const auto first = std::find(rows.begin(), rows.end(), std::nullopt);
    if (first != rows.end() && !options.may_lack_rows) {
      const auto i = static_cast<std::size_t>(first - rows.begin());
      fail(source, fmt::format("lacks {} of {} rows: the first is key {}, of {}; complete the "
                               "file or set `may_lack_rows`",
                               std::count(first, rows.end(), std::nullopt), size(), shown(keys[i]),
                               place(own, i)));
    }
    add({std::move(csv), std::move(source), std::move(rows)}, file_key, options.prefix);
  }

  /// Where the architectures are from.
  const std::string& source() const { return parts_.front().source; }

  /// The number of architectures.
  std::size_t size() const { return architectures_.size(); }

  /// All architectures, in the first file's order.
  const std::vector<architecture_type>& architectures() const { return architectures_; }

  /// Whether the benchmark lists an architecture.
  bool contains(const architecture_type& architecture) const {
    return places_.contains(architecture);
  }

  /// The names of all columns beside the architectures and the keys of joined files.
  std::vector<std::string> columns() const {
    std::vector<std::string> names;
    for (const Column& column : columns_) names.push_back(column.name);
    return names;
  }

  /// One column as numbers.
  ///
  /// *Throws*: `std::runtime_error` with `path:line` and what to do if there is no such column, if
  /// a field that is not said to be missing is no finite number, if an architecture has no row in a
  /// joined file and "" is not said to be missing, or if no value is left.
  table_type column(std::string_view name, const BenchmarkColumn& options = {}) const {
    const Column column = find(name);
    const std::vector<std::string> fields = texts(column);
    std::vector<architecture_type> architectures;
    std::vector<double> values;
    std::unordered_map<architecture_type, std::string> empty;
    for (std::size_t i = 0; i < size(); ++i) {
      if (std::find(options.missing.begin(), options.missing.end(), fields[i]) !=
          options.missing.end()) {
        empty.emplace(architectures_[i],
                      fmt::format("{}: column {} has no value ({})", place(column, i),
                                  shown(column.name), shown(fields[i])));
        continue;
      }
      architectures.push_back(architectures_[i]);
      values.push_back(number(column, fields[i], i));
    }
    std::string source =
        fmt::format("{}, column {}", parts_[column.part].source, shown(column.name));
    if (values.empty()) fail(source, "every value is missing; is `missing` what you mean?");
    table_type table(std::move(source), std::move(architectures), std::move(values));
    table.empty_ = std::move(empty);
    return table;
  }

  /// Several columns as one list of values each, in the order of `architectures()`: the repeats of
  /// `noise_ceiling`, say. *Throws*: as `column`; values must be complete.
  std::vector<std::vector<double>> values(const std::vector<std::string>& names) const {
    std::vector<std::vector<double>> lists;
    for (const std::string& name : names) lists.push_back(column(name).values());
    return lists;
  }

  /// The mean of several columns, one value an architecture: of runs with different seeds.
  /// *Throws*: as `values`; `std::invalid_argument` without names.
  table_type mean(const std::vector<std::string>& names) const {
    if (names.empty()) {
      throw std::invalid_argument(
          fmt::format("interchoice: {}: the mean of no columns; name at least one", source()));
    }
    std::vector<double> means(size());
    std::string source = this->source() + ", mean of";
    for (const std::string& name : names) {
      const std::vector<double> one = column(name).values();
      for (std::size_t i = 0; i < size(); ++i) means[i] += one[i];
      source += ' ' + shown(name);
    }
    for (double& value : means) value /= static_cast<double>(names.size());
    return table_type(std::move(source), architectures_, std::move(means));
  }

 private:
  /// A file, and its row of each architecture.
  struct Part {
    CsvTable csv;
    std::string source;
    std::vector<std::optional<std::size_t>> rows;
  };
  struct Column {
    std::string name;       // with prefix
    std::string file_name;  // in its file
    std::size_t part;
  };

  TabularBenchmark() = default;

  [[noreturn]] static void fail(const std::string& place, std::string_view reason) {
    constexpr std::string_view kPrefix = "interchoice: ";  // of a reason that was an error itself
    if (reason.starts_with(kPrefix)) reason.remove_prefix(kPrefix.size());
    throw std::runtime_error(fmt::format("{}{}: {}", kPrefix, place, reason));
  }

  void add(Part part, const std::string& key, const std::string& prefix) {
    std::vector<Column> columns = columns_;
    std::map<std::string, std::size_t> places = column_places_;
    for (const std::string& name : part.csv.columns()) {
      if (name == key) continue;
      std::string full = prefix + name;
      const auto [place, is_new] = places.emplace(full, columns.size());
      if (!is_new) {
        fail(part.source, fmt::format("column {} is there already, from {}; give a prefix",
                                      shown(full), parts_[columns[place->second].part].source));
      }
      columns.push_back({std::move(full), name, parts_.size()});
    }
    column_places_ = std::move(places);
    if (parts_.empty()) architecture_column_ = key;
    columns_ = std::move(columns);
    parts_.push_back(std::move(part));
  }

  Column find(std::string_view name) const {
    const auto place = column_places_.find(std::string(name));
    if (place != column_places_.end()) return columns_[place->second];
    if (name == architecture_column_) return {architecture_column_, architecture_column_, 0};
    fail(source(), fmt::format("there is no column {}; there are {}", shown(name),
                               detail::shown_list(columns())));
  }

  // Fields in the order of the architectures; "" where a joined file has no row.
  std::vector<std::string> texts(const Column& column) const {
    const Part& part = parts_[column.part];
    const std::vector<std::string> fields = part.csv.texts(column.file_name);
    std::vector<std::string> result;
    result.reserve(size());
    for (const auto& row : part.rows) result.push_back(row ? fields[*row] : "");
    return result;
  }

  std::string place(const Column& column, std::size_t i) const {
    const Part& part = parts_[column.part];
    return part.rows[i] ? part.csv.place(*part.rows[i]) : part.source;
  }

  double number(const Column& column, const std::string& field, std::size_t i) const {
    if (const std::optional<double> value = exact_number(field)) return *value;
    const std::string architecture = to_text(architectures_[i]);
    fail(place(column, i),
         parts_[column.part].rows[i]
             ? fmt::format("column {} holds {} for architecture '{}'; write a finite number, or "
                           "say that {} is missing",
                           shown(column.name), shown(field), architecture, shown(field))
             : fmt::format("there is no row for architecture '{}'; say that '' is missing to leave "
                           "it out",
                           architecture));
  }

  std::vector<architecture_type> architectures_;
  std::unordered_map<architecture_type, std::size_t> places_;
  std::vector<Part> parts_;
  std::vector<Column> columns_;
  std::map<std::string, std::size_t> column_places_;  // in `columns_`, by name
  std::string architecture_column_;
};

}  // namespace interchoice
