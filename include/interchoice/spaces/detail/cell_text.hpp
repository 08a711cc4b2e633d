#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "interchoice/core/shown.hpp"

namespace interchoice::detail {

/// Appends the text of one cell of `Cell`: `|op~0|+|op~0|op~1|`.
template <class Cell>
void append_cell_text(std::string& text, std::span<const std::uint8_t> candidates) {
  for (std::size_t choice = 0; choice < Cell::choice_count; ++choice) {
    const auto edge = Cell::edge(choice);
    if (edge.source == 0) text += edge.target == 1 ? "|" : "+|";
    text += fmt::format("{}~{}|", Cell::candidate_name(choice, candidates[choice]), edge.source);
  }
}

/// Reads such texts from left to right. *Throws* std::invalid_argument with text, place and reason.
class CellTextReader {
 public:
  explicit CellTextReader(std::string_view text) : text_(text) {}

  template <class Cell>
  void read_cell(std::span<std::uint8_t> candidates) {
    for (std::size_t choice = 0; choice < Cell::choice_count; ++choice) {
      const auto edge = Cell::edge(choice);
      if (edge.source == 0) expect(edge.target == 1 ? "|" : "+|");
      const std::string_view op = text_.substr(at_, text_.substr(at_).find('~'));
      const std::size_t count = Cell::candidate_count(choice);
      std::size_t c = 0;
      while (c < count && Cell::candidate_name(choice, c) != op) ++c;
      if (c == count) {
        std::string known;
        for (std::size_t k = 0; k < count; ++k) {
          known += fmt::format(" '{}'", Cell::candidate_name(choice, k));
        }
        fail(fmt::format("unknown operation {}; the candidates are{}", shown(op), known));
      }
      candidates[choice] = static_cast<std::uint8_t>(c);
      at_ += op.size();
      expect(fmt::format("~{}|", edge.source));
    }
  }

  void expect(std::string_view part) {
    if (text_.substr(at_, part.size()) != part) fail(fmt::format("expected '{}'", part));
    at_ += part.size();
  }
  void expect_end() const {
    if (at_ != text_.size()) fail("text goes on after the last edge");
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw std::invalid_argument(fmt::format("interchoice: architecture text {}, place {}: {}",
                                            shown(text_, 200), at_, reason));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace interchoice::detail
