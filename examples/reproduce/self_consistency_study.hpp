#pragma once

// The super-networks whose agreement over seeds is measured: the paper's on FairNAS' space, and
// those of figure 5 on NAS-Bench-Macro.

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
inline std::vector<Method<FairNas>> fairnas_methods() {
  return {method<ic::none, FairNas>("baseline"), method<ic::shift<1>, FairNas>("shift D=1"),
          method<ic::split<ic::on_demand>, FairNas>("split at 67 %", 2.0 / 3),
          method<ic::split<ic::on_demand>, FairNas>("split at 83 %", 5.0 / 6)};
}

/// Trains what is missing; the predictions of each space, without a truth.
inline std::vector<ic::Report> self_consistency_reports(const StudyOptions& options,
                                                        const SelfConsistencyData& data) {
  Study study(options);
  std::vector<ic::Report> reports;
  const auto macro = nasbench_macro_experiment(data.macro, options.budget);
  study.add(macro, nasbench_macro_methods());
  std::vector<FairNas> fairnas;
  if (!data.images.empty()) {
    fairnas.push_back(fairnas_experiment(data.images, options.budget));
    study.add(fairnas.front(), fairnas_methods());
  }
  study.complete();
  for (const FairNas& experiment : fairnas) {
    reports.push_back(
        predictions_of(study, experiment, experiment.evaluations.front(), fairnas_methods()));
  }
  reports.push_back(
      predictions_of(study, macro, macro.evaluations.front(), nasbench_macro_methods()));
  return reports;
}

}  // namespace reproduce
