// How many parameters each policy adds to NAS-Bench-201 with linear Skip: the numbers of the
// reference implementation with all entries, and no more than those without.

#include <cstdint>

#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;

namespace {

template <class Policy>
std::int64_t dependent() {
  const ic::Supernet<ic::NasBench201<ic::LinearSkip>, Policy> net;
  const ic::ParameterRow sum = ic::parameter_total(ic::parameter_report(*net));
  CHECK(sum.plain == 782'938);
  return sum.dependent;
}

template <class Policy>
void check(std::int64_t all_entries, std::int64_t can_matter) {
  INFO(ic::policy_text<Policy>());
  CHECK(dependent<ic::keep_inert<Policy>>() == all_entries);
  CHECK(dependent<Policy>() == can_matter);
}

}  // namespace

TEST_CASE("dependent parameters of NAS-Bench-201: all entries, and those that can matter") {
  // Zero's rows at all locations but the first, and Skip's at three of 64 channels, are inert.
  constexpr std::int64_t kChannels = 12 * (16 + 32 + 64) - 16;
  check<ic::bias<1>>(33'200, 33'200 - 5 * kChannels - 5 * 3 * 64);
  check<ic::bias_sum<1>>(13'280, 13'280 - kChannels - 3 * 64);
  check<ic::bias_sum<2>>(19'840, 19'840 - kChannels - 3 * 64);
  check<ic::bias_sum<3>>(26'320, 26'320 - kChannels - 3 * 64);
  check<ic::bias_residual<1>>(33'200 + 13'280, 33'200 + 13'280 - 6 * kChannels - 6 * 3 * 64);
  check<ic::scale<1>>(33'200, 33'200 - 5 * kChannels);
  // A layer serves all candidates.
  check<ic::attention<1, 1, ic::without_own_choice>>(7'968, 7'968);
  check<ic::attention<1>>(14'704, 14'704);
  check<ic::attention<2>>(21'264, 21'264);
  check<ic::attention<1, 2>>(28'928, 28'928);
  check<ic::attention<3, 2>>(50'200, 50'200);
  // Two convolutions; three locations of 64 channels lead into the last output.
  check<ic::shift<1>>(2 * 5 * kChannels, 2 * 5 * (kChannels - 3 * 64));
}
