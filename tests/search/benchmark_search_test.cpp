// Searches on the real NAS-Bench-201 tables, against the whole table.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <unordered_map>
#include <vector>

#include "interchoice/core/text.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/search/front.hpp"
#include "interchoice/search/hypervolume.hpp"
#include "interchoice/search/nsga2.hpp"
#include "interchoice/search/random_search.hpp"
#include "interchoice/search/regularised_evolution.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "support/catch.hpp"
#include "support/shared_data.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;
using Path = ic::Architecture<Space>;
using Problem = ic::SearchProblem<Space>;
using History = ic::SearchHistory<Space>;

namespace {

struct Row {
  double accuracy = 0;    // %
  double parameters = 0;  // millions
  double latency = 0;     // ms
};

std::unordered_map<Path, Row> read_rows() {
  const auto folder = ic::testing::shared_data() / "data" / "nasbench201";
  const auto table = ic::CsvTable::read(folder / "nasbench201.csv");
  const auto hardware = ic::CsvTable::read(folder / "hw_nas_bench_cifar10.csv");
  REQUIRE(table.texts("index") == hardware.texts("index"));
  const auto texts = table.texts("arch");
  const auto accuracy = table.numbers("c10_test_200");
  const auto parameters = table.numbers("params");
  const auto latency = hardware.numbers("edgegpu_latency");
  std::unordered_map<Path, Row> rows;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    rows[ic::from_text<Space>(texts[i])] = {accuracy[i], parameters[i] / 1e6, latency[i]};
  }
  return rows;
}

}  // namespace

// The exact numbers: pip install moocore==0.3.2 pymoo==0.6.2; with the columns c10_test_200, params
// and edgegpu_latency as numpy arrays a, p, l
//   c = np.stack([-a, p / 1e6, l], 1)
//   moocore.is_nondominated(c, keep_weakly=True).sum(); moocore.hypervolume(c, ref=[-10, 2, 10])
//   pymoo.indicators.hv.HV(ref_point=np.array([-10., 2., 10.]))(c)   (the same in all digits)
// and without the last column and coordinate for two objectives.
//
// For comparison, means of 20 seeds of the fraction of the exact hypervolume that 500 evaluations
// find: ours 0.9990 and 0.9973, pymoo's NSGA2 (population 50, UX, the same mutation) 0.9984 and
// 0.9964, random search 0.9963 and 0.9923.
TEST_CASE("searches on NAS-Bench-201 against its exact front and its best", "[shared]") {
  const auto rows = read_rows();
  const auto accuracy =
      ic::maximise<Space>("accuracy", [&](const Path& a) { return rows.at(a).accuracy; });
  const auto parameters =
      ic::minimise<Space>("parameters", [&](const Path& a) { return rows.at(a).parameters; });
  const auto latency =
      ic::minimise<Space>("latency", [&](const Path& a) { return rows.at(a).latency; });

  SECTION("two and three objectives") {
    struct Case {
      Problem problem;
      ic::CostPoint reference;
      std::size_t front;
      double volume;
    };
    const std::vector<Case> cases{
        {{ic::all<Space>, {accuracy, parameters}}, {-10, 2}, 17, 161.39088869782205},
        {{ic::all<Space>, {accuracy, parameters, latency}}, {-10, 2, 10}, 87, 1372.3215930830424}};
    for (const Case& c : cases) {
      const auto volume = [&](const History& history) {
        return ic::hypervolume(ic::feasible_costs(c.problem, history), c.reference);
      };
      const History everything = ic::random_search(c.problem, {ic::Seed{0}, 20'000});
      REQUIRE(everything.size() == 15'625);
      CHECK(ic::best_of(c.problem, everything).size() == c.front);
      CHECK(volume(everything) == Approx(c.volume).epsilon(1e-13));
      double searched = 0, drawn = 0;
      for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const History history =
            ic::nsga2(c.problem, {.seed = ic::Seed{seed}, .max_evaluations = 500});
        CHECK(volume(history) < c.volume * (1 + 1e-12));
        searched += volume(history) / c.volume / 5;
        drawn +=
            volume(ic::random_search(c.problem, {ic::Seed{seed}, history.size()})) / c.volume / 5;
      }
      CHECK(searched > 0.99);
      CHECK(searched > drawn);
    }
  }

  SECTION("accuracy and latency below a limit of parameters") {
    const Problem problem{
        ic::all<Space>,
        {accuracy, latency},
        {ic::at_most<Space>(
            "parameters", [&](const Path& a) { return rows.at(a).parameters; }, 0.4)}};
    const ic::CostPoint reference{-10, 10};
    const auto volume = [&](const History& history) {
      return ic::hypervolume(ic::feasible_costs(problem, history), reference);
    };
    const double exact = volume(ic::random_search(problem, {ic::Seed{0}, 20'000}));
    double searched = 0, drawn = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const History history = ic::nsga2(problem, {.seed = ic::Seed{seed}, .max_evaluations = 500});
      searched += volume(history) / exact / 10;
      drawn += volume(ic::random_search(problem, {ic::Seed{seed}, history.size()})) / exact / 10;
    }
    CHECK(searched <= 1 + 1e-12);
    CHECK(1 - searched < 0.5 * (1 - drawn));
  }

  // Mean best of 20 seeds and 600 evaluations, evolution and random search; see
  // regularised_evolution.hpp for the limit of 0.4.
  SECTION("one objective, free and below a limit") {
    for (const double limit : {2.0, 1.0, 0.6, 0.5, 0.4, 0.3}) {
      INFO("at most " << limit << " million parameters");
      const Problem problem{
          ic::all<Space>,
          {accuracy},
          {ic::at_most<Space>(
              "parameters", [&](const Path& a) { return rows.at(a).parameters; }, limit)}};
      double optimum = 0;
      for (const auto& [path, row] : rows) {
        if (row.parameters <= limit) optimum = std::max(optimum, row.accuracy);
      }
      double searched = 0, drawn = 0;
      constexpr int kSeeds = 20;
      for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        const History history = ic::regularised_evolution(problem,
                                                          {.seed = ic::Seed{seed},
                                                           .population = 50,
                                                           .sample = 10,
                                                           .offspring = 2'000,
                                                           .max_evaluations = 600},
                                                          {}, {}, ic::SwapTwo(0.1));
        searched += ic::best_of(problem, history).at(0).objectives[0] / kSeeds;
        const History random = ic::random_search(problem, {ic::Seed{seed}, 600});
        drawn += ic::best_of(problem, random).at(0).objectives[0] / kSeeds;
      }
      CHECK(searched <= optimum + 1e-9);
      CHECK(searched > optimum - 0.1);
      CHECK(searched > drawn + 0.1);
    }
  }
}
