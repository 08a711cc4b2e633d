// Cross-validated stacks of predictors against a second computation, by elimination and by counting
// pairs; what they do to monotone scales, to noise, and to predictors that complement each other.

#include "interchoice/stats/stacked_agreement.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "interchoice/stats/spearman.hpp"
#include "property.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using Values = std::vector<double>;
using Rows = std::vector<Values>;

namespace {

Values normal_values(std::mt19937_64& random, std::size_t count) {
  std::normal_distribution<double> normal;
  Values values(count);
  for (double& value : values) value = normal(random);
  return values;
}

Values sum(const Values& a, const Values& b, double weight) {
  Values all = a;
  for (std::size_t i = 0; i < all.size(); ++i) all[i] += weight * b[i];
  return all;
}

/// Ranks from 1, of equal values the mean, by counting.
Values counted_ranks(const Values& values) {
  Values ranks;
  for (const double value : values) {
    const auto less = std::ranges::count_if(values, [&](double v) { return v < value; });
    const auto equal = std::ranges::count(values, value);
    ranks.push_back(static_cast<double>(less) + (static_cast<double>(equal) + 1) / 2);
  }
  return ranks;
}

/// tau-b by all pairs; 0 where it is undefined.
double counted_tau_b(const Values& x, const Values& y) {
  double agree = 0;
  double in_x = 0;
  double in_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double product = (x[i] - x[j]) * (y[i] - y[j]);
      agree += (product > 0 ? 1 : 0) - (product < 0 ? 1 : 0);
      in_x += x[i] != x[j] ? 1 : 0;
      in_y += y[i] != y[j] ? 1 : 0;
    }
  }
  return in_x * in_y > 0 ? agree / std::sqrt(in_x * in_y) : 0;
}

/// The solution of A b = c, by elimination with pivots.
Values solved(Rows a, Values c) {
  const std::size_t n = c.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k; i < n; ++i) {
      if (std::abs(a[i][k]) > std::abs(a[pivot][k])) pivot = i;
    }
    std::swap(a[k], a[pivot]);
    std::swap(c[k], c[pivot]);
    for (std::size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      const double factor = a[i][k] / a[k][k];
      for (std::size_t j = 0; j < n; ++j) a[i][j] -= factor * a[k][j];
      c[i] -= factor * c[k];
    }
  }
  for (std::size_t k = 0; k < n; ++k) c[k] /= a[k][k];
  return c;
}

/// Ridge regression with an offset that is not penalised, by its normal equations: the predictions
/// for other rows.
Values ridge_predictions(const Rows& rows, const Values& targets, const Rows& others,
                         double relative) {
  const std::size_t width = rows[0].size();
  double unit = 0;  // the mean variance of a feature, times the examples
  for (std::size_t j = 0; j < width; ++j) {
    double mean = 0;
    for (const Values& row : rows) mean += row[j] / static_cast<double>(rows.size());
    for (const Values& row : rows) unit += (row[j] - mean) * (row[j] - mean);
  }
  unit /= static_cast<double>(width);
  Rows a(width + 1, Values(width + 1, 0));
  Values c(width + 1, 0);
  for (std::size_t j = 0; j < width; ++j) a[j][j] = relative * unit;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Values row = rows[i];
    row.push_back(1);
    for (std::size_t j = 0; j <= width; ++j) {
      for (std::size_t k = 0; k <= width; ++k) a[j][k] += row[j] * row[k];
      c[j] += row[j] * targets[i];
    }
  }
  const Values solution = solved(a, c);
  Values predictions;
  for (const Values& row : others) {
    predictions.push_back(solution[width]);
    for (std::size_t j = 0; j < width; ++j) predictions.back() += solution[j] * row[j];
  }
  return predictions;
}

/// What `stacked_agreement` is by its definition, of one penalty.
double dumb_agreement(const Rows& predictors, const Values& truth,
                      const ic::StackingOptions& options) {
  Rows ranks;
  for (const Values& predictor : predictors) ranks.push_back(counted_ranks(predictor));
  double all = 0;
  for (std::uint32_t division = 0; division < options.divisions; ++division) {
    const auto order =
        ic::permutation(static_cast<std::int64_t>(truth.size()),
                        ic::CounterRandom(options.seed, ic::Stream::kBootstrap, 3, division));
    for (std::size_t fold = 0; fold < options.folds; ++fold) {
      std::set<std::size_t> held_out;
      for (std::size_t place = fold; place < order.size(); place += options.folds) {
        held_out.insert(static_cast<std::size_t>(order[place]));
      }
      Rows rows[2];
      Values truths[2];
      for (std::size_t i = 0; i < truth.size(); ++i) {
        const std::size_t part = held_out.count(i);
        Values row;
        for (const Values& of_predictor : ranks) row.push_back(of_predictor[i]);
        rows[part].push_back(row);
        truths[part].push_back(truth[i]);
      }
      all += counted_tau_b(
          ridge_predictions(rows[0], counted_ranks(truths[0]), rows[1], options.ridge.penalties[0]),
          truths[1]);
    }
  }
  return all / (options.divisions * static_cast<double>(options.folds));
}

}  // namespace

TEST_CASE("a stack's agreement is that of its definition") {
  std::mt19937_64 random(1);
  for (const std::size_t count : {6U, 17U, 40U}) {
    for (const double penalty : {1e-3, 0.3, 10.0}) {
      const Values truth = normal_values(random, count);
      const Rows predictors{sum(truth, normal_values(random, count), 1),
                            sum(truth, normal_values(random, count), -2),
                            normal_values(random, count)};
      const ic::StackingOptions options{.folds = count == 6 ? std::size_t{2} : std::size_t{4},
                                        .divisions = 3,
                                        .seed = ic::Seed{count},
                                        .ridge = {.penalties = {penalty}}};
      INFO(count << " architectures, penalty " << penalty);
      CHECK(ic::stacked_agreement(predictors, truth, options) ==
            Approx(dumb_agreement(predictors, truth, options)).margin(1e-12));
    }
  }
}

TEST_CASE("folds with ties in truth and predictions count as the definition says") {
  const Values truth{1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 1, 2};
  const Rows predictors{{0, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1}, {5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}};
  const ic::StackingOptions options{.folds = 6, .divisions = 8, .ridge = {.penalties = {0.1}}};
  CHECK(ic::stacked_agreement(predictors, truth, options) ==
        Approx(dumb_agreement(predictors, truth, options)).margin(1e-12));
  const Values flat(12, 1);
  CHECK(ic::stacked_agreement(Rows{flat}, truth) == 0);
  CHECK(ic::stacked_agreement(predictors, flat) == 0);
}

TEST_CASE("of a predictor only the order counts, and not even its direction") {
  CHECK(rc::check([] {
    const auto [x, y] = DrawnPair::of_at_least(10);
    const Values z = drawn_values(x.size(), 7);
    const ic::StackingOptions options{.divisions = 1, .ridge = {.penalties = {0.1}}};
    const double before = ic::stacked_agreement(Rows{x, z}, y, options);
    Values stretched = x;
    for (double& value : stretched) value = std::exp(1e-5 * value);
    RC_ASSERT(ic::stacked_agreement(Rows{stretched, z}, y, options) == before);
    RC_ASSERT(std::abs(before) <= 1);
  }));
  // A predictor that orders as the truth does, or the other way round, is found to.
  Values truth(30);
  for (std::size_t i = 0; i < truth.size(); ++i) truth[i] = static_cast<double>(i * i % 31 + i);
  Values reversed;
  for (const double value : truth) reversed.push_back(-value);
  CHECK(ic::stacked_agreement(Rows{truth}, truth) == 1);
  CHECK(ic::stacked_agreement(Rows{reversed}, truth) == 1);
}

TEST_CASE("what a predictor adds: a look of its own much, a copy nothing, noise a little less") {
  std::mt19937_64 random(2);
  const std::size_t count = 200;
  const ic::StackingOptions few{.divisions = 3};
  const Values known = normal_values(random, count);
  const Values rest = normal_values(random, count);
  const Values truth = sum(known, rest, 0.8);
  const Values copy = sum(known, normal_values(random, count), 0.5);
  const Values own = sum(rest, normal_values(random, count), 0.5);
  const Values noise = normal_values(random, count);
  const double alone = ic::stacked_agreement(Rows{known}, truth, few);
  CHECK(alone == Approx(ic::kendall_tau_b(known, truth)).margin(0.03));
  CHECK(ic::kendall_tau_b(copy, truth) > 0.4);
  CHECK(ic::stacked_agreement(Rows{known, copy}, truth, few) - alone == Approx(0).margin(0.02));
  CHECK(ic::stacked_agreement(Rows{known, own}, truth, few) - alone > 0.1);
  const double cost = ic::stacked_agreement(Rows{known, noise}, truth, few) - alone;
  CHECK(cost == Approx(0).margin(0.02));
  const double rho = ic::stacked_agreement(Rows{known, own}, truth, few, ic::spearman);
  CHECK(rho > ic::stacked_agreement(Rows{known, own}, truth, few));
}

TEST_CASE("predictors that know nothing agree with the truth by about 0, not less") {
  std::mt19937_64 random(3);
  double mean = 0;
  double one_by_one = 0;  // put together, which a stack must not be judged by
  const int rounds = 100;
  const ic::RidgeOptions ridge{.penalties = {0.01, 1}};
  for (int round = 0; round < rounds; ++round) {
    const Values truth = normal_values(random, 24);
    const Values noise = normal_values(random, 24);
    mean += ic::stacked_agreement(Rows{noise}, truth, {.divisions = 2, .ridge = ridge}) / rounds;
    Values predictions;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      Rows rows;
      Values targets;
      for (std::size_t j = 0; j < truth.size(); ++j) {
        if (j == i) continue;
        rows.push_back({noise[j]});
        targets.push_back(truth[j]);
      }
      predictions.push_back(ic::RidgeRegression(rows, targets, ridge).predict(Values{noise[i]}));
    }
    one_by_one += ic::kendall_tau_b(predictions, truth) / rounds;
  }
  CHECK(std::abs(mean) < 0.06);
  CHECK(one_by_one < -0.3);
}

TEST_CASE("stacks refuse what they cannot divide") {
  const Values truth{1, 2, 3, 4, 5, 6, 7};
  const auto message = [&](const Rows& predictors, const Values& of,
                           const ic::StackingOptions& options) {
    return message_of([&] { ic::stacked_agreement(predictors, of, options); });
  };
  CHECK_THAT(message({}, truth, {}), Contains("stacked_agreement: there are 0 runs"));
  CHECK_THAT(message({truth, {1, 2}}, truth, {.folds = 2}), Contains("run 1 has 2 values"));
  CHECK_THAT(message({truth}, {1, 2}, {.folds = 2}), Contains("truth has 2"));
  CHECK_THAT(message({{1, 2, 3, 4, 5}}, {1, 2, 3, 4, 5}, {.folds = 2}), Contains("at least 6"));
  CHECK_THAT(message({truth}, {1, 2, 3, 4, 5, 6, NAN}, {.folds = 2}), Contains("truth[6] is nan"));
  CHECK_THAT(message({truth}, truth, {}),
             Contains("20 divisions of 7 architectures into 5 folds; there must be one division"));
  CHECK_THAT(message({truth}, truth, {.folds = 1}), Contains("into 1 folds"));
  CHECK_THAT(message({truth}, truth, {.folds = 3, .divisions = 0}), Contains("0 divisions"));
  CHECK_THAT(message({truth}, truth, {.folds = 3, .ridge = {.penalties = {}}}),
             Contains("no penalties"));
}
