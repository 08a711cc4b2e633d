#pragma once

#include <fmt/core.h>

#include <cmath>
#include <cstddef>
#include <string_view>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/equivalence.hpp"
#include "interchoice/stats/paired_difference.hpp"

namespace interchoice {

/// What a pre-registered test has shown; the rule is `verdict_of`.
enum class Verdict {
  kConfirmed,     ///< there is a difference, and it has the sign that was claimed
  kContradicted,  ///< it has the other sign, or one as large as would matter is excluded
  kEquivalent,    ///< there is none that matters, in either direction
  kUndecided,     ///< none of these: the runs were too few for a difference of this size
};

/// The sign of first - second that a claim predicts.
enum class ClaimedSign { kPositive, kNegative };

/// What is written down before the runs.
struct Claim {
  ClaimedSign sign = ClaimedSign::kPositive;
  double smallest_difference = 0;  ///< that would matter, above 0, in the unit of the metric
  double alpha = 0.05;             ///< probability of an error in the family that is accepted
  std::size_t family = 1;          ///< m: the number of claims that are tested together
};

/// Decides a pre-registered claim about two methods from its runs.
///
/// `adjusted_p` is the p value of the two-sided paired test, adjusted for the family
/// (`holm_adjusted`). With d the mean difference, counted positive in the claimed direction, and
/// delta the smallest difference that would matter:
///
///     different  = adjusted_p <= alpha
///     above -delta = one-sided p <= alpha / m, or different and d > 0
///     below +delta = one-sided p <= alpha / m, or different and d < 0
///
/// | first row that holds | verdict |
/// | --- | --- |
/// | above -delta and below +delta | equivalent: real or not, a difference is too small to matter |
/// | different, d > 0 | confirmed |
/// | different, d < 0 | contradicted: by a difference of the other sign |
/// | below +delta | contradicted: what was claimed is excluded, the other sign is not shown |
/// | otherwise | undecided |
///
/// The one-sided tests (`equivalence_test`) say which ends of the interval of level 1 - 2 alpha / m
/// are within delta; the division by m is Bonferroni's, since they are a family of their own.
/// "Confirmed" is a statement about the sign: a difference of delta or more is not excluded, but
/// the true one may be smaller; the interval tells. "Undecided" is no evidence for equality:
/// `detectable_difference` tells what so many runs could have found.
///
/// *Throws*: `std::invalid_argument` if the adjusted p is outside [0, 1], alpha outside (0, 1), the
/// family empty, or as `equivalence_test`.
///
/// *Source*: the three-way reading of intervals against a smallest difference of interest, Lakens,
/// Scheel & Isager, "Equivalence Testing for Psychological Research" (2018).
inline Verdict verdict_of(const PairedDifference& difference, double adjusted_p,
                          const Claim& claim) {
  if (!(adjusted_p >= 0 && adjusted_p <= 1)) {
    detail::fail_statistic("verdict_of",
                           fmt::format("the adjusted p {} is outside [0, 1]", adjusted_p));
  }
  if (!(claim.alpha > 0 && claim.alpha < 1) || claim.family == 0) {
    detail::fail_statistic(
        "verdict_of", fmt::format("alpha {} and a family of {}; an alpha between 0 and 1 and at "
                                  "least the claim itself are needed",
                                  claim.alpha, claim.family));
  }
  const EquivalenceTest margins = equivalence_test(difference, claim.smallest_difference);
  const bool is_positive = claim.sign == ClaimedSign::kPositive;
  const double mean = is_positive ? difference.mean : -difference.mean;
  const double share = claim.alpha / static_cast<double>(claim.family);
  const bool different = adjusted_p <= claim.alpha;
  const bool above = (is_positive ? margins.not_below : margins.not_above) <= share;
  const bool below = (is_positive ? margins.not_above : margins.not_below) <= share;
  if ((above || (different && mean > 0)) && (below || (different && mean < 0))) {
    return Verdict::kEquivalent;
  }
  if (different && mean > 0) return Verdict::kConfirmed;
  if ((different && mean < 0) || below) return Verdict::kContradicted;
  return Verdict::kUndecided;
}

/// The verdict in words.
constexpr std::string_view to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kConfirmed:
      return "confirmed";
    case Verdict::kContradicted:
      return "contradicted";
    case Verdict::kEquivalent:
      return "equivalent";
    case Verdict::kUndecided:
      break;
  }
  return "undecided at this power";
}

}  // namespace interchoice
