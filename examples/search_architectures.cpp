// Searches a space for the best architectures by what is known about each of them: columns of CSV
// tables, parameters, MACs.
//
//   search_architectures --space nasbench201 --table nasbench201.csv:index
//       --objective accuracy=nasbench201.csv:c10_test_200:max
//       --objective latency=hw_nas_bench_cifar10.csv:edgegpu_latency:min
//       --at-most parameters=400000 --evaluations 500 --out search
//
// OUT/history.csv has everything that was evaluated, OUT/front.csv the best compromises,
// OUT/pareto.svg both, for the first two objectives. The same command goes on where it stopped.
// Where every architecture can be looked at, the result is compared with the best of all.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "examples/command_line.hpp"
#include "interchoice/core/enumeration.hpp"
#include "interchoice/evaluation/table_coverage.hpp"
#include "interchoice/evaluation/tabular_benchmark.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/nasbench_macro.hpp"
#include "interchoice/report/pareto_figure.hpp"
#include "interchoice/search/front.hpp"
#include "interchoice/search/hypervolume.hpp"
#include "interchoice/search/nsga2.hpp"
#include "interchoice/search/random_search.hpp"
#include "interchoice/search/regularised_evolution.hpp"

namespace {

namespace ic = interchoice;
using examples::UsageError;

struct Options {
  std::string space = "nasbench201";
  std::string restriction = "all";
  std::string table;
  std::vector<std::string> objectives;
  std::vector<std::string> values;
  std::vector<std::string> at_most;
  std::vector<std::string> at_least;
  std::vector<std::string> missing;
  bool partial_tables = false;
  std::string algorithm = "nsga2";
  std::size_t evaluations = 500;
  std::uint32_t population = 50;
  std::uint64_t seed = 0;
  std::vector<std::string> reference;
  std::string out = "search";
};

/// Spaces with more architectures than this are not looked at as a whole.
constexpr std::uint64_t kMostArchitectures = 100'000;

/// "a:b:c" at its last colon; the file of a table may have colons itself.
std::pair<std::string, std::string> cut_last(const std::string& text, char at,
                                             const std::string& form) {
  const auto place = text.rfind(at);
  if (place == std::string::npos || place == 0 || place + 1 == text.size()) {
    throw UsageError("'" + text + "': write " + form);
  }
  return {text.substr(0, place), text.substr(place + 1)};
}

std::pair<std::string, double> name_and_number(const std::string& text) {
  const auto [name, number] = cut_last(text, '=', "NAME=NUMBER");
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(number, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used != number.size()) throw UsageError("'" + text + "': write NAME=NUMBER");
  return {name, value};
}

/// What is known about architectures: names to numbers.
template <class AnyNetwork>
class Knowledge {
 public:
  using Space = typename AnyNetwork::Space;
  using Path = ic::Architecture<Space>;
  using Value = std::function<double(const Path&)>;

  Knowledge(const Options& options, const ic::Restriction<Space>& restriction)
      : options_(options), restriction_(restriction) {
    numbers_["parameters"] = [](const Path& a) { return double(AnyNetwork::cost(a).parameters); };
    numbers_["macs"] = [](const Path& a) { return double(AnyNetwork::cost(a).macs); };
  }

  /// FILE:COLUMN under a name.
  void add(const std::string& name, const std::string& text) {
    const auto [file, column] = cut_last(text, ':', "FILE:COLUMN");
    if (numbers_.contains(name)) throw UsageError("'" + name + "' is there already; rename it");
    const auto table = std::make_shared<ic::BenchmarkTable<Space>>(
        benchmark(file).column(column, {.missing = options_.missing}));
    if (!options_.partial_tables) ic::require_complete(*table, restriction_);
    numbers_[name] = [table](const Path& a) { return table->value(a); };
    tables_[name] = table;
  }

  const Value& number(const std::string& name) const {
    const auto found = numbers_.find(name);
    if (found == numbers_.end()) {
      throw UsageError("nothing is known as '" + name + "'; name an objective, a --value, " +
                       "parameters or macs");
    }
    return found->second;
  }

  /// Whether a name has a value for an architecture: a partial table lacks some.
  std::function<bool(const Path&)> has(const std::string& name) const {
    const auto found = tables_.find(name);
    if (found == tables_.end()) return [](const Path&) { return true; };
    return [table = found->second](const Path& a) { return table->contains(a); };
  }

  /// Names of which there may be no value.
  std::vector<std::string> partial() const {
    std::vector<std::string> names;
    for (const auto& [name, table] : tables_) {
      if (options_.partial_tables) names.push_back(name);
    }
    return names;
  }

 private:
  // A file with an `arch` column, or one that is joined to --table by the column named there.
  const ic::TabularBenchmark<Space>& benchmark(const std::string& file) {
    const auto known = benchmarks_.find(file);
    if (known != benchmarks_.end()) return known->second;
    ic::CsvTable csv = ic::CsvTable::read(file);
    const auto& columns = csv.columns();
    if (std::find(columns.begin(), columns.end(), "arch") != columns.end()) {
      return benchmarks_.emplace(file, ic::TabularBenchmark<Space>::from_csv(std::move(csv), file))
          .first->second;
    }
    if (options_.table.empty()) {
      throw UsageError(file +
                       " has no column 'arch'; name a table that has one, and the column "
                       "that both have, by --table FILE:COLUMN");
    }
    const auto [with_architectures, key] = cut_last(options_.table, ':', "FILE:COLUMN");
    auto joined = ic::TabularBenchmark<Space>::read(with_architectures);
    joined.join(std::move(csv), file, {.key = key, .may_lack_rows = options_.partial_tables});
    return benchmarks_.emplace(file, std::move(joined)).first->second;
  }

  const Options& options_;
  ic::Restriction<Space> restriction_;
  std::map<std::string, ic::TabularBenchmark<Space>> benchmarks_;
  std::map<std::string, std::shared_ptr<ic::BenchmarkTable<Space>>> tables_;
  std::map<std::string, Value> numbers_;
};

template <class AnyNetwork>
class Search {
 public:
  using Space = typename AnyNetwork::Space;
  using Path = ic::Architecture<Space>;
  using History = ic::SearchHistory<Space>;

  explicit Search(const Options& options) : options_(options) {
    problem_.restriction = options.restriction == "all"       ? ic::all<Space>
                           : options.restriction == "no_zero" ? ic::no_zero<Space>
                                                              : ic::only_convolutions<Space>;
    Knowledge<AnyNetwork> known(options, problem_.restriction);
    for (const std::string& text : options.objectives) add_objective(known, text);
    for (const std::string& text : options.values) {
      const auto [name, place] = cut_first(text);
      known.add(name, place);
    }
    for (const std::string& name : known.partial()) {
      problem_.constraints.push_back(ic::require<Space>("has " + name, known.has(name)));
    }
    const auto guarded = [&](const std::string& name, double limit) {
      return [value = known.number(name), has = known.has(name), limit](const Path& a) {
        return has(a) ? value(a) : limit;  // what has no value is refused as that
      };
    };
    for (const std::string& text : options.at_most) {
      const auto [name, limit] = name_and_number(text);
      problem_.constraints.push_back(ic::at_most<Space>(name, guarded(name, limit), limit));
    }
    for (const std::string& text : options.at_least) {
      const auto [name, limit] = name_and_number(text);
      problem_.constraints.push_back(ic::at_least<Space>(name, guarded(name, limit), limit));
    }
  }

  void run() {
    const std::filesystem::path folder = options_.out;
    std::filesystem::create_directories(folder);
    const auto file = folder / "history.csv";
    History history;
    if (std::filesystem::exists(file)) {
      history = ic::read_history(file, problem_);
      for (const auto& entry : history) require_same(file, entry);
      std::printf("%s: going on after %zu evaluations\n", file.c_str(), history.size());
    }
    history = search(std::move(history), ic::store_history(file, problem_, 50));
    ic::write_history(file, problem_, history);
    const History best = ic::best_of(problem_, history);
    ic::write_history(folder / "front.csv", problem_, best);
    print(best);
    const std::uint64_t size = problem_.restriction.architecture_count();
    const bool looks_at_all = size != 0 && size <= kMostArchitectures;
    const History everything =
        looks_at_all ? ic::random_search(problem_, {.evaluations = size}) : History{};
    std::printf("%zu evaluations, %zu feasible\n", history.size(), feasible(history));
    if (feasible(history) == 0) return;
    judge(history, everything);
    if (problem_.objectives.size() > 1) draw(folder / "pareto.svg", history, everything);
  }

 private:
  static std::pair<std::string, std::string> cut_first(const std::string& text) {
    const auto place = text.find('=');
    if (place == std::string::npos || place == 0) {
      throw UsageError("'" + text + "': write NAME=FILE:COLUMN");
    }
    return {text.substr(0, place), text.substr(place + 1)};
  }

  void add_objective(Knowledge<AnyNetwork>& known, const std::string& text) {
    if (text == "parameters" || text == "macs") {
      problem_.objectives.push_back(ic::minimise<Space>(text, known.number(text)));
      return;
    }
    const std::string form =
        "parameters, macs, NAME=FILE:COLUMN:max or NAME=FILE:COLUMN:min for --objective";
    if (text.find('=') == std::string::npos) throw UsageError("'" + text + "': write " + form);
    const auto [name, rest] = cut_first(text);
    const auto [place, direction] = cut_last(rest, ':', form);
    if (direction != "max" && direction != "min") throw UsageError("'" + text + "': write " + form);
    known.add(name, place);
    problem_.objectives.push_back(direction == "max"
                                      ? ic::maximise<Space>(name, known.number(name))
                                      : ic::minimise<Space>(name, known.number(name)));
  }

  void require_same(const std::filesystem::path& file,
                    const ic::EvaluatedArchitecture<Space>& entry) const {
    if (ic::evaluate(problem_, entry.architecture) == entry) return;
    throw std::runtime_error(file.string() + " has other values of '" +
                             ic::to_text(entry.architecture) +
                             "' than the tables and limits of this command give; give another "
                             "--out, or remove the file");
  }

  History search(History history, const ic::SearchObserver<Space>& observer) const {
    const ic::Seed seed{options_.seed};
    if (options_.algorithm == "random") {
      return ic::random_search(problem_, {seed, options_.evaluations}, std::move(history),
                               observer);
    }
    // As many children as it takes: those that were there before are free.
    const auto children = static_cast<std::uint32_t>(20 * options_.evaluations);
    if (options_.algorithm == "evolution") {
      return ic::regularised_evolution(problem_,
                                       {.seed = seed,
                                        .population = options_.population,
                                        .sample = std::max(2u, options_.population / 5),
                                        .children = children,
                                        .max_evaluations = options_.evaluations},
                                       std::move(history), observer);
    }
    return ic::nsga2(problem_,
                     {.seed = seed,
                      .population = options_.population,
                      .generations = children / options_.population + 1,
                      .max_evaluations = options_.evaluations},
                     std::move(history), observer);
  }

  std::size_t feasible(const History& history) const {
    return ic::feasible_costs(problem_, history).size();
  }

  void print(const History& best) const {
    constexpr std::size_t kMost = 20;
    std::printf("%zu best", best.size());
    for (const auto& objective : problem_.objectives) std::printf("  %s", objective.name.c_str());
    std::printf("\n");
    for (std::size_t i = 0; i < std::min(kMost, best.size()); ++i) {
      std::printf("%s", ic::to_text(best[i].architecture).c_str());
      for (const double value : best[i].objectives) std::printf("  %.10g", value);
      std::printf("\n");
    }
    if (best.size() > kMost) std::printf("... all in %s/front.csv\n", options_.out.c_str());
  }

  // The worst of everything that is known, or what --reference says.
  ic::CostPoint reference(const History& known) const {
    ic::CostPoint point = ic::feasible_costs(problem_, known).at(0);
    for (const ic::CostPoint& costs : ic::feasible_costs(problem_, known)) {
      for (std::size_t m = 0; m < point.size(); ++m) point[m] = std::max(point[m], costs[m]);
    }
    for (const std::string& text : options_.reference) {
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

  void judge(const History& history, const History& everything) const {
    const std::size_t count = problem_.objectives.size();
    if (count == 1) {
      if (everything.empty()) return;
      std::printf("the best of all: %.10g\n", ic::best_of(problem_, everything)[0].objectives[0]);
      return;
    }
    if (count > 3) return;
    const ic::CostPoint corner = reference(everything.empty() ? history : everything);
    const auto volume = [&](const History& some) {
      return ic::hypervolume(ic::feasible_costs(problem_, some), corner);
    };
    std::printf("hypervolume %.8g with the reference", volume(history));
    for (std::size_t m = 0; m < count; ++m) {
      std::printf(" %s=%.10g", problem_.objectives[m].name.c_str(),
                  problem_.objectives[m].cost(corner[m]));
    }
    std::printf("\n");
    if (everything.empty()) return;
    const History drawn = ic::random_search(problem_, {ic::Seed{options_.seed}, history.size()});
    const double all = volume(everything);
    std::printf("of all %zu architectures: %.8g; share found %.4f, by random search %.4f\n",
                everything.size(), all, volume(history) / all, volume(drawn) / all);
  }

  ic::figures::ParetoSet pareto_set(const std::string& label, const History& history) const {
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

  void draw(const std::filesystem::path& file, const History& history,
            const History& everything) const {
    ic::figures::ParetoFigure figure;
    figure.description = "What the search evaluated, and the best compromises.";
    figure.x_title = problem_.objectives[1].name;
    figure.y_title = problem_.objectives[0].name;
    figure.x_direction = problem_.objectives[1].direction;
    figure.y_direction = problem_.objectives[0].direction;
    figure.sets.push_back(pareto_set(
        options_.algorithm + ", " + ic::figures::count_text(history.size()) + " evaluations",
        history));
    figure.sets.back().style = ic::figures::series_style(0);
    if (!everything.empty()) {
      figure.sets.push_back(
          pareto_set("the best of all " + ic::figures::count_text(everything.size()), everything));
      figure.sets.back().style = ic::figures::bound_style();
      figure.sets.back().has_points = false;
    }
    ic::write_file_atomically(file, ic::figures::to_svg(figure));
    std::printf("%s\n", file.c_str());
  }

  const Options& options_;
  ic::SearchProblem<Space> problem_;
};

void run(const Options& options) {
  if (options.algorithm == "evolution" && options.objectives.size() > 1) {
    throw UsageError("--algorithm evolution has one --objective; make the others limits");
  }
  if (options.space == "nasbench201") {
    Search<ic::NasBench201Benchmark>(options).run();
  } else if (options.space == "macro") {
    Search<ic::NasBenchMacro>(options).run();
  } else {
    Search<ic::FairNas>(options).run();
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Searches a space by what is known about its architectures.",
               "search_architectures");
  app.add_option("--space", options.space, "parameters and MACs are those of its networks")
      ->check(CLI::IsMember({"nasbench201", "macro", "fairnas"}))
      ->capture_default_str();
  app.add_option("--space-restriction", options.restriction, "which architectures")
      ->check(CLI::IsMember({"all", "no_zero", "only_conv"}))
      ->capture_default_str();
  app.add_option("--objective", options.objectives,
                 "parameters, macs, NAME=FILE:COLUMN:max or NAME=FILE:COLUMN:min; repeatable")
      ->required();
  app.add_option("--value", options.values, "NAME=FILE:COLUMN, for limits only; repeatable");
  app.add_option("--at-most", options.at_most, "NAME=NUMBER; repeatable");
  app.add_option("--at-least", options.at_least, "NAME=NUMBER; repeatable");
  app.add_option("--table", options.table,
                 "FILE:COLUMN: files without an `arch` column are joined to this one by that "
                 "column");
  app.add_option("--missing", options.missing, "a field that means no value; repeatable");
  app.add_flag("--partial-tables", options.partial_tables,
               "what has no value in a table is infeasible, and not a mistake");
  app.add_option("--algorithm", options.algorithm, "how to search")
      ->check(CLI::IsMember({"nsga2", "evolution", "random"}))
      ->capture_default_str();
  app.add_option("--evaluations", options.evaluations, "different architectures")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  app.add_option("--population", options.population, "of nsga2 and evolution")
      ->check(CLI::Range(2, 10000))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "decides the search")->capture_default_str();
  app.add_option("--reference", options.reference,
                 "NAME=NUMBER: the hypervolume's corner; the worst value if not given");
  app.add_option("--out", options.out, "folder of the results")->capture_default_str();
  return examples::run_program(app, argc, argv, [&] { run(options); });
}
