#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/core/enumeration.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/core/text.hpp"

namespace interchoice {

/// The part of a restriction that a table lists.
template <SearchSpace Space>
struct TableCoverage {
  std::uint64_t allowed = 0;                            ///< architectures of the restriction
  std::uint64_t listed = 0;                             ///< those of them that the table has
  std::vector<Architecture<Space>> first_missing = {};  ///< in lexicographic order

  /// The number of architectures that the table lacks.
  std::uint64_t missing() const { return allowed - listed; }
};

/// Counts which architectures of a restriction a table lists, and finds the first ones that it does
/// not. `Table`: a `BenchmarkTable` or a `TabularBenchmark`.
///
/// *Throws*: `std::invalid_argument` if the restriction allows 2^63 architectures or more.
///
/// *Cost*: O(size of the table), however large the restriction is.
template <SearchSpace Space, class Table>
TableCoverage<Space> coverage(const Table& table, const Restriction<Space>& restriction,
                              std::size_t most_named = 3) {
  const auto every = every_architecture(restriction);
  TableCoverage<Space> result;
  result.allowed = every.size();
  for (const Architecture<Space>& architecture : table.architectures()) {
    result.listed += restriction.allows(architecture) ? 1 : 0;
  }
  const std::uint64_t wanted = std::min<std::uint64_t>(most_named, result.missing());
  for (std::uint64_t i = 0; result.first_missing.size() < wanted; ++i) {
    if (!table.contains(every[i])) result.first_missing.push_back(every[i]);
  }
  return result;
}

/// Refuses a table that lacks architectures of a restriction.
///
/// *Throws*: `std::runtime_error` that counts them and names the first; and as `coverage`.
template <SearchSpace Space, class Table>
void require_complete(const Table& table, const Restriction<Space>& restriction) {
  const TableCoverage<Space> found = coverage(table, restriction);
  if (found.missing() == 0) return;
  std::string names;
  for (const Architecture<Space>& architecture : found.first_missing) {
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", to_text(architecture));
  }
  const std::uint64_t unnamed = found.missing() - found.first_missing.size();
  if (unnamed > 0) names += fmt::format(" and {} more", unnamed);
  throw std::runtime_error(
      fmt::format("interchoice: {} lacks {} of the {} architectures of the restriction: {}; "
                  "complete the table or take a narrower restriction",
                  table.source(), found.missing(), found.allowed, names));
}

}  // namespace interchoice
