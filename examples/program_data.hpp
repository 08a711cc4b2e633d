#pragma once

// The data of a program, as batches, whatever they are made of: --data.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "examples/networks/network_sizes.hpp"
#include "examples/outputs.hpp"
#include "interchoice/core/identity.hpp"
#include "interchoice/core/random.hpp"
#include "interchoice/data/any_batch_source.hpp"
#include "interchoice/data/normalisation.hpp"
#include "interchoice/evaluation/evaluation_data.hpp"

namespace examples {

namespace ic = interchoice;

/// Which data, and how many of them.
struct DataOptions {
  std::string data = "digits";
  std::int64_t image_size =
      0;                    ///< pixels a side, of a folder; 0: what a network's file says, or 224
  std::int64_t images = 0;  ///< for training; 0: all
  std::int64_t validation = 0;  ///< images; 0: all
  /// Of training images, but for a folder's: none, usual (as the data's protocol says), or strong,
  /// with twice its shift.
  std::string augmentation = "usual";
  std::int64_t prefetch_threads = 0;  ///< that decode, of a folder; 0: one

  /// --data's file, to be told from files that are written.
  std::vector<CommandFiles::File> files() const;
  /// What a network's file says of the data that it was trained on.
  ic::Identity facts() const;
  /// Takes over what is not given and a network's file says.
  void complete(const ic::Identity& facts);
};

void add_data_options(CLI::App& app, DataOptions& options);
void add_training_images_option(CLI::App& app, DataOptions& options);
void add_validation_images_option(CLI::App& app, DataOptions& options);

/// A data set: what super-networks train on, images withheld from that for rankings, and others to
/// test networks that are trained alone.
struct ProgramData {
  std::string name;
  ImageShape shape;
  ic::Normalisation normalisation;
  double white = 255;  ///< the brightest pixel, by which others are divided first
  std::int64_t training_images;
  std::function<ic::AnyBatchSource(std::int64_t batch, ic::Seed seed)> training;
  ic::AnyBatchSource validation;
  ic::AnyBatchSource test;

  /// `batch` training images make a batch that recalibrates BatchNorm.
  ic::EvaluationData evaluation(std::int64_t batch) const {
    return {.calibration = training(batch, ic::Seed{0}), .validation = validation};
  }
};

/// Reads a data set, or lists the files of a folder.
///
/// *Throws* UsageError for a --data of another form and for more images than there are; what the
/// readers throw.
ProgramData load_program_data(const DataOptions& options);

}  // namespace examples
