#pragma once

// FairNAS' search space on a folder of images: the paper's SubImageNet experiments.

#include <CLI/CLI.hpp>
#include <string>

#include "examples/reproduce/budget.hpp"
#include "examples/study/experiment.hpp"

namespace reproduce {

/// Evaluations: `predictions`, the paper's 250 random architectures (fewer with smaller budgets).
/// `images` is a folder with the folders train/ and val/, each with a folder a class.
examples::Experiment fairnas_experiment(const std::string& images, Budget budget);

}  // namespace reproduce
