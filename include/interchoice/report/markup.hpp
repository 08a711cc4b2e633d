#pragma once

#include <fmt/core.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace interchoice::figures {

/// The text as it must stand in HTML or XML, between tags or in an attribute between double quotes.
/// Control characters, which XML cannot hold in any spelling, become U+FFFD. The text is UTF-8.
inline std::string escape_markup(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (c == '"') {
      escaped += "&quot;";
    } else if (c == '\'') {
      escaped += "&#39;";
    } else if (is_control && c != '\t' && c != '\n' && c != '\r') {
      escaped += "\uFFFD";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

/// One attribute of an element; one whose value is empty is left out.
using Attribute = std::pair<std::string_view, std::string>;

/// Writes elements in the syntax that HTML and XML share. Everything but `raw` is escaped, and tags
/// are closed in the order in which they were opened.
class Markup {
 public:
  /// The attributes of an element, in order.
  using Attributes = std::initializer_list<Attribute>;

  /// Begins an element, which lasts until the matching `close`.
  Markup& open(std::string_view tag, Attributes attributes = {}) {
    start(tag, attributes);
    text_ += '>';
    open_tags_.emplace_back(tag);
    return *this;
  }

  /// Ends the element that was opened last, and the line.
  Markup& close() {
    text_ += "</" + open_tags_.back() + ">\n";
    open_tags_.pop_back();
    return *this;
  }

  /// A whole element without content: `<line …/>`.
  Markup& empty(std::string_view tag, Attributes attributes) {
    start(tag, attributes);
    text_ += "/>\n";
    return *this;
  }

  /// A whole element that holds only text.
  Markup& element(std::string_view tag, Attributes attributes, std::string_view content) {
    return open(tag, attributes).text(content).close();
  }

  /// Text inside the open element.
  Markup& text(std::string_view content) {
    text_ += escape_markup(content);
    return *this;
  }

  /// Markup that is inserted as it is.
  Markup& raw(std::string_view markup) {
    text_ += markup;
    return *this;
  }

  /// The text written so far, with everything that is still open closed.
  std::string finish() && {
    while (!open_tags_.empty()) close();
    return std::move(text_);
  }

 private:
  void start(std::string_view tag, Attributes attributes) {
    text_ += fmt::format("<{}", tag);
    for (const auto& [name, value] : attributes) {
      if (value.empty()) continue;
      text_ += fmt::format(" {}=\"{}\"", name, escape_markup(value));
    }
  }

  std::string text_;
  std::vector<std::string> open_tags_;
};

}  // namespace interchoice::figures
