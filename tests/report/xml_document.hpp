#pragma once

#include <cstddef>
#include <memory>
#include <pugixml.hpp>
#include <string>
#include <vector>

#include "support/catch.hpp"

/// All elements of an XML document or of an HTML page of ours, in the order of their start tags.
class XmlDocument {
 public:
  explicit XmlDocument(const std::string& text)
      : document_(std::make_unique<pugi::xml_document>()) {
    const pugi::xml_parse_result result = document_->load_buffer(text.data(), text.size());
    INFO(result.description() << " at " << result.offset);
    REQUIRE(result);
    REQUIRE(document_->first_child() == document_->last_child());  // one root
    pugi::xpath_node_set all = document_->select_nodes("//*");
    all.sort();
    for (const pugi::xpath_node& one : all) elements_.push_back(one.node());
  }

  auto begin() const { return elements_.begin(); }
  auto end() const { return elements_.end(); }
  std::size_t size() const { return elements_.size(); }
  const pugi::xml_node& operator[](std::size_t i) const { return elements_.at(i); }

  /// The elements of this name, which live as long as the document.
  std::vector<pugi::xml_node> named(const std::string& name) && = delete;
  std::vector<pugi::xml_node> named(const std::string& name) const& {
    std::vector<pugi::xml_node> found;
    for (const pugi::xml_node& element : elements_) {
      if (element.name() == name) found.push_back(element);
    }
    return found;
  }

  /// The texts of the elements of this name, without line ends before elements within.
  std::vector<std::string> texts(const std::string& name) const {
    std::vector<std::string> texts;
    for (const pugi::xml_node& element : named(name)) {
      const std::string text = element.child_value();
      texts.push_back(text.substr(0, text.find_last_not_of('\n') + 1));
    }
    return texts;
  }

  /// The elements of this class.
  std::vector<pugi::xml_node> named_class(const std::string& name) && = delete;
  std::vector<pugi::xml_node> named_class(const std::string& name) const& {
    std::vector<pugi::xml_node> found;
    for (const pugi::xml_node& element : elements_) {
      if (element.attribute("class").value() == name) found.push_back(element);
    }
    return found;
  }

 private:
  std::unique_ptr<pugi::xml_document> document_;
  std::vector<pugi::xml_node> elements_;
};
