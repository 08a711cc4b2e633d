#pragma once

#include <cstddef>
#include <string>
#include <utility>

namespace interchoice::detail {

/// The texts of all choices, `a,b | = | c`: "=" for one that equals the one before.
template <class TextOf>
std::string choice_lists(std::size_t choice_count, const TextOf& text_of) {
  std::string texts;
  std::string previous;
  for (std::size_t choice = 0; choice < choice_count; ++choice) {
    std::string text = text_of(choice);
    if (choice > 0) texts += " | ";
    texts += choice > 0 && text == previous ? "=" : text;
    previous = std::move(text);
  }
  return texts;
}

}  // namespace interchoice::detail
