#pragma once

#include <string>

namespace interchoice {

class BuiltOperation;

/// Runs in the place of a network's candidates, as `CapturedCandidates` do.
class CandidateSubstitute {
 public:
  CandidateSubstitute() = default;
  virtual ~CandidateSubstitute() = default;
  CandidateSubstitute(const CandidateSubstitute&) = delete;
  CandidateSubstitute& operator=(const CandidateSubstitute&) = delete;

  /// What is run when a bank is asked for this candidate of its own.
  virtual BuiltOperation& instead_of(BuiltOperation& candidate, const std::string& name) = 0;
};

}  // namespace interchoice
