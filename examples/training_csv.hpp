#pragma once

// A training record as a CSV file, so that figures can be drawn without training again.

#include <fmt/core.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/training/train.hpp"

namespace examples {

inline void write_training_csv(const std::filesystem::path& path,
                               const interchoice::TrainingRecord& record) {
  std::string text = "epoch,learning_rate,loss,accuracy,seconds\n";
  for (const interchoice::EpochRecord& e : record.epochs) {
    text += fmt::format("{},{:.8g},{:.6f},{:.6f},{:.3f}\n", e.epoch, e.learning_rate, e.loss,
                        e.accuracy.value(), e.seconds);
  }
  interchoice::write_file_atomically(path, text);
}

/// The same while the training goes on, for watch_report. What cannot be written is lost.
inline void write_progress_csv(const std::filesystem::path& path,
                               const interchoice::TrainingRecord& record) {
  try {
    write_training_csv(path, record);
  } catch (const std::runtime_error&) {  // no reason to end a training
  }
}

inline std::vector<interchoice::EpochRecord> read_training_csv(const std::filesystem::path& path) {
  const auto csv = interchoice::CsvTable::read(path);
  const auto epoch = csv.numbers("epoch");
  const auto learning_rate = csv.numbers("learning_rate");
  const auto loss = csv.numbers("loss");
  const auto accuracy = csv.numbers("accuracy");
  const auto seconds = csv.numbers("seconds");
  std::vector<interchoice::EpochRecord> epochs;
  for (std::size_t i = 0; i < epoch.size(); ++i) {
    epochs.push_back(
        {static_cast<std::size_t>(epoch[i]), learning_rate[i], loss[i], accuracy[i], seconds[i]});
  }
  return epochs;
}

}  // namespace examples
