#include "interchoice/report/axis.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/report/number_text.hpp"
#include "support/catch.hpp"

namespace figures = interchoice::figures;
using Labels = std::vector<std::string>;

namespace {

Labels labels(const figures::Axis& axis) {
  Labels result;
  for (const auto& tick : axis.ticks) result.push_back(tick.label);
  return result;
}

}  // namespace

TEST_CASE("numbers for people have separators, true minus signs and no negative zero") {
  using figures::fixed_text;
  CHECK(fixed_text(93.1657, 2) == "93.17");
  CHECK(fixed_text(0, 0) == "0");
  CHECK(fixed_text(-0.0001, 2) == "0.00");
  CHECK(fixed_text(-0.5, 1) == "\u22120.5");
  CHECK(fixed_text(999, 0) == "999");
  CHECK(fixed_text(1000, 0) == "1,000");
  CHECK(fixed_text(-1234567.891, 2) == "\u22121,234,567.89");
  CHECK(fixed_text(999.999, 2) == "1,000.00");
  CHECK(fixed_text(1.23456e20, 2) == "1.235e+20");
  CHECK(fixed_text(-1.5e-30, 31) == "\u22121.500e-30");
  CHECK(fixed_text(std::numeric_limits<double>::quiet_NaN(), 2) == "–");
  CHECK(fixed_text(std::numeric_limits<double>::infinity(), 2) == "–");
  CHECK(figures::count_text(15625) == "15,625");
}

TEST_CASE("numbers for programs read back as they were, and coordinates are short") {
  for (const double value : {0.1, 1.0 / 3, 93.1657, 1e-300, -1.7976931348623157e308, 5e-324}) {
    CHECK(std::stold(figures::shortest_text(value)) == Approx(value).epsilon(0));
    CHECK(static_cast<double>(std::stold(figures::shortest_text(value))) == value);
  }
  CHECK(figures::shortest_text(93.17) == "93.17");
  CHECK(figures::coordinate(12.3456) == "12.35");
  CHECK(figures::coordinate(-0.001) == "0");
  CHECK(figures::coordinate(100) == "100");
}

TEST_CASE("a rounded axis ends at ticks that are round") {
  CHECK(labels(figures::rounded_axis("", 87.06, 94.31, 6)) ==
        Labels{"87", "88", "89", "90", "91", "92", "93", "94", "95"});
  CHECK(labels(figures::rounded_axis("", 93.14, 93.73, 6)) ==
        Labels{"93.1", "93.2", "93.3", "93.4", "93.5", "93.6", "93.7", "93.8"});
  CHECK(labels(figures::rounded_axis("", -0.31, 0.55, 5)) ==
        Labels{"\u22120.4", "\u22120.2", "0.0", "0.2", "0.4", "0.6"});
  CHECK(labels(figures::rounded_axis("", 0, 100, 5)) == Labels{"0", "20", "40", "60", "80", "100"});
  CHECK(labels(figures::rounded_axis("", 0, 5e6, 5)).back() == "5,000,000");
}

TEST_CASE("axes hold all values, with a readable number of evenly spaced ticks, at any scale") {
  interchoice::CounterRandom random(interchoice::Seed{1}, interchoice::Stream::kPaths, 0, 0);
  for (int trial = 0; trial < 3000; ++trial) {
    const double scale = std::pow(10.0, 40 * random.unit() - 20);
    const double a = scale * (random.unit() - 0.5);
    const double b = scale * (random.unit() - 0.5);
    const double low = std::min(a, b);
    const double high = std::max(a, b);
    INFO(low << " to " << high);
    const auto rounded = figures::rounded_axis("", low, high, 5);
    REQUIRE(rounded.low <= low);
    REQUIRE(rounded.high >= high);
    REQUIRE(rounded.ticks.size() >= 3);
    REQUIRE(rounded.ticks.size() <= 11);
    const auto padded = figures::padded_axis("", {a, b}, 5);
    REQUIRE(padded.low < low);
    REQUIRE(padded.high > high);
    REQUIRE(padded.ticks.size() >= 2);
    for (const auto& axis : {rounded, padded}) {
      const double step = axis.ticks[1].value - axis.ticks[0].value;
      const double mantissa = step / std::pow(10.0, std::floor(std::log10(step) + 1e-6));
      REQUIRE((std::abs(mantissa - 1) < 1e-6 || std::abs(mantissa - 2) < 1e-6 ||
               std::abs(mantissa - 5) < 1e-6));
      for (std::size_t i = 1; i < axis.ticks.size(); ++i) {
        REQUIRE(axis.ticks[i].value - axis.ticks[i - 1].value == Approx(step));
        REQUIRE(axis.ticks[i].label != axis.ticks[i - 1].label);
      }
      for (const auto& tick : axis.ticks) {
        REQUIRE(axis.fraction(tick.value) > -1e-9);
        REQUIRE(axis.fraction(tick.value) < 1 + 1e-9);
      }
    }
  }
}

TEST_CASE("a range of no width, or one too narrow to divide, becomes a range around its value") {
  for (const double value : {0.0, 1.0, -93.17, 1e16, 1e100, 1e-100}) {
    for (const double next : {value, std::nextafter(value, 1e300)}) {
      const auto axis = figures::rounded_axis("", value, next, 5);
      INFO(value);
      CHECK(axis.low < value);
      CHECK(axis.high > value);
      CHECK(axis.ticks.size() >= 3);
      CHECK(axis.ticks.size() <= 11);
      CHECK(figures::padded_axis("", {value, next}, 5).ticks.size() <= 11);
    }
  }
}

TEST_CASE("an axis of counts marks both ends, rounds between, and never lets labels touch") {
  CHECK(labels(figures::count_axis("", 10, 64, false, 630)) ==
        Labels{"10", "15", "20", "25", "30", "35", "40", "45", "50", "55", "60", "64"});
  CHECK(labels(figures::count_axis("", 10, 15625, true, 630)) ==
        Labels{"10", "20", "50", "100", "200", "500", "1,000", "2,000", "5,000", "15,625"});
  CHECK(labels(figures::count_axis("", 1, 20, false, 296)) == Labels{"1", "5", "10", "15", "20"});
  CHECK(labels(figures::count_axis("", 1, 2, false, 630)) == Labels{"1", "2"});
  for (const bool logarithmic : {false, true}) {
    for (double high = 11; high < 1e7; high = std::ceil(high * 1.37)) {
      const auto axis = figures::count_axis("", 10, high, logarithmic, 300);
      CHECK(axis.ticks.front().value == 10);
      CHECK(axis.ticks.back().value == high);
      for (std::size_t i = 1; i < axis.ticks.size(); ++i) {
        CHECK_FALSE(figures::labels_touch(axis, 300, axis.ticks[i - 1], axis.ticks[i]));
      }
    }
  }
}

TEST_CASE("a horizontal axis drops ticks until their labels have room") {
  const std::vector<double> values = {-20990, -19930};
  const auto wide = figures::padded_horizontal_axis("", values, 4, 1000);
  const auto narrow = figures::padded_horizontal_axis("", values, 4, 180);
  CHECK(wide.ticks.size() > narrow.ticks.size());
  for (std::size_t i = 1; i < narrow.ticks.size(); ++i) {
    CHECK_FALSE(figures::labels_touch(narrow, 180, narrow.ticks[i - 1], narrow.ticks[i]));
  }
}

TEST_CASE("fractions run from one end of an axis to the other") {
  figures::Axis axis{"", 10, 1000, {}, true};
  CHECK(axis.fraction(10) == 0);
  CHECK(axis.fraction(100) == Approx(0.5));
  CHECK(axis.fraction(1000) == Approx(1));
  axis.reversed = true;
  CHECK(axis.fraction(10) == 1);
  axis.logarithmic = false;
  CHECK(axis.fraction(505) == Approx(0.5));
  CHECK(axis.fraction(1000) == Approx(0).margin(1e-15));
}
