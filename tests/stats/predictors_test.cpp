// What makes predictors of scores and of a few known accuracies, without libtorch: votes, undefined
// scores, features, ridge regression; and the rank correlations of recorded scores.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/core/enumeration.hpp"
#include "interchoice/core/random.hpp"
#include "interchoice/evaluation/tabular_benchmark.hpp"
#include "interchoice/spaces/architecture_features.hpp"
#include "interchoice/spaces/fairnas.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "interchoice/stats/ensemble.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/stats/ridge_regression.hpp"
#include "interchoice/stats/spearman.hpp"
#include "interchoice/stats/undefined_as_worst.hpp"
#include "property.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/shared_data.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using Space = ic::NasBench201Space;
using Path = ic::Architecture<Space>;
using Values = std::vector<double>;
using Rows = std::vector<Values>;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Random rows and targets of a linear rule with noise.
struct Examples {
  Rows rows;
  Values targets;

  Examples(std::uint64_t seed, std::size_t count, std::size_t width) {
    ic::CounterRandom random(ic::Seed{seed}, ic::Stream::kPaths, 0, 0);
    const auto number = [&] { return random.below(2001) / 1000.0 - 1; };
    for (std::size_t i = 0; i < count; ++i) {
      rows.emplace_back();
      double target = 0.3 * number() + 5;
      for (std::size_t j = 0; j < width; ++j) {
        rows[i].push_back(number());
        target += static_cast<double>(j + 1) * rows[i][j];
      }
      targets.push_back(target);
    }
  }
};

/// What a relative penalty of 1 is, by the definition.
double penalty_unit(const Rows& rows) {
  double sum = 0;
  for (std::size_t j = 0; j < rows[0].size(); ++j) {
    double mean = 0;
    for (const Values& row : rows) mean += row[j];
    mean /= static_cast<double>(rows.size());
    for (const Values& row : rows) sum += (row[j] - mean) * (row[j] - mean);
  }
  return sum / static_cast<double>(rows[0].size());
}

/// What ridge regression minimises.
double objective(const Examples& e, const Values& coefficients, double offset, double penalty) {
  double sum = 0;
  for (std::size_t i = 0; i < e.rows.size(); ++i) {
    const double prediction =
        std::inner_product(coefficients.begin(), coefficients.end(), e.rows[i].begin(), offset);
    sum += (e.targets[i] - prediction) * (e.targets[i] - prediction);
  }
  for (const double c : coefficients) sum += penalty * c * c;
  return sum;
}

}  // namespace

TEST_CASE("undefined scores become the worst, and nothing else changes") {
  CHECK(ic::undefined_as_worst(Values{3, -kInfinity, 1, std::nan(""), kInfinity, 2}) ==
        Values{3, 1, 1, 1, 1, 2});
  CHECK(ic::undefined_as_worst(Values{-kInfinity, std::nan("")}) == Values{0, 0});
  CHECK(ic::undefined_as_worst(Values{}).empty());
  CHECK(rc::check([] {
    const Values values = DrawnPair::of_at_least(1).x;
    RC_ASSERT(ic::undefined_as_worst(values) == values);
  }));
}

TEST_CASE("the vote of scores orders by the sum of places, whatever their scales") {
  const Rows scores{{1, 2, 3, 4}, {1e9, 1e12, -5, 1e30}, {0.1, 0.1, 0.2, 0.0}};
  // Places: 1 2 3 4; 2 3 1 4; 2.5 2.5 4 1.
  const Values vote = ic::mean_of_ranks(scores);
  CHECK(vote == Values{5.5 / 3, 7.5 / 3, 8.0 / 3, 9.0 / 3});
}

TEST_CASE("features of an architecture count its operations, and say what each choice takes") {
  CHECK(ic::operation_names<Space>() ==
        std::vector<std::string_view>{"none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3",
                                      "avg_pool_3x3"});
  CHECK(ic::operation_counts(Path{3, 0, 3, 4, 3, 2}) == Values{1, 0, 1, 3, 1});
  for (const Path path : ic::every_architecture(ic::only<Space>({"none", "nor_conv_3x3"}))) {
    const Values counts = ic::operation_counts(path);
    const Values choices = ic::one_hot_choices(path);
    REQUIRE(choices.size() == 30);
    CHECK(std::accumulate(counts.begin(), counts.end(), 0.0) == 6);
    for (std::size_t operation = 0; operation < 5; ++operation) {
      double sum = 0;
      for (std::size_t choice = 0; choice < 6; ++choice) sum += choices[choice * 5 + operation];
      CHECK(sum == counts[operation]);
    }
  }
  const ic::Architecture<ic::FairNasSpace> deep;
  CHECK(ic::operation_counts(deep).size() == ic::operation_names<ic::FairNasSpace>().size());
}

TEST_CASE("ridge regression minimises squares and penalty: no small step makes them less") {
  for (const double relative : {1e-3, 0.1, 10.0}) {
    const Examples e(1, 12, 4);
    const ic::RidgeRegression ridge(e.rows, e.targets, {.penalties = {relative}});
    const double penalty = relative * penalty_unit(e.rows);
    const double offset = ridge.predict(Values(4, 0));
    const double least = objective(e, ridge.coefficients(), offset, penalty);
    for (std::size_t j = 0; j < 5; ++j) {
      for (const double step : {1e-4, -1e-4}) {
        Values moved = ridge.coefficients();
        if (j < 4) moved[j] += step;
        CHECK(objective(e, moved, j < 4 ? offset : offset + step, penalty) > least);
      }
    }
  }
}

TEST_CASE("the error of leaving out one example is that of fits without it") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Examples e(seed, 6 + seed, 1 + 2 * static_cast<std::size_t>(seed));  // and more features
    for (const double relative : {1e-2, 1.0}) {
      const ic::RidgeRegression ridge(e.rows, e.targets, {.penalties = {relative}});
      double sum = 0;
      for (std::size_t i = 0; i < e.rows.size(); ++i) {
        Rows rows = e.rows;
        Values targets = e.targets;
        rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(i));
        targets.erase(targets.begin() + static_cast<std::ptrdiff_t>(i));
        const double same = relative * penalty_unit(e.rows) / penalty_unit(rows);
        const ic::RidgeRegression without(rows, targets, {.penalties = {same}});
        const double error = e.targets[i] - without.predict(e.rows[i]);
        sum += error * error;
      }
      const double expected = std::sqrt(sum / static_cast<double>(e.rows.size()));
      CHECK(ridge.leave_one_out_error() == Approx(expected).epsilon(1e-9));
    }
  }
}

TEST_CASE("the penalty of least error is taken, and features that depend on others do no harm") {
  const Examples e(3, 20, 3);
  const std::vector<double> penalties{1e-4, 1e-2, 1, 100};
  const ic::RidgeRegression chosen(e.rows, e.targets, {.penalties = penalties});
  for (const double penalty : penalties) {
    const ic::RidgeRegression one(e.rows, e.targets, {.penalties = {penalty}});
    CHECK(chosen.leave_one_out_error() <= one.leave_one_out_error());
    if (chosen.penalty() == penalty) CHECK(chosen.coefficients() == one.coefficients());
  }
  CHECK(chosen.penalty() <= 1e-2);  // little noise needs little of it
  Rows counts;
  Values parameters;
  for (const Path path : ic::every_architecture(ic::only<Space>({"none", "nor_conv_3x3"}))) {
    counts.push_back(ic::operation_counts(path));  // always 6 in all, three always 0
    parameters.push_back(100 * counts.back()[3] + 7);
  }
  const ic::RidgeRegression exact(counts, parameters, {.penalties = {1e-12}});
  CHECK(exact.predict(Values{0, 0, 0, 6, 0}) == Approx(607).epsilon(1e-6));
  const ic::RidgeRegression flat(Rows(4, Values{1, 2}), Values{1, 2, 3, 4});
  CHECK(flat.predict(Values{5, 5}) == 2.5);  // nothing to tell them apart by
}

TEST_CASE("ridge regression does not depend on the order of examples") {
  CHECK(rc::check([] {
    const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000);
    Examples e(seed, *rc::gen::inRange<std::size_t>(3, 12), *rc::gen::inRange<std::size_t>(1, 6));
    const ic::RidgeRegression before(e.rows, e.targets);
    std::reverse(e.rows.begin(), e.rows.end());
    std::reverse(e.targets.begin(), e.targets.end());
    const ic::RidgeRegression after(e.rows, e.targets);
    RC_ASSERT(std::abs(before.predict(e.rows[0]) - after.predict(e.rows[0])) < 1e-9);
  }));
}

TEST_CASE("ridge regression refuses what it cannot fit") {
  const Rows rows{{1, 2}, {3, 4}, {5, 7}};
  const Values targets{1, 2, 3};
  using Ridge = ic::RidgeRegression;
  CHECK_THAT(message_of([&] { Ridge(rows, Values{1, 2}); }), Contains("at least 3"));
  CHECK_THAT(message_of([&] {
               Ridge(rows, Values{1, 2, 3, 4});
             }),
             Contains("3 rows of features and 4 targets"));
  CHECK_THAT(message_of([&] { Ridge(Rows{{1}, {1, 2}, {3}}, targets); }), Contains("row 1"));
  CHECK_THAT(message_of([&] { Ridge(Rows{{}, {}, {}}, targets); }), Contains("at least 1"));
  CHECK_THAT(message_of([&] { Ridge(rows, Values{1, kInfinity, 3}); }), Contains("targets[1]"));
  CHECK_THAT(message_of([&] { Ridge(rows, targets, {.penalties = {0}}); }), Contains("above 0"));
  CHECK_THAT(message_of([&] { Ridge(rows, targets, {.penalties = {}}); }),
             Contains("no penalties"));
  CHECK_THAT(message_of([&] { Ridge(rows, targets).predict(Values{1}); }),
             Contains("has 1 features, it was fitted to 2"));
}

TEST_CASE("recorded scores order NAS-Bench-201 as docs/predictors.md says", "[shared]") {
  const auto folder = ic::testing::shared_data() / "data" / "nasbench201";
  auto table = ic::TabularBenchmark<Space>::read(folder / "zero_cost_proxies.csv");
  const auto truth =
      ic::TabularBenchmark<Space>::read(folder / "nasbench201.csv").column("c10_test_200");
  const ic::Restriction<Space> subsets[] = {ic::all<Space>, ic::no_zero<Space>,
                                            ic::only_convolutions<Space>};
  const std::map<std::string, Values> expected{
      // of the three
      {"nwot", {0.624, 0.696, -0.124}},   {"jacov", {0.615, 0.683, -0.288}},
      {"synflow", {0.581, 0.638, 0.615}}, {"params", {0.623, 0.631, 0.664}},
      {"flops", {0.574, 0.591, 0.664}},   {"zen", {0.110, -0.110, 0.594}},
      {"vote", {0.669, 0.732, 0.542}},    {"snip", {0.44, 0.54, 0.25}},
      {"grad_norm", {0.44, 0.54, 0.29}}};
  const std::size_t sizes[] = {9'445, 4'096, 64};
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<Path> paths;
    for (const Path path : table.architectures()) {
      if (subsets[i].allows(path)) paths.push_back(path);
    }
    REQUIRE(paths.size() == sizes[i]);
    const Values accuracies = truth.values(paths);
    for (const auto& [name, taus] : expected) {
      INFO(name << ", " << paths.size());
      const auto column = [&](const char* own) { return table.column(own).values(paths); };
      const Values scores =
          name == "vote"
              ? ic::mean_of_ranks(Rows{column("nwot"), column("synflow"), column("params")})
              : column(name.c_str());
      const bool has_two_digits = name == "snip" || name == "grad_norm";
      CHECK(std::abs(ic::kendall_tau_b(scores, accuracies) - taus[i]) <=
            (has_two_digits ? 0.005 : 0.0005));
    }
  }
}

TEST_CASE("fifty accuracies and counts of operations beat a count of convolutions", "[shared]") {
  const auto truth = ic::TabularBenchmark<Space>::read(ic::testing::shared_data() / "data" /
                                                       "nasbench201" / "nasbench201.csv")
                         .column("c10_test_200");
  Rows counts;
  Values convolutions;
  Values accuracies;
  for (const Path path : ic::every_architecture(ic::no_zero<Space>)) {
    counts.push_back(ic::operation_counts(path));
    convolutions.push_back(counts.back()[3]);
    accuracies.push_back(truth.value(path));
  }
  double mean = 0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    ic::CounterRandom random(ic::Seed{seed}, ic::Stream::kPaths, 0, 0);
    Rows known;
    Values targets;
    for (int i = 0; i < 50; ++i) {
      const std::size_t at = random.below(4'096);
      known.push_back(counts[at]);
      targets.push_back(accuracies[at]);
    }
    const ic::RidgeRegression ridge(known, targets);
    mean += ic::kendall_tau_b(ridge.predict(counts), accuracies) / 5;
  }
  CHECK(mean > ic::kendall_tau_b(convolutions, accuracies) + 0.05);
}
