#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "interchoice/dependency/context.hpp"

namespace interchoice {

/// An architecture's selection at one location: the candidate, and the row of a dependent table.
class Selection {
 public:
  Selection(const Context& context, std::span<const std::uint8_t> architecture)
      : context_(&context), architecture_(architecture) {}

  /// The own candidate c.
  std::size_t candidate() const { return context_->candidate_of(architecture_); }
  /// The candidate of a prior; 0 is the nearest.
  std::size_t prior(std::size_t i) const { return architecture_[context_->prior(i).choice]; }
  /// The combination of the priors' candidates, 0 to `context_count() - 1`.
  std::size_t context() const { return context_->context_of(architecture_); }
  /// The row of a table [context_count, candidates].
  std::size_t row() const { return context_->row_of(architecture_); }
  /// All candidates of the architecture, one a choice.
  std::span<const std::uint8_t> architecture() const { return architecture_; }

 private:
  const Context* context_;
  std::span<const std::uint8_t> architecture_;
};

}  // namespace interchoice
