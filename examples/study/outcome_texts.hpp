#pragma once

// How a study's page names experiments and writes values of several seeds.

#include <fmt/core.h>

#include <cstddef>
#include <string>
#include <vector>

#include "examples/study/study_analysis.hpp"
#include "interchoice/report/number_text.hpp"
#include "interchoice/stats/mean_and_standard_deviation.hpp"

namespace examples {

inline std::string where_of(const ExperimentOutcome& outcome) {
  return fmt::format("{}, {} steps", outcome.restriction,
                     ic::figures::count_text(static_cast<std::size_t>(outcome.steps)));
}

/// Mean ± standard deviation.
inline std::string mean_text(const std::vector<double>& values) {
  const auto moments = ic::mean_and_standard_deviation(values);
  return ic::figures::fixed_text(moments.mean, 3) +
         (moments.count > 1 ? " ± " + ic::figures::fixed_text(moments.standard_deviation, 3) : "");
}

}  // namespace examples
