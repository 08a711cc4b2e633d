#pragma once

#include <fmt/core.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/detail/compensated_sum.hpp"

namespace interchoice {

/// The runs of a crossed design: every level of one factor with every level of the other.
struct CrossedDesign {
  std::size_t rows = 0;        ///< a: levels of the first factor, the initial weights, say
  std::size_t columns = 0;     ///< b: levels of the second factor, the order of the paths, say
  std::size_t replicates = 1;  ///< r: values of each run; evaluations on different images, say
};

/// One line of an analysis of variance, and the part of the spread that it stands for.
struct VariancePart {
  double sum_of_squares = 0;
  std::size_t degrees = 0;  ///< of freedom
  double mean_square = 0;   ///< sum of squares / degrees
  double variance = 0;      ///< estimate of the component; may be below 0, and is left so
};

/// The spread of a metric over crossed runs, by what it comes from.
struct VarianceParts {
  double mean = 0;
  VariancePart rows;
  VariancePart columns;
  VariancePart interaction;  ///< without replicates: together with the noise
  VariancePart noise;        ///< of replicates; 0 degrees and NaN without

  /// The variance of a value of a fresh row, column and replicate: the sum of the parts.
  double total() const {
    const double runs = rows.variance + columns.variance + interaction.variance;
    return noise.degrees == 0 ? runs : runs + noise.variance;
  }
};

/// Tells how much of the spread of a metric comes from each of two crossed factors.
///
///     value_ijk = mean + row_i + column_j + both_ij + noise_ijk, independent, expectation 0
///
/// | part | sum of squares | degrees | variance |
/// | --- | --- | --- | --- |
/// | rows | b r Σ_i (m_i.. - m)² | a - 1 | (MS_rows - MS_interaction) / (b r) |
/// | columns | a r Σ_j (m_.j. - m)² | b - 1 | (MS_columns - MS_interaction) / (a r) |
/// | interaction | r Σ_ij (m_ij. - m_i.. - m_.j. + m)² | (a - 1)(b - 1) | (MS_interaction -
/// MS_noise) / r | | noise | Σ_ijk (x_ijk - m_ij.)² | a b (r - 1) | MS_noise |
///
/// with m the means. Without replicates (r = 1) noise and interaction cannot be told apart, and the
/// interaction's variance, MS_interaction, is that of both. The estimates have the right
/// expectation, and so one of a small part is often below 0; that means "too small for this design
/// to see", and to cut it off would make the others' sum too large. With few levels all are rough:
/// five rows have four degrees of freedom.
///
/// Values are row by row, the replicates of a run beside each other:
/// x_ijk at (i · columns + j) · replicates + k. For the noise of evaluation let the replicates be a
/// run's metric on disjoint halves of the images or architectures: `noise` is then that of a half,
/// and the mean of r such parts has noise / r, if nothing is common to a part across runs. What is
/// common (one half of the images is harder) is counted as noise here.
///
/// *Throws*: `std::invalid_argument` for fewer than two rows or columns or no replicates, if there
/// is not a value for each, or if one is NaN or infinite.
///
/// *Cost*: O(values).
///
/// *Source*: the balanced two-way random-effects model, Searle, Casella & McCulloch, "Variance
/// Components" (1992), section 4.3.
inline VarianceParts variance_parts(std::span<const double> values, const CrossedDesign& design) {
  const auto& [rows, columns, replicates] = design;
  if (rows < 2 || columns < 2 || replicates < 1) {
    detail::fail_statistic(
        "variance_parts",
        fmt::format("{} rows, {} columns and {} replicates; at least 2, 2 and 1 are needed", rows,
                    columns, replicates));
  }
  if (values.size() != rows * columns * replicates) {
    detail::fail_statistic(
        "variance_parts",
        fmt::format("there are {} values; {} rows of {} columns of {} replicates "
                    "are {}, a run that is missing makes it another design",
                    values.size(), rows, columns, replicates, rows * columns * replicates));
  }
  detail::check_values("variance_parts", {"values", values}, 0);
  const auto a = static_cast<double>(rows);
  const auto b = static_cast<double>(columns);
  const auto r = static_cast<double>(replicates);

  std::vector<double> cell_means;  // [rows * columns]
  for (std::size_t cell = 0; cell < rows * columns; ++cell) {
    detail::CompensatedSum sum;
    for (const double value : values.subspan(cell * replicates, replicates)) sum.add(value);
    cell_means.push_back(sum.value() / r);
  }
  std::vector<detail::CompensatedSum> row_sums(rows);
  std::vector<detail::CompensatedSum> column_sums(columns);
  detail::CompensatedSum sum;
  for (std::size_t cell = 0; cell < cell_means.size(); ++cell) {
    row_sums[cell / columns].add(cell_means[cell]);
    column_sums[cell % columns].add(cell_means[cell]);
    sum.add(cell_means[cell]);
  }
  const double mean = sum.value() / (a * b);

  detail::CompensatedSum of_rows;
  detail::CompensatedSum of_columns;
  detail::CompensatedSum of_both;
  detail::CompensatedSum of_noise;
  const auto add_square = [](detail::CompensatedSum& squares, double deviation) {
    squares.add(deviation * deviation);
  };
  for (const auto& row : row_sums) add_square(of_rows, row.value() / b - mean);
  for (const auto& column : column_sums) add_square(of_columns, column.value() / a - mean);
  for (std::size_t cell = 0; cell < cell_means.size(); ++cell) {
    const double row = row_sums[cell / columns].value() / b;
    const double column = column_sums[cell % columns].value() / a;
    add_square(of_both, cell_means[cell] - row - column + mean);
    for (const double value : values.subspan(cell * replicates, replicates)) {
      add_square(of_noise, value - cell_means[cell]);
    }
  }
  const auto part = [](double sum_of_squares, std::size_t degrees) {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    const double mean_square = degrees == 0 ? kNan : sum_of_squares / static_cast<double>(degrees);
    return VariancePart{sum_of_squares, degrees, mean_square, mean_square};
  };
  VarianceParts parts{.mean = mean,
                      .rows = part(b * r * of_rows.value(), rows - 1),
                      .columns = part(a * r * of_columns.value(), columns - 1),
                      .interaction = part(r * of_both.value(), (rows - 1) * (columns - 1)),
                      .noise = part(of_noise.value(), rows * columns * (replicates - 1))};
  parts.rows.variance = (parts.rows.mean_square - parts.interaction.mean_square) / (b * r);
  parts.columns.variance = (parts.columns.mean_square - parts.interaction.mean_square) / (a * r);
  if (replicates > 1) {
    parts.interaction.variance = (parts.interaction.mean_square - parts.noise.mean_square) / r;
  }
  return parts;
}

}  // namespace interchoice
