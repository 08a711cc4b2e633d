#pragma once

#include <cctype>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// An element of a well-formed document.
struct XmlElement {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::string text;  // directly in it, entities resolved
};

/// All elements of an XML document, in the order of their start tags. Just enough of XML to hold
/// our own output to: elements, attributes between double quotes, the five named entities and
/// `&#39;`.
///
/// *Throws*: `std::runtime_error` if the text is not well-formed.
class XmlReader {
 public:
  static std::vector<XmlElement> read(std::string_view document) {
    XmlReader reader(document);
    while (!reader.rest_.empty()) reader.read_piece();
    if (!reader.open_.empty()) throw std::runtime_error("never closed: " + reader.top().name);
    return std::move(reader.elements_);
  }

 private:
  explicit XmlReader(std::string_view document) : rest_(document) {}

  XmlElement& top() { return elements_[open_.back()]; }

  void read_piece() {
    if (rest_.front() != '<') {
      const std::string text = resolve(take(rest_.find('<')));
      if (!open_.empty()) {
        top().text += text;
      } else if (text.find_first_not_of(" \n") != std::string::npos) {
        throw std::runtime_error("text outside the root: " + text);
      }
      return;
    }
    const std::size_t end = rest_.find('>');
    if (end == std::string_view::npos) throw std::runtime_error("a tag that does not end");
    std::string_view tag = take(end + 1);
    tag = tag.substr(1, tag.size() - 2);
    if (tag.starts_with('/')) {
      if (open_.empty() || top().name != tag.substr(1)) {
        throw std::runtime_error("closes what is not open: " + std::string(tag));
      }
      open_.pop_back();
      return;
    }
    const bool is_empty = tag.ends_with('/');
    if (is_empty) tag.remove_suffix(1);
    if (open_.empty() && !elements_.empty()) throw std::runtime_error("a second root");
    elements_.push_back(read_tag(tag));
    if (!is_empty) open_.push_back(elements_.size() - 1);
  }

  static XmlElement read_tag(std::string_view tag) {
    XmlElement element;
    const auto take_name = [&tag] {
      std::size_t length = 0;
      while (length < tag.size() &&
             (std::isalnum(static_cast<unsigned char>(tag[length])) || tag[length] == '-')) {
        ++length;
      }
      const std::string name(tag.substr(0, length));
      if (name.empty()) throw std::runtime_error("no name at: " + std::string(tag));
      tag.remove_prefix(length);
      return name;
    };
    element.name = take_name();
    while (!tag.empty()) {
      if (tag.front() != ' ') throw std::runtime_error("no blank at: " + std::string(tag));
      tag.remove_prefix(1);
      const std::string name = take_name();
      const std::size_t end = tag.find('"', 2);
      if (!tag.starts_with("=\"") || end == std::string_view::npos) {
        throw std::runtime_error("no value at: " + std::string(tag));
      }
      if (!element.attributes.emplace(name, resolve(tag.substr(2, end - 2))).second) {
        throw std::runtime_error("attribute twice: " + name);
      }
      tag.remove_prefix(end + 1);
    }
    return element;
  }

  static std::string resolve(std::string_view text) {
    static const std::map<std::string_view, char> kEntities = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
    std::string resolved;
    while (!text.empty()) {
      std::size_t length = 1;
      char c = text.front();
      if (c == '<') throw std::runtime_error("a bare < in: " + std::string(text));
      if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r') {
        throw std::runtime_error("a control character");
      }
      if (c == '&') {
        length = text.find(';') + 1;
        const auto entity = kEntities.find(text.substr(0, length));
        if (length == 0 || entity == kEntities.end()) throw std::runtime_error("a bare &");
        c = entity->second;
      }
      resolved += c;
      text.remove_prefix(length);
    }
    return resolved;
  }

  std::string_view take(std::size_t length) {
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view rest_;
  std::vector<XmlElement> elements_;
  std::vector<std::size_t> open_;
};
