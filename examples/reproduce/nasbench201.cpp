#include "examples/reproduce/nasbench201.hpp"

#include <fmt/core.h>

#include <string_view>

#include "embedded/digits_truth.hpp"
#include "examples/experiment_data.hpp"
#include "examples/reproduce/train_and_rank.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "interchoice/training/protocols.hpp"

namespace reproduce {

namespace {

struct Sizes {
  std::int64_t width;
  std::vector<std::int64_t> cells_per_stage;
  std::int64_t images;  // of training; 0 for all
  std::int64_t validation;
  std::size_t epochs;
  std::int64_t batch;
  std::uint64_t architectures;  // a random sample where there are more
  std::int64_t calibration_batches;
};

Sizes sizes_of(Budget budget) {
  if (budget == Budget::kPaper) return {16, {2, 2, 2}, 0, 5'000, 250, 256, 1'000, 20};
  if (budget == Budget::kCpu) return {8, {1, 1, 1}, 4'000, 1'000, 20, 32, 200, 20};
  return {4, {1, 1}, 128, 100, 2, 32, 64, 2};
}

constexpr ic::Restriction<NasBench201::Space> kRestrictions[] = {
    ic::only_convolutions<NasBench201::Space>, ic::no_zero<NasBench201::Space>,
    ic::all<NasBench201::Space>};
constexpr const char* kNames[] = {"only_conv", "no_zero", "all"};

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

std::vector<NasBench201> nasbench201_experiments(const NasBench201Data& data, Budget budget) {
  const bool is_digits = data.images.empty();
  if (is_digits != (budget == Budget::kSmoke) || is_digits != data.truth.empty()) {
    throw examples::UsageError(
        "--data cifar10:FOLDER and --truth TABLE.csv are needed for the budgets paper and cpu; "
        "smoke takes neither");
  }
  const Sizes sizes = sizes_of(budget);
  const auto images = examples::load_data(is_digits ? "digits" : data.images, sizes.images);
  const auto validation = ic::first_images(images.validation, sizes.validation);
  std::vector<NasBench201> experiments;
  for (std::size_t i = 0; i < (is_digits ? 1 : std::size(kRestrictions)); ++i) {
    ic::Training training = ic::protocols::nasbench201().training();
    training.epochs = sizes.epochs;
    experiments.push_back(
        {.name = std::string("nasbench201-") + kNames[i],
         .network = {.input_channels = images.training.images.size(1),
                     .classes = images.training.classes,
                     .width = sizes.width,
                     .cells_per_stage = sizes.cells_per_stage},
         .restriction = kRestrictions[i],
         .training_data = [=](ic::Seed seed) { return images.training_batches(sizes.batch, seed); },
         .validation_data =
             examples::ExperimentData::plain_batches(validation, images.normalisation, 250),
         .training = training,
         .evaluations = {{.name = "predictions",
                          .architectures = ic::distinct_architectures(
                              kRestrictions[i], sizes.architectures, ic::Seed{0}),
                          .recalibration = ic::Recalibration::paper(sizes.calibration_batches)}},
         .settings = {
             {"space", kNames[i]},
             {"data", images.name},
             {"width", fmt::format("{}", sizes.width)},
             {"cells", fmt::format("{} in each of {} stages", sizes.cells_per_stage.front(),
                                   sizes.cells_per_stage.size())},
             {"training images", fmt::format("{}", images.training.size())},
             {"validation images", fmt::format("{}", validation.size())},
             {"epochs", fmt::format("{}", sizes.epochs)},
             {"batch", fmt::format("{}", sizes.batch)},
             {"calibration batches", fmt::format("{}", sizes.calibration_batches)}}});
  }
  return experiments;
}

ic::BenchmarkTable<NasBench201::Space> nasbench201_truth(const NasBench201Data& data) {
  using Benchmark = ic::TabularBenchmark<NasBench201::Space>;
  if (!data.truth.empty()) return Benchmark::read(data.truth).column(data.column);
  const std::string source = "the embedded ground truth";
  return Benchmark::from_csv(
             ic::CsvTable::parse(
                 std::string_view(reinterpret_cast<const char*>(embedded::digits_truth),
                                  embedded::digits_truth_size),
                 source),
             source)
      .column("mean_accuracy");
}

template void train_and_rank<ic::none>(const NasBench201&, const Run&);
template void train_and_rank<ic::bias<1>>(const NasBench201&, const Run&);
template void train_and_rank<ic::bias<2>>(const NasBench201&, const Run&);
template void train_and_rank<ic::bias<3>>(const NasBench201&, const Run&);
template void train_and_rank<ic::bias_sum<1>>(const NasBench201&, const Run&);
template void train_and_rank<ic::attention<1, 1>>(const NasBench201&, const Run&);
template void train_and_rank<ic::attention<1, 2>>(const NasBench201&, const Run&);
template void train_and_rank<ic::split<ic::on_demand>>(const NasBench201&, const Run&);

}  // namespace reproduce
