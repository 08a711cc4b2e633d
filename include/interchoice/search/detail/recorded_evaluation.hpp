#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "interchoice/core/text.hpp"
#include "interchoice/search/history.hpp"
#include "interchoice/search/problem.hpp"

namespace interchoice::detail {

/// Evaluates each architecture once, in the order of the first requests, and takes what a given
/// history holds from there.
template <SearchSpace Space>
class RecordedEvaluation {
 public:
  RecordedEvaluation(const SearchProblem<Space>& problem, SearchHistory<Space> given,
                     std::optional<std::size_t> max_evaluations,
                     const SearchObserver<Space>& observer)
      : problem_(problem),
        given_(std::move(given)),
        max_evaluations_(max_evaluations),
        observer_(observer) {
    check_problem(problem);
  }

  /// The index of an architecture in the history; nothing once the search has to stop.
  std::optional<std::size_t> operator()(const Architecture<Space>& architecture) {
    if (stopped_) return std::nullopt;
    const std::size_t index = history_.size();
    const auto known = indices_.find(architecture);
    if (known != indices_.end()) return known->second;
    if (!problem_.restriction.allows(architecture)) {
      throw std::invalid_argument(fmt::format(
          "interchoice: a search has drawn '{}', which the problem's restriction does not allow; "
          "give a distribution or a change that obeys the restriction",
          to_text(architecture)));
    }
    stopped_ = max_evaluations_ && index >= *max_evaluations_;
    if (stopped_) return std::nullopt;
    if (index < given_.size()) {
      check_given(architecture, index);
      history_.push_back(given_[index]);
    } else {
      history_.push_back(evaluate(problem_, architecture));
      stopped_ = observer_ && !observer_(history_);
    }
    indices_.emplace(architecture, index);
    return index;
  }

  /// Has the problem prepare those of these that are to be evaluated; the search asks for all of
  /// them next, in this order.
  void prepare(const std::vector<Architecture<Space>>& asked) {
    if (!problem_.prepare || stopped_) return;
    std::vector<Architecture<Space>> fresh;
    std::unordered_set<Architecture<Space>> seen;
    std::size_t index = history_.size();
    for (const Architecture<Space>& architecture : asked) {
      if (indices_.contains(architecture) || !seen.insert(architecture).second) continue;
      if (max_evaluations_ && index >= *max_evaluations_) break;
      if (index++ < given_.size() || !problem_.restriction.allows(architecture)) continue;
      if (!is_excluded(architecture)) fresh.push_back(architecture);
    }
    if (!fresh.empty()) problem_.prepare(fresh);
  }

  const EvaluatedArchitecture<Space>& operator[](std::size_t index) const {
    return history_[index];
  }

  SearchHistory<Space> take_history() { return std::move(history_); }

 private:
  // Whether a constraint that needs nothing prepared is violated.
  bool is_excluded(const Architecture<Space>& architecture) const {
    return std::ranges::any_of(problem_.constraints, [&](const Constraint<Space>& constraint) {
      return !constraint.uses_prepared && violation_of(constraint, architecture) > 0;
    });
  }

  void check_given(const Architecture<Space>& architecture, std::size_t index) const {
    const EvaluatedArchitecture<Space>& entry = given_[index];
    const std::size_t objectives = entry.is_feasible() ? problem_.objectives.size() : 0;
    if (entry.architecture == architecture && entry.objectives.size() == objectives) return;
    throw std::invalid_argument(fmt::format(
        "interchoice: a search goes on from a history of another one: entry {} is '{}' with {} "
        "objectives, this search evaluates '{}' with {} there; give the same seed, options and "
        "problem, or no history",
        index, to_text(entry.architecture), entry.objectives.size(), to_text(architecture),
        objectives));
  }

  const SearchProblem<Space>& problem_;
  SearchHistory<Space> given_;
  std::optional<std::size_t> max_evaluations_;
  const SearchObserver<Space>& observer_;
  SearchHistory<Space> history_;
  std::unordered_map<Architecture<Space>, std::size_t> indices_;
  bool stopped_ = false;
};

}  // namespace interchoice::detail
