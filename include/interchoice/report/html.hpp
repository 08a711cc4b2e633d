#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/core/identity.hpp"
#include "interchoice/report/markup.hpp"
#include "interchoice/report/page_script.hpp"
#include "interchoice/report/page_style.hpp"
#include "interchoice/report/vega_runtime.hpp"

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

/// JSON as it may stand within a script element, whatever its texts are.
inline std::string embedded_json(const nlohmann::ordered_json& json) {
  std::string escaped;
  for (const char c : json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)) {
    if (c == '<' || c == '>' || c == '&') {  // only within texts, where JSON has escapes
      escaped += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

/// A page of text, tables and figures, made for the screen, light and dark, and for paper: one file
/// that needs no other. What is shown without scripts is complete but for the figures.
class HtmlPage {
 public:
  /// `reload_seconds`: after so many a browser reads the page again; 0: never.
  explicit HtmlPage(std::string_view title, std::size_t reload_seconds = 0) {
    page_.raw("<!DOCTYPE html>\n").open("html", {{"lang", "en"}}).open("head");
    page_.empty("meta", {{"charset", "utf-8"}});
    page_.empty("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
    if (reload_seconds > 0) {
      page_.empty("meta", {{"http-equiv", "refresh"}, {"content", std::to_string(reload_seconds)}});
    }
    page_.element("title", {}, title);
    page_.open("style").raw(kPageStyle).close().close();
    page_.open("body").open("main").element("h1", {}, title);
  }

  /// The title of a section.
  void heading(std::string_view text) { page_.element("h2", {}, text); }

  /// Paragraphs are separated by empty lines.
  void paragraphs(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find("\n\n"), text.size());
      if (end > 0) page_.element("p", {}, text.substr(0, end));
      text.remove_prefix(std::min(end + 2, text.size()));
    }
  }

  /// A paragraph in small type.
  void note(std::string_view text) { page_.element("p", {{"class", "note"}}, text); }

  /// Sentences that one reads first.
  void conclusion(const std::vector<std::string>& sentences) {
    page_.open("ul", {{"class", "conclusion"}});
    for (const std::string& sentence : sentences) page_.element("li", {}, sentence);
    page_.close();
  }

  /// `id` is by what scripts find it; may be empty.
  void table(const Table& table, const std::string& id = {}) {
    page_.open("div", {{"class", "scroll"}});
    page_.open("table", {{"id", id}}).open("thead").open("tr");
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

  /// A figure that scripts draw; `name` is that of its file, without an ending.
  void figure(const std::string& name, const nlohmann::ordered_json& specification,
              std::string_view caption) {
    page_.open("figure").element("div", {{"class", "chart"}, {"data-name", name}}, "");
    data("", specification);
    has_figures_ = true;
    page_.element("figcaption", {}, caption).close();
  }

  /// Data for the page's script.
  void data(const std::string& id, const nlohmann::ordered_json& json) {
    page_.open("script", {{"id", id}, {"type", "application/json"}}).raw(embedded_json(json));
    page_.close();
  }

  /// What is shown until the figures are drawn. `svg` is a whole drawing.
  void static_picture(std::string_view svg, std::string_view caption) {
    page_.open("div", {{"class", "static"}}).raw(svg);
    page_.element("p", {{"class", "note"}}, caption).close();
  }

  /// What is said once the figures are drawn.
  void hint(std::string_view text) { page_.element("p", {{"class", "hint"}}, text); }

  /// Links to files in the page's own folder.
  void links(const std::vector<std::pair<std::string, std::string>>& file_and_text) {
    page_.open("ul");
    for (const auto& [file, text] : file_and_text) {
      page_.open("li").open("a", {{"href", file}}).text(file).close().text(" – " + text).close();
    }
    page_.close();
  }

  /// The page; figures load the script of `runtime`.
  std::string finish(const VegaRuntime& runtime = VegaRuntime::installed()) && {
    if (has_figures_) page_.raw(runtime.markup());
    // Comments for readers of XML, who would take < for markup.
    page_.raw("<script>//<![CDATA[").raw(kPageScript).raw("//]]></script>\n");
    return std::move(page_).finish();
  }

 private:
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
  bool has_figures_ = false;
};

}  // namespace interchoice::figures
