#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/core/shown.hpp"

namespace interchoice::detail {

[[noreturn]] inline void fail_json(const std::string& source, const std::string& place,
                                   const std::string& reason) {
  throw std::runtime_error(
      fmt::format("interchoice: {}: {} {}", source, place.empty() ? "it" : place, reason));
}

/// A handler of nlohmann's parser that refuses what its values would take without a word: members
/// of one name, and lists in lists without end, copies and texts of which need as much of the
/// stack.
///
/// A pass of its own: the parser's callback looks at all elements of a list at the end of each.
class JsonCheck {
 public:
  explicit JsonCheck(const std::string& source) : source_(source) {}

  bool null() { return true; }
  bool boolean(bool) { return true; }
  bool number_integer(std::int64_t) { return true; }
  bool number_unsigned(std::uint64_t) { return true; }
  bool number_float(double, const std::string&) { return true; }
  bool string(const std::string&) { return true; }
  bool binary(const std::vector<std::uint8_t>&) { return true; }
  bool start_object(std::size_t) { return open(); }
  bool start_array(std::size_t) { return open(); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(const std::string& name) {
    if (members_.back().insert(name).second) return true;
    fail_json(source_, "", fmt::format("has an object with two members {}; keep one", shown(name)));
  }
  /// Left to the parser of values.
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) {
    return false;
  }

 private:
  static constexpr std::size_t kMostNested = 32;

  bool open() {
    if (members_.size() == kMostNested) {
      fail_json(
          source_, "",
          fmt::format("nests lists and objects deeper than {}; nothing that is read here does",
                      kMostNested));
    }
    members_.emplace_back();
    return true;
  }
  bool close() {
    members_.pop_back();
    return true;
  }

  const std::string& source_;
  std::vector<std::set<std::string>> members_;  // of each list and object that is open
};

/// The value of a JSON text from anywhere.
inline nlohmann::json parse_json(std::string_view text, const std::string& source) {
  JsonCheck check(source);
  nlohmann::json::sax_parse(text, &check);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    fail_json(source, "", fmt::format("is not JSON: {}", shown(error.what(), 300)));
  }
}

/// A part of a JSON value that lives longer, with its place, which refuses values of other types
/// than asked for.
class JsonPart {
 public:
  JsonPart(const nlohmann::json& json, std::string source)
      : json_(&json), source_(std::move(source)) {}

  /// A member of an object.
  JsonPart operator[](const std::string& name) const {
    if (const auto member = find(name); member != json_->end()) return part(*member, name);
    fail(fmt::format("has no '{}'; write_report writes one", name));
  }

  /// The text of a member of an object; empty if there is no such member.
  std::string text_or_empty(const std::string& name) const {
    const auto member = find(name);
    return member == json_->end() ? std::string() : part(*member, name).text();
  }

  /// The elements of a list, which has no more than `most`.
  std::vector<JsonPart> elements(std::size_t most) const {
    require(json_->is_array(), "a list");
    if (json_->size() > most) {
      fail(fmt::format("has {} elements; at most {} are read", json_->size(), most));
    }
    std::vector<JsonPart> parts;
    for (const nlohmann::json& element : *json_) {
      parts.push_back(part(element, fmt::format("{}", parts.size())));
    }
    return parts;
  }

  std::string text() const {
    require(json_->is_string(), "a text");
    return json_->get<std::string>();
  }

  bool truth_value() const {
    require(json_->is_boolean(), "true or false");
    return json_->get<bool>();
  }

  /// NaN where the file has null, as the writer's undefined numbers are.
  double number() const {
    if (json_->is_null()) return std::numeric_limits<double>::quiet_NaN();
    require(json_->is_number(), "a number or null");
    return json_->get<double>();
  }

  /// A whole number from `lowest` to `highest`.
  int whole(int lowest, int highest) const {
    require(json_->is_number_integer(), "a whole number");
    // Compared as a double: an int beyond its range would wrap around.
    const auto value = json_->get<double>();
    if (value < lowest || value > highest) {
      fail(fmt::format("is {}; a whole number from {} to {} must be here", json_->dump(), lowest,
                       highest));
    }
    return json_->get<int>();
  }

  [[noreturn]] void fail(const std::string& reason) const { fail_json(source_, place_, reason); }

 private:
  JsonPart(const nlohmann::json& json, std::string source, std::string place)
      : json_(&json), source_(std::move(source)), place_(std::move(place)) {}

  nlohmann::json::const_iterator find(const std::string& name) const {
    require(json_->is_object(), "an object");
    return json_->find(name);
  }

  JsonPart part(const nlohmann::json& json, const std::string& name) const {
    return {json, source_, fmt::format("{}/{}", place_, name)};
  }

  void require(bool fits, const char* wanted) const {
    if (!fits) fail(fmt::format("is of type {}; {} must be here", json_->type_name(), wanted));
  }

  const nlohmann::json* json_;
  std::string source_;
  std::string place_;  // `/predictors/0/label`; empty: the whole file
};

}  // namespace interchoice::detail
