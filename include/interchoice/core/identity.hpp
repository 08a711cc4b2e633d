#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace interchoice {

/// The facts that something stands for: a network, a training, an evaluation, a folder of results.
/// Names and texts in the order in which they were set, each name once.
///
/// Things of equal identity may share files: a training goes on from a state, an evaluation adds to
/// a results file, a network takes a checkpoint's weights. `differences` says why others may not.
class Identity {
 public:
  using Fact = std::pair<std::string, std::string>;

  Identity() = default;
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

/// A line for every fact that differs: `policy is 'bias<1>' there, 'none' here`. Empty where the
/// two agree.
inline std::vector<std::string> differences(const Identity& there, const Identity& here) {
  std::vector<std::string> lines;
  const auto text = [](const std::string* fact) {
    return fact == nullptr ? std::string("missing") : fmt::format("'{}'", *fact);
  };
  const auto compare = [&](const std::string& name) {
    const std::string* const a = there.find(name);
    const std::string* const b = here.find(name);
    if (a == nullptr || b == nullptr ? a != b : *a != *b) {
      lines.push_back(fmt::format("{} is {} there, {} here", name, text(a), text(b)));
    }
  };
  for (const auto& [name, fact] : here) compare(name);
  for (const auto& [name, fact] : there) {
    if (here.find(name) == nullptr) compare(name);
  }
  return lines;
}

}  // namespace interchoice
