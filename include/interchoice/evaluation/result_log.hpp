#pragma once

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "interchoice/core/detail/joined.hpp"
#include "interchoice/core/identity.hpp"
#include "interchoice/core/shown.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/io/detail/descriptor.hpp"
#include "interchoice/io/digest.hpp"
#include "interchoice/io/input_file.hpp"

namespace interchoice {

/// Results that are written to a CSV file as they come, so that an interrupted evaluation goes on
/// where it stopped. Architectures are named by their text form.
///
///   arch,accuracy,<names of the identity's facts>,digest
///   <text form>,0.9123,<their texts>,<digest of the row before it>
///
/// Every row says what it belongs to, and by its digest that nothing in it has changed. The file is
/// made if there is none. One that exists is taken up: a last line without end, left by a process
/// that was killed while writing it, is dropped, everything else must be in order. One process
/// writes a file; it is locked until then.
///
/// *Throws*: `std::runtime_error` with the path (and line) and what to do, if another process
/// writes the file, if it has other columns, a row that does not have its digest, results of
/// another identity (all differences are named), a text that is no architecture, an architecture
/// twice, or an accuracy outside [0, 1]; the file is left as it is then. Also if it cannot be
/// written. A crash of the machine (not only of the process) may lose the last rows.
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
      facts_ += ',' + csv_field(text);
    }
    if ((header_ + facts_).find('\n') != std::string::npos) {
      fail("a name or text of its identity has a line end; use one line");
    }
    file_ = detail::Descriptor(path_, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK);
    if (!file_.is_open()) fail_because("open it for writing");
    while (::flock(file_.number(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) {
        fail("another process is writing it; wait for that, or give another file");
      }
      if (errno != EINTR) fail_because("lock it");
    }
    if (!take_up(identity, spelling)) write(header_ + ",digest\n");
  }
  ResultLog(const ResultLog&) = delete;
  ResultLog& operator=(const ResultLog&) = delete;

  /// The results of this run and of those before.
  const std::map<std::string, double>& results() const { return results_; }

  /// Whether rows have digests. A file of version 0.1 has none, and gets none: damage to it would
  /// not be noticed.
  bool has_digests() const { return has_digests_; }

  /// Adds a result and writes it at once, unless there is one already. Returns the one that stays.
  double add(const std::string& architecture, double accuracy) {
    const auto [result, is_new] = results_.try_emplace(architecture, accuracy);
    if (is_new) {
      std::string row = fmt::format("{},{}{}", csv_field(architecture), accuracy, facts_);
      if (has_digests_) row += ',' + digest_of(row);
      write(row + '\n');
    }
    return result->second;
  }

 private:
  // Whether the file has its header line.
  bool take_up(const Identity& identity, const Spelling& spelling) {
    const std::string text = InputFile(path_).text();
    const std::size_t whole = text.rfind('\n') + 1;  // 0 where there is none
    const std::string_view lines = std::string_view(text).substr(0, whole);
    const std::string header = header_ + ",digest\n";
    has_digests_ = !lines.starts_with(header_ + '\n');
    if (whole == 0 ? !header.starts_with(text) : has_digests_ && !lines.starts_with(header)) {
      fail(fmt::format("begins with {}, results need '{}'; give this evaluation a file of its own",
                       shown(text.substr(0, text.find('\n')), 200),
                       header.substr(0, header.size() - 1)));
    }
    if (whole > 0) read(CsvTable::parse(lines, path_.string()), identity, spelling);
    if (whole < text.size() && ::ftruncate(file_.number(), static_cast<off_t>(whole)) != 0) {
      fail_because("drop its unfinished last line");
    }
    return whole > 0;
  }

  void read(const CsvTable& table, const Identity& here, const Spelling& spelling) {
    std::vector<std::vector<std::string>> columns;
    for (const std::string& name : table.columns()) columns.push_back(table.texts(name));
    const std::vector<double> accuracies = table.numbers("accuracy");
    for (std::size_t row = 0; row < table.size(); ++row) {
      const auto refuse = [&](std::string_view reason) {
        throw std::runtime_error(fmt::format("interchoice: {}: {}", table.place(row), reason));
      };
      std::vector<std::string> fields;
      for (const auto& column : columns) fields.push_back(column[row]);
      if (has_digests_) {
        const std::string digest = std::move(fields.back());
        fields.pop_back();
        if (digest != digest_of(csv_line(fields))) {
          refuse(
              "the row has changed since it was written: its digest is another; remove the line");
        }
      }
      Identity there;
      for (std::size_t i = 2; i < fields.size(); ++i) there.set(table.columns()[i], fields[i]);
      if (const auto lines = differences(there, here); !lines.empty()) {
        refuse(fmt::format("a result of something else: {}; give this evaluation a file of its own",
                           detail::joined(lines, "; ")));
      }
      if (!(accuracies[row] >= 0 && accuracies[row] <= 1)) {
        refuse(fmt::format("an accuracy of {}, not in [0, 1]; remove the line", accuracies[row]));
      }
      try {
        if (!results_.try_emplace(spelling(fields[0]), accuracies[row]).second) {
          refuse(fmt::format("architecture {} a second time; remove the line", shown(fields[0])));
        }
      } catch (const std::invalid_argument& error) {
        refuse(fmt::format("{}; remove the line", error.what()));
      }
    }
  }

  void write(std::string_view text) {
    if (!file_.write(std::as_bytes(std::span(text)))) fail_because("append a result");
  }

  [[noreturn]] void fail_because(std::string_view operation) const {
    fail(fmt::format("could not {}: {}", operation, std::generic_category().message(errno)));
  }
  [[noreturn]] void fail(std::string_view reason) const {
    throw std::runtime_error(fmt::format("interchoice: {}: {}", path_.string(), reason));
  }

  std::filesystem::path path_;
  std::string header_;  // without the digest
  std::string facts_;   // of every row, a comma before each
  detail::Descriptor file_;
  bool has_digests_ = true;
  std::map<std::string, double> results_;
};

}  // namespace interchoice
