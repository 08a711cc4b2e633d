#pragma once

// Which architectures a program looks at: those of a restriction, or those of a file, such as a
// ranking.

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "examples/named_restriction.hpp"
#include "examples/number_options.hpp"
#include "interchoice/io/csv.hpp"

namespace examples {

struct ArchitectureChoice {
  std::string restriction = "only_conv";
  std::uint64_t sample = 1000;
  std::string file;
  std::size_t first = 0;  ///< of the file; 0: all

  /// In a few words.
  std::string text() const {
    if (file.empty()) return restriction;
    const std::string name = std::filesystem::path(file).filename().string();
    return first == 0 ? name : fmt::format("the first {} of {}", first, name);
  }
};

inline void add_architecture_options(CLI::App& app, ArchitectureChoice& choice) {
  add_restriction_option(app, choice.restriction);
  app.add_option("--sample", choice.sample, "a random sample where there are more than this")
      ->check(whole_number(1, 1000000))
      ->capture_default_str();
  auto* file = app.add_option("--architectures", choice.file,
                              "those of a CSV file with a column `arch`, such as a ranking")
                   ->check(CLI::ExistingFile)
                   ->excludes("--space-restriction")
                   ->excludes("--sample");
  app.add_option("--first", choice.first, "of the file, whose best ones may come first")
      ->needs(file)
      ->check(whole_number(1, 1000000));
}

/// The architectures of a file's column `arch`, in its order, each once, the first `most` (0: all).
/// `spelling(text)` is the one text of an architecture.
///
/// *Throws* std::runtime_error with `path:line` for a text that is none, and as CsvTable.
inline std::vector<std::string> architectures_in(
    const std::filesystem::path& file, std::size_t most,
    const std::function<std::string(const std::string&)>& spelling) {
  const auto table = interchoice::CsvTable::read(file);
  const std::vector<std::string> texts = table.texts("arch");
  std::vector<std::string> architectures;
  std::set<std::string> seen;
  for (std::size_t row = 0; row < texts.size(); ++row) {
    if (most != 0 && architectures.size() == most) break;
    try {
      const std::string text = spelling(texts[row]);
      if (seen.insert(text).second) architectures.push_back(text);
    } catch (const std::logic_error& error) {  // std::invalid_argument, std::out_of_range
      throw std::runtime_error(fmt::format("{}: {}", table.place(row), error.what()));
    }
  }
  if (architectures.empty()) {
    throw std::runtime_error(fmt::format("{}: there are no architectures", file.string()));
  }
  return architectures;
}

}  // namespace examples
