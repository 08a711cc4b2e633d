#pragma once

// The data sets that the programs know, ready for training: `digits`, `cifar10:FOLDER` (or one file
// of CIFAR-10's binary layout, for trials), `fashion:FOLDER`.

#include <fmt/core.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "embedded/digits.hpp"
#include "examples/command_line.hpp"
#include "examples/outputs.hpp"
#include "interchoice/data/batches.hpp"
#include "interchoice/data/cifar10.hpp"
#include "interchoice/data/digits.hpp"
#include "interchoice/data/hold_out.hpp"
#include "interchoice/data/idx.hpp"

namespace examples {

namespace ic = interchoice;

struct ExperimentData {
  std::string name;
  ic::ImageSet training;
  ic::ImageSet validation;  // for super-networks: withheld from training
  ic::ImageSet test;        // for networks trained alone
  ic::Normalisation normalisation;
  ic::Augmentation augmentation;

  ic::Batches training_batches(std::int64_t batch_size, ic::Seed seed) const {
    return {training, {batch_size, normalisation, augmentation, seed}};
  }
  static ic::Batches plain_batches(const ic::ImageSet& set, const ic::Normalisation& normalisation,
                                   std::int64_t batch_size) {
    return {set, {.batch_size = batch_size, .normalisation = normalisation}};
  }
};

/// The file of a --data that is one, to be told from files that are written.
inline std::vector<CommandFiles::File> data_files(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) return {};
  return {{"--data", text.substr(colon + 1)}};
}

/// Which images are withheld for validation never changes with a program's seed.
inline constexpr ic::Seed kHoldOutSeed{0};

/// Reads a data set; keeps `images` training images (0: all of them).
inline ExperimentData load_data(const std::string& text, std::int64_t images) {
  const auto colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  const std::filesystem::path folder = colon == std::string::npos ? "" : text.substr(colon + 1);
  if ((kind == "digits") != folder.empty()) {
    throw UsageError("--data '" + text +
                     "': use digits, cifar10:FOLDER, fashion:FOLDER or folder:PATH");
  }
  ExperimentData data;
  data.name = kind;
  if (kind == "digits") {
    // Few images and easy ones: a small training part leaves something to tell networks apart by,
    // large other parts measure it finely.
    const ic::ImageSet all = ic::decode_digits(std::span(embedded::digits, embedded::digits_size));
    data.training = ic::first_images(all, 397);
    data.validation = ic::last_images(ic::first_images(all, 1097), 700);
    data.test = ic::last_images(all, 700);
    data.normalisation = ic::measure_normalisation(data.training);
    data.augmentation = {.shift = 1, .flip = false};
  } else if (kind == "cifar10") {
    const bool is_trial = std::filesystem::is_regular_file(folder);
    const ic::ImageSet all = is_trial ? ic::read_cifar10(folder) : ic::read_cifar10_train(folder);
    auto [training, validation] = ic::hold_out(all, all.size() / 10, kHoldOutSeed);
    data.training = std::move(training);
    data.validation = std::move(validation);
    data.test = is_trial ? data.validation : ic::read_cifar10_test(folder);
    data.normalisation = ic::cifar10_normalisation();
    data.augmentation = ic::kCifar10Augmentation;
  } else if (kind == "fashion") {
    auto [training, validation] = ic::hold_out(ic::read_mnist_train(folder), 5'000, kHoldOutSeed);
    data.training = std::move(training);
    data.validation = std::move(validation);
    data.test = ic::read_mnist_test(folder);
    data.normalisation = ic::measure_normalisation(data.training);
    data.augmentation = {.shift = 2, .flip = true};
  } else {
    throw UsageError("--data '" + text +
                     "': use digits, cifar10:FOLDER, fashion:FOLDER or folder:PATH");
  }
  if (images > data.training.size()) {
    throw UsageError(fmt::format("--images {}: '{}' has {} training images", images, kind,
                                 data.training.size()));
  }
  if (images > 0) data.training = ic::first_images(data.training, images);
  return data;
}

/// Keeps the first `count` validation images (0: all of them).
inline void use_validation_images(ExperimentData& data, std::int64_t count) {
  if (count > data.validation.size()) {
    throw UsageError(fmt::format("--validation {}: '{}' has {} validation images", count, data.name,
                                 data.validation.size()));
  }
  if (count > 0) data.validation = ic::first_images(data.validation, count);
}

}  // namespace examples
