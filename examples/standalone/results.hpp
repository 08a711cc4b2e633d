#pragma once

// The results of many trainings, one small file each, in a folder that any number of processes
// share: each takes a training that no other holds, and one that is killed loses only that.

#include <fmt/core.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "examples/command_line.hpp"
#include "examples/folder_settings.hpp"
#include "examples/networks/network_kind.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/io/file_lock.hpp"

namespace examples {

namespace ic = interchoice;

/// Accuracies (in %) of trainings, by architecture and seed.
class StandaloneResults {
 public:
  /// Makes the folder, or takes up one that was made with the same settings.
  StandaloneResults(std::filesystem::path folder, const NetworkKind& kind,
                    const ic::Identity& settings)
      : folder_(std::move(folder)), kind_(kind) {
    std::filesystem::create_directories(folder_);
    const ic::FileLock lock = ic::FileLock::wait(folder_ / "settings.csv");
    claim_folder(folder_, settings);
  }

  const std::filesystem::path& folder() const { return folder_; }

  /// The accuracy, if that training is finished.
  std::optional<double> read(const std::string& architecture, std::uint64_t seed) const {
    const std::filesystem::path file = path(architecture, seed);
    if (!std::filesystem::exists(file)) return {};
    const ic::CsvTable table = ic::CsvTable::read(file);
    if (table.size() != 1 || table.texts("arch")[0] != architecture ||
        table.texts("seed")[0] != fmt::format("{}", seed)) {
      throw std::runtime_error(
          fmt::format("{} is not the result of '{}' with seed {}; remove the file", file.string(),
                      architecture, seed));
    }
    return table.numbers("accuracy")[0];
  }

  /// The right to do a training: no other process gets it until it is given back.
  std::optional<ic::FileLock> claim(const std::string& architecture, std::uint64_t seed) const {
    return ic::FileLock::try_acquire(path(architecture, seed));
  }

  /// Keeps a result. *Requires* the claim.
  void write(const std::string& architecture, std::uint64_t seed, double accuracy) const {
    ic::write_file_atomically(
        path(architecture, seed),
        fmt::format("arch,seed,accuracy\n{},{},{}\n", ic::csv_field(architecture), seed,
                    accuracy));  // the shortest text that reads back
  }

 private:
  std::filesystem::path path(const std::string& architecture, std::uint64_t seed) const {
    return folder_ / fmt::format("{}-{}.csv", kind_.index(architecture), seed);
  }

  std::filesystem::path folder_;
  const NetworkKind& kind_;
};

}  // namespace examples
