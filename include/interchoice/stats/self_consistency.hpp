#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <stdexcept>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/kendall.hpp"

namespace interchoice {

/// The correlations of every two of several runs: a symmetric matrix.
class CorrelationMatrix {
 public:
  explicit CorrelationMatrix(std::size_t runs) : runs_(runs), values_(runs * runs) {}

  /// The number of runs.
  std::size_t size() const { return runs_; }

  /// The correlation of two runs. *Throws* std::out_of_range.
  double at(std::size_t i, std::size_t j) const { return values_[place(i, j)]; }

  /// Sets the correlation of i with j and of j with i. *Throws* std::out_of_range.
  void set(std::size_t i, std::size_t j, double correlation) {
    values_[place(i, j)] = correlation;
    values_[place(j, i)] = correlation;
  }

  /// The correlations of different runs i < j, row by row.
  std::vector<double> pairs() const {
    std::vector<double> result;
    for (std::size_t i = 0; i < runs_; ++i) {
      for (std::size_t j = i + 1; j < runs_; ++j) result.push_back(at(i, j));
    }
    return result;
  }

  /// The mean of `pairs`: one number for how far the runs agree. NaN of a single run, or where one
  /// correlation is undefined.
  double mean() const {
    const std::vector<double> all = pairs();
    if (all.empty()) return std::numeric_limits<double>::quiet_NaN();
    return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
  }

 private:
  std::size_t place(std::size_t i, std::size_t j) const {
    if (i >= runs_ || j >= runs_) {
      throw std::out_of_range(fmt::format(
          "interchoice: correlation of runs {} and {}; there are {}, counted from 0", i, j, runs_));
    }
    return i * runs_ + j;
  }

  std::size_t runs_;
  std::vector<double> values_;
};

/// Self-consistency: how far super-networks that differ only in their seed predict alike.
///
///     m_ij = correlation(run_i, run_j)
///
/// It bounds trust, not quality: runs that agree can be wrong together. `correlation` is any
/// callable of two `std::span<const double>`: `kendall_tau_b`, `pearson`, `spearman`, a lambda. The
/// diagonal is 1, or NaN where the correlation of a run with itself is.
///
/// *Throws*: `std::invalid_argument` if there are no runs, if their lengths differ, if there are
/// fewer than two values, or if one is NaN or infinite.
///
/// *Cost*: runs² / 2 correlations.
///
/// *Source*: paper, table 2 and figure 10.
template <class Correlation = decltype(kendall_tau_b)>
CorrelationMatrix self_consistency(std::span<const std::vector<double>> runs,
                                   const Correlation& correlation = kendall_tau_b) {
  detail::check_runs("self_consistency", runs, 1, 2);
  CorrelationMatrix matrix(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (std::size_t j = i; j < runs.size(); ++j) {
      matrix.set(i, j,
                 correlation(std::span<const double>(runs[i]), std::span<const double>(runs[j])));
    }
  }
  return matrix;
}

}  // namespace interchoice
