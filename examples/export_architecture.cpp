// Writes one architecture of a trained super-network as a network for other programs.
//
//   export_architecture none-0.safetensors --data cifar10:FOLDER --to best.onnx
//                       --architecture "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|..."
//
// The file's ending decides: `.onnx` for ONNX, `.pt` for TorchScript, `.safetensors` for this
// library and for examples/python. The statistics of BatchNorm are made those of the architecture
// first, as a ranking does.

#include <fmt/core.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "examples/experiment.hpp"
#include "examples/outputs.hpp"
#include "interchoice/evaluation/accuracy.hpp"
#include "interchoice/evaluation/recalibrate.hpp"
#include "interchoice/export/subnet.hpp"
#include "interchoice/export/torch_script.hpp"
#include "interchoice/export/write_onnx.hpp"

namespace {

using namespace examples;

struct Options {
  std::string network;
  std::string architecture;
  std::string to;
  std::string data = "digits";
  std::int64_t batch = 64;
  bool fold_batch_norm = false;
  Machine machine;
};

/// What the user of a file has to know beside it: x = (pixel / white - mean) / deviation.
ic::Identity facts_of(const SupernetFile& file, const ExperimentData& data) {
  const auto list = [](const std::vector<double>& values) {
    std::string text;
    for (const double value : values) text += fmt::format("{}{}", text.empty() ? "" : ",", value);
    return text;
  };
  return {{"interchoice.policy", file.policy},
          {"normalisation.white", fmt::format("{}", data.training.white)},
          {"normalisation.mean", list(data.normalisation.mean)},
          {"normalisation.deviation", list(data.normalisation.standard_deviation)}};
}

void run(const Options& options) {
  const std::filesystem::path to = options.to;
  const std::string kind = to.extension().string();
  if (kind != ".onnx" && kind != ".pt" && kind != ".safetensors") {
    throw UsageError(
        fmt::format("--to {}: use a file that ends in .onnx, .pt or .safetensors", options.to));
  }
  if (options.fold_batch_norm && kind != ".onnx") {
    throw UsageError("--fold-batch-norm is for .onnx; other files keep the network's parameters");
  }
  const auto architecture = [&] {
    try {
      return ic::from_text<Space>(options.architecture);
    } catch (const std::invalid_argument& error) {
      throw UsageError(fmt::format("--architecture: {}", error.what()));
    }
  }();
  const at::Device device = prepare(options.machine);
  const SupernetFile file(options.network);
  const ExperimentData data = load_data(options.data, 0);
  CommandFiles files{.outputs = {{"--to", to}}, .inputs = data_files(options.data)};
  files.inputs.push_back({"the network", file.path});
  const Outputs outputs(files);
  file.print_note("export_architecture");
  with_policy(file.policy, [&]<class Policy>() {
    auto net = load_supernet<Policy>(file.path, data, device);
    auto subnet = ic::extract(net, architecture);
    ic::recalibrate(subnet, data.training_batches(options.batch, ic::Seed{0}));
    const auto validation =
        ExperimentData::plain_batches(data.validation, data.normalisation, /*batch_size=*/256);
    const double accuracy = ic::accuracy(subnet, architecture, validation);
    subnet->to(at::kCPU);
    const at::Tensor example = validation.evaluation(0).data.narrow(0, 0, 1);
    if (kind == ".onnx") {
      ic::write_onnx(
          to, subnet, example,
          {.fold_batch_norm = options.fold_batch_norm, .metadata = facts_of(file, data)});
    } else if (kind == ".pt") {
      ic::write_torch_script(to, subnet, example);
    } else {
      ic::save(to, subnet, facts_of(file, data));
    }
    say("validation accuracy {:.2f} % with the super-network's weights\n{}\n", 100 * accuracy,
        options.to);
  });
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Writes one architecture of a trained super-network for other programs.",
               "export_architecture");
  app.add_option("network", options.network, "a network that train_supernet wrote")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--architecture", options.architecture, "its text, as in a ranking's table")
      ->required();
  app.add_option("--to", options.to, "the file: .onnx, .pt (TorchScript) or .safetensors")
      ->required();
  app.add_option("--data", options.data,
                 "what the network was trained on: digits, cifar10:FOLDER or fashion:FOLDER")
      ->capture_default_str();
  app.add_option("--batch", options.batch, "images in a batch that recalibrates BatchNorm")
      ->check(whole_number(2, 65536))
      ->capture_default_str();
  app.add_flag("--fold-batch-norm", options.fold_batch_norm,
               "fold BatchNorm into the convolutions of the ONNX model");
  add_machine_options(app, options.machine);
  return run_program(app, argc, argv, [&] { run(options); });
}
