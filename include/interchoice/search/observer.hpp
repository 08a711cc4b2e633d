#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include "interchoice/search/history.hpp"
#include "interchoice/search/history_csv.hpp"
#include "interchoice/search/problem.hpp"

namespace interchoice {

/// Called after each architecture that was really evaluated (not for those of a given history);
/// false stops the search, which returns its history so far. May be empty.
template <SearchSpace Space>
using SearchObserver = std::function<bool(const SearchHistory<Space>&)>;

/// Writes the history to a file after every `every` evaluations, so that a search that is cut off
/// loses no more than these.
///
/// The file is rewritten as a whole. Write the last entries yourself when the search returns.
///
/// *Throws*: `std::invalid_argument` if `every` is 0; the observer as `write_history`.
template <SearchSpace Space>
SearchObserver<Space> store_history(std::filesystem::path path, SearchProblem<Space> problem,
                                    std::size_t every = 1) {
  if (every == 0) {
    throw std::invalid_argument("interchoice: store_history(" + path.string() +
                                "): every 0 evaluations; write after every 1 or more");
  }
  return [path = std::move(path), problem = std::move(problem),
          every](const SearchHistory<Space>& history) {
    if (history.size() % every == 0) write_history(path, problem, history);
    return true;
  };
}

}  // namespace interchoice
