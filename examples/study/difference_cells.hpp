#pragma once

// A paired difference with its test in the tables of a page.

#include <string>
#include <vector>

#include "interchoice/report/html.hpp"
#include "interchoice/report/number_text.hpp"
#include "interchoice/stats/paired_difference.hpp"

namespace examples {

namespace ic = interchoice;

inline std::string p_text(double p) {
  return p < 0.0005 ? "< 0.001" : ic::figures::fixed_text(p, 3);
}

inline std::string interval_text(const ic::PairedDifference& difference) {
  return "[" + ic::figures::fixed_text(difference.low, 3) + ", " +
         ic::figures::fixed_text(difference.high, 3) + "]";
}

/// The titles of `difference_cells`.
inline std::vector<std::string> difference_titles() {
  return {"difference\n(95 % interval)", "effect\nd_z", "p\n(sign flips)",
          "detectable\ndifference"};
}

/// A difference, and the one that its test would find.
inline std::vector<ic::figures::Cell> difference_cells(const ic::PairedDifference& difference,
                                                       double detectable) {
  return {
      {.text = ic::figures::fixed_text(difference.mean, 3), .detail = interval_text(difference)},
      {ic::figures::fixed_text(difference.effect_size, 2)},
      {.text = p_text(difference.p), .detail = "(" + p_text(difference.sign_flip_p) + ")"},
      {ic::figures::fixed_text(detectable, 3)}};
}

}  // namespace examples
