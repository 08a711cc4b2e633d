#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/core/shown.hpp"

namespace interchoice::detail {

/// One record of a CSV file.
struct CsvRecord {
  std::size_t line = 0;  // where it begins, from 1
  std::vector<std::string> fields;
};

[[noreturn]] inline void fail_at_line(const std::string& source, std::size_t line,
                                      const std::string& reason) {
  throw std::runtime_error(fmt::format("interchoice: {}:{}: {}", source, line, reason));
}

/// Splits CSV text into records and fields: all of RFC 4180, nothing else.
///
/// Fields may be quoted, and then hold commas, line ends and doubled quotes. Lines end with LF or
/// CRLF; the last one need not. A byte order mark at the start is skipped.
class CsvReader {
 public:
  /// The most fields of a text. An empty one takes a byte of the file and 32 of memory.
  static constexpr std::size_t kMostFields = std::size_t{1} << 25;

  CsvReader(std::string_view text, const std::string& source, std::size_t most = kMostFields)
      : rest_(text), source_(source), most_(most) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
  }

  /// Whether there is no record left.
  bool at_end() const { return rest_.empty(); }

  /// The next record; one of an empty line has one field, which is empty.
  CsvRecord read() {
    CsvRecord record{line_, {}};
    do {
      if (fields_++ == most_) {
        fail(fmt::format("more than {} fields up to here; take a smaller table", most_));
      }
      record.fields.push_back(rest_.starts_with('"') ? read_quoted() : read_plain());
    } while (skip(","));
    if (!rest_.empty() && !skip("\n") && !skip("\r\n")) {
      fail(rest_.front() == '\r' ? "a carriage return that no line feed follows; end lines with "
                                   "LF or CRLF"
                                 : "text goes on after a closing quote; put the whole field "
                                   "between quotes and double the quotes in it");
    }
    ++line_;
    return record;
  }

 private:
  std::string read_plain() {
    const std::size_t length = std::min(rest_.find_first_of(",\"\r\n"), rest_.size());
    std::string field(rest_.substr(0, length));
    rest_.remove_prefix(length);
    if (rest_.starts_with('"')) {
      fail(
          fmt::format("a quote inside the unquoted field {}; put the whole field between quotes "
                      "and double the quotes in it",
                      shown(field)));
    }
    return field;
  }

  std::string read_quoted() {
    const std::size_t opened = line_;
    std::string field;
    do {
      rest_.remove_prefix(1);  // the opening quote, or the second of two
      const std::size_t length = rest_.find('"');
      if (length == std::string_view::npos) {
        line_ = opened;
        fail("the quote that opens here is never closed");
      }
      for (const char c : rest_.substr(0, length)) line_ += c == '\n';
      field += rest_.substr(0, length);
      rest_.remove_prefix(length + 1);
      if (rest_.starts_with('"')) field += '"';
    } while (rest_.starts_with('"'));
    return field;
  }

  bool skip(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  [[noreturn]] void fail(const std::string& reason) const { fail_at_line(source_, line_, reason); }

  std::string_view rest_;
  const std::string& source_;
  std::size_t most_;
  std::size_t line_ = 1;
  std::size_t fields_ = 0;  // that were read
};

}  // namespace interchoice::detail
