#pragma once

// Architectures in the order of their predicted accuracies, with the noise of the images: on the
// terminal and as a CSV file.

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "examples/command_line.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/stats/mean_and_standard_deviation.hpp"
#include "interchoice/stats/ranks.hpp"
#include "interchoice/stats/wilson_interval.hpp"

namespace examples {

namespace ic = interchoice;

/// An architecture in a ranking. *Units*: %.
struct RankedArchitecture {
  std::size_t place = 1;  ///< one more than there are better ones
  std::string architecture;
  double accuracy = 0;            ///< the mean over runs
  ic::ProbabilityInterval noise;  ///< 95 %, of the choice of images
  double standard_deviation = 0;  ///< over runs; NaN of a single one
};

/// The ranking by a predictor whose runs are accuracies in % on `images` images, the best first.
inline std::vector<RankedArchitecture> ranked(const ic::Predictor& predictor,
                                              const std::vector<std::string>& architectures,
                                              std::int64_t images) {
  std::vector<RankedArchitecture> all;
  std::vector<double> means;
  for (std::size_t i = 0; i < architectures.size(); ++i) {
    std::vector<double> values;
    for (const std::vector<double>& run : predictor.runs) values.push_back(run[i]);
    const auto over_runs = ic::mean_and_standard_deviation(values);
    const auto noise = ic::wilson_interval(std::clamp(over_runs.mean / 100, 0.0, 1.0), images);
    means.push_back(over_runs.mean);
    all.push_back({.architecture = architectures[i],
                   .accuracy = over_runs.mean,
                   .noise = {100 * noise.low, 100 * noise.high},
                   .standard_deviation = over_runs.standard_deviation});
  }
  std::vector<RankedArchitecture> sorted;
  for (const std::size_t i : ic::best_first(means)) {
    RankedArchitecture next = all[i];
    next.place = !sorted.empty() && sorted.back().accuracy == next.accuracy ? sorted.back().place
                                                                            : sorted.size() + 1;
    sorted.push_back(std::move(next));
  }
  return sorted;
}

/// Rankings one below the other, as rows `place,arch,accuracy,low,high,predictor`, with
/// `standard_deviation` before the predictor where some have several runs.
inline void write_rankings(const std::filesystem::path& path,
                           const std::vector<ic::Predictor>& predictors,
                           const std::vector<std::string>& architectures, std::int64_t images) {
  const bool has_runs = std::any_of(predictors.begin(), predictors.end(),
                                    [](const auto& one) { return one.runs.size() > 1; });
  std::string text = "place,arch,accuracy,low,high";
  text += has_runs ? ",standard_deviation,predictor\n" : ",predictor\n";
  for (const ic::Predictor& predictor : predictors) {
    for (const RankedArchitecture& row : ranked(predictor, architectures, images)) {
      text += fmt::format("{},{},{:.6g},{:.4f},{:.4f},", row.place, ic::csv_field(row.architecture),
                          row.accuracy, row.noise.low, row.noise.high);
      if (predictor.runs.size() > 1) text += fmt::format("{:.6g}", row.standard_deviation);
      if (has_runs) text += ',';
      text += ic::csv_field(predictor.label) + '\n';
    }
  }
  ic::write_file_atomically(path, text);
}

/// Prints the first ten, and how many the images do not tell from the best.
inline void print_ranking(const ic::Predictor& predictor,
                          const std::vector<std::string>& architectures, std::int64_t images) {
  constexpr std::size_t kShown = 10;
  const auto rows = ranked(predictor, architectures, images);
  say("\n{}: the best of {} architectures, predicted accuracy in % and its 95 % interval\n",
      predictor.label, rows.size());
  for (std::size_t i = 0; i < std::min(kShown, rows.size()); ++i) {
    const RankedArchitecture& row = rows[i];
    say("{:4}  {:6.2f}  ({:.1f} to {:.1f})  {}\n", row.place, row.accuracy, row.noise.low,
        row.noise.high, row.architecture);
  }
  const auto close = std::count_if(rows.begin(), rows.end(), [&](const auto& row) {
    return row.noise.high >= rows.front().accuracy;
  });
  say("{} of {} have intervals that reach the first one's accuracy: {} images do not tell them "
      "apart\n",
      close, rows.size(), images);
}

}  // namespace examples
