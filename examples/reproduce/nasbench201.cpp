#include "examples/reproduce/nasbench201.hpp"

#include <memory>
#include <string_view>

#include "embedded/digits_truth.hpp"
#include "examples/study/experiment_plan.hpp"
#include "interchoice/evaluation/tabular_benchmark.hpp"
#include "interchoice/spaces/nasbench201.hpp"

namespace reproduce {

namespace {

examples::ExperimentPlan plan_of(Budget budget) {
  if (budget == Budget::kPaper) {
    return {.sizes = {.width = 16, .cells = 2},
            .data = {.validation = 5'000},
            .architectures = 1'000,
            .epochs = 250,
            .batch = 256};
  }
  if (budget == Budget::kCpu) {
    return {.sizes = {.width = 8, .cells = 1}, .data = {.images = 4'000, .validation = 1'000}};
  }
  return {.sizes = {.width = 4, .cells = 1, .stages = 2},
          .data = {.images = 128, .validation = 100},
          .architectures = 64,
          .epochs = 2,
          .calibration_batches = 2};
}

}  // namespace

void add_data_options(CLI::App& app, NasBench201Data& data) {
  app.add_option("--data", data.images,
                 "cifar10:FOLDER with CIFAR-10's binary files; without it the embedded digits");
  app.add_option("--truth", data.truth,
                 "CSV file with an `arch` column, NAS-Bench-201's table; without it the digits'")
      ->check(CLI::ExistingFile);
  app.add_option("--column", data.column, "the table's column of ground truth")
      ->capture_default_str();
}

std::vector<examples::Experiment> nasbench201_experiments(const NasBench201Data& data,
                                                          Budget budget) {
  const bool is_digits = data.images.empty();
  if (is_digits != (budget == Budget::kSmoke) || is_digits != data.truth.empty()) {
    throw examples::UsageError(
        "--data cifar10:FOLDER and --truth TABLE.csv are needed for the budgets paper and cpu; "
        "smoke takes neither");
  }
  examples::ExperimentPlan plan = plan_of(budget);
  plan.data.data = is_digits ? "digits" : data.images;
  const auto images =
      std::make_shared<const examples::ProgramData>(examples::load_program_data(plan.data));
  std::vector<examples::Experiment> experiments;
  for (const char* restriction : {"only_conv", "no_zero", "all"}) {
    plan.name = std::string("nasbench201-") + restriction;
    plan.restriction = restriction;
    experiments.push_back(examples::experiment_of(plan, images));
    if (is_digits) break;
  }
  return experiments;
}

std::vector<double> nasbench201_truth(const NasBench201Data& data,
                                      const std::vector<std::string>& architectures) {
  using Benchmark = ic::TabularBenchmark<ic::NasBench201Space>;
  std::vector<ic::Architecture<ic::NasBench201Space>> paths;
  for (const std::string& text : architectures) {
    paths.push_back(ic::from_text<ic::NasBench201Space>(text));
  }
  if (!data.truth.empty()) return Benchmark::read(data.truth).column(data.column).values(paths);
  const std::string source = "the embedded ground truth";
  return Benchmark::from_csv(
             ic::CsvTable::parse(
                 std::string_view(reinterpret_cast<const char*>(embedded::digits_truth),
                                  embedded::digits_truth_size),
                 source),
             source)
      .column("mean_accuracy")
      .values(paths);
}

}  // namespace reproduce
