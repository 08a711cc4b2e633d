#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "interchoice/io/detail/csv_records.hpp"
#include "interchoice/io/input_file.hpp"

namespace interchoice {

/// A table read from a CSV file: a header line with the columns' names, then rows of as many
/// fields.
///
/// The format is RFC 4180's: fields that hold commas, quotes or line ends are quoted, quotes in
/// them doubled; lines end with LF or CRLF. Anything else is refused, never guessed at.
///
/// *Throws*: whatever is wrong with the file, or with a column that is asked for,
/// `std::runtime_error` with `path:line`, what is wrong and what to do.
class CsvTable {
 public:
  /// Reads a file.
  static CsvTable read(const std::filesystem::path& path) {
    InputFile file(path);
    std::string text(file.size(), '\0');
    file.read(0, text.data(), text.size());
    return parse(text, path.string());
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
      const std::string& field = row.fields[place];
      const char* const end = field.data() + field.size();
      double value = 0;
      const auto [rest, error] = std::from_chars(field.data(), end, value);
      if (error != std::errc() || rest != end || !std::isfinite(value)) {
        detail::fail_at_line(source_, row.line,
                             "column '" + std::string(column) + "' holds '" + field +
                                 "'; write a finite number such as 93.17 or 1e-3, without unit "
                                 "or blanks");
      }
      values.push_back(value);
    }
    return values;
  }

  /// Where a row stands in the file, for messages: `path:line`. Row 0 follows the header.
  std::string place(std::size_t row) const {
    return source_ + ":" + std::to_string(rows_.at(row).line);
  }

 private:
  CsvTable() = default;

  std::size_t index_of(std::string_view column) const {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i] == column) return i;
    }
    std::string existing;
    for (const std::string& name : columns_)
      existing += (existing.empty() ? "'" : ", '") + name + "'";
    detail::fail_at_line(source_, 1,
                         "there is no column '" + std::string(column) + "'; there are " + existing);
  }

  void check_columns() const {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (columns_[i] == columns_[j]) {
          detail::fail_at_line(source_, 1,
                               "columns " + std::to_string(j + 1) + " and " +
                                   std::to_string(i + 1) + " are both named '" + columns_[i] +
                                   "'; give every column a name of its own");
        }
      }
    }
  }

  void check_rows() const {
    for (const detail::CsvRecord& row : rows_) {
      if (row.fields.size() != columns_.size()) {
        detail::fail_at_line(source_, row.line,
                             std::to_string(row.fields.size()) + " fields, the header names " +
                                 std::to_string(columns_.size()) +
                                 " columns; add or remove fields, or quote one that has commas");
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

}  // namespace interchoice
