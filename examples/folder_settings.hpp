#pragma once

// What a folder of results was made with, so that nothing else is mistaken for it.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/csv.hpp"

namespace examples {

/// Everything that decides the results, as names and texts: `{"epochs", "30"}`.
using Settings = std::vector<std::pair<std::string, std::string>>;

/// Writes the settings beside the results, or compares them with those that are there.
///
/// *Throws* std::runtime_error that names the differences.
inline void claim_folder(const std::filesystem::path& folder, const Settings& settings) {
  const std::filesystem::path file = folder / "settings.csv";
  if (!std::filesystem::exists(file)) {
    std::string text = "name,value\n";
    for (const auto& [name, value] : settings) {
      text += interchoice::csv_field(name) + ',' + interchoice::csv_field(value) + '\n';
    }
    std::filesystem::create_directories(folder);
    interchoice::write_file_atomically(file, text);
    return;
  }
  const auto csv = interchoice::CsvTable::read(file);
  const std::vector<std::string> names = csv.texts("name");
  const std::vector<std::string> values = csv.texts("value");
  std::string differences;
  for (std::size_t i = 0; i < std::max(names.size(), settings.size()); ++i) {
    const bool is_other =
        i >= names.size() || i >= settings.size() || names[i] != settings[i].first;
    if (!is_other && values[i] == settings[i].second) continue;
    differences +=
        (differences.empty() ? "" : ", ") +
        (is_other ? "other settings are kept"
                  : names[i] + " is " + values[i] + " there and " + settings[i].second + " here");
    if (is_other) break;
  }
  if (differences.empty()) return;
  throw std::runtime_error(folder.string() + " holds results of other settings: " + differences +
                           "; give another --out, or remove that folder");
}

}  // namespace examples
