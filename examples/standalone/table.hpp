#pragma once

// Finished trainings as a table of ground truth, and how well its seeds agree.

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "examples/standalone/trainings.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/stats/ranks.hpp"

namespace examples {

/// Writes the rows of which all seeds are known to `options.out`; says how many.
///
/// *Throws* std::runtime_error if there is none.
inline std::size_t write_table(const StandaloneTrainings& trainings,
                               const StandaloneOptions& options) {
  std::string text = "arch";
  for (std::uint64_t s = 0; s < options.seeds; ++s) text += fmt::format(",accuracy_{}", s);
  text += ",mean_accuracy,params,macs\n";
  const auto& architectures = trainings.architectures();
  std::size_t written = 0;
  for (std::size_t i = 0; i < architectures.size(); ++i) {
    std::string row = ic::csv_field(architectures[i]);
    double sum = 0;
    bool complete = true;
    for (const auto& seed : trainings.accuracies()) {
      complete = complete && seed[i];
      if (!complete) break;
      row += fmt::format(",{:.6f}", *seed[i]);
      sum += *seed[i];
    }
    if (!complete) continue;
    const ic::Cost cost =
        trainings.kind().cost(architectures[i], options.sizes, trainings.data().shape);
    text += fmt::format("{},{:.6f},{},{}\n", row, sum / static_cast<double>(options.seeds),
                        cost.parameters, cost.macs);
    ++written;
  }
  if (written == 0) throw std::runtime_error("no architecture is finished; nothing was written");
  ic::write_file_atomically(options.out, text);
  return written;
}

/// Prints how well the seeds agree two by two, once all is known: the noise of the table.
inline void print_agreement(const Accuracies& known) {
  std::vector<std::vector<double>> accuracies;
  for (const auto& seed : known) {
    accuracies.emplace_back();
    for (const auto& value : seed) accuracies.back().push_back(value.value());
  }
  for (std::size_t a = 0; a < accuracies.size() && accuracies[a].size() > 1; ++a) {
    for (std::size_t b = a + 1; b < accuracies.size(); ++b) {
      say("Kendall tau-b between seeds {} and {}: {:.3f}\n", a, b,
          ic::kendall_tau_b(accuracies[a], accuracies[b]));
    }
  }
}

/// Prints which architecture is best on average, once all is known, and where its networks are.
inline void print_best(const StandaloneTrainings& trainings, const StandaloneOptions& options) {
  std::vector<double> means;
  for (std::size_t i = 0; i < trainings.architectures().size(); ++i) {
    double sum = 0;
    for (const auto& seed : trainings.accuracies()) sum += seed[i].value();
    means.push_back(sum / static_cast<double>(options.seeds));
  }
  const std::size_t best = ic::best_first(means).front();
  const std::string& architecture = trainings.architectures()[best];
  say("the best of {}: {}, {:.2f} %\n", means.size(), architecture, means[best]);
  if (options.networks.empty()) return;
  for (std::uint64_t seed = 0; seed < options.seeds; ++seed) {
    say("{}: {:.2f} %\n", trainings.network_file(architecture, seed).string(),
        trainings.accuracies()[seed][best].value());
  }
}

}  // namespace examples
