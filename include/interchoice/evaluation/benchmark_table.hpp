#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/stats/detail/compensated_sum.hpp"

namespace interchoice {

/// One recorded number for each of many architectures: the ground truth of a tabular benchmark, or
/// any other property (parameters, latency, another network's predictions).
///
///     const auto truth =
///         TabularBenchmark<NasBench201Space>::read("nasbench201.csv").column("c10_test_200");
///     truth.value(architecture);  // 93.66
///
/// It may hold any part of the space, in any order.
template <SearchSpace Space>
class BenchmarkTable {
 public:
  using architecture_type = Architecture<Space>;

  /// A table of a value for each architecture; `source` names it in errors.
  ///
  /// *Throws*: `std::invalid_argument` if there are no architectures, one is listed twice, the
  /// numbers of architectures and values differ, or a value is not finite.
  BenchmarkTable(std::string source, std::vector<architecture_type> architectures,
                 std::vector<double> values)
      : source_(std::move(source)),
        architectures_(std::move(architectures)),
        values_(std::move(values)) {
    if (architectures_.empty() || architectures_.size() != values_.size()) {
      refuse(fmt::format("{} architectures and {} values; give one value for each, at least one",
                         architectures_.size(), values_.size()));
    }
    places_.reserve(size());
    for (std::size_t row = 0; row < size(); ++row) {
      if (!places_.emplace(architectures_[row], row).second) {
        refuse(fmt::format("architecture '{}' is listed twice; leave one out",
                           to_text(architectures_[row])));
      }
      if (!std::isfinite(values_[row])) {
        refuse(fmt::format("the value of '{}' is {}; leave out what has no finite value",
                           to_text(architectures_[row]), values_[row]));
      }
    }
  }

  /// Where the numbers are from: file and column.
  const std::string& source() const { return source_; }

  /// The number of architectures.
  std::size_t size() const { return values_.size(); }

  /// All architectures, in the source's order.
  const std::vector<architecture_type>& architectures() const { return architectures_; }

  /// All values, in the same order.
  const std::vector<double>& values() const { return values_; }

  /// Whether the table has a value for an architecture.
  bool contains(const architecture_type& architecture) const {
    return places_.contains(architecture);
  }

  /// The value of an architecture.
  ///
  /// *Throws*: `std::out_of_range` with the architecture's text if the table does not list it; with
  /// its row where that says that there is no value.
  double value(const architecture_type& architecture) const {
    const auto place = places_.find(architecture);
    if (place != places_.end()) return values_[place->second];
    const auto empty = empty_.find(architecture);
    throw std::out_of_range(
        empty != empty_.end()
            ? fmt::format("interchoice: {} for architecture '{}'; ask `contains` first",
                          empty->second, to_text(architecture))
            : fmt::format("interchoice: {} lists no architecture '{}' among its {}; ask `contains` "
                          "first or complete the table",
                          source_, to_text(architecture), size()));
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

  [[noreturn]] void refuse(const std::string& reason) const {
    throw std::invalid_argument(fmt::format("interchoice: {}: {}", source_, reason));
  }

  std::string source_;
  std::vector<architecture_type> architectures_;
  std::vector<double> values_;
  std::unordered_map<architecture_type, std::size_t> places_;
  std::unordered_map<architecture_type, std::string> empty_;  // rows without a value: place, field
};

}  // namespace interchoice
