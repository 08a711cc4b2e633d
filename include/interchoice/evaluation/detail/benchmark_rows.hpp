#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/io/csv.hpp"

namespace interchoice::detail {

[[noreturn]] inline void fail_at(const std::string& place, const std::string& reason) {
  throw std::runtime_error("interchoice: " + place + ": " + reason);
}

/// The rows of a table of architectures, and where each architecture stands.
template <SearchSpace Space>
struct BenchmarkRows {
  std::vector<Architecture<Space>> architectures = {};
  std::unordered_map<Architecture<Space>, std::size_t> places = {};
};

template <SearchSpace Space>
Architecture<Space> architecture_at(const std::string& text, const std::string& place) {
  try {
    return from_text<Space>(text);
  } catch (const std::logic_error& error) {  // std::invalid_argument, std::out_of_range
    std::string_view reason = error.what();
    constexpr std::string_view kPrefix = "interchoice: ";  // `fail_at` puts it before the place
    if (reason.starts_with(kPrefix)) reason.remove_prefix(kPrefix.size());
    fail_at(place, std::string(reason));
  }
}

/// Reads the architectures' column of a table: every text an architecture, each once.
///
/// *Throws*: `std::runtime_error` with the row.
template <SearchSpace Space>
BenchmarkRows<Space> read_benchmark_rows(const CsvTable& csv, const std::string& source,
                                         std::string_view column) {
  const std::vector<std::string> texts = csv.texts(column);
  if (texts.empty()) fail_at(source, "there are no architectures; add rows");
  BenchmarkRows<Space> rows;
  rows.architectures.reserve(texts.size());
  rows.places.reserve(texts.size());
  for (std::size_t row = 0; row < texts.size(); ++row) {
    rows.architectures.push_back(architecture_at<Space>(texts[row], csv.place(row)));
    const auto [first, is_new] = rows.places.emplace(rows.architectures.back(), row);
    if (!is_new) {
      fail_at(csv.place(row), "architecture '" + texts[row] + "' was listed before, at " +
                                  csv.place(first->second) + "; remove one of the two rows");
    }
  }
  return rows;
}

}  // namespace interchoice::detail
