#pragma once

// NAS-Bench-201 as the paper's section 4 studies it: three restrictions of the space, on CIFAR-10.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "examples/reproduce/budget.hpp"
#include "examples/study/experiment.hpp"

namespace reproduce {

/// Where images and ground truth come from.
struct NasBench201Data {
  std::string images;  ///< cifar10:FOLDER; empty for the embedded digits, with the budget `smoke`
  std::string truth;   ///< CSV file with an `arch` column; empty for the table of the digits
  std::string column = "c10_test_200";
};
void add_data_options(CLI::App& app, NasBench201Data& data);

/// The restrictions that have a ground truth: only_conv, no_zero and all; the digits' table has the
/// first one only.
std::vector<examples::Experiment> nasbench201_experiments(const NasBench201Data& data,
                                                          Budget budget);

/// The ground truth of architectures, in %.
std::vector<double> nasbench201_truth(const NasBench201Data& data,
                                      const std::vector<std::string>& architectures);

}  // namespace reproduce
