#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

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

  /// The place of an architecture in the history; nothing once the search has to stop.
  std::optional<std::size_t> operator()(const Architecture<Space>& architecture) {
    if (stopped_) return std::nullopt;
    const std::size_t place = history_.size();
    const auto known = places_.find(architecture);
    if (known != places_.end()) return known->second;
    stopped_ = max_evaluations_ && place >= *max_evaluations_;
    if (stopped_) return std::nullopt;
    if (place < given_.size()) {
      check_given(architecture, place);
      history_.push_back(given_[place]);
    } else {
      history_.push_back(evaluate(problem_, architecture));
      stopped_ = observer_ && !observer_(history_);
    }
    places_.emplace(architecture, place);
    return place;
  }

  const EvaluatedArchitecture<Space>& operator[](std::size_t place) const {
    return history_[place];
  }

  SearchHistory<Space> take_history() { return std::move(history_); }

 private:
  void check_given(const Architecture<Space>& architecture, std::size_t place) const {
    const EvaluatedArchitecture<Space>& entry = given_[place];
    const std::size_t objectives = entry.is_feasible() ? problem_.objectives.size() : 0;
    if (entry.architecture == architecture && entry.objectives.size() == objectives) return;
    throw std::invalid_argument(fmt::format(
        "interchoice: a search goes on from a history of another one: entry {} is '{}' with {} "
        "objectives, this search evaluates '{}' with {} there; give the same seed, options and "
        "problem, or no history",
        place, to_text(entry.architecture), entry.objectives.size(), to_text(architecture),
        objectives));
  }

  const SearchProblem<Space>& problem_;
  SearchHistory<Space> given_;
  std::optional<std::size_t> max_evaluations_;
  const SearchObserver<Space>& observer_;
  SearchHistory<Space> history_;
  std::unordered_map<Architecture<Space>, std::size_t> places_;
  bool stopped_ = false;
};

}  // namespace interchoice::detail
