#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace interchoice {

/// The kind of a candidate, so that restrictions such as `no_zero` can be written for any space.
enum class CandidateKind : std::uint8_t { kOther, kZero, kSkip, kPooling, kConvolution };

namespace detail {

template <class Op>
concept HasStaticName = requires {
  { Op::name } -> std::convertible_to<std::string_view>;
  { &Op::name } -> std::convertible_to<const void*>;
};

}  // namespace detail

/// A candidate operation of a choice: a type with a name.
///
/// Satisfied by any type with `static constexpr std::string_view name`. An optional
/// `static constexpr CandidateKind kind` lets restrictions find it; its computation is declared
/// above the torch line (see `nn/operation.hpp`), so that spaces can be used without torch.
template <class Op>
concept Candidate = detail::HasStaticName<Op> && requires {
  typename std::integral_constant<std::size_t, std::string_view(Op::name).size()>;  // constexpr
};

/// The kind that a candidate declares; `kOther` if it declares none.
template <Candidate Op>
constexpr CandidateKind candidate_kind() {
  if constexpr (requires {
                  { Op::kind } -> std::convertible_to<CandidateKind>;
                }) {
    return Op::kind;
  } else {
    return CandidateKind::kOther;
  }
}

namespace detail {

// One check an element: a failed constraint on a pack would not say which candidate is meant.
template <class Op>
struct CheckedCandidate {
  static_assert(Candidate<Op>,
                "interchoice: a candidate operation needs `static constexpr std::string_view "
                "name`; add it to the type named above");
  static constexpr bool value = true;
};

}  // namespace detail

/// The candidates of one choice, in the order of their indices.
template <class... Ops>
struct Candidates {
  static_assert(sizeof...(Ops) >= 1 && sizeof...(Ops) <= 255,
                "interchoice: a choice needs 1 to 255 candidates; change the number of types in "
                "interchoice::Candidates<...>");
  static_assert((detail::CheckedCandidate<Ops>::value && ...));

  static constexpr std::size_t count = sizeof...(Ops);
  static constexpr std::array<std::string_view, count> names{std::string_view(Ops::name)...};
  static constexpr std::array<CandidateKind, count> kinds{candidate_kind<Ops>()...};

  /// Calls `visit.operator()<Op>()` for each candidate, in order; the choice is for spaces, in
  /// whose place such a list can stand.
  template <class Visitor>
  static constexpr void for_each_candidate(std::size_t, Visitor&& visit) {
    (visit.template operator()<Ops>(), ...);
  }

  /// Whether no two candidates have one name, as every choice needs.
  static constexpr bool names_are_distinct() { return distinct_; }

 private:
  // By digests: comparing 255 names pair by pair takes more steps than clang allows a constant.
  static constexpr bool distinct_ = [] {
    std::array<std::uint64_t, count> digests{};
    for (std::size_t i = 0; i < count; ++i) {
      for (const char letter : names[i]) {
        digests[i] = digests[i] * 1099511628211ULL + static_cast<unsigned char>(letter) + 1;
      }
      for (std::size_t j = 0; j < i; ++j) {
        if (digests[i] == digests[j] && names[i] == names[j]) return false;
      }
    }
    return true;
  }();
};

}  // namespace interchoice
