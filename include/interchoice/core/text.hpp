#pragma once

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/detail/joined.hpp"
#include "interchoice/core/shown.hpp"
#include "interchoice/core/text_formatter.hpp"

namespace interchoice {

namespace detail {

// A space may spell its architectures itself, as the cell spaces do.
template <class Space>
concept SpellsArchitectures =
    requires(std::span<const std::uint8_t, Space::choice_count> candidates, std::string_view text) {
  { Space::to_text(candidates) } -> std::same_as<std::string>;
  { Space::from_text(text) } -> std::same_as<std::array<std::uint8_t, Space::choice_count>>;
};

}  // namespace detail

/// The text form of an architecture: the space's own spelling (NAS-Bench-201:
/// `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`), otherwise the candidates' indices, `3-0-1`.
template <SearchSpace Space>
std::string to_text(const Architecture<Space>& architecture) {
  if constexpr (detail::SpellsArchitectures<Space>) {
    return Space::to_text(architecture.candidates());
  } else {
    return detail::joined(architecture.candidates(), "-");
  }
}

/// The architecture of a text form; the inverse of `to_text`.
/// *Throws* std::invalid_argument with the text and the place where it goes wrong.
template <SearchSpace Space>
Architecture<Space> from_text(std::string_view text) {
  if constexpr (detail::SpellsArchitectures<Space>) {
    return Architecture<Space>(Space::from_text(text));
  } else {
    std::array<std::uint8_t, Space::choice_count> candidates{};
    const char* at = text.data();
    const char* const end = at + text.size();
    const auto fail = [&](const std::string& reason) {
      throw std::invalid_argument(fmt::format("interchoice: architecture text {}, place {}: {}",
                                              shown(text, 200), at - text.data(), reason));
    };
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      if (choice > 0) {
        if (at == end || *at != '-') fail(fmt::format("expected '-' before choice {}", choice));
        ++at;
      }
      const auto [next, error] = std::from_chars(at, end, candidates[choice]);
      const bool has_leading_zero = next - at > 1 && *at == '0';  // one text an architecture
      if (error != std::errc() || has_leading_zero ||
          candidates[choice] >= Space::candidate_count(choice)) {
        fail(fmt::format("choice {} needs a candidate from 0 to {}", choice,
                         Space::candidate_count(choice) - 1));
      }
      at = next;
    }
    if (at != end) fail("text goes on after the last choice");
    return Architecture<Space>(candidates);
  }
}

}  // namespace interchoice

/// Formats an architecture as its `to_text`.
template <interchoice::SearchSpace Space>
struct fmt::formatter<interchoice::Architecture<Space>> : interchoice::TextFormatter {};
