#pragma once

#include <cstddef>
#include <string>

#include "interchoice/core/restriction.hpp"

namespace interchoice::detail {

// The texts of all choices; "=" for one that equals the previous.
template <class TextOf>
std::string choice_texts(std::size_t choices, const TextOf& text_of) {
  std::string texts, previous;
  for (std::size_t choice = 0; choice < choices; ++choice) {
    std::string text = text_of(choice);
    if (choice > 0) texts += " | ";
    texts += choice > 0 && text == previous ? "=" : text;
    previous = std::move(text);
  }
  return texts;
}

// The name of the space and the names of the allowed candidates.
template <SearchSpace Space>
std::string restriction_text(const Restriction<Space>& restriction) {
  return std::string(Space::name) + ": " + choice_texts(Space::choice_count, [&](std::size_t i) {
           std::string names;
           for (const std::uint8_t c : restriction.candidates(i)) {
             names += (names.empty() ? "" : ",") + std::string(Space::candidate_name(i, c));
           }
           return names;
         });
}

}  // namespace interchoice::detail
