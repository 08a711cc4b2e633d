#pragma once

#include <filesystem>
#include <vector>

#include "examples/study/study_analysis.hpp"
#include "interchoice/core/identity.hpp"

namespace examples {

/// Writes what a study says: the conclusion, the tests that were announced, quality against steps,
/// every method beside the rules that need no training, and what it cost. `facts` end the page.
void write_study_page(const std::filesystem::path& folder, const StudyFile& study,
                      const std::vector<ExperimentOutcome>& outcomes, const ic::Identity& facts);

}  // namespace examples
