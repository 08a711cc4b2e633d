#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "interchoice/stats/multiple_tests.hpp"
#include "interchoice/stats/paired_difference.hpp"
#include "interchoice/stats/verdict.hpp"

namespace interchoice {

/// A claim about two methods, with the runs that test it.
struct ClaimTest {
  PairedDifference difference;
  ClaimedSign sign = ClaimedSign::kPositive;
  double smallest_difference = 0;  ///< as in `Claim`
};

/// What became of a claim.
struct ClaimOutcome {
  double adjusted_p = 1;  ///< by Holm's procedure over the family
  Verdict verdict = Verdict::kUndecided;
};

/// Decides claims that are tested together, in their order: `verdict_of` with p values by
/// `holm_adjusted` and a family of all of them. The probability of even one false "confirmed", or
/// one false "contradicted" by a difference of the other sign, is at most alpha.
///
/// *Throws*: `std::invalid_argument` as `verdict_of`. *Cost*: O(m log m).
inline std::vector<ClaimOutcome> test_claims(std::span<const ClaimTest> tests,
                                             double alpha = 0.05) {
  std::vector<double> p_values;
  for (const ClaimTest& test : tests) p_values.push_back(test.difference.p);
  const std::vector<double> adjusted = holm_adjusted(p_values);
  std::vector<ClaimOutcome> outcomes;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    outcomes.push_back(
        {adjusted[i], verdict_of(tests[i].difference, adjusted[i],
                                 {.sign = tests[i].sign,
                                  .smallest_difference = tests[i].smallest_difference,
                                  .alpha = alpha,
                                  .family = tests.size()})});
  }
  return outcomes;
}

}  // namespace interchoice
