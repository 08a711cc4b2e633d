#include "interchoice/stats/variance_parts.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "property.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using Values = std::vector<double>;

namespace {

/// Ten modules, three operators, three measurements of each (Houf & Berman, "Statistical analysis
/// of power module thermal test equipment performance", 1988).
const Values kThermalImpedance = {37, 38, 37, 41, 41, 40, 41, 42, 41,  //
                                  42, 41, 43, 42, 42, 42, 43, 42, 43,  //
                                  30, 31, 31, 31, 31, 31, 29, 30, 28,  //
                                  42, 43, 42, 43, 43, 43, 42, 42, 42,  //
                                  28, 30, 29, 29, 30, 29, 31, 29, 29,  //
                                  42, 42, 43, 45, 45, 45, 44, 46, 45,  //
                                  25, 26, 27, 28, 28, 30, 29, 27, 27,  //
                                  40, 40, 40, 43, 42, 42, 43, 43, 41,  //
                                  25, 25, 25, 27, 29, 28, 26, 26, 26,  //
                                  35, 34, 34, 35, 35, 34, 35, 34, 35};

/// A crossed design with parts of given standard deviations.
Values drawn_design(std::mt19937_64& random, const ic::CrossedDesign& design, double row_sd,
                    double column_sd, double both_sd, double noise_sd) {
  std::normal_distribution<double> normal;
  Values columns(design.columns);
  for (double& column : columns) column = column_sd * normal(random);
  Values values;
  for (std::size_t i = 0; i < design.rows; ++i) {
    const double row = row_sd * normal(random);
    for (const double column : columns) {
      const double run = row + column + both_sd * normal(random);
      for (std::size_t k = 0; k < design.replicates; ++k) {
        values.push_back(run + noise_sd * normal(random));
      }
    }
  }
  return values;
}

}  // namespace

// numpy 2.4: x = values.reshape(10, 3, 3); m = x.mean(); mi = x.mean((1, 2)); mj = x.mean((0, 2));
//   mij = x.mean(2); 9 * ((mi - m)**2).sum(); 30 * ((mj - m)**2).sum();
//   3 * ((mij - mi[:, None] - mj + m)**2).sum(); ((x - mij[..., None])**2).sum()
TEST_CASE("the parts of variance are the published ones of a crossed study") {
  const auto parts = ic::variance_parts(kThermalImpedance, {10, 3, 3});
  CHECK(parts.rows.sum_of_squares == Approx(3935.955555555556).epsilon(1e-12));
  CHECK(parts.columns.sum_of_squares == Approx(39.26666666666667).epsilon(1e-12));
  CHECK(parts.interaction.sum_of_squares == Approx(48.51111111111111).epsilon(1e-12));
  CHECK(parts.noise.sum_of_squares == Approx(30.66666666666667).epsilon(1e-12));
  CHECK(parts.rows.degrees == 9);
  CHECK(parts.columns.degrees == 2);
  CHECK(parts.interaction.degrees == 18);
  CHECK(parts.noise.degrees == 60);
  CHECK(parts.rows.mean_square == Approx(437.3283950617285).epsilon(1e-12));
  // As Minitab, JMP and R have them (Gauge r&R study of the JASP verification project).
  CHECK(parts.rows.variance == Approx(48.293).margin(5e-4));
  CHECK(parts.columns.variance == Approx(0.565).margin(5e-4));
  CHECK(parts.interaction.variance == Approx(0.728).margin(5e-4));
  CHECK(parts.noise.variance == Approx(0.511).margin(5e-4));
  CHECK(parts.total() == Approx(50.096).margin(5e-4));

  // The means of the replicates as a design without: the parts of the runs stay, and the noise of a
  // mean goes to the interaction.
  Values means;
  for (std::size_t cell = 0; cell < 30; ++cell) {
    double sum = 0;
    for (std::size_t k = 0; k < 3; ++k) sum += kThermalImpedance[3 * cell + k];
    means.push_back(sum / 3);
  }
  const auto without = ic::variance_parts(means, {10, 3});
  CHECK(without.mean == Approx(parts.mean).epsilon(1e-13));
  CHECK(without.rows.variance == Approx(parts.rows.variance).epsilon(1e-11));
  CHECK(without.columns.variance == Approx(parts.columns.variance).epsilon(1e-11));
  CHECK(without.interaction.variance ==
        Approx(parts.interaction.variance + parts.noise.variance / 3).epsilon(1e-11));
  CHECK(without.noise.degrees == 0);
  CHECK(std::isnan(without.noise.variance));
  CHECK(without.total() ==
        Approx(without.rows.variance + without.columns.variance + without.interaction.variance));
}

TEST_CASE("a part that the design cannot see may come out below 0, and is shown so") {
  // Rows with equal means and crossed columns: all is interaction.
  const auto parts = ic::variance_parts(Values{0, 2, 2, 0}, {2, 2});
  CHECK(parts.rows.sum_of_squares == 0);
  CHECK(parts.interaction.variance == 4);
  CHECK(parts.rows.variance == -2);
  CHECK(parts.columns.variance == -2);
  CHECK(parts.total() == 0);
  const auto equal = ic::variance_parts(Values(12, 0.1), {2, 3, 2});
  CHECK(std::abs(equal.total()) < 1e-30);
}

TEST_CASE("sums of squares add up, and rows and columns are alike") {
  CHECK(rc::check([] {
    const ic::CrossedDesign design{*rc::gen::inRange<std::size_t>(2, 6),
                                   *rc::gen::inRange<std::size_t>(2, 6),
                                   *rc::gen::inRange<std::size_t>(1, 4)};
    const auto& [rows, columns, replicates] = design;
    const Values values = drawn_values(rows * columns * replicates, 100);
    const auto parts = ic::variance_parts(values, design);
    double all = 0;
    for (const double value : values) all += (value - parts.mean) * (value - parts.mean);
    const double sum = parts.rows.sum_of_squares + parts.columns.sum_of_squares +
                       parts.interaction.sum_of_squares + parts.noise.sum_of_squares;
    RC_ASSERT(std::abs(sum - all) <= 1e-9 * (1 + all));
    RC_ASSERT(parts.rows.degrees + parts.columns.degrees + parts.interaction.degrees +
                  parts.noise.degrees ==
              values.size() - 1);
    Values turned(values.size());
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        for (std::size_t k = 0; k < replicates; ++k) {
          turned[(j * rows + i) * replicates + k] = values[(i * columns + j) * replicates + k];
        }
      }
    }
    const auto back = ic::variance_parts(turned, {columns, rows, replicates});
    RC_ASSERT(std::abs(back.rows.variance - parts.columns.variance) < 1e-9);
    RC_ASSERT(std::abs(back.interaction.variance - parts.interaction.variance) < 1e-9);
  }));
}

TEST_CASE("estimates of the parts have the right expectation") {
  std::mt19937_64 random(8);
  const ic::CrossedDesign design{4, 5, 2};
  constexpr int kStudies = 4000;
  double rows = 0, columns = 0, interaction = 0, noise = 0;
  for (int study = 0; study < kStudies; ++study) {
    const auto parts = ic::variance_parts(drawn_design(random, design, 3, 2, 1, 0.5), design);
    rows += parts.rows.variance / kStudies;
    columns += parts.columns.variance / kStudies;
    interaction += parts.interaction.variance / kStudies;
    noise += parts.noise.variance / kStudies;
  }
  // A variance of d degrees is off by sqrt(2 / d) of its mean square, a mean of 4000 by 1 / 63 of
  // that.
  CHECK(rows == Approx(9).epsilon(0.06));
  CHECK(columns == Approx(4).epsilon(0.06));
  CHECK(interaction == Approx(1).epsilon(0.04));
  CHECK(noise == Approx(0.25).epsilon(0.03));
}

TEST_CASE("designs that are not crossed and full are refused") {
  CHECK_THROWS_WITH(ic::variance_parts(Values(5), {2, 3}), Contains("there are 5 values"));
  CHECK_THROWS_WITH(ic::variance_parts(Values(3), {1, 3}), Contains("1 rows, 3 columns"));
  CHECK_THROWS_WITH(ic::variance_parts(Values(4), {2, 2, 0}), Contains("0 replicates"));
  CHECK_THROWS_WITH(
      ic::variance_parts(Values{1, 2, 3, std::numeric_limits<double>::infinity()}, {2, 2}),
      Contains("values[3] is inf"));
}
