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

namespace reproduce {

namespace ic = interchoice;

/// Names and values, such as {"epochs", "20"}.
using Settings = std::vector<std::pair<std::string, std::string>>;

/// Writes the settings beside the results, or compares them with those that are there.
///
/// *Throws* std::runtime_error that names the first difference.
inline void claim_folder(const std::filesystem::path& folder, const Settings& settings) {
  const std::filesystem::path path = folder / "settings.csv";
  if (!std::filesystem::exists(path)) {
    std::string text = "name,value\n";
    for (const auto& [name, value] : settings) {
      text += ic::csv_field(name) + ',' + ic::csv_field(value) + '\n';
    }
    std::filesystem::create_directories(folder);
    ic::write_file_atomically(path, text);
    return;
  }
  const auto csv = ic::CsvTable::read(path);
  const auto names = csv.texts("name");
  const auto values = csv.texts("value");
  const auto text_of = [](bool exists, const std::string& name, const std::string& value) {
    return exists ? name + " " + value : std::string("nothing");
  };
  for (std::size_t i = 0; i < std::max(names.size(), settings.size()); ++i) {
    const bool there = i < names.size();
    const bool here = i < settings.size();
    if (there && here && names[i] == settings[i].first && values[i] == settings[i].second) continue;
    throw std::runtime_error(
        folder.string() + " holds results of other settings: " +
        (there ? text_of(true, names[i], values[i]) : text_of(false, {}, {})) + " there, " +
        (here ? text_of(true, settings[i].first, settings[i].second) : text_of(false, {}, {})) +
        " here; use another --out, or remove that folder");
  }
}

}  // namespace reproduce
