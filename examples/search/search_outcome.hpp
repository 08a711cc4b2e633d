#pragma once

// The outcome of a search: the best, how good they are together, and a figure of them.

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "examples/search/option_texts.hpp"
#include "interchoice/core/enumeration.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/report/html.hpp"
#include "interchoice/report/number_text.hpp"
#include "interchoice/report/pareto_figure.hpp"
#include "interchoice/search/front.hpp"
#include "interchoice/search/hypervolume.hpp"
#include "interchoice/search/random_search.hpp"

namespace examples {

namespace ic = interchoice;

/// Every architecture evaluated, where they are few enough to look at; else nothing.
template <ic::SearchSpace Space>
ic::SearchHistory<Space> evaluate_all(const ic::SearchProblem<Space>& problem,
                                      std::uint64_t most = 100'000) {
  ic::SearchHistory<Space> everything;
  if (problem.restriction.architecture_count().value_or(UINT64_MAX) > most) return everything;
  for (const auto& architecture : ic::every_architecture(problem.restriction)) {
    everything.push_back(ic::evaluate(problem, architecture));
  }
  return everything;
}

/// The architectures of a front with their objectives, the first 20.
template <ic::SearchSpace Space>
void print_best(const ic::SearchProblem<Space>& problem, const ic::SearchHistory<Space>& best,
                const std::filesystem::path& file) {
  constexpr std::size_t kMost = 20;
  say("{} best", best.size());
  for (const auto& objective : problem.objectives) say("  {}", objective.name);
  say("\n");
  for (const auto& entry : std::span(best).first(std::min(kMost, best.size()))) {
    say("{}", entry.architecture);
    for (const double value : entry.objectives) say("  {:.10g}", value);
    say("\n");
  }
  if (best.size() > kMost) say("... all in {}\n", file.string());
}

/// A history with feasible architectures, beside all architectures where they are known.
template <ic::SearchSpace Space>
class SearchOutcome {
 public:
  using History = ic::SearchHistory<Space>;

  /// `everything` is empty where not all are known. The arguments must outlive it.
  SearchOutcome(const ic::SearchProblem<Space>& problem, const History& history,
                const History& everything)
      : problem_(problem), history_(history), everything_(everything) {}

  /// Prints the best of all for one objective, the hypervolume for two or three.
  void judge(const std::vector<std::string>& reference_texts, ic::Seed seed) const {
    const std::size_t count = problem_.objectives.size();
    if (count == 1) {
      if (everything_.empty()) return;
      say("the best of all: {:.10g}\n", ic::best_of(problem_, everything_)[0].objectives[0]);
      return;
    }
    if (count > 3) return;
    const ic::CostPoint corner = reference(reference_texts);
    const auto volume = [&](const History& some) {
      return ic::hypervolume(ic::feasible_costs(problem_, some), corner);
    };
    say("hypervolume {:.8g} with the reference", volume(history_));
    for (std::size_t m = 0; m < count; ++m) {
      say(" {}={:.10g}", problem_.objectives[m].name, problem_.objectives[m].cost(corner[m]));
    }
    say("\n");
    if (everything_.empty()) return;
    const History drawn = ic::random_search(problem_, {seed, history_.size()});
    const double all = volume(everything_);
    say("of all {} architectures: {:.8g}; fraction found {:.4f}, by random search {:.4f}\n",
        everything_.size(), all, volume(history_) / all, volume(drawn) / all);
  }

  /// Shows the first two objectives in `pareto.html`, and as Vega-Lite beside it.
  void draw(const std::filesystem::path& folder, const std::string& algorithm) const {
    ic::figures::ParetoFigure figure;
    figure.description = "All that the search evaluated, and the non-dominated architectures.";
    figure.x_title = problem_.objectives[1].name;
    figure.y_title = problem_.objectives[0].name;
    figure.x_direction = problem_.objectives[1].direction;
    figure.y_direction = problem_.objectives[0].direction;
    figure.sets.push_back(pareto_set(
        algorithm + ", " + ic::figures::count_text(history_.size()) + " evaluations", history_));
    if (!everything_.empty()) {
      figure.sets.push_back(pareto_set(
          "the best of all " + ic::figures::count_text(everything_.size()), everything_));
      figure.sets.back().has_points = false;
    }
    const auto json = ic::figures::pareto_specification(figure);
    ic::figures::HtmlPage page("What the search found");
    page.figure("pareto", json,
                "Points that are much worse than what is shown lie outside: Ctrl and wheel zoom.");
    ic::write_file_atomically(folder / "pareto.vl.json", ic::figures::specification_text(json));
    ic::write_file_atomically(folder / "pareto.html", std::move(page).finish());
    say("{}\n", (folder / "pareto.html").string());
  }

 private:
  // The worst of everything that is known, or what is given as NAME=NUMBER.
  ic::CostPoint reference(const std::vector<std::string>& texts) const {
    const auto points = ic::feasible_costs(problem_, everything_.empty() ? history_ : everything_);
    ic::CostPoint point = points.at(0);
    for (const ic::CostPoint& costs : points) {
      for (std::size_t m = 0; m < point.size(); ++m) point[m] = std::max(point[m], costs[m]);
    }
    for (const std::string& text : texts) {
      const auto [name, value] = name_and_number(text);
      bool found = false;
      for (std::size_t m = 0; m < point.size(); ++m) {
        if (problem_.objectives[m].name != name) continue;
        point[m] = problem_.objectives[m].cost(value);
        found = true;
      }
      if (!found) throw UsageError("--reference " + text + ": there is no such objective");
    }
    return point;
  }

  static ic::figures::ParetoSet pareto_set(const std::string& label, const History& history) {
    ic::figures::ParetoSet set;
    set.label = label;
    for (const auto& entry : history) {
      if (!entry.is_feasible()) continue;
      set.x.push_back(entry.objectives[1]);
      set.y.push_back(entry.objectives[0]);
      set.names.push_back(ic::to_text(entry.architecture));
    }
    return set;
  }

  const ic::SearchProblem<Space>& problem_;
  const History& history_;
  const History& everything_;
};

}  // namespace examples
