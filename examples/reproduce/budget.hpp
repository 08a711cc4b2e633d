#pragma once

// How much of the paper's effort a reproduction spends, and where it keeps what it has done.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "examples/machine.hpp"
#include "examples/tasks.hpp"

namespace reproduce {

namespace ic = interchoice;

/// `kPaper` is the paper's own setting, for a GPU; `kCpu` is reduced until the whole set takes some
/// hours of two processor cores; `kSmoke` takes seconds and shows only that a program works.
enum class Budget { kPaper, kCpu, kSmoke };

inline std::string to_text(Budget budget) {
  return budget == Budget::kPaper ? "paper" : budget == Budget::kCpu ? "cpu" : "smoke";
}

/// The options of all programs that reproduce something.
struct PageOptions {
  std::filesystem::path out = "reproduction";
  std::filesystem::path page;  ///< folder of the program's page, in `out`
};

/// Those of programs that compute something.
struct MeasurementOptions : PageOptions {
  Budget budget = Budget::kCpu;
  examples::Machine machine;
};

/// Those of programs that train.
struct StudyOptions : MeasurementOptions {
  std::uint64_t seeds = 3;
  examples::TaskOptions tasks;
};

inline void add_program_options(CLI::App& app, PageOptions& options) {
  app.add_option("--out", options.out,
                 "folder; trained networks in it are used again, and processes that are started "
                 "with the same one share the work")
      ->capture_default_str();
}

inline void add_program_options(CLI::App& app, MeasurementOptions& options) {
  static const std::map<std::string, Budget> kBudgets{
      {"paper", Budget::kPaper}, {"cpu", Budget::kCpu}, {"smoke", Budget::kSmoke}};
  app.add_option("--budget", options.budget, "paper, cpu or smoke")
      ->transform(CLI::CheckedTransformer(kBudgets))
      ->default_str("cpu");
  add_machine_options(app, options.machine);
  add_program_options(app, static_cast<PageOptions&>(options));
}

inline void add_program_options(CLI::App& app, StudyOptions& options) {
  app.add_option("--seeds", options.seeds, "super-networks of each kind, seeds 0, 1, ...")
      ->check(examples::whole_number(1, 100))
      ->capture_default_str();
  add_program_options(app, static_cast<MeasurementOptions&>(options));
  add_task_options(app, options.tasks, "super-network");
}

}  // namespace reproduce
