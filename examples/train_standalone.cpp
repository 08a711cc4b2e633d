// Trains architectures as networks of their own and writes a table of ground truth: what the
// rankings of super-networks are judged by.
//
//   train_standalone --data digits --space-restriction only_conv --seeds 3 --out truth.csv
//
// One path of a super-network without dependencies, always the same one, is a network of its own:
// nothing off the path ever gets a gradient. Columns: arch, one test accuracy (in %) a seed, their
// mean, parameters, MACs. It says how well single seeds agree: the noise of the table.
//
// Every finished training is kept in OUT.parts. The same command, started again, goes on there;
// started several times at once, the processes share the work. Each writes the table once all
// trainings are finished.

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "examples/experiment.hpp"
#include "examples/standalone_results.hpp"
#include "interchoice/networks/nasbench_macro.hpp"
#include "interchoice/sampling/fixed.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/training/protocols.hpp"

namespace {

using namespace examples;

struct Options {
  std::string space = "nasbench201";
  std::string data = "digits";
  std::string restriction = "only_conv";
  std::uint64_t sample = 1000;
  std::string protocol = "own";
  std::size_t epochs = 30;
  NetworkSizes sizes;
  std::int64_t batch = 64;
  std::int64_t images = 0;
  double learning_rate = 0.025;
  double weight_decay = ic::SgdOptions{}.weight_decay;
  double label_smoothing = 0;
  std::size_t warm_up = 0;
  std::uint64_t seeds = 2;
  bool partial = false;
  Machine machine;
  std::string out = "truth.csv";
};

template <class AnyNetwork>
typename AnyNetwork::Options network_options(const Options& options, const ExperimentData& data) {
  if constexpr (std::is_same_v<AnyNetwork, ic::NasBenchMacro>) {
    return {.input_channels = data.training.images.size(1),
            .classes = data.training.classes,
            .width = options.sizes.width,
            .head_width = 40 * options.sizes.width};  // the benchmark's 1,280 of 32
  } else {
    return options.sizes.options(data);
  }
}

template <class AnySpace>
ic::Restriction<AnySpace> restriction(const std::string& name) {
  return name == "all"       ? ic::all<AnySpace>
         : name == "no_zero" ? ic::no_zero<AnySpace>
                             : ic::only_convolutions<AnySpace>;
}

/// The accuracies that are known, one list a seed.
using Accuracies = std::vector<std::vector<std::optional<double>>>;

template <class AnyNetwork>
class Standalone {
 public:
  using AnySpace = typename AnyNetwork::Space;
  using Path = ic::Architecture<AnySpace>;

  Standalone(const Options& options, at::Device device)
      : options_(options),
        device_(device),
        data_(load_data(options.data, options.images)),
        architectures_(ic::distinct_architectures(restriction<AnySpace>(options.restriction),
                                                  options.sample, ic::Seed{0})),
        results_(options.out + ".parts", training_options()),
        known_(options.seeds, std::vector<std::optional<double>>(architectures_.size())) {
    read_finished();
  }

  void run() {
    const std::size_t total = architectures_.size() * options_.seeds;
    if (!options_.partial) train_all(total);
    const std::size_t written = write_table();
    if (options_.partial) {
      std::printf("%s: %zu of %zu architectures are finished\n", options_.out.c_str(), written,
                  architectures_.size());
      return;
    }
    print_agreement();
    std::printf("%s: %zu architectures\n", options_.out.c_str(), written);
  }

 private:
  Settings training_options() const {
    char number[32];
    const auto text = [&](double value) {
      std::snprintf(number, sizeof number, "%.9g", value);
      return std::string(number);
    };
    return {{"space", options_.space},
            {"data", options_.data},
            {"training images", std::to_string(data_.training.size())},
            {"test images", std::to_string(data_.test.size())},
            {"width", std::to_string(options_.sizes.width)},
            {"cells", std::to_string(options_.sizes.cells)},
            {"stages", std::to_string(options_.sizes.stages)},
            {"epochs", std::to_string(options_.epochs)},
            {"batch", std::to_string(options_.batch)},
            {"learning rate", text(options_.learning_rate)},
            {"warm-up epochs", std::to_string(options_.warm_up)},
            {"weight decay", text(options_.weight_decay)},
            {"label smoothing", text(options_.label_smoothing)},
            {"device", device_.is_cuda() ? "cuda" : "cpu"},
            {"threads", std::to_string(options_.machine.threads)}};
  }

  // Calls `visit(place, seed)` for every training, in the order of the table.
  template <class Visitor>
  bool all_of_trainings(const Visitor& visit) const {
    for (std::size_t place = 0; place < architectures_.size(); ++place) {
      for (std::uint64_t seed = 0; seed < options_.seeds; ++seed) {
        if (!visit(place, seed)) return false;
      }
    }
    return true;
  }

  bool is_known(std::size_t place, std::uint64_t seed) {
    std::optional<double>& known = known_[seed][place];
    if (!known) {
      known = results_.read(architectures_[place], seed);
      count_ += known ? 1 : 0;
    }
    return known.has_value();
  }

  void read_finished() {
    all_of_trainings([&](std::size_t place, std::uint64_t seed) {
      is_known(place, seed);
      return true;
    });
  }

  // Trains what nobody else is at, again and again, until all is known: what another process was at
  // when it was killed is free again.
  void train_all(std::size_t total) {
    ic::InterruptRequest interrupt;
    ic::TerminalProgress progress("stand-alone trainings");
    const auto require_no_interrupt = [&] {
      if (!interrupt.requested()) return;
      throw std::runtime_error("interrupted; " + std::to_string(count_) + " of " +
                               std::to_string(total) + " trainings are kept in " +
                               results_.folder().string() +
                               "; the same command goes on, with --partial it writes the table of "
                               "what is finished");
    };
    while (count_ < total) {
      bool has_trained = false;
      all_of_trainings([&](std::size_t place, std::uint64_t seed) {
        require_no_interrupt();
        if (is_known(place, seed)) return true;
        const auto claim = results_.claim(architectures_[place], seed);
        // It may have been finished between the two looks.
        if (!claim || is_known(place, seed)) return true;
        const auto accuracy = train(architectures_[place], seed, interrupt);
        require_no_interrupt();
        results_.write(architectures_[place], seed, *accuracy);
        has_trained = is_known(place, seed);
        progress({count_, total, ic::to_text(architectures_[place]), count_ % 16 == 0});
        return true;
      });
      if (!has_trained && count_ < total) {  // others are at the rest
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
      }
    }
  }

  // Nothing if it was interrupted.
  std::optional<double> train(const Path& architecture, std::uint64_t seed,
                              const ic::InterruptRequest& interrupt) const {
    at::manual_seed(seed);
    ic::Supernet<AnyNetwork, ic::none> net(network_options<AnyNetwork>(options_, data_));
    net->to(device_);
    ic::Training training;
    training.epochs = options_.epochs;
    training.learning_rate = ic::cosine(options_.learning_rate, 1e-5);
    if (options_.warm_up > 0) {
      training.learning_rate = ic::warm_up(options_.warm_up, training.learning_rate);
    }
    training.sgd.weight_decay = options_.weight_decay;
    training.label_smoothing = options_.label_smoothing;
    training.stop = [&] { return interrupt.requested(); };
    const auto record = ic::train(net, data_.training_batches(options_.batch, ic::Seed{seed}),
                                  ic::FixedSampler<AnySpace>(architecture), training);
    if (record.stopped) return {};
    net->eval();
    return 100 * ic::accuracy(net, architecture,
                              data_.plain_batches(data_.test, data_.normalisation, 256));
  }

  /// Writes the rows of which all seeds are known; says how many.
  std::size_t write_table() const {
    std::string text = "arch";
    for (std::uint64_t s = 0; s < options_.seeds; ++s) text += ",accuracy_" + std::to_string(s);
    text += ",mean_accuracy,params,macs\n";
    const auto network = network_options<AnyNetwork>(options_, data_);
    const ic::MapSize size{data_.training.images.size(2), data_.training.images.size(3)};
    std::size_t written = 0;
    for (std::size_t i = 0; i < architectures_.size(); ++i) {
      std::string row = ic::to_text(architectures_[i]);
      double sum = 0;
      char number[32];
      bool complete = true;
      for (const auto& seed : known_) {
        complete = complete && seed[i];
        if (!complete) break;
        std::snprintf(number, sizeof number, ",%.6f", *seed[i]);
        row += number;
        sum += *seed[i];
      }
      if (!complete) continue;
      std::snprintf(number, sizeof number, ",%.6f", sum / static_cast<double>(options_.seeds));
      const ic::Cost cost = AnyNetwork::cost(architectures_[i], network, size);
      text += row + number + ',' + std::to_string(cost.parameters) + ',' +
              std::to_string(cost.macs) + '\n';
      ++written;
    }
    if (written == 0) throw std::runtime_error("no architecture is finished; nothing was written");
    ic::write_file_atomically(options_.out, text);
    return written;
  }

  void print_agreement() const {
    std::vector<std::vector<double>> accuracies;
    for (const auto& seed : known_) {
      accuracies.emplace_back();
      for (const auto& value : seed) accuracies.back().push_back(*value);
    }
    for (std::uint64_t a = 0; a < options_.seeds && architectures_.size() > 1; ++a) {
      for (std::uint64_t b = a + 1; b < options_.seeds; ++b) {
        std::printf("Kendall tau-b between seeds %d and %d: %.3f\n", static_cast<int>(a),
                    static_cast<int>(b), ic::kendall_tau_b(accuracies[a], accuracies[b]));
      }
    }
  }

  const Options& options_;
  at::Device device_;
  ExperimentData data_;
  std::vector<Path> architectures_;
  StandaloneResults<AnySpace> results_;
  Accuracies known_;
  std::size_t count_ = 0;
};

/// What is not given on the command line is the protocol's or the space's.
void complete(Options& options, const CLI::App& app) {
  const auto is_given = [&](const char* name) { return app.get_option(name)->count() > 0; };
  if (options.protocol == "nasbench201") {
    const ic::Protocol protocol = ic::protocols::nasbench201();
    if (!is_given("--epochs")) options.epochs = protocol.training.epochs;
    if (!is_given("--batch")) options.batch = protocol.batch_size;
    if (!is_given("--learning-rate")) {
      options.learning_rate = protocol.training.learning_rate(0, options.epochs);
    }
    if (!is_given("--weight-decay")) options.weight_decay = protocol.training.sgd.weight_decay;
  }
  if (options.space == "macro") {
    if (is_given("--cells") || is_given("--stages")) {
      throw UsageError("--cells and --stages are for --space nasbench201; macro has eight layers");
    }
    if (!is_given("--width")) options.sizes.width = ic::NasBenchMacroOptions{}.width;
  }
  if (options.partial && !std::filesystem::is_directory(options.out + ".parts")) {
    throw UsageError("--partial: there is no folder " + options.out + ".parts");
  }
  if (options.warm_up >= options.epochs) {
    throw UsageError("--warm-up " + std::to_string(options.warm_up) +
                     " is not less than --epochs " + std::to_string(options.epochs));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Trains architectures alone and writes a table. Started again it goes on.",
               "train_standalone");
  app.add_option("--space", options.space, "NAS-Bench-201 or NAS-Bench-Macro")
      ->check(CLI::IsMember({"nasbench201", "macro"}))
      ->capture_default_str();
  app.add_option("--data", options.data, "digits, cifar10:FOLDER or fashion:FOLDER")
      ->capture_default_str();
  app.add_option("--space-restriction", options.restriction, "which architectures")
      ->check(CLI::IsMember({"all", "no_zero", "only_conv"}))
      ->capture_default_str();
  app.add_option("--sample", options.sample, "a random sample where there are more than this")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  app.add_option("--protocol", options.protocol,
                 "own, or what the paper's Table 5 says for NAS-Bench-201")
      ->check(CLI::IsMember({"own", "nasbench201"}))
      ->capture_default_str();
  add_training_options(app, options);
  app.add_option("--weight-decay", options.weight_decay, "of SGD")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--label-smoothing", options.label_smoothing, "share of the uniform target")
      ->check(CLI::Range(0.0, 0.99))
      ->capture_default_str();
  app.add_option("--warm-up", options.warm_up, "epochs of linear warm-up")->capture_default_str();
  app.add_option("--seeds", options.seeds, "trainings of each architecture, seeds 0, 1, ...")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_flag("--partial", options.partial, "train nothing, write the table of what is finished");
  app.add_option("--out", options.out, "the table to write; OUT.parts keeps what is finished")
      ->capture_default_str();
  return run_program(app, argc, argv, [&] {
    complete(options, app);
    const at::Device device = prepare(options.machine);
    if (options.space == "macro") {
      Standalone<ic::NasBenchMacro>(options, device).run();
    } else {
      Standalone<Network>(options, device).run();
    }
  });
}
