#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/core/detail/joined.hpp"
#include "interchoice/core/exact_number.hpp"
#include "interchoice/io/detail/csv_records.hpp"
#include "interchoice/io/input_file.hpp"

namespace interchoice {

/// A table read from a CSV file: a header line with the columns' names, then rows of as many
/// fields.
///
/// The format is RFC 4180's: fields that hold commas, quotes or line ends are quoted, quotes in
/// them doubled; lines end with LF or CRLF. Anything else is refused, never guessed at.
///
/// *Throws*: `std::runtime_error` with `path:line`, the mistake in the file or in the name of a
/// column that is asked for, and what to do.
class CsvTable {
 public:
  /// Reads a file.
  static CsvTable read(const std::filesystem::path& path) {
    return parse(InputFile(path).text(), path.string());
  }

  /// Reads text; `source` takes the place of the path in messages.
  static CsvTable parse(std::string_view text, std::string source) {
    CsvTable table;
    table.source_ = std::move(source);
    table.rows_ = detail::CsvReader(text, table.source_).read_all();
    if (table.rows_.empty()) {
      detail::fail_at_line(table.source_, 1, "the file is empty; give it a header line");
    }
    table.columns_ = std::move(table.rows_.front().fields);
    table.rows_.erase(table.rows_.begin());
    table.check_columns();
    table.check_rows();
    return table;
  }

  /// The columns' names, in the file's order.
  const std::vector<std::string>& columns() const { return columns_; }

  /// The number of rows, without the header.
  std::size_t size() const { return rows_.size(); }

  /// A column's fields, one for each row.
  std::vector<std::string> texts(std::string_view column) const {
    const std::size_t place = index_of(column);
    std::vector<std::string> values;
    values.reserve(size());
    for (const detail::CsvRecord& row : rows_) values.push_back(row.fields[place]);
    return values;
  }

  /// A column's fields as numbers; every one must be a finite decimal number and nothing else.
  std::vector<double> numbers(std::string_view column) const {
    const std::size_t place = index_of(column);
    std::vector<double> values;
    values.reserve(size());
    for (const detail::CsvRecord& row : rows_) {
      const std::optional<double> value = exact_number(row.fields[place]);
      if (!value) {
        detail::fail_at_line(
            source_, row.line,
            fmt::format("column '{}' holds '{}'; write a finite number such as 93.17 or 1e-3, "
                        "without unit or blanks",
                        column, row.fields[place]));
      }
      values.push_back(*value);
    }
    return values;
  }

  /// Where a row stands in the file, for messages: `path:line`. Row 0 follows the header.
  std::string place(std::size_t row) const {
    return fmt::format("{}:{}", source_, rows_.at(row).line);
  }

 private:
  CsvTable() = default;

  std::size_t index_of(std::string_view column) const {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i] == column) return i;
    }
    detail::fail_at_line(source_, 1,
                         fmt::format("there is no column '{}'; there are '{}'", column,
                                     detail::joined(columns_, "', '")));
  }

  void check_columns() const {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (columns_[i] == columns_[j]) {
          detail::fail_at_line(source_, 1,
                               fmt::format("columns {} and {} are both named '{}'; give every "
                                           "column a name of its own",
                                           j + 1, i + 1, columns_[i]));
        }
      }
    }
  }

  void check_rows() const {
    for (const detail::CsvRecord& row : rows_) {
      if (row.fields.size() != columns_.size()) {
        detail::fail_at_line(source_, row.line,
                             fmt::format("{} fields, the header names {} columns; add or remove "
                                         "fields, or quote one that has commas",
                                         row.fields.size(), columns_.size()));
      }
    }
  }

  std::string source_;
  std::vector<std::string> columns_;
  std::vector<detail::CsvRecord> rows_;
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
