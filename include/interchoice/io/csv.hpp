#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/core/detail/joined.hpp"
#include "interchoice/core/detail/shown_list.hpp"
#include "interchoice/core/exact_number.hpp"
#include "interchoice/core/shown.hpp"
#include "interchoice/io/detail/csv_records.hpp"
#include "interchoice/io/input_file.hpp"

namespace interchoice {

/// A table read from a CSV file: a header line with the columns' names, then rows of as many
/// fields.
///
/// The format is RFC 4180's: fields that hold commas, quotes or line ends are quoted, quotes in
/// them doubled; lines end with LF or CRLF. Anything else is refused, never guessed at. So are
/// files of more than `kMostBytes` or of 2^25 fields.
///
/// *Throws*: `std::runtime_error` with `path:line`, the mistake in the file or in the name of a
/// column that is asked for, and what to do.
class CsvTable {
 public:
  /// The largest file that is read. *Units*: bytes.
  static constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;

  /// Reads a file.
  static CsvTable read(const std::filesystem::path& path) {
    return parse(InputFile(path).text(kMostBytes), path.string());
  }

  /// Reads text; `source` takes the place of the path in messages.
  static CsvTable parse(std::string_view text, std::string source) {
    CsvTable table;
    table.source_ = std::move(source);
    detail::CsvReader reader(text, table.source_);
    if (reader.at_end()) table.fail(1, "the file is empty; give it a header line");
    table.columns_ = reader.read().fields;
    table.sort_columns();
    while (!reader.at_end()) table.add(reader.read());
    return table;
  }

  /// The columns' names, in the file's order.
  const std::vector<std::string>& columns() const { return columns_; }

  /// The number of rows, without the header.
  std::size_t size() const { return lines_.size(); }

  /// A column's fields, one for each row.
  std::vector<std::string> texts(std::string_view column) const {
    const std::size_t place = index_of(column);
    std::vector<std::string> values;
    values.reserve(size());
    for (std::size_t row = 0; row < size(); ++row) values.push_back(field(row, place));
    return values;
  }

  /// A column's fields as numbers; every one must be a finite decimal number and nothing else.
  std::vector<double> numbers(std::string_view column) const {
    const std::size_t place = index_of(column);
    std::vector<double> values;
    values.reserve(size());
    for (std::size_t row = 0; row < size(); ++row) {
      const std::optional<double> value = exact_number(field(row, place));
      if (!value) {
        fail(lines_[row],
             fmt::format("column {} holds {}; write a finite number such as 93.17 or 1e-3, "
                         "without unit or blanks",
                         shown(column), shown(field(row, place))));
      }
      values.push_back(*value);
    }
    return values;
  }

  /// Where a row stands in the file, for messages: `path:line`. Row 0 follows the header.
  std::string place(std::size_t row) const { return fmt::format("{}:{}", source_, lines_.at(row)); }

 private:
  CsvTable() = default;

  [[noreturn]] void fail(std::size_t line, const std::string& reason) const {
    detail::fail_at_line(source_, line, reason);
  }

  const std::string& field(std::size_t row, std::size_t column) const {
    return fields_[row * columns_.size() + column];
  }

  std::size_t index_of(std::string_view column) const {
    const auto name = [this](std::size_t i) { return std::string_view(columns_[i]); };
    const auto found = std::ranges::lower_bound(by_name_, column, {}, name);
    if (found != by_name_.end() && columns_[*found] == column) return *found;
    fail(1, fmt::format("there is no column {}; there are {}", shown(column),
                        detail::shown_list(columns_)));
  }

  void sort_columns() {
    by_name_.resize(columns_.size());
    std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
    std::ranges::stable_sort(by_name_, {},
                             [this](std::size_t i) { return std::string_view(columns_[i]); });
    const auto equal = std::ranges::adjacent_find(
        by_name_, [this](std::size_t i, std::size_t j) { return columns_[i] == columns_[j]; });
    if (equal != by_name_.end()) {
      fail(1,
           fmt::format("columns {} and {} are both named {}; give every column a name of its own",
                       equal[0] + 1, equal[1] + 1, shown(columns_[*equal])));
    }
  }

  void add(detail::CsvRecord row) {
    if (row.fields.size() != columns_.size()) {
      fail(row.line, fmt::format("{} fields, the header names {} columns; add or remove fields, or "
                                 "quote one that has commas",
                                 row.fields.size(), columns_.size()));
    }
    lines_.push_back(row.line);
    std::move(row.fields.begin(), row.fields.end(), std::back_inserter(fields_));
  }

  std::string source_;
  std::vector<std::string> columns_;
  std::vector<std::size_t> by_name_;  // the columns' indices, sorted by name
  std::vector<std::size_t> lines_;    // where each row begins
  std::vector<std::string> fields_;   // [rows, columns]
};

/// The text as one field of a CSV file: between quotes where it needs them, as it is elsewhere.
inline std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) field.append(c == '"' ? 2 : 1, c);
  return field + '"';
}

/// Texts as one row of a CSV file, without the line's end.
inline std::string csv_line(std::vector<std::string> fields) {
  for (std::string& field : fields) field = csv_field(field);
  return detail::joined(fields, ",");
}

}  // namespace interchoice
