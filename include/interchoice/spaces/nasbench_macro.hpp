#pragma once

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/shown.hpp"
#include "interchoice/spaces/chain.hpp"

namespace interchoice {

/// The candidates of NAS-Bench-Macro as names, with the benchmark's indices 0 to 2.
namespace nasbench_macro {

/// Index 0: y = x.
struct Identity {
  static constexpr std::string_view name = "identity";
  static constexpr CandidateKind kind = CandidateKind::kSkip;
};
/// Index 1: kernel 3, expansion 3.
struct Block3x3 {
  static constexpr std::string_view name = "k3e3";
  static constexpr CandidateKind kind = CandidateKind::kConvolution;
};
/// Index 2: kernel 5, expansion 6.
struct Block5x5 {
  static constexpr std::string_view name = "k5e6";
  static constexpr CandidateKind kind = CandidateKind::kConvolution;
};

/// The candidates of each choice.
using LayerCandidates = Candidates<Identity, Block3x3, Block5x5>;

/// Choices of each stage; the first of a stage doubles the channels and halves the map.
inline constexpr std::array<std::size_t, 3> kChoicesPerStage{2, 3, 3};

}  // namespace nasbench_macro

/// The NAS-Bench-Macro space: eight choices of identity, k3e3, k5e6; 6,561 architectures. Text
/// form: the benchmark's eight digits, `02110012`.
///
/// *Source*: Su et al., Prioritized Architecture Sampling with Monte-Carlo Tree Search (CVPR 2021).
struct NasBenchMacroSpace : Chain<8, nasbench_macro::LayerCandidates> {
  static constexpr std::string_view name = "nasbench-macro";

  static std::string to_text(std::span<const std::uint8_t, choice_count> candidates) {
    std::string text;
    for (const std::uint8_t c : candidates) text += static_cast<char>('0' + c);
    return text;
  }

  /// *Throws* std::invalid_argument.
  static std::array<std::uint8_t, choice_count> from_text(std::string_view text) {
    std::array<std::uint8_t, choice_count> candidates{};
    bool valid = text.size() == choice_count;
    for (std::size_t i = 0; valid && i < choice_count; ++i) {
      valid = text[i] >= '0' && text[i] <= '2';
      candidates[i] = static_cast<std::uint8_t>(text[i] - '0');
    }
    if (!valid) {
      throw std::invalid_argument(fmt::format(
          "interchoice: architecture text {} needs eight digits from 0 to 2, such as 02110012",
          shown(text)));
    }
    return candidates;
  }
};

/// The architecture whose training the benchmark reports for this one.
///
/// Behind the first choice of a stage an identity does nothing, so the benchmark trained only the
/// network with the stage's identities at its end and gave all equal ones the same row. A
/// super-network does not know that: two such architectures can rank differently in it.
constexpr Architecture<NasBenchMacroSpace> trained_architecture(
    const Architecture<NasBenchMacroSpace>& architecture) {
  std::array<std::uint8_t, NasBenchMacroSpace::choice_count> trained{};  // identities
  std::size_t begin = 0;
  for (const std::size_t count : nasbench_macro::kChoicesPerStage) {
    trained[begin] = architecture[begin];
    std::size_t next = begin + 1;
    for (std::size_t i = begin + 1; i < begin + count; ++i) {
      if (architecture[i] != 0) trained[next++] = architecture[i];
    }
    begin += count;
  }
  return Architecture<NasBenchMacroSpace>(trained);
}

}  // namespace interchoice
