#include "interchoice/stats/claim_family.hpp"

#include <stdexcept>
#include <vector>

#include "support/catch.hpp"

namespace ic = interchoice;
using ic::Verdict;

TEST_CASE("claims of a family are decided as by hand") {
  // A standard error of 0.0091, so t of 21.9, 4.05 and -21.9, of 3 degrees of freedom.
  const std::vector<double> noise = {-0.01, 0.01, -0.02, 0.02};
  const std::vector<double> zeros(4);
  const auto shifted = [&](double mean) {
    std::vector<double> values = noise;
    for (double& value : values) value += mean;
    return ic::paired_difference(values, zeros);
  };
  const std::vector<ic::ClaimTest> tests = {
      {.difference = shifted(0.2), .smallest_difference = 0.05},
      {.difference = shifted(0.037), .smallest_difference = 0.05},
      {.difference = shifted(-0.2), .smallest_difference = 0.05},
      {.difference = shifted(-0.2),
       .sign = ic::ClaimedSign::kNegative,
       .smallest_difference = 0.05}};
  const auto outcomes = ic::test_claims(tests);
  REQUIRE(outcomes.size() == 4);
  // The three small p are equal: the first is held to alpha / 4, and adjusted p never fall.
  const double p = tests[0].difference.p;
  CHECK(outcomes[0].adjusted_p == Approx(4 * p));
  CHECK(outcomes[2].adjusted_p == Approx(4 * p));
  CHECK(outcomes[3].adjusted_p == Approx(4 * p));
  CHECK(outcomes[1].adjusted_p == Approx(tests[1].difference.p));
  CHECK(outcomes[0].verdict == Verdict::kConfirmed);
  CHECK(outcomes[2].verdict == Verdict::kContradicted);
  CHECK(outcomes[3].verdict == Verdict::kConfirmed);

  // The second one has the largest p, which Holm's procedure leaves alone; among claims of which
  // nothing is known it has the smallest.
  CHECK(tests[1].difference.p < 0.05);
  CHECK(outcomes[1].verdict == Verdict::kConfirmed);
  const ic::ClaimTest nothing{.difference = shifted(0.001), .smallest_difference = 0.02};
  const auto among_others =
      ic::test_claims(std::vector<ic::ClaimTest>{tests[1], nothing, nothing, nothing});
  CHECK(among_others[0].adjusted_p == Approx(4 * tests[1].difference.p));
  CHECK(among_others[0].verdict == Verdict::kUndecided);
  CHECK(among_others[1].verdict == Verdict::kUndecided);

  CHECK(ic::test_claims({}).empty());
  CHECK_THROWS_AS(ic::test_claims(std::vector<ic::ClaimTest>{{.difference = shifted(0.2)}}),
                  std::invalid_argument);
  CHECK_THROWS_AS(ic::test_claims(tests, 0), std::invalid_argument);
}
