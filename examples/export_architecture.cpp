// Writes one architecture of a trained super-network, or a network that train_standalone kept, as a
// network for other programs.
//
//   export_architecture none-0.safetensors --data cifar10:FOLDER --to best.onnx
//                       --architecture "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|..."
//
// The file's ending decides: `.onnx` for ONNX, `.pt2` for torch.export, `.pt` for TorchScript,
// `.safetensors` for this library and for examples/python. The statistics of BatchNorm are made
// those of the architecture first, as a ranking does.

#include <fmt/core.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "examples/architecture_choice.hpp"
#include "examples/machine.hpp"
#include "examples/networks/supernet_file.hpp"
#include "examples/outputs.hpp"
#include "interchoice/export/torch_script.hpp"
#include "interchoice/export/write_exported_program.hpp"
#include "interchoice/export/write_onnx.hpp"
#include "interchoice/networks/saved_network.hpp"

namespace {

using namespace examples;

struct Options {
  std::string network;
  std::string architecture;
  std::string architectures;
  std::string to;
  DataOptions data;
  std::int64_t batch = 64;
  bool fold_batch_norm = false;
  Machine machine;
};

/// A subnet as functions of the library take networks.
struct SubnetHolder {
  torch::nn::Module& operator*() const { return subnet.module(); }
  AnySubnet* operator->() const { return &subnet; }
  AnySubnet& subnet;
};

/// What the user of a file has to know beside it: x = (pixel / white - mean) / deviation.
ic::Identity facts_of(const ic::SavedNetwork& saved, const ProgramData& data) {
  const auto list = [](const std::vector<double>& values) {
    std::string text;
    for (const double value : values) text += fmt::format("{}{}", text.empty() ? "" : ",", value);
    return text;
  };
  ic::Identity facts{{"normalisation.white", fmt::format("{}", data.white)},
                     {"normalisation.mean", list(data.normalisation.mean)},
                     {"normalisation.deviation", list(data.normalisation.standard_deviation)}};
  // A network of one architecture has fixed blocks; what it was taken from had a policy.
  const std::string* const policy = saved.network.find("policy");
  if (policy != nullptr && *policy != "fixed") facts.set("interchoice.policy", *policy);
  if (const std::string* const name = saved.facts.find(kNetworkFact))
    facts.set(kNetworkFact, *name);
  return facts;
}

void run(Options& options) {
  const std::filesystem::path to = options.to;
  const std::string kind = to.extension().string();
  if (kind != ".onnx" && kind != ".pt2" && kind != ".pt" && kind != ".safetensors") {
    throw UsageError(fmt::format(
        "--to {}: use a file that ends in .onnx, .pt2, .pt or .safetensors", options.to));
  }
  if (options.fold_batch_norm && kind != ".onnx") {
    throw UsageError("--fold-batch-norm is for .onnx; other files keep the network's parameters");
  }
  if (!options.architectures.empty()) {
    options.architecture =
        architectures_in(options.architectures, 1, [](const auto& text) { return text; }).front();
  }
  prepare(options.machine);
  CommandFiles files{.outputs = {{"--to", to}}, .inputs = options.data.files()};
  files.inputs.push_back({"the network", options.network});
  files.inputs.push_back({"--architectures", options.architectures});
  const Outputs outputs(files);
  const ic::SavedNetwork saved =
      reading(options.network, [&] { return ic::read_saved_network(options.network); });
  options.data.complete(saved.facts);
  const ProgramData data = load_program_data(options.data);
  const auto subnet = load_architecture(options.network, options.architecture, data, options.batch);
  const double accuracy = subnet->accuracy(data.validation);
  const at::Tensor example = data.validation.evaluation(0).data.narrow(0, 0, 1);
  SubnetHolder net{*subnet};
  ic::Identity metadata;
  for (const auto& [name, text] : subnet->identity()) metadata.set("interchoice." + name, text);
  metadata.set(facts_of(saved, data));
  if (kind == ".onnx") {
    ic::write_onnx(to, net, example,
                   {.fold_batch_norm = options.fold_batch_norm, .metadata = metadata});
  } else if (kind == ".pt2") {
    ic::write_exported_program(to, net, example, {.metadata = metadata});
  } else if (kind == ".pt") {
    ic::write_torch_script(to, net, example);
  } else {
    subnet->save(to, facts_of(saved, data));
  }
  say("{}: validation accuracy {:.2f} %\n{}\n", subnet->architecture(), 100 * accuracy, options.to);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Writes one architecture of a trained super-network for other programs.",
               "export_architecture");
  app.add_option("network", options.network,
                 "a network that train_supernet wrote, or one that train_standalone kept")
      ->required()
      ->check(CLI::ExistingFile);
  auto* text = app.add_option("--architecture", options.architecture,
                              "of a super-network: its text, as in a ranking's table");
  app.add_option("--architectures", options.architectures,
                 "the first of a CSV file with a column `arch`, such as a ranking")
      ->check(CLI::ExistingFile)
      ->excludes(text);
  app.add_option("--to", options.to,
                 "the file: .onnx, .pt2 (torch.export), .pt (TorchScript) or .safetensors")
      ->required();
  add_data_options(app, options.data);
  app.add_option("--batch", options.batch, "images in a batch that recalibrates BatchNorm")
      ->check(whole_number(2, 65536))
      ->capture_default_str();
  app.add_flag("--fold-batch-norm", options.fold_batch_norm,
               "fold BatchNorm into the convolutions of the ONNX model");
  add_machine_options(app, options.machine);
  return run_program(app, argc, argv, [&] { run(options); });
}
