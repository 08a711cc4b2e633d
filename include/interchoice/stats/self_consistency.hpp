#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/stats/detail/checked_runs.hpp"
#include "interchoice/stats/kendall.hpp"

namespace interchoice {

/// The correlations of every two of several runs: symmetric.
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
    double sum = 0;
    for (const double correlation : all) sum += correlation;
    return sum / static_cast<double>(all.size());
  }

 private:
  std::size_t place(std::size_t i, std::size_t j) const {
    if (i >= runs_ || j >= runs_) {
      throw std::out_of_range("interchoice: correlation of runs " + std::to_string(i) + " and " +
                              std::to_string(j) + "; there are " + std::to_string(runs_) +
                              ", counted from 0");
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
/// callable of two `std::span<const double>`: a lambda around `kendall_tau_b` (as the other
/// overload takes), `pearson`, `spearman`. The diagonal is 1, or NaN where the correlation of a run
/// with itself is.
///
/// *Throws*: `std::invalid_argument` if there are no runs, if their lengths differ, if there are
/// fewer than two values, or if one is NaN or infinite.
///
/// *Cost*: runs² / 2 correlations.
///
/// *Source*: paper, table 2 and figure 10.
template <class Correlation>
CorrelationMatrix self_consistency(std::span<const std::vector<double>> runs,
                                   const Correlation& correlation) {
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

/// Self-consistency in Kendall's tau-b, whose rule for ties holds.
inline CorrelationMatrix self_consistency(std::span<const std::vector<double>> runs) {
  return self_consistency(runs, [](std::span<const double> x, std::span<const double> y) {
    return kendall_tau_b(x, y);
  });
}

}  // namespace interchoice
