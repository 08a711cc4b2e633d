#pragma once

#include <cmath>

namespace interchoice::detail {

/// A running sum whose rounding error does not grow with the number of terms.
///
/// *Source*: Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen",
/// ZAMM 54 (1974), algorithm IV. Needs IEEE arithmetic: `-ffast-math` turns it into a plain sum.
class CompensatedSum {
 public:
  void add(double term) {
    const double sum = sum_ + term;
    lost_ += std::abs(sum_) >= std::abs(term) ? (sum_ - sum) + term : (term - sum) + sum_;
    sum_ = sum;
  }

  double value() const { return sum_ + lost_; }

 private:
  double sum_ = 0;
  double lost_ = 0;  // rounded away by the additions to sum_
};

}  // namespace interchoice::detail
