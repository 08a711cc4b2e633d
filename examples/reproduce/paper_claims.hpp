#pragma once

// What the paper claims, and its tests on the super-networks of figures 4 and 5.
//
// A test compares two values seed by seed. Claims about several networks at once, their agreement
// and their ensemble, are tested on seeds 0 and 1, 2 and 3, ...: pairs that share no seed are
// independent. All tests are one family, by Holm's procedure.

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "examples/reproduce/full_data.hpp"
#include "examples/study/study_analysis.hpp"
#include "interchoice/stats/claim_family.hpp"

namespace reproduce {

/// As in a study.
inline const examples::StudyAnalysis kAnalysis;

/// One of the tests of a claim.
struct PaperTest {
  std::string what;
  std::string where;
  double smallest = 0;  ///< difference that would matter
  ic::PairedDifference difference = {};
  ic::ClaimOutcome outcome = {};

  /// False where the units differ by rounding alone, as of networks that have learnt nothing: then
  /// there is nothing to judge by, and it is no test.
  bool has_spread() const { return difference.standard_deviation > 1e-9; }
};

/// What the paper says, or what its question leads to.
struct PaperClaim {
  std::string text;
  ic::ClaimedSign sign = ic::ClaimedSign::kPositive;
  bool is_denial = false;  ///< that there is such a difference
  std::size_t seeds = 1;   ///< of each unit
  std::vector<PaperTest> tests = {};

  /// With which there is a spread to judge by.
  std::size_t fewest_seeds() const { return 2 * seeds; }
};

namespace detail {

using Runs = std::span<const std::vector<double>>;

/// Undefined, of equal predictions for all architectures, is no order: 0, like one at random.
inline double defined(double correlation) { return std::isnan(correlation) ? 0 : correlation; }

/// For each unit of so many seeds the mean of `value(runs)` over the methods whose labels begin
/// like this.
template <class Value>
std::vector<double> by_unit(const ic::Report& report, std::string_view methods, std::size_t seeds,
                            const Value& value) {
  std::vector<double> values;
  const std::size_t all = report.predictors.front().runs.size();
  for (std::size_t first = 0; first + seeds <= all; first += seeds) {
    double sum = 0;
    double count = 0;
    for (const ic::Predictor& predictor : report.predictors) {
      if (predictor.baseline || !predictor.label.starts_with(methods)) continue;
      sum += value(Runs(predictor.runs).subspan(first, seeds));
      ++count;
    }
    values.push_back(sum / count);
  }
  return values;
}

inline void add_test(PaperClaim& claim, PaperTest test, const std::vector<double>& first,
                     const std::vector<double>& second) {
  if (first.size() < 2) return;
  test.difference = ic::paired_difference(first, second);
  claim.tests.push_back(std::move(test));
}

/// How well methods rank, beside the baseline.
inline void add_qualities(PaperClaim& claim, const ic::Report& report, std::string_view methods,
                          const std::string& what) {
  for (const auto& [name, metric, smallest] :
       {std::tuple("tau-b", &tau_b, kAnalysis.tau_b),
        std::tuple("improvement", &improvement, kAnalysis.improvement)}) {
    const auto quality = [&, metric = metric](Runs runs) {
      return defined(metric(runs[0], report.truth));
    };
    add_test(claim, {what + ", " + name, report.title, smallest},
             by_unit(report, methods, claim.seeds, quality),
             by_unit(report, "baseline", claim.seeds, quality));
  }
}

/// How far two seeds agree, beside the baseline's.
inline void add_agreement(PaperClaim& claim, const ic::Report& report, std::string_view methods,
                          const std::string& what) {
  const auto agreement = [](Runs runs) { return defined(ic::kendall_tau_b(runs[0], runs[1])); };
  add_test(claim, {what, report.title, kAnalysis.tau_b},
           by_unit(report, methods, claim.seeds, agreement),
           by_unit(report, "baseline", claim.seeds, agreement));
}

/// The mean prediction of two seeds beside single ones.
inline void add_ensembles(PaperClaim& claim, const ic::Report& report) {
  const auto tau = [&](std::span<const double> run) { return defined(tau_b(run, report.truth)); };
  add_test(claim, {"all methods", report.title, kAnalysis.tau_b},
           by_unit(report, "", claim.seeds,
                   [&](Runs runs) { return tau(ic::mean_of_predictions(runs)); }),
           by_unit(report, "", claim.seeds,
                   [&](Runs runs) { return (tau(runs[0]) + tau(runs[1])) / 2; }));
}

}  // namespace detail

/// The claims with their tests; without, where a space is left out or seeds are too few.
inline std::vector<PaperClaim> claims_of(const FullReports& reports) {
  PaperClaim a{.text = "(a) Dependent weights beat the baseline with convolutions only"};
  PaperClaim b{.text = "(b) They do not in the full space", .is_denial = true};
  PaperClaim c{.text = "(c) Sequential networks profit from splits"};
  PaperClaim d{.text = "(d) Shift and affine help where bias cannot"};
  PaperClaim e{.text = "(e) Dependent weights lower the agreement of two seeds",
               .sign = ic::ClaimedSign::kNegative,
               .seeds = 2};
  PaperClaim f{.text = "(f) The mean of two seeds' predictions ranks better than one", .seeds = 2};
  for (const ic::Report& report : reports.nasbench201) {
    for (const auto& [methods, what] :
         {std::pair("bias", "bias, all depths"), std::pair("split", "split, all epochs")}) {
      if (report.title.ends_with("only_conv")) detail::add_qualities(a, report, methods, what);
      if (report.title.ends_with("-all")) detail::add_qualities(b, report, methods, what);
      detail::add_agreement(e, report, methods, what);
    }
    detail::add_ensembles(f, report);
  }
  if (reports.macro) {
    detail::add_qualities(c, *reports.macro, "split", "split, both epochs");
    for (const char* method : {"shift", "affine"}) {
      detail::add_qualities(d, *reports.macro, method, method);
      detail::add_agreement(e, *reports.macro, method, method);
    }
    detail::add_agreement(e, *reports.macro, "split", "split, both epochs");
    detail::add_ensembles(f, *reports.macro);
  }
  return {a, b, c, d, e, f};
}

/// Tests all claims together; what has no spread stays undecided.
inline void decide(std::vector<PaperClaim>& claims) {
  std::vector<ic::ClaimTest> family;
  for (const PaperClaim& claim : claims) {
    for (const PaperTest& test : claim.tests) {
      if (test.has_spread()) family.push_back({test.difference, claim.sign, test.smallest});
    }
  }
  const auto outcomes = ic::test_claims(family, kAnalysis.alpha);
  auto next = outcomes.begin();
  for (PaperClaim& claim : claims) {
    for (PaperTest& test : claim.tests) {
      if (test.has_spread()) test.outcome = *next++;
    }
  }
}

/// What a test says of its claim.
inline std::string verdict_text(const PaperClaim& claim, const PaperTest& test) {
  const ic::Verdict verdict = test.outcome.verdict;
  if (verdict == ic::Verdict::kUndecided) return "undecided at this budget";
  const bool is_there = verdict == ic::Verdict::kConfirmed;
  return is_there == claim.is_denial ? "contradicted" : "confirmed";
}

}  // namespace reproduce
