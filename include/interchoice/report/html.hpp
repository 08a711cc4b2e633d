#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/core/identity.hpp"
#include "interchoice/report/markup.hpp"

namespace interchoice::figures {

/// A cell of a table.
struct Cell {
  std::string text;
  bool bold = false;
  std::string detail = {};  ///< a second, smaller line
};

/// Rows of a table under a common heading.
struct RowGroup {
  std::string heading;  ///< may be empty
  std::vector<std::vector<Cell>> rows;
};

/// A table whose first column names the rows and whose other columns hold numbers. Line ends in the
/// header break lines.
struct Table {
  std::vector<std::string> header;
  std::vector<RowGroup> groups;
};

/// A page of text, tables and figures: one file, no script, nothing loaded from elsewhere, made for
/// the screen and for paper.
class HtmlPage {
 public:
  explicit HtmlPage(std::string_view title) {
    page_.raw("<!DOCTYPE html>\n").open("html", {{"lang", "en"}}).open("head");
    page_.empty("meta", {{"charset", "utf-8"}});
    page_.empty("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
    page_.element("title", {}, title);
    page_.open("style").raw(kStyle).close().close();
    page_.open("body").open("main").element("h1", {}, title);
  }

  void heading(std::string_view text) { page_.element("h2", {}, text); }

  /// Paragraphs are separated by empty lines.
  void paragraphs(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find("\n\n"), text.size());
      if (end > 0) page_.element("p", {}, text.substr(0, end));
      text.remove_prefix(std::min(end + 2, text.size()));
    }
  }

  void note(std::string_view text) { page_.element("p", {{"class", "note"}}, text); }

  void table(const Table& table) {
    page_.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
    for (const std::string& name : table.header) {
      page_.element("th", {{"scope", "col"}}, name);
    }
    page_.close().close();
    for (const RowGroup& group : table.groups) {
      page_.open("tbody");
      if (!group.heading.empty()) {
        page_.open("tr", {{"class", "group"}});
        page_.element("th",
                      {{"colspan", std::to_string(table.header.size())}, {"scope", "rowgroup"}},
                      group.heading);
        page_.close();
      }
      for (const std::vector<Cell>& row : group.rows) write_row(row);
      page_.close();
    }
    page_.close().close();
  }

  /// Facts, one a line.
  void definitions(const Identity& entries) {
    page_.open("dl");
    for (const auto& [name, value] : entries) {
      page_.element("dt", {}, name).element("dd", {}, value);
    }
    page_.close();
  }

  /// `svg` is a whole drawing, as `to_svg` returns it.
  void figure(std::string_view svg, std::string_view caption) {
    page_.open("figure").raw(svg).element("figcaption", {}, caption).close();
  }

  /// Links to files in the page's own folder.
  void links(const std::vector<std::pair<std::string, std::string>>& file_and_text) {
    page_.open("ul");
    for (const auto& [file, text] : file_and_text) {
      page_.open("li").open("a", {{"href", file}}).text(file).close().text(" – " + text).close();
    }
    page_.close();
  }

  std::string finish() && { return std::move(page_).finish(); }

 private:
  static constexpr std::string_view kStyle = R"(
body { margin: 0; background: #fff; color: #222; font: 16px/1.5 system-ui, "Segoe UI", Helvetica,
       Arial, sans-serif; }
main { max-width: 800px; margin: 2rem auto 4rem; padding: 0 1rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
.note, figcaption { font-size: .88rem; color: #555; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem;
        font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .4rem; text-align: right; line-height: 1.35; }
th { font-weight: 600; }
thead th { white-space: pre; }
th:first-child { text-align: left; padding-left: 0; min-width: 10.5rem; }
tbody th { font-weight: 400; }
td { white-space: nowrap; }
th, td { vertical-align: top; }
thead th { vertical-align: bottom; }
tbody small { display: block; color: #666; font-size: .88em; }
thead tr { border-bottom: 1.5px solid #222; }
tbody { border-bottom: 1px solid #ccc; }
.group th { color: #666; font-size: .82rem; padding-top: .6rem; }
figure { margin: 1.4rem 0 2rem; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { margin-top: .4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; font-size: .92rem; }
dt { color: #666; }
dd { margin: 0; overflow-wrap: anywhere; }
@media print {
  body { font-size: 10.5pt; }
  main { max-width: none; margin: 0; padding: 0; }
  table { font-size: 8.5pt; }
  th, td { padding: .2rem .25rem; }
  figure, tr { break-inside: avoid; }
  h2 { break-after: avoid; }
  a { color: inherit; text-decoration: none; }
  @page { margin: 18mm; }
}
)";

  void write_row(const std::vector<Cell>& row) {
    page_.open("tr");
    for (std::size_t column = 0; column < row.size(); ++column) {
      const std::string_view tag = column == 0 ? "th" : "td";
      page_.open(tag, {{"scope", column == 0 ? "row" : ""}});
      if (row[column].bold) {
        page_.element("strong", {}, row[column].text);
      } else {
        page_.text(row[column].text);
      }
      if (!row[column].detail.empty()) page_.element("small", {}, row[column].detail);
      page_.close();
    }
    page_.close();
  }

  Markup page_;
};

}  // namespace interchoice::figures
