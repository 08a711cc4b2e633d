#pragma once

// FairNAS' search space on a folder of images: the paper's SubImageNet experiments.

#include <string>

#include "examples/reproduce/budget.hpp"
#include "examples/reproduce/experiment.hpp"
#include "interchoice/data/folder_batches.hpp"
#include "interchoice/networks/fairnas.hpp"

namespace reproduce {

using FairNas = Experiment<ic::FairNas, ic::FolderBatches>;

/// Where images come from: a folder with the folders train/ and val/, each with a folder a class.
void add_images_option(CLI::App& app, std::string& images);

/// Evaluations: `predictions`, the paper's 250 random architectures (fewer with smaller budgets).
FairNas fairnas_experiment(const std::string& images, Budget budget);

}  // namespace reproduce
