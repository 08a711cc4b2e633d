// Random search, regularised evolution and NSGA-II on a problem that is solved by looking at every
// architecture.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/core/enumeration.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/sampling/crossover.hpp"
#include "interchoice/sampling/fixed.hpp"
#include "interchoice/sampling/mixture.hpp"
#include "interchoice/sampling/mutation.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/sampling/within.hpp"
#include "interchoice/search/front.hpp"
#include "interchoice/search/history_csv.hpp"
#include "interchoice/search/hypervolume.hpp"
#include "interchoice/search/nsga2.hpp"
#include "interchoice/search/random_search.hpp"
#include "interchoice/search/regularised_evolution.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "interchoice/spaces/nasbench_macro.hpp"
#include "spaces/example_spaces.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using Space = ic::Chain<6, ic::testing::numbered<4>>;  // 4,096 architectures
using Path = ic::Architecture<Space>;
using Problem = ic::SearchProblem<Space>;
using History = ic::SearchHistory<Space>;

namespace {

/// Larger for larger candidates, with a term that couples neighbours.
double quality(const Path& path) {
  double sum = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    sum +=
        path[i] + 0.75 * (path[i] == path[(i + 1) % 6]) + 0.01 * static_cast<double>(i) * path[i];
  }
  return sum;
}

double size_of(const Path& path) {
  double sum = 0;
  for (std::size_t i = 0; i < 6; ++i) sum += path[i] * path[i] + (path[i] == 1 ? 0.5 : 0);
  return sum;
}

/// Counts its evaluations; no architecture may come twice.
struct Counted {
  std::set<Path> seen = {};
  std::size_t repeated = 0;

  auto counting(double (*function)(const Path&)) {
    return [this, function](const Path& path) {
      repeated += seen.insert(path).second ? 0 : 1;
      return function(path);
    };
  }
};

Problem two_objectives() {
  return {ic::all<Space>,
          {ic::maximise<Space>("quality", quality), ic::minimise<Space>("size", size_of)}};
}

Problem constrained() {
  return {ic::all<Space>,
          {ic::maximise<Space>("quality", quality)},
          {ic::at_most<Space>("size", size_of, 20),
           ic::must_satisfy<Space>("first is not 3", [](const Path& p) { return p[0] != 3; })}};
}

/// The best value of every feasible architecture.
double exhaustive_optimum(const Problem& problem) {
  double best = -std::numeric_limits<double>::infinity();
  for (const Path& path : ic::every_architecture(problem.restriction)) {
    const auto entry = ic::evaluate(problem, path);
    if (entry.is_feasible()) best = std::max(best, entry.objectives[0]);
  }
  return best;
}

using Search = std::function<History(const Problem&, History, const ic::SearchObserver<Space>&)>;

/// The three searches with small options.
std::vector<std::pair<Search, Problem>> searches(std::uint64_t seed) {
  return {
      {[=](const Problem& p, History h, const ic::SearchObserver<Space>& o) {
         return ic::random_search(p, {ic::Seed{seed}, 150}, std::move(h), o);
       },
       two_objectives()},
      {[=](const Problem& p, History h, const ic::SearchObserver<Space>& o) {
         return ic::regularised_evolution(
             p, {.seed = ic::Seed{seed}, .population = 20, .sample = 5, .offspring = 150},
             std::move(h), o);
       },
       constrained()},
      {[=](const Problem& p, History h, const ic::SearchObserver<Space>& o) {
         return ic::nsga2(p, {.seed = ic::Seed{seed}, .population = 16, .generations = 9},
                          std::move(h), o);
       },
       two_objectives()},
  };
}

}  // namespace

TEST_CASE("searches evaluate an architecture once, and their seed decides everything") {
  for (auto& [search, problem] : searches(1)) {
    Counted counted;
    Problem watched = problem;
    watched.objectives[0] = ic::maximise<Space>("quality", counted.counting(quality));
    const History history = search(watched, {}, {});
    CHECK(history.size() > 100);
    CHECK(counted.repeated == 0);
    const auto feasible = std::count_if(history.begin(), history.end(),
                                        [](const auto& entry) { return entry.is_feasible(); });
    CHECK(counted.seen.size() == static_cast<std::size_t>(feasible));
    std::set<Path> distinct;
    for (const auto& entry : history) {
      CHECK(entry == ic::evaluate(problem, entry.architecture));
      CHECK(distinct.insert(entry.architecture).second);
    }
    CHECK(search(problem, {}, {}) == history);
  }
  const auto first = searches(1), second = searches(2);
  for (std::size_t i = 0; i < first.size(); ++i) {
    CHECK(first[i].first(first[i].second, {}, {}) != second[i].first(second[i].second, {}, {}));
  }
}

TEST_CASE("a search goes on from its history exactly as if it had not been stopped") {
  const ic::testing::TemporaryFolder folder;
  const auto path = folder / "history.csv";
  for (auto& [search, problem] : searches(7)) {
    const History whole = search(problem, {}, {});
    for (const std::size_t stop : {1u, 16u, 37u, 100u}) {
      const History part =
          search(problem, {}, [&](const History& history) { return history.size() < stop; });
      REQUIRE(part.size() == stop);
      CHECK(std::equal(part.begin(), part.end(), whole.begin()));
      ic::write_history(path, problem, part);
      const History stored = ic::read_history(path, problem);
      CHECK(stored == part);
      std::size_t evaluated = 0;
      const History continued =
          search(problem, stored, [&](const History&) { return ++evaluated > 0; });
      CHECK(continued == whole);
      CHECK(evaluated == whole.size() - stop);
    }
    CHECK(search(problem, whole, [](const History&) { return false; }) == whole);  // nothing to do
    History other = whole;
    std::swap(other[3], other[4]);
    CHECK_THROWS_WITH(search(problem, other, {}), Contains("history of another one: entry 3"));
    // Written while it runs.
    search(problem, {}, ic::store_history(path, problem, 50));
    const History kept = ic::read_history(path, problem);
    CHECK(kept.size() == whole.size() / 50 * 50);
    CHECK(std::equal(kept.begin(), kept.end(), whole.begin()));
  }
  CHECK_THROWS_WITH(ic::store_history(path, two_objectives(), 0), Contains("every 1 or more"));
}

TEST_CASE("what is evaluated next is prepared before, and the search is the same") {
  for (auto& [search, problem] : searches(3)) {
    const History whole = search(problem, {}, {});
    for (const std::size_t given : {std::size_t{0}, std::size_t{37}, whole.size()}) {
      std::set<Path> prepared;
      std::size_t calls = 0;
      std::size_t unprepared = 0;
      Problem watched = problem;
      watched.prepare = [&](const std::vector<Path>& paths) {
        ++calls;
        CHECK_FALSE(paths.empty());
        for (const Path& path : paths) CHECK(prepared.insert(path).second);
      };
      watched.objectives[0] = ic::maximise<Space>("quality", [&](const Path& path) {
        unprepared += prepared.contains(path) ? 0 : 1;
        return quality(path);
      });
      const History history(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(given));
      CHECK(search(watched, history, {}) == whole);
      std::size_t feasible = 0;
      for (std::size_t i = given; i < whole.size(); ++i) feasible += whole[i].is_feasible();
      if (problem.constraints.empty()) {
        CHECK(unprepared == 0);
        CHECK(prepared.size() == whole.size() - given);
        CHECK(calls <= 10);
      } else {  // evolution: the first population, of which the given history has all or nothing
        CHECK(unprepared == feasible - prepared.size());
        CHECK(prepared.empty() == (given > 0));
      }
      for (std::size_t i = 0; i < whole.size(); ++i) {
        if (!whole[i].is_feasible()) CHECK_FALSE(prepared.contains(whole[i].architecture));
      }
    }
  }
  // No more than will be evaluated; what needs preparation is not asked before it.
  Problem problem = two_objectives();
  std::set<Path> prepared;
  problem.prepare = [&](const std::vector<Path>& paths) {
    prepared.insert(paths.begin(), paths.end());
  };
  ic::Constraint<Space> slow = ic::at_most<Space>(
      "size",
      [&](const Path& path) {
        CHECK(prepared.contains(path));
        return size_of(path);
      },
      20);
  slow.uses_prepared = true;
  problem.constraints = {slow};
  CHECK(ic::nsga2(problem, {.population = 16, .max_evaluations = 40}).size() == 40);
  CHECK(prepared.size() == 40);
}

TEST_CASE("regularised evolution finds the exhaustive optimum, constraints and all") {
  for (const bool with_constraints : {false, true}) {
    Problem problem = constrained();
    if (!with_constraints) problem.constraints.clear();
    const double optimum = exhaustive_optimum(problem);
    std::size_t evaluations = 0;
    int exact = 0;
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const History history = ic::regularised_evolution(
          problem, {.seed = ic::Seed{seed}, .population = 30, .sample = 10, .offspring = 800}, {},
          {}, ic::SwapTwo(0.1));
      const History best = ic::best_of(problem, history);
      REQUIRE_FALSE(best.empty());
      CHECK(best[0].objectives[0] <= optimum);
      CHECK(best[0].objectives[0] > optimum - 0.1);
      exact += best[0].objectives[0] == optimum;
      evaluations += history.size();
      for (const auto& entry : history) {
        CHECK(entry.is_feasible() == (!with_constraints || (size_of(entry.architecture) <= 20 &&
                                                            entry.architecture[0] != 3)));
        CHECK(entry.objectives.empty() != entry.is_feasible());
      }
    }
    CHECK(exact >= 4);
    CHECK(evaluations < 5 * 830);  // repeats cost nothing
  }
  Problem minimised = constrained();
  minimised.objectives = {ic::minimise<Space>("size", size_of)};
  minimised.constraints = {ic::at_least<Space>("quality", quality, 15)};
  double least = 1e9;
  for (const Path& path : ic::every_architecture(ic::all<Space>)) {
    if (quality(path) >= 15) least = std::min(least, size_of(path));
  }
  const History best = ic::best_of(minimised, ic::regularised_evolution(minimised));
  CHECK(best.at(0).objectives.at(0) == least);
}

TEST_CASE("NSGA-II finds most of the exact front and beats random search") {
  for (const bool with_constraint : {false, true}) {
    Problem problem = two_objectives();
    if (with_constraint) problem.constraints = {ic::at_most<Space>("size", size_of, 25)};
    History everything;
    for (const Path& path : ic::every_architecture(problem.restriction)) {
      everything.push_back(ic::evaluate(problem, path));
    }
    const ic::CostPoint reference{0, 60};
    const auto volume = [&](const History& history) {
      return ic::hypervolume(ic::feasible_costs(problem, history), reference);
    };
    const double exact = volume(everything);
    CHECK(volume(ic::best_of(problem, everything)) == Approx(exact).epsilon(1e-13));
    double found = 0, by_chance = 0;
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const History history = ic::nsga2(
          problem,
          {.seed = ic::Seed{seed}, .population = 30, .generations = 19, .max_evaluations = 500});
      CHECK(history.size() <= 500);
      found += volume(history) / exact / 5;
      by_chance += volume(ic::random_search(problem, {ic::Seed{seed}, history.size()})) / exact / 5;
      CHECK(volume(history) < exact * (1 + 1e-13));
    }
    CHECK(found > 0.95);
    CHECK(by_chance < found - 0.02);
  }
}

TEST_CASE("survivors are the best by constrained domination, fronts in order") {
  ic::CounterRandom random(ic::Seed{11}, ic::Stream::kPaths, 0, 0);
  const Problem problem = two_objectives();
  for (int repeat = 0; repeat < 20; ++repeat) {
    History entries(40);
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      entries[i].violation = random.below(3) == 0 ? 1 + random.below(3) : 0;
      if (entries[i].is_feasible()) {
        entries[i].objectives = {double(random.below(7)), double(random.below(7))};
      }
      indices.push_back(i);
    }
    // The definition of the paper's section VI: the first objective is to be maximised.
    const auto dominates = [&](const auto& a, const auto& b) {
      if (!a.is_feasible() || !b.is_feasible()) return a.violation < b.violation;
      return a.objectives[0] >= b.objectives[0] && a.objectives[1] <= b.objectives[1] &&
             a.objectives != b.objectives;
    };
    const auto members = ic::detail::nsga2_survivors(problem, entries, indices, 40);
    REQUIRE(members.size() == 40);
    std::set<std::size_t> gone;
    std::size_t next = 0;
    for (std::size_t front = 0; next < members.size(); ++front) {
      std::set<std::size_t> expected, found;
      for (std::size_t i = 0; i < 40; ++i) {
        bool dominated = gone.contains(i);
        for (std::size_t j = 0; j < 40 && !dominated; ++j) {
          dominated = !gone.contains(j) && dominates(entries[j], entries[i]);
        }
        if (!dominated) expected.insert(i);
      }
      double distance = std::numeric_limits<double>::infinity();
      for (; next < members.size() && members[next].front == front; ++next) {
        found.insert(members[next].index);
        CHECK(members[next].distance <= distance);
        distance = members[next].distance;
      }
      CHECK(found == expected);
      REQUIRE_FALSE(found.empty());
      gone.insert(found.begin(), found.end());
    }
    const auto few = ic::detail::nsga2_survivors(problem, entries, indices, 13);
    REQUIRE(few.size() == 13);
    for (std::size_t i = 0; i < 13; ++i) CHECK(few[i].index == members[i].index);
  }
}

TEST_CASE("small and restricted problems end, and every draw is allowed") {
  using Small = ic::testing::Small;  // 81
  const auto total = [](const ic::Architecture<Small>& a) {
    return double(a[0] + a[1] + a[2] + a[3]);
  };
  const ic::Restriction<Small> few([](std::size_t choice, std::size_t c) {
    return choice == 1 ? c == 2 : choice == 2 ? true : c != 1;
  });  // 2 * 1 * 3 * 2
  const ic::SearchProblem<Small> problem{few, {ic::maximise<Small>("total", total)}};
  const auto random = ic::random_search(problem, {ic::Seed{1}, 100});
  CHECK(random.size() == 12);
  for (const auto& history : {random, ic::regularised_evolution(problem), ic::nsga2(problem)}) {
    CHECK(history.size() <= 12);
    for (const auto& entry : history) CHECK(few.allows(entry.architecture));
    CHECK(ic::best_of(problem, history).at(0).objectives.at(0) == 8);
  }
  // One architecture, and nothing feasible.
  using Single = ic::testing::Single;
  const ic::SearchProblem<Single> one{
      ic::all<Single>, {ic::maximise<Single>("zero", [](const auto&) { return 0.0; })}};
  CHECK(ic::random_search(one).size() == 1);
  CHECK(ic::regularised_evolution(one).size() == 1);
  CHECK(ic::nsga2(one).size() == 1);
  auto nothing = problem;
  nothing.constraints = {ic::must_satisfy<Small>("never", [](const auto&) { return false; })};
  CHECK(ic::best_of(nothing, ic::nsga2(nothing)).empty());
  CHECK(ic::best_of(nothing, ic::regularised_evolution(nothing)).empty());
}

TEST_CASE("regularised evolution is the published one, or changes as it is asked to") {
  // The first offspring is a mutation of the best of three.
  const History plain =
      ic::regularised_evolution(constrained(), {.population = 10, .sample = 3, .offspring = 5});
  ic::CounterRandom first(ic::Seed{}, ic::Stream::kSearch, 1, 0);
  std::size_t best = first.below(10);
  const auto better = [&](std::size_t a, std::size_t b) {
    if (!plain[a].is_feasible() || !plain[b].is_feasible()) {
      return plain[a].violation < plain[b].violation;
    }
    return plain[a].objectives[0] > plain[b].objectives[0];
  };
  for (int i = 1; i < 3; ++i) {
    const std::size_t rival = first.below(10);
    if (better(rival, best)) best = rival;
  }
  CHECK(plain.at(10).architecture == ic::Mutation(plain[best].architecture, ic::all<Space>)(first));
  // The numbers of choices in which the offspring of one parent differs from it.
  const auto changes = [](double probability) {
    std::set<int> counts;
    const Problem problem{ic::all<Space>, {ic::maximise<Space>("quality", quality)}};
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      const History history = ic::regularised_evolution(
          problem, {.seed = ic::Seed{seed}, .population = 1, .sample = 1, .offspring = 1}, {}, {},
          ic::SwapTwo(probability));
      int n = 0;
      for (std::size_t c = 0; c < 6; ++c) {
        n += history.at(0).architecture[c] != history.at(1).architecture[c];
      }
      counts.insert(n);
    }
    return counts;
  };
  CHECK(changes(0) == std::set{1});
  CHECK(changes(1) == std::set{2});
  CHECK(changes(0.5) == std::set{1, 2});
  for (const double probability : {-0.1, 1.1, std::nan("")}) {
    CHECK_THROWS_WITH(ic::SwapTwo(probability),
                      Contains("SwapTwo with a probability") && Contains("from 0 to 1"));
  }
  CHECK(ic::regularised_evolution(constrained(), {}, {}, {}, ic::SwapTwo(0)) ==
        ic::regularised_evolution(constrained()));
}

TEST_CASE("random search evaluates the draws of its distribution, uniform by default") {
  const auto expected = [](const Problem& problem, const auto& distribution, std::size_t count) {
    ic::CounterRandom random(ic::Seed{5}, ic::Stream::kSearch, 0, 0);
    std::set<Path> seen;
    History history;
    while (history.size() < count) {
      const Path path = distribution(random);
      if (seen.insert(path).second) history.push_back(ic::evaluate(problem, path));
    }
    return history;
  };
  const Problem problem = two_objectives();
  const ic::RandomSearchOptions options{ic::Seed{5}, 200};
  CHECK(ic::random_search(problem, options) ==
        expected(problem, ic::Uniform(problem.restriction), 200));
  const ic::Within light{ic::Uniform(problem.restriction), size_of, {.high = 12}};
  CHECK(ic::random_search(problem, options, {}, {}, light) == expected(problem, light, 200));
  // A distribution of two architectures has no third one.
  const ic::Mixture two{{1, 1}, ic::Fixed{Path{}}, ic::Fixed{Path{}.with(5, 3)}};
  CHECK(ic::random_search(problem, options, {}, {}, two) == expected(problem, two, 2));
  const ic::SearchObserver<Space> stop_at_three = [](const History& h) { return h.size() < 3; };
  CHECK(ic::random_search(problem, {ic::Seed{5}, SIZE_MAX}, {}, stop_at_three) ==
        expected(problem, ic::Uniform(problem.restriction), 3));
}

TEST_CASE(
    "NSGA-II changes the offspring of its parents as it is asked to, each choice by default") {
  const Problem problem = two_objectives();
  const auto first_offspring = [&](const History& history, const auto& change) {
    // Of two parents of one front each is the better of two, the earlier one where they are alike.
    const auto members = ic::detail::nsga2_survivors(problem, history, {0, 1}, 2);
    ic::CounterRandom random(ic::Seed{}, ic::Stream::kSearch, 1, 0);
    const auto pick = [&] {
      const auto a = members[random.below(2)], b = members[random.below(2)];
      return history[(ic::detail::is_better(b, a) ? b : a).index].architecture;
    };
    while (true) {
      const Path one = pick(), other = pick();
      const Path parent = random.unit() < 0.9 ? ic::Crossover(one, other)(random) : one;
      const Path offspring = change(parent, problem.restriction, random);
      if (offspring != history[0].architecture && offspring != history[1].architecture) {
        return offspring;
      }
    }
  };
  const ic::Nsga2Options options{.population = 2, .generations = 1};
  const History by_default = ic::nsga2(problem, options);
  CHECK(by_default.at(2).architecture == first_offspring(by_default, ic::ChangeEach(1. / 6)));
  const History by_one = ic::nsga2(problem, options, {}, {}, ic::ChangeOne());
  CHECK(by_one.at(2).architecture == first_offspring(by_one, ic::ChangeOne()));
  CHECK(by_one.at(2).architecture != by_default.at(2).architecture);
}

TEST_CASE("a search refuses draws that the restriction of its problem does not allow") {
  const ic::Restriction<Space> low([](std::size_t, std::size_t c) { return c < 2; });
  const Problem problem{low, {ic::maximise<Space>("quality", quality)}};
  const auto three = [](const Path& parent, const auto&, auto&) { return parent.with(0, 3); };
  const auto refusal = Contains("which the problem's restriction does not allow");
  CHECK_THROWS_WITH(ic::random_search(problem, {}, {}, {}, ic::Fixed{Path{3, 0, 0, 0, 0, 0}}),
                    refusal);
  CHECK_THROWS_WITH(ic::regularised_evolution(problem, {}, {}, {}, three), refusal);
  CHECK_THROWS_WITH(ic::nsga2(problem, {}, {}, {}, three), refusal);
}

TEST_CASE("a limit of evaluations is optional, and 0 is one") {
  const auto evaluations = [](std::optional<std::size_t> limit) {
    return ic::nsga2(two_objectives(),
                     {.population = 10, .generations = 3, .max_evaluations = limit})
        .size();
  };
  CHECK(evaluations({}) > 20);
  CHECK(evaluations(0) == 0);  // a limit like any other
  CHECK(evaluations(7) == 7);
}

TEST_CASE("impossible problems and options are refused by name") {
  const auto run = [](const Problem& problem) { return ic::random_search(problem); };
  CHECK_THROWS_WITH(run({}), Contains("there is no objective"));
  const auto good = ic::maximise<Space>("quality", quality);
  CHECK_THROWS_WITH(run({ic::all<Space>, {good, good}}),
                    Contains("two objectives are named 'quality'"));
  CHECK_THROWS_WITH(run({ic::all<Space>, {ic::maximise<Space>("arch", quality)}}),
                    Contains("named 'arch'"));
  CHECK_THROWS_WITH(run({ic::all<Space>, {{.name = "empty"}}}), Contains("'empty' has no value"));
  CHECK_THROWS_WITH(run({ic::all<Space>, {good}, {{.name = "limit"}}}),
                    Contains("'limit' has no violation"));
  const auto bad = ic::minimise<Space>("latency", [](const Path&) { return std::nan(""); });
  CHECK_THROWS_WITH(run({ic::all<Space>, {bad}}), Contains("'latency' of") && Contains("is nan"));
  CHECK_THROWS_WITH(ic::regularised_evolution(two_objectives()), Contains("one objective, got 2"));
  CHECK_THROWS_WITH(ic::regularised_evolution(constrained(), {.population = 0}),
                    Contains("population of 0"));
  CHECK_THROWS_WITH(ic::nsga2(two_objectives(), {.population = 1}), Contains("at least 2"));
  CHECK_THROWS_WITH(ic::nsga2(two_objectives(), {.crossover_probability = 1.1}),
                    Contains("from 0 to 1"));
  // |limit| scales; a limit of 0 does not.
  CHECK(ic::at_most<Space>("size", size_of, 4).violation(Path{3, 0, 0, 0, 0, 0}) == 5.0 / 4);
  CHECK(ic::at_most<Space>("size", size_of, 0).violation(Path{3, 0, 0, 0, 0, 0}) == 9);
  CHECK(ic::at_least<Space>("size", size_of, 10).violation(Path{3, 0, 0, 0, 0, 0}) == 0.1);
}

TEST_CASE("histories are read strictly, and numbers come back bit by bit") {
  using Macro = ic::NasBench201Space;
  const ic::SearchProblem<Macro> problem{
      ic::no_zero<Macro>,
      {ic::maximise<Macro>("a,b", [](const auto&) { return 0.0; }),
       ic::minimise<Macro>("c", [](const auto&) { return 0.0; })},
      {ic::must_satisfy<Macro>("x", [](const auto&) { return true; })}};
  const ic::SearchHistory<Macro> history{{{1, 1, 1, 1, 1, 1}, {0.1 + 0.2, -1e-300}, 0},
                                         {{1, 1, 1, 1, 1, 2}, {}, 1.0 / 3},
                                         {{4, 1, 1, 1, 1, 2}, {5e-324, 1.7976931348623157e308}, 0}};
  const std::string text = ic::history_csv(problem, history);
  CHECK(ic::parse_history(text, "h.csv", problem) == history);
  CHECK(text.substr(0, text.find('\n')) == "arch,violation,\"a,b\",c");
  CHECK(ic::parse_history("arch,violation,\"a,b\",c\n", "h.csv", problem).empty());
  const auto refused = [&](const std::string& rows) {
    try {
      ic::parse_history("arch,violation,\"a,b\",c\n" + rows, "h.csv", problem);
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const std::string arch = ic::to_text(history[0].architecture);
  CHECK_THAT(refused(arch + ",0,1,2\n" + arch + ",0,1,2\n"),
             Contains("h.csv:3") && Contains("listed before, at h.csv:2"));
  CHECK_THAT(refused(arch + ",0,1,\n"), Contains("h.csv:2") && Contains("column 'c' holds ''"));
  CHECK_THAT(refused(arch + ",0,1,nan\n"), Contains("holds 'nan'"));
  CHECK_THAT(refused(arch + ",0,1,2x\n"), Contains("holds '2x'"));
  CHECK_THAT(refused(arch + ",,1,2\n"), Contains("column 'violation'"));
  CHECK_THAT(refused(arch + ",-1,1,2\n"), Contains("negative"));
  CHECK_THAT(refused(arch + ",1,1,\n"), Contains("infeasible"));
  CHECK_THAT(refused(arch + ",0,1\n"), Contains("h.csv:2"));
  CHECK_THAT(refused("nonsense,0,1,2\n"), Contains("h.csv:2"));
  CHECK_THAT(refused(ic::to_text(ic::Architecture<Macro>{}) + ",0,1,2\n"),
             Contains("does not allow"));
  CHECK_THROWS_WITH(ic::parse_history("arch,violation,c,\"a,b\"\n", "h.csv", problem),
                    Contains("the columns are not"));
  CHECK_THROWS_WITH(ic::parse_history("", "h.csv", problem), Contains("h.csv:1"));
  auto fewer = problem;
  fewer.objectives.pop_back();
  CHECK_THROWS_WITH(ic::history_csv(fewer, history), Contains("has 2 objectives"));

  // What could not be read again is not written.
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_WITH(ic::history_csv(problem, {{{1, 1, 1, 1, 1, 1}, {1, bad}, 0}}),
                      Contains("'c' of '" + arch + "' is") && Contains("finite numbers only"));
    CHECK_THROWS_WITH(ic::history_csv(problem, {{{1, 1, 1, 1, 1, 1}, {}, bad}}),
                      Contains("'violation' of"));
  }

  const std::string hostile = "\x1b[2J\n" + std::string(1'000'000, 'x');
  const std::string field = ic::csv_field(hostile);
  for (const std::string& rows :
       {field + ",0,1,2\n", arch + "," + field + ",1,2\n", arch + ",0,1," + field + "\n",
        arch + ",1," + field + ",\n", ic::csv_field("|nor_conv_1x1~0|+" + hostile) + ",0,1,2\n"}) {
    CHECK(is_presentable(refused(rows)));
  }
}
