#pragma once

// The results of a program: a page with figures and tables, the same numbers as CSV, and the
// whole reports that they come from.

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "examples/command_line.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/report/html.hpp"
#include "interchoice/report/specification.hpp"
#include "interchoice/report/write_report.hpp"

namespace examples {

namespace ic = interchoice;

/// A page in a folder: `index.html`, a Vega-Lite file for each figure, a CSV file for each table.
class ResultPage {
 public:
  ResultPage(std::filesystem::path folder, const std::string& title,
             const std::string& introduction)
      : folder_(std::move(folder)), page_(title) {
    page_.paragraphs(introduction);
  }

  const std::filesystem::path& folder() const { return folder_; }

  void heading(const std::string& text) { page_.heading(text); }
  /// Sentences that one reads first; printed, too.
  void conclusion(const std::vector<std::string>& sentences) {
    page_.conclusion(sentences);
    for (const std::string& sentence : sentences) say("{}\n", sentence);
  }
  void paragraphs(const std::string& text) { page_.paragraphs(text); }

  void figure(const std::string& name, const ic::figures::Specification& figure,
              const std::string& caption) {
    const std::string file = name + ".vl.json";
    ic::write_file_atomically(folder_ / file, ic::figures::specification_text(figure));
    files_.push_back({file, caption});
    page_.figure(name, figure, caption);
  }

  /// Shows a table and writes it; also prints it, so that a terminal tells the result.
  void table(const std::string& name, const ic::figures::Table& table, const std::string& note) {
    std::vector<std::string> header = table.header;
    for (std::string& title : header) std::replace(title.begin(), title.end(), '\n', ' ');
    header.insert(header.begin(), "group");
    std::string csv = ic::csv_line(header) + '\n';
    for (const auto& group : table.groups) {
      if (!group.heading.empty()) say("{}\n", group.heading);
      for (const auto& row : group.rows) {
        std::vector<std::string> fields{group.heading};
        for (const auto& cell : row) {
          fields.push_back(cell.text + (cell.detail.empty() ? "" : " " + cell.detail));
          say("  {:<24}", fields.back());
        }
        say("\n");
        csv += ic::csv_line(fields) + '\n';
      }
    }
    ic::write_file_atomically(folder_ / (name + ".csv"), csv);
    files_.push_back({name + ".csv", "the table above"});
    page_.table(table);
    page_.note(note);
  }

  /// Writes a whole report into a folder of its own.
  void report(const std::string& name, const ic::Report& report) {
    ic::write_report(folder_ / name, report);
    files_.push_back({name + "/report.html", "everything about " + report.title});
  }

  void finish(const ic::Identity& facts) {
    page_.heading("Files");
    page_.links(files_);
    page_.definitions(facts);
    ic::write_file_atomically(folder_ / "index.html", std::move(page_).finish());
    say("{}\n", (folder_ / "index.html").string());
  }

 private:
  std::filesystem::path folder_;
  ic::figures::HtmlPage page_;
  std::vector<std::pair<std::string, std::string>> files_;
};

}  // namespace examples
