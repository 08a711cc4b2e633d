#pragma once

#include <fmt/core.h>

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <utility>
#include <vector>

namespace interchoice::detail {

/// A symmetric positive definite matrix of moderate size as a product, for systems of equations.
///
///     A = L Lᵀ,  L lower triangular
///
/// *Cost*: O(n³) once, O(n²) a solution. *Source*: Golub & Van Loan, Matrix Computations, 4.2.
class Cholesky {
 public:
  using Matrix = std::vector<std::vector<double>>;

  /// Reads the lower triangle. *Throws* std::invalid_argument if the matrix is not positive
  /// definite.
  explicit Cholesky(Matrix matrix) : lower_(std::move(matrix)) {
    for (std::size_t j = 0; j < lower_.size(); ++j) {
      for (std::size_t i = j; i < lower_.size(); ++i) {
        double sum = lower_[i][j];
        for (std::size_t k = 0; k < j; ++k) sum -= lower_[i][k] * lower_[j][k];
        if (i > j) {
          lower_[i][j] = sum / lower_[j][j];
        } else if (sum > 0) {
          lower_[j][j] = std::sqrt(sum);
        } else {
          throw std::invalid_argument(fmt::format(
              "interchoice: a matrix is not positive definite: pivot {} is {}", j, sum));
        }
      }
    }
  }

  /// x of A x = b.
  std::vector<double> solve(std::vector<double> b) const {
    const std::size_t n = lower_.size();
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < i; ++k) b[i] -= lower_[i][k] * b[k];
      b[i] /= lower_[i][i];
    }
    for (std::size_t i = n; i-- > 0;) {
      for (std::size_t k = i + 1; k < n; ++k) b[i] -= lower_[k][i] * b[k];
      b[i] /= lower_[i][i];
    }
    return b;
  }

 private:
  Matrix lower_;
};

}  // namespace interchoice::detail
