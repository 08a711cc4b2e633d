// Runs a study that a file describes: trains the super-networks of all its methods and seeds, lets
// them rank architectures, and judges the rankings by a table of ground truth.
//
//   study only_convolutions.json --data cifar10:FOLDER --truth nasbench201.csv --out study
//         --results docs/evidence/only_convolutions --parallel 2
//
// OUT/index.html is the page. An interruption loses nothing, and processes that are started with
// the same --out share the work. --results keeps what the page is made of as small tables, from
// which the study goes on anywhere; --report only makes tables and page of what is there.
//
// A study of your own: copy a file of examples/study, write your policies into it (a policy of your
// own first into examples/networks/policies.hpp).

#include <filesystem>
#include <string>

#include "examples/machine.hpp"
#include "examples/program_data.hpp"
#include "examples/provenance.hpp"
#include "examples/study/study_analysis.hpp"
#include "examples/study/study_page.hpp"
#include "examples/study/study_scores.hpp"

namespace {

using namespace examples;

struct Options {
  std::string file;
  std::string data = "digits";
  std::string truth;
  std::string out = "study";
  std::string results;
  bool is_report = false;
  bool keeps_networks = false;
  Machine machine;
  TaskOptions tasks;
};

/// Everything that is there, in the tables from which the study can go on.
RunResults all_results(RunResults results, const StudyFile& study,
                       const std::vector<Experiment>& experiments, const StudyRuns& runs,
                       const StudyScores& scores) {
  for (const Experiment& experiment : experiments) {
    for (const Method& method : study.methods) {
      for (std::uint64_t seed = 0; seed < study.seeds; ++seed) {
        if (auto result = runs.result(experiment, method, seed)) {
          results.set({experiment.name, method.label, seed}, std::move(*result));
        }
      }
    }
    scores.keep(experiment, results);
  }
  return results;
}

void run(const Options& options, const std::string& command) {
  const StudyFile study = StudyFile::read(options.file);
  const std::filesystem::path out(options.out);
  std::filesystem::create_directories(out);
  ic::require_writable(out / "index.html");
  const std::filesystem::path kept =
      options.results.empty() ? out / "results" : std::filesystem::path(options.results);
  const std::vector<Experiment> experiments = study.experiments(options.data);
  const RunResults known = RunResults::read(kept);
  StudyPlace place{.runs = out / "runs",
                   .seeds = study.seeds,
                   .device = prepare(options.machine),
                   .tasks = options.tasks,
                   .keeps_networks = options.keeps_networks,
                   .known = known};
  StudyRuns runs(place);
  place.seeds = study.score_seeds;
  StudyScores scores(place, study.scores);
  // A table that lacks an architecture is found before the work.
  outcomes_of(study, experiments, runs, scores, options.truth);
  if (!options.is_report) {
    for (const Experiment& experiment : experiments) {
      scores.add(experiment);
      runs.add(experiment, study.methods);
    }
    scores.complete();
    runs.complete();
  }
  const RunResults results = all_results(known, study, experiments, runs, scores);
  if (!results.empty()) results.write(kept);
  write_study_page(out, study, outcomes_of(study, experiments, runs, scores, options.truth),
                   provenance(command, options.machine));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Compares ways to make weights depend on choices, as a file describes.", "study");
  app.add_option("file", options.file, "the study, a JSON file")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--data", options.data, "digits, cifar10:FOLDER, fashion:FOLDER or folder:PATH")
      ->capture_default_str();
  app.add_option("--truth", options.truth, "CSV file with an `arch` column and the study's")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--out", options.out,
                 "folder of page and runs; processes that are started with the same one share the "
                 "work")
      ->capture_default_str();
  app.add_option("--results", options.results,
                 "folder of tables of the runs that are done, which are not made again; "
                 "OUT/results if not given");
  app.add_flag("--report", options.is_report, "train nothing: tables and page of what is there");
  app.add_flag("--keep-networks", options.keeps_networks,
               "keep the super-networks once they have predicted");
  add_machine_options(app, options.machine);
  add_task_options(app, options.tasks, "super-network");
  return run_program(app, argc, argv, [&] { run(options, command_text(argc, argv)); });
}
