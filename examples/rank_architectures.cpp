// Ranks architectures with trained super-networks: the best first, with the noise of the images. By
// a table of ground truth it judges the rankings, too, and writes a report.
//
//   rank_architectures bias-0.safetensors --data cifar10:FOLDER --out ranking
//   rank_architectures none-0.safetensors bias-0.safetensors --data cifar10:FOLDER
//                      --truth nasbench201.csv --column c10_test_200
//                      --space-restriction only_conv --out report
//
// OUT/ranking.csv has the whole rankings, OUT/report.html the report. What is evaluated is kept in
// that folder until they are written: the same command goes on after an interruption. With
// --join-seeds the checkpoints of one policy become the runs of one predictor, of which the report
// shows mean and standard deviation. The ranks that a launcher starts share the architectures.
// Beside super-networks the report has training-free scores of fresh networks: --predictors.

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "examples/architecture_choice.hpp"
#include "examples/baselines.hpp"
#include "examples/machine.hpp"
#include "examples/networks/supernet_file.hpp"
#include "examples/outputs.hpp"
#include "examples/precision_option.hpp"
#include "examples/provenance.hpp"
#include "examples/ranking_table.hpp"
#include "examples/training_free.hpp"
#include "interchoice/evaluation/result_file.hpp"
#include "interchoice/report/write_report.hpp"
#include "interchoice/stats/kendall.hpp"

namespace {

using namespace examples;

struct Options {
  std::vector<std::string> networks;
  DataOptions data;
  ArchitectureChoice choice;
  std::string truth;
  std::string column;
  std::string unit = "%";
  std::int64_t batch = 64;
  bool join_seeds = false;
  bool fold_batch_norm = false;
  std::string precision = "f32";
  ScoreOptions predictors;
  Machine machine;
  std::string out = "ranking";

  bool has_truth() const { return !truth.empty(); }
};

/// A checkpoint, and the predictor that it is in the report.
struct Checkpoint {
  SupernetFile file;
  std::string label;
  std::filesystem::path results;  ///< what of it is evaluated, until the report is written
};

std::vector<Checkpoint> checkpoints_of(const Options& options) {
  std::vector<Checkpoint> all;
  for (const std::string& path : options.networks) {
    Checkpoint one{.file = SupernetFile(path), .label = {}, .results = {}};
    one.label = one.file.label();
    const std::string* const seed = one.file.facts.find("seed");
    if (seed != nullptr && !options.join_seeds) one.label += ", seed " + terminal_text(*seed, 20);
    one.results = std::filesystem::path(options.out) /
                  fmt::format("partial-{}-{}.csv", all.size() + 1, one.file.path.stem().string());
    if (!all.empty() && one.file.kind != all.front().file.kind) {
      throw UsageError(fmt::format("{} is of --space {}, {} of {}; rank them one by one",
                                   all.front().file.path.string(), all.front().file.kind->name(),
                                   path, one.file.kind->name()));
    }
    for (const Checkpoint& other : all) {
      if (options.join_seeds || one.label != other.label) continue;
      throw UsageError(fmt::format("{} and {} are both '{}'; --join-seeds shows their mean",
                                   other.file.path.string(), path, one.label));
    }
    all.push_back(std::move(one));
  }
  return all;
}

ic::Predictor rank_checkpoint(const Checkpoint& checkpoint, const Options& options,
                              const ProgramData& data, const Workplace& workplace,
                              const std::vector<std::string>& architectures,
                              const ic::InterruptRequest& interrupt, const ProgressReport& report) {
  const SupernetFile& file = checkpoint.file;
  const auto net = file.load(data, workplace.device);
  ic::Predictor predictor = rank_with(
      *net, checkpoint.label, data.evaluation(options.batch), architectures, interrupt,
      "what is evaluated is kept in " + options.out + "; the same command goes on from there",
      report,
      {.fold_batch_norm = options.fold_batch_norm,
       .precision = precision_of(options.precision),
       .results = ic::ResultFile{checkpoint.results},
       .group = workplace.group});
  const std::string record = file.path.string() + ".csv";
  if (std::filesystem::exists(record)) {
    const auto epochs = read_training_csv(record);
    predictor.training = training_points(epochs);
    double seconds = 0;
    for (const ic::EpochRecord& e : epochs) seconds += e.seconds;
    predictor.facts.set("training time", seconds_text(seconds));
  }
  for (const char* name : {"command", "restriction", "seed", "stopped"}) {
    if (std::string_view(name) == "seed" && !options.join_seeds) continue;
    const std::string* const fact = file.facts.find(name);
    if (fact != nullptr) predictor.facts.set(name, *fact);
  }
  return predictor;
}

/// Adds a predictor, or its run to a predictor of the same label.
void add(std::vector<ic::Predictor>& predictors, ic::Predictor predictor, bool join_seeds) {
  const auto known =
      std::find_if(predictors.begin(), predictors.end(),
                   [&](const ic::Predictor& one) { return one.label == predictor.label; });
  if (!join_seeds || known == predictors.end()) {
    predictors.push_back(std::move(predictor));
    return;
  }
  known->runs.push_back(std::move(predictor.runs.front()));
  // Facts are the first run's, but for what tells the runs apart.
  for (const char* name : {"seed", "training time"}) {
    const std::string* const all = known->facts.find(name);
    const std::string* const own = predictor.facts.find(name);
    if (all != nullptr && own != nullptr) known->facts.set(name, *all + ", " + *own);
  }
}

/// The rules and scores that need no training.
std::vector<ic::Predictor> baselines_of(const Options& options, const ProgramData& data,
                                        const SupernetFile& file,
                                        const std::vector<std::string>& architectures,
                                        at::Device device, const ic::InterruptRequest& interrupt) {
  const auto net = file.load(data, at::kCPU);
  std::vector<ic::Predictor> all = baselines(*file.kind, *net, architectures);
  for (ic::Predictor& score :
       training_free(options.predictors, *file.kind, *net,
                     data.evaluation(options.batch).calibration.calibration(0), device,
                     architectures, interrupt, ic::TerminalProgress("scores"))) {
    all.push_back(std::move(score));
  }
  return all;
}

/// The report of predictors that are judged by ground truth; prints how well they do.
void judge(const Options& options, const ProgramData& data, const SupernetFile& first,
           const std::vector<std::string>& architectures, const std::vector<double>& truth,
           std::vector<ic::Predictor> predictors, std::vector<ic::Predictor> rules,
           const ic::Identity& facts) {
  ic::Report report{.title = first.kind->name() + ", " + options.choice.text() + ", " + data.name,
                    .introduction = {},
                    .architectures = architectures,
                    .truth = truth,
                    .truth_label = options.column,
                    .truth_unit = options.unit,
                    .predictors = std::move(predictors),
                    .facts = facts};
  for (ic::Predictor& rule : rules) report.predictors.push_back(std::move(rule));
  ic::write_report(options.out, report);
  say("\n");
  for (const ic::Predictor& p : report.predictors) {
    for (const std::vector<double>& predictions : p.runs) {
      say("Kendall tau-b {:6.3f}  {}\n", ic::kendall_tau_b(predictions, report.truth), p.label);
    }
  }
  say("{}/report.html\n", options.out);
}

void run(Options& options, const std::string& command) {
  const std::vector<Checkpoint> checkpoints = checkpoints_of(options);
  const SupernetFile& first = checkpoints.front().file;
  const NetworkKind& kind = *first.kind;
  const auto architectures = chosen_architectures(kind, options.choice);
  std::vector<double> truth;  // read before the work: a mistake in it must not cost that
  if (options.has_truth()) {
    truth = kind.table_column(options.truth, options.column, architectures);
  }
  const Workplace workplace = prepare_rank(options.machine, options.out);
  options.data.complete(first.facts);
  const ProgramData data = load_program_data(options.data);
  const std::int64_t images = data.validation.example_count();

  std::vector<std::string> names = options.has_truth() ? kReportFiles : std::vector<std::string>();
  names.emplace_back("ranking.csv");
  CommandFiles files{
      .folders = {{"--out", options.out, names}},
      .inputs = {{"--truth", options.truth}, {"--architectures", options.choice.file}}};
  for (const Checkpoint& one : checkpoints) files.inputs.push_back({"a network", one.file.path});
  const Outputs outputs(files, workplace.group.is_first());
  ic::InterruptRequest interrupt;
  JobProgress progress("ranking", checkpoints.size());
  std::vector<ic::Predictor> predictors;
  for (const Checkpoint& one : checkpoints) {
    one.file.print_note("rank_architectures");
    add(predictors,
        rank_checkpoint(one, options, data, workplace, architectures, interrupt,
                        progress.next_part("with " + one.label)),
        options.join_seeds);
  }
  leave_to_first(workplace.group);
  const auto count = kind.architecture_count(options.choice.restriction);
  const std::string of_all = !options.choice.file.empty() ? " of a file"
                             : count                      ? fmt::format(" of {}", *count)
                                                          : "";
  ic::Identity facts = provenance(command, options.machine);
  facts.set({{"validation images", fmt::format("{}", images)},
             {"architectures", fmt::format("{}{}", architectures.size(), of_all)}});
  write_rankings(std::filesystem::path(options.out) / "ranking.csv", predictors, architectures,
                 images);
  for (const ic::Predictor& one : predictors) print_ranking(one, architectures, images);
  if (options.has_truth()) {
    judge(options, data, first, architectures, truth, predictors,
          baselines_of(options, data, first, architectures, workplace.device, interrupt), facts);
  }
  for (const Checkpoint& one : checkpoints) std::filesystem::remove(one.results);
  end_if_requested(interrupt, kAllWritten);
  say("{}/ranking.csv\n", options.out);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Ranks architectures with trained super-networks, and judges that by a table.",
               "rank_architectures");
  app.add_option("networks", options.networks, "networks that train_supernet wrote")
      ->required()
      ->check(CLI::ExistingFile);
  add_data_options(app, options.data);
  add_architecture_options(app, options.choice);
  auto* truth = app.add_option("--truth", options.truth,
                               "CSV file with an `arch` column, by which the rankings are judged")
                    ->check(CLI::ExistingFile);
  auto* column =
      app.add_option("--column", options.column, "the file's column of ground truth")->needs(truth);
  truth->needs(column);
  app.add_option("--unit", options.unit, "of the ground truth")
      ->needs(truth)
      ->capture_default_str();
  app.add_option("--batch", options.batch, "images in a batch that recalibrates BatchNorm")
      ->check(whole_number(2, 65536))
      ->capture_default_str();
  add_validation_images_option(app, options.data);
  app.add_flag(
      "--join-seeds", options.join_seeds,
      "the networks of one policy were trained alike: show their mean and standard deviation");
  app.add_flag("--fold-batch-norm", options.fold_batch_norm,
               "evaluate with BatchNorm folded into the convolutions: faster, rounds otherwise");
  add_precision_option(app, options.precision);
  add_predictors_option(app, options.predictors)->needs(truth);
  add_machine_options(app, options.machine);
  app.add_option("--out", options.out, "folder of ranking and report")->capture_default_str();
  return run_program(app, argc, argv, [&] { run(options, command_text(argc, argv)); });
}
