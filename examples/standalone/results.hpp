#pragma once

// The results of many trainings, one small file each, in a folder that any number of processes
// share: each takes what nobody else is at, and whatever is killed loses only what it was at.

#include <charconv>
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
#include "interchoice/core/text.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/io/file_lock.hpp"

namespace examples {

namespace ic = interchoice;

/// Accuracies (in %) of trainings, by architecture and seed.
template <ic::SearchSpace AnySpace>
class StandaloneResults {
 public:
  using Architecture = ic::Architecture<AnySpace>;

  /// Makes the folder, or takes up one that was made with the same settings.
  StandaloneResults(std::filesystem::path folder, const ic::Identity& settings)
      : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    const ic::FileLock lock = ic::FileLock::wait(folder_ / "settings.lock");
    claim_folder(folder_, settings);
  }

  const std::filesystem::path& folder() const { return folder_; }

  /// The accuracy, if that training is finished.
  std::optional<double> read(const Architecture& architecture, std::uint64_t seed) const {
    const std::filesystem::path file = path(architecture, seed);
    std::error_code absent;
    const auto size = std::filesystem::file_size(file, absent);
    if (absent || size == 0) return {};  // 0: somebody is, or was, at it
    const ic::CsvTable table = ic::CsvTable::read(file);
    if (table.size() != 1 || table.texts("arch")[0] != ic::to_text(architecture) ||
        table.texts("seed")[0] != std::to_string(seed)) {
      throw std::runtime_error(file.string() + " is not the result of '" +
                               ic::to_text(architecture) + "' with seed " + std::to_string(seed) +
                               "; remove the file");
    }
    return table.numbers("accuracy")[0];
  }

  /// The right to do a training: until it is given back nobody else does it.
  std::optional<ic::FileLock> claim(const Architecture& architecture, std::uint64_t seed) const {
    return ic::FileLock::try_acquire(path(architecture, seed));
  }

  /// Keeps a result. For who has the claim.
  void write(const Architecture& architecture, std::uint64_t seed, double accuracy) const {
    char number[32];
    const auto end = std::to_chars(number, number + sizeof number, accuracy).ptr;  // reads back
    ic::write_file_atomically(path(architecture, seed),
                              "arch,seed,accuracy\n" + ic::csv_field(ic::to_text(architecture)) +
                                  ',' + std::to_string(seed) + ',' + std::string(number, end) +
                                  '\n');
  }

 private:
  std::filesystem::path path(const Architecture& architecture, std::uint64_t seed) const {
    return folder_ / (std::to_string(architecture.index()) + "-" + std::to_string(seed) + ".csv");
  }

  std::filesystem::path folder_;
};

}  // namespace examples
