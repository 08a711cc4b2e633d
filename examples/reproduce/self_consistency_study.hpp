#pragma once

// The super-networks whose agreement over seeds is measured: the paper's on FairNAS' space, and
// those of figure 5 on NAS-Bench-Macro.

#include <optional>
#include <string>
#include <vector>

#include "examples/reproduce/fairnas.hpp"
#include "examples/reproduce/nasbench_macro_study.hpp"

namespace reproduce {

struct SelfConsistencyData {
  std::string images;  ///< of FairNAS' space; empty: not studied
  NasBenchMacroData macro;
};

inline void add_data_options(CLI::App& app, SelfConsistencyData& data) {
  app.add_option(
         "--images", data.images,
         "folder with train/ and val/, each with a folder of JPEG files a class; without it "
         "FairNAS' space is left out")
      ->check(CLI::ExistingDirectory);
  add_data_options(app, data.macro);
}

/// On FairNAS' blocks, too, `bias` has no weight that matters: the paper's two rows differ by
/// chance alone, and ours would be equal.
inline std::vector<Method> fairnas_methods() {
  return {{.label = "baseline"},
          {.label = "shift D=1", .policy = "shift<1>"},
          examples::split_method("split at 67 %", 2.0 / 3),
          examples::split_method("split at 83 %", 5.0 / 6)};
}

/// Trains what is missing; the predictions of each space, without a truth.
inline std::vector<ic::Report> self_consistency_reports(const StudyOptions& options,
                                                        const SelfConsistencyData& data) {
  StudyRuns runs(place_of(options));
  const Experiment macro = nasbench_macro_experiment(data.macro, options.budget);
  runs.add(macro, nasbench_macro_methods());
  std::optional<Experiment> fairnas;
  if (!data.images.empty()) {
    fairnas = fairnas_experiment(data.images, options.budget);
    runs.add(*fairnas, fairnas_methods());
  }
  runs.complete();
  std::vector<ic::Report> reports;
  if (fairnas) {
    reports.push_back(
        predictions_of(runs, *fairnas, fairnas->evaluations.front(), fairnas_methods()));
  }
  reports.push_back(
      predictions_of(runs, macro, macro.evaluations.front(), nasbench_macro_methods()));
  return reports;
}

}  // namespace reproduce
