#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/io/input_file.hpp"

namespace interchoice {

/// What results belong to: names and texts, such as {"policy", "bias<1>"}.
using ResultOrigin = std::vector<std::pair<std::string, std::string>>;

/// Results that are written to a CSV file as they come, so that an interrupted evaluation goes on
/// where it stopped.
///
///   architecture,accuracy,<origin's names>
///   <text form>,0.9123,<origin's texts>
///
/// Every row says what it belongs to. The file is made if there is none. One that exists is taken
/// up: a last line without end, left by whoever was killed while writing it, is dropped, everything
/// else must be in order. One process writes a file.
///
/// *Throws*: `std::runtime_error` with the path (and line) and what to do, if the file has other
/// columns, results of another origin (all differences are named), a text that is no architecture,
/// an architecture twice, or an accuracy outside [0, 1]; the file is left as it is then. Also if it
/// cannot be written. A crash of the machine (not only of the process) may lose the last rows.
template <SearchSpace Space>
class ResultLog {
 public:
  ResultLog(std::filesystem::path path, ResultOrigin origin)
      : path_(std::move(path)), header_("architecture,accuracy") {
    for (const auto& [name, text] : origin) {
      header_ += ',' + csv_field(name);
      row_end_ += ',' + csv_field(text);
    }
    header_ += '\n';
    row_end_ += '\n';
    if (header_.find('\n') + 1 != header_.size() || row_end_.find('\n') + 1 != row_end_.size()) {
      fail("a name or text of its origin has a line end; use one line");
    }
    if (std::filesystem::exists(path_)) take_up(origin);
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail_because("open it for writing");
    if (!has_header_) write(header_);
  }
  ~ResultLog() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  ResultLog(const ResultLog&) = delete;
  ResultLog& operator=(const ResultLog&) = delete;

  /// What is known, from this run and from those before.
  const std::unordered_map<Architecture<Space>, double>& results() const { return results_; }

  /// Adds a result and writes it at once; one that is known already is not written again.
  void add(const Architecture<Space>& architecture, double accuracy) {
    if (!results_.try_emplace(architecture, accuracy).second) return;
    char number[32];
    const auto end = std::to_chars(number, number + sizeof number, accuracy).ptr;  // reads back
    write(csv_field(to_text(architecture)) + ',' + std::string(number, end) + row_end_);
  }

 private:
  void take_up(const ResultOrigin& origin) {
    InputFile file(path_);
    std::string text(file.size(), '\0');
    file.read(0, text.data(), text.size());
    const std::size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
    if (whole == 0) {
      if (!std::string_view(header_).starts_with(text)) refuse_columns(text);
    } else {
      const std::string_view lines = std::string_view(text).substr(0, whole);
      if (!lines.starts_with(header_)) refuse_columns(text.substr(0, text.find('\n')));
      read(CsvTable::parse(lines, path_.string()), origin);
      has_header_ = true;
    }
    if (whole == text.size()) return;
    std::error_code error;
    std::filesystem::resize_file(path_, whole, error);
    if (error) fail("could not drop its unfinished last line: " + error.message());
  }

  void read(const CsvTable& table, const ResultOrigin& origin) {
    if (table.size() == 0) return;
    std::string differences;
    for (const auto& [name, text] : origin) {
      const std::vector<std::string> texts = table.texts(name);
      for (std::size_t row = 0; row < texts.size(); ++row) {
        if (texts[row] == text) continue;
        differences += (differences.empty() ? "" : "; ") + name + " is '" + texts[row] +
                       "' there (line " + std::to_string(row + 2) + ") and '" + text + "' here";
        break;
      }
    }
    if (!differences.empty()) {
      fail("has results of something else: " + differences +
           "; give this evaluation a file of its own");
    }
    const std::vector<std::string> texts = table.texts("architecture");
    const std::vector<double> accuracies = table.numbers("accuracy");
    for (std::size_t row = 0; row < texts.size(); ++row) {
      const auto refuse = [&](const std::string& reason) {
        throw std::runtime_error("interchoice: " + table.place(row) + ": " + reason +
                                 "; remove the line");
      };
      if (!(accuracies[row] >= 0 && accuracies[row] <= 1)) {
        refuse("an accuracy of " + std::to_string(accuracies[row]) + ", not in [0, 1]");
      }
      try {
        if (!results_.try_emplace(from_text<Space>(texts[row]), accuracies[row]).second) {
          refuse("architecture '" + texts[row] + "' a second time");
        }
      } catch (const std::invalid_argument& error) {
        refuse(error.what());
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

  [[noreturn]] void refuse_columns(const std::string& line) const {
    fail("begins with '" + line.substr(0, 200) + "', results need '" +
         header_.substr(0, header_.size() - 1) + "'; give this evaluation a file of its own");
  }

  [[noreturn]] void fail_because(const std::string& operation) const {
    fail("could not " + operation + ": " + std::generic_category().message(errno));
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw std::runtime_error("interchoice: " + path_.string() + ": " + reason);
  }

  std::filesystem::path path_;
  std::string header_;
  std::string row_end_;
  bool has_header_ = false;
  int descriptor_ = -1;
  std::unordered_map<Architecture<Space>, double> results_;
};

}  // namespace interchoice
