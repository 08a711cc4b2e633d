#pragma once

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "interchoice/core/identity.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/io/input_file.hpp"

namespace interchoice {

/// Results that are written to a CSV file as they come, so that an interrupted evaluation goes on
/// where it stopped. Architectures are named by their text form.
///
///   arch,accuracy,<names of the identity's facts>
///   <text form>,0.9123,<their texts>
///
/// Every row says what it belongs to. The file is made if there is none. One that exists is taken
/// up: a last line without end, left by a process that was killed while writing it, is dropped,
/// everything else must be in order. One process writes a file.
///
/// *Throws*: `std::runtime_error` with the path (and line) and what to do, if the file has other
/// columns, results of another identity (all differences are named), a text that is no
/// architecture, an architecture twice, or an accuracy outside [0, 1]; the file is left as it is
/// then. Also if it cannot be written. A crash of the machine (not only of the process) may lose
/// the last rows.
class ResultLog {
 public:
  /// The text form of an architecture of some other text. *Throws* std::invalid_argument for none.
  using Spelling = std::function<std::string(const std::string&)>;

  /// The spelling of a space.
  template <SearchSpace Space>
  static std::string spelling(const std::string& text) {
    return to_text(from_text<Space>(text));
  }

  ResultLog(std::filesystem::path path, const Identity& identity, const Spelling& spelling)
      : path_(std::move(path)), header_("arch,accuracy") {
    for (const auto& [name, text] : identity) {
      header_ += ',' + csv_field(name);
      row_end_ += ',' + csv_field(text);
    }
    header_ += '\n';
    row_end_ += '\n';
    if (header_.find('\n') + 1 != header_.size() || row_end_.find('\n') + 1 != row_end_.size()) {
      fail("a name or text of its identity has a line end; use one line");
    }
    const bool has_header = std::filesystem::exists(path_) && take_up(identity, spelling);
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail_because("open it for writing");
    if (!has_header) write(header_);
  }
  ~ResultLog() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  ResultLog(const ResultLog&) = delete;
  ResultLog& operator=(const ResultLog&) = delete;

  /// The results of this run and of those before.
  const std::map<std::string, double>& results() const { return results_; }

  /// Adds a result and writes it at once, unless there is one already. Returns the one that stays.
  double add(const std::string& architecture, double accuracy) {
    const auto [result, is_new] = results_.try_emplace(architecture, accuracy);
    if (is_new) write(fmt::format("{},{}{}", csv_field(architecture), accuracy, row_end_));
    return result->second;
  }

 private:
  // Whether the file has its header line.
  bool take_up(const Identity& identity, const Spelling& spelling) {
    InputFile file(path_);
    std::string text(file.size(), '\0');
    file.read(0, text.data(), text.size());
    const std::size_t whole = text.rfind('\n') + 1;  // 0 where there is none
    const std::string_view lines = std::string_view(text).substr(0, whole);
    if (whole == 0 ? !std::string_view(header_).starts_with(text) : !lines.starts_with(header_)) {
      fail(
          fmt::format("begins with '{}', results need '{}'; give this evaluation a file of its own",
                      text.substr(0, std::min<std::size_t>(text.find('\n'), 200)),
                      header_.substr(0, header_.size() - 1)));
    }
    if (whole > 0) read(CsvTable::parse(lines, path_.string()), identity, spelling);
    if (whole < text.size()) {
      std::error_code error;
      std::filesystem::resize_file(path_, whole, error);
      if (error) fail("could not drop its unfinished last line: " + error.message());
    }
    return whole > 0;
  }

  void read(const CsvTable& table, const Identity& here, const Spelling& spelling) {
    std::vector<std::pair<std::string, std::vector<std::string>>> facts;
    for (const auto& [name, text] : here) facts.emplace_back(name, table.texts(name));
    const std::vector<std::string> texts = table.texts("arch");
    const std::vector<double> accuracies = table.numbers("accuracy");
    for (std::size_t row = 0; row < texts.size(); ++row) {
      const auto refuse = [&](std::string_view reason) {
        throw std::runtime_error(fmt::format("interchoice: {}: {}", table.place(row), reason));
      };
      Identity there;
      for (const auto& [name, rows] : facts) there.set(name, rows[row]);
      std::string different;
      for (const std::string& line : differences(there, here)) {
        different += (different.empty() ? "" : "; ") + line;
      }
      if (!different.empty()) {
        refuse(fmt::format("a result of something else: {}; give this evaluation a file of its own",
                           different));
      }
      if (!(accuracies[row] >= 0 && accuracies[row] <= 1)) {
        refuse(fmt::format("an accuracy of {}, not in [0, 1]; remove the line", accuracies[row]));
      }
      try {
        if (!results_.try_emplace(spelling(texts[row]), accuracies[row]).second) {
          refuse(fmt::format("architecture '{}' a second time; remove the line", texts[row]));
        }
      } catch (const std::invalid_argument& error) {
        refuse(fmt::format("{}; remove the line", error.what()));
      }
    }
  }

  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail_because("append a result");
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  [[noreturn]] void fail_because(std::string_view operation) const {
    fail(fmt::format("could not {}: {}", operation, std::generic_category().message(errno)));
  }
  [[noreturn]] void fail(std::string_view reason) const {
    throw std::runtime_error(fmt::format("interchoice: {}: {}", path_.string(), reason));
  }

  std::filesystem::path path_;
  std::string header_;
  std::string row_end_;
  int descriptor_ = -1;
  std::map<std::string, double> results_;
};

}  // namespace interchoice
