#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/core/shown.hpp"

namespace interchoice {

/// The facts that something stands for: a network, a training, an evaluation, a folder of results.
/// Names and texts in the order in which they were set, each name once.
///
/// Things of equal identity may share files: a training goes on from a state, an evaluation adds to
/// a results file, a network takes a checkpoint's weights. `differences` says why others may not.
class Identity {
 public:
  /// A name and its text.
  using Fact = std::pair<std::string, std::string>;

  Identity() = default;
  /// These facts; of two with one name the last.
  Identity(std::initializer_list<Fact> facts) {
    for (const Fact& fact : facts) set(fact.first, fact.second);
  }

  bool empty() const { return facts_.empty(); }
  std::size_t size() const { return facts_.size(); }
  auto begin() const { return facts_.begin(); }
  auto end() const { return facts_.end(); }

  /// Sets a fact, or replaces the text of one that is there.
  void set(std::string_view name, std::string text) {
    const auto at = place(name);
    if (at == facts_.end()) {
      facts_.emplace_back(name, std::move(text));
    } else {
      facts_[static_cast<std::size_t>(at - facts_.begin())].second = std::move(text);
    }
  }

  /// Sets all facts of another identity.
  void set(const Identity& other) {
    for (const auto& [name, text] : other) set(name, text);
  }

  /// The text of a fact; null if there is none of the name.
  const std::string* find(std::string_view name) const {
    const auto at = place(name);
    return at == facts_.end() ? nullptr : &at->second;
  }

  /// Equal facts, in any order.
  friend bool operator==(const Identity& a, const Identity& b) {
    return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const Fact& fact) {
             const std::string* const other = b.find(fact.first);
             return other != nullptr && *other == fact.second;
           });
  }

 private:
  std::vector<Fact>::const_iterator place(std::string_view name) const {
    return std::find_if(facts_.begin(), facts_.end(),
                        [&](const Fact& fact) { return fact.first == name; });
  }

  std::vector<Fact> facts_;
};

namespace detail {

/// The name of a fact, which has no quotes in messages.
inline std::string shown_name(const std::string& name) {
  const std::string text = shown(name);
  return text == fmt::format("'{}'", name) ? name : text;
}

/// The text of a fact of which another one is `other`: from shortly before the place where they
/// begin to differ, if that is far from the beginning.
inline std::string shown_fact(const std::string* fact, const std::string* other) {
  constexpr std::size_t kMost = 160;
  constexpr std::size_t kBefore = 40;
  if (fact == nullptr) return "missing";
  if (other == nullptr || fact->size() <= kMost) return shown(*fact, kMost);
  const auto [differs, ignored] =
      std::mismatch(fact->begin(), fact->end(), other->begin(), other->end());
  auto place = static_cast<std::size_t>(differs - fact->begin());
  if (place < kMost - kBefore) return shown(*fact, kMost);
  for (place -= kBefore; place > 0 && ((*fact)[place] & 0xc0) == 0x80;) --place;  // UTF-8
  return fmt::format("(from byte {}) {}", place,
                     shown(std::string_view(*fact).substr(place), kMost));
}

}  // namespace detail

/// A line for every fact that differs: `policy is 'bias<1>' there, 'none' here`. Empty where the
/// two agree. Long texts are cut to where they differ, and of many lines the last says how many
/// more there are.
inline std::vector<std::string> differences(const Identity& there, const Identity& here) {
  constexpr std::size_t kMost = 20;
  std::vector<std::string> lines;
  std::size_t count = 0;
  const auto compare = [&](const std::string& name) {
    const std::string* const a = there.find(name);
    const std::string* const b = here.find(name);
    if (a == nullptr || b == nullptr ? a == b : *a == *b) return;
    if (++count > kMost) return;
    lines.push_back(fmt::format("{} is {} there, {} here", detail::shown_name(name),
                                detail::shown_fact(a, b), detail::shown_fact(b, a)));
  };
  for (const auto& [name, fact] : here) compare(name);
  for (const auto& [name, fact] : there) {
    if (here.find(name) == nullptr) compare(name);
  }
  if (count > kMost) lines.push_back(fmt::format("{} more differ", count - kMost));
  return lines;
}

}  // namespace interchoice
