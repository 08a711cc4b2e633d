#pragma once

// The identity of a folder of results, so that nothing else is mistaken for it.

#include <fmt/core.h>

#include <cstddef>
#include <filesystem>
#include <range/v3/view/zip.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/core/identity.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/csv.hpp"

namespace examples {

/// Writes everything that decides the results beside them, or compares it with what is there.
///
/// *Throws* std::runtime_error that names the differences.
inline void claim_folder(const std::filesystem::path& folder,
                         const interchoice::Identity& identity) {
  const std::filesystem::path file = folder / "settings.csv";
  if (!std::filesystem::exists(file)) {
    std::string text = "name,value\n";
    for (const auto& [name, value] : identity) {
      text += interchoice::csv_field(name) + ',' + interchoice::csv_field(value) + '\n';
    }
    std::filesystem::create_directories(folder);
    interchoice::write_file_atomically(file, text);
    return;
  }
  const auto csv = interchoice::CsvTable::read(file);
  const std::vector<std::string> names = csv.texts("name");
  const std::vector<std::string> values = csv.texts("value");
  interchoice::Identity there;
  for (const auto& [name, value] : ranges::views::zip(names, values)) there.set(name, value);
  const std::vector<std::string> lines = interchoice::differences(there, identity);
  if (lines.empty()) return;
  std::string all;
  for (const std::string& line : lines) all += (all.empty() ? "" : ", ") + line;
  throw std::runtime_error(
      fmt::format("{} holds results of other settings: {}; give another --out, or remove that "
                  "folder",
                  folder.string(), all));
}

}  // namespace examples
