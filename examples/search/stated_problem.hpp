#pragma once

// A search problem as a command line states it, over what is known about architectures.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "examples/search/architecture_facts.hpp"
#include "examples/search/option_texts.hpp"
#include "examples/search/search_options.hpp"
#include "interchoice/search/problem.hpp"

namespace examples {

namespace ic = interchoice;

/// An objective; a column that it names is known from then on.
template <class AnyNetwork>
ic::Objective<typename AnyNetwork::Space> stated_objective(ArchitectureFacts<AnyNetwork>& known,
                                                           const std::string& text) {
  using Space = typename AnyNetwork::Space;
  if (text == "parameters" || text == "macs") {
    return ic::minimise<Space>(text, known.number(text));
  }
  if (text == "supernet") return ic::maximise<Space>(text, known.number(text));
  const std::string form =
      "parameters, macs, supernet, NAME=FILE:COLUMN:max or NAME=FILE:COLUMN:min for --objective";
  if (text.find('=') == std::string::npos) throw UsageError("'" + text + "': write " + form);
  const auto [name, rest] = cut_first(text);
  const auto [place, direction] = cut_last(rest, ':', form);
  if (direction != "max" && direction != "min") throw UsageError("'" + text + "': write " + form);
  known.add_column(name, place);
  return direction == "max" ? ic::maximise<Space>(name, known.number(name))
                            : ic::minimise<Space>(name, known.number(name));
}

/// The problem. What has no value in a partial table is infeasible.
template <class AnyNetwork>
ic::SearchProblem<typename AnyNetwork::Space> stated_problem(const ProblemOptions& options,
                                                             ArchitectureFacts<AnyNetwork>& known) {
  using Space = typename AnyNetwork::Space;
  using Path = ic::Architecture<Space>;
  ic::SearchProblem<Space> problem{.restriction = known.restriction()};
  for (const std::string& text : options.objectives) {
    problem.objectives.push_back(stated_objective(known, text));
  }
  for (const std::string& text : options.values) {
    const auto [name, place] = cut_first(text);
    known.add_column(name, place);
  }
  for (const std::string& name : known.partial()) {
    problem.constraints.push_back(ic::must_satisfy<Space>("has " + name, known.has(name)));
  }
  const auto guarded = [&](const std::string& name, double limit) {
    return [value = known.number(name), has = known.has(name), limit](const Path& a) {
      return has(a) ? value(a) : limit;  // what has no value is refused as that
    };
  };
  const auto add_limit = [&](const std::string& name, ic::Constraint<Space> limit) {
    limit.uses_prepared = name == "supernet";
    problem.constraints.push_back(std::move(limit));
  };
  for (const std::string& text : options.at_most) {
    const auto [name, limit] = name_and_number(text);
    add_limit(name, ic::at_most<Space>(name, guarded(name, limit), limit));
  }
  for (const std::string& text : options.at_least) {
    const auto [name, limit] = name_and_number(text);
    add_limit(name, ic::at_least<Space>(name, guarded(name, limit), limit));
  }
  return problem;
}

}  // namespace examples
