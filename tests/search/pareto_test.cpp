// Dominance, fronts, crowding distance and hypervolume, each against its definition.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/search/crowding_distance.hpp"
#include "interchoice/search/dominance.hpp"
#include "interchoice/search/hypervolume.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using Points = std::vector<ic::CostPoint>;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Points on a grid of `distinct` values a coordinate: few make many ties and duplicates.
Points random_points(std::uint64_t seed, std::size_t count, std::size_t dimensions,
                     std::uint32_t distinct) {
  ic::CounterRandom random(ic::Seed{seed}, ic::Stream::kPaths, 0, 0);
  Points points(count, ic::CostPoint(dimensions));
  for (ic::CostPoint& point : points) {
    for (double& value : point) value = random.below(distinct);
  }
  return points;
}

bool dominates_by_definition(const ic::CostPoint& a, const ic::CostPoint& b) {
  std::size_t no_worse = 0, better = 0;
  for (std::size_t m = 0; m < a.size(); ++m) {
    no_worse += a[m] <= b[m];
    better += a[m] < b[m];
  }
  return no_worse == a.size() && better > 0;
}

/// Peels front after front, comparing every two that are left.
std::vector<std::vector<std::size_t>> fronts_by_peeling(const Points& points) {
  std::vector<std::vector<std::size_t>> fronts;
  std::vector<std::size_t> left(points.size());
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
  while (!left.empty()) {
    std::vector<std::size_t> front, rest;
    for (const std::size_t i : left) {
      const bool dominated = std::any_of(left.begin(), left.end(), [&](std::size_t j) {
        return dominates_by_definition(points[j], points[i]);
      });
      (dominated ? rest : front).push_back(i);
    }
    fronts.push_back(front);
    left = rest;
  }
  return fronts;
}

/// Inclusion-exclusion over all subsets of boxes.
double volume_by_inclusion_exclusion(const Points& points, const ic::CostPoint& reference) {
  double volume = 0;
  for (std::size_t subset = 1; subset < (std::size_t{1} << points.size()); ++subset) {
    double box = 1;
    for (std::size_t m = 0; m < reference.size(); ++m) {
      double corner = -kInfinity;
      for (std::size_t i = 0; i < points.size(); ++i) {
        if ((subset >> i & 1) != 0) corner = std::max(corner, points[i][m]);
      }
      box *= std::max(0.0, reference[m] - corner);
    }
    volume += __builtin_popcountll(subset) % 2 == 1 ? box : -box;
  }
  return volume;
}

/// Counts the unit cells of the grid that a point dominates: exact for integer coordinates.
double volume_by_grid(const Points& points, const ic::CostPoint& reference) {
  const auto side = [&](std::size_t m) { return m < reference.size() ? reference[m] : 1.0; };
  double cells = 0;
  for (double x = 0; x < side(0); ++x) {
    for (double y = 0; y < side(1); ++y) {
      for (double z = 0; z < side(2); ++z) {
        cells += std::any_of(points.begin(), points.end(), [&](const ic::CostPoint& p) {
          return p[0] <= x && p[1] <= y && (p.size() < 3 || p[2] <= z);
        });
      }
    }
  }
  return cells;
}

/// The points that the recorded numbers are of.
Points recorded_points(std::uint64_t count, std::uint64_t dimensions) {
  Points points;
  for (std::uint64_t i = 0; i < count; ++i) {
    ic::CostPoint point;
    for (std::uint64_t k = 0; k < dimensions; ++k) {
      const std::uint64_t number = ((i + 1) * (7919 + 1009 * k) + i * i * (31 + k)) % 257;
      point.push_back(static_cast<double>(number) / 64);
    }
    points.push_back(point);
  }
  return points;
}

std::vector<std::size_t> sizes_of(const std::vector<std::vector<std::size_t>>& fronts) {
  std::vector<std::size_t> sizes;
  for (const auto& front : fronts) sizes.push_back(front.size());
  return sizes;
}

}  // namespace

TEST_CASE("fronts and the Pareto front are those of the definition") {
  std::uint64_t seed = 0;
  for (const std::size_t count : {1u, 2u, 7u, 40u, 90u}) {
    for (const std::size_t dimensions : {1u, 2u, 3u, 4u}) {
      for (const std::uint32_t distinct : {2u, 6u, 1000u}) {
        const Points points = random_points(++seed, count, dimensions, distinct);
        INFO(count << " points, " << dimensions << " coordinates, " << distinct << " values");
        const auto expected = fronts_by_peeling(points);
        CHECK(ic::non_dominated_fronts(points) == expected);
        CHECK(ic::pareto_front(points) == expected[0]);
        for (const auto& a : points)
          CHECK(ic::dominates(points[0], a) == dominates_by_definition(points[0], a));
      }
    }
  }
  CHECK(ic::non_dominated_fronts(Points{}).empty());
  CHECK(ic::pareto_front(Points{}).empty());
  CHECK_FALSE(ic::dominates(ic::CostPoint{1, 2}, ic::CostPoint{1, 2}));
  CHECK_THROWS_WITH(ic::pareto_front(Points{{1, 2}, {1}}), Contains("point 1 has 1 coordinates"));
  CHECK_THROWS_WITH(ic::non_dominated_fronts(Points{{1, kInfinity}}), Contains("holds inf"));
  CHECK_THROWS_AS(ic::pareto_front(Points{{}}), std::invalid_argument);
}

TEST_CASE("crowding distances by hand") {
  using Distances = std::vector<double>;
  // Ranges 4 and 8: the middle one has (4 - 0) / 4 + (8 - 0) / 8, whatever its own place.
  CHECK(ic::crowding_distances(Points{{0, 8}, {1, 6}, {4, 0}}) ==
        Distances{kInfinity, 2, kInfinity});
  CHECK(ic::crowding_distances(Points{{4, 0}, {0, 8}, {1, 6}, {2, 2}}) ==
        Distances{kInfinity, kInfinity, 0.5 + 0.75, 0.75 + 0.75});
  // The ends of equal points are the first and the last of them.
  CHECK(ic::crowding_distances(Points{{0, 1}, {0, 1}, {1, 0}, {1, 0}}) ==
        Distances{kInfinity, kInfinity, kInfinity, kInfinity});
  CHECK(ic::crowding_distances(Points{{3, 3}, {3, 3}}) == Distances{0, 0});
  CHECK(ic::crowding_distances(Points{{3, 1}}) == Distances{0});
  CHECK(ic::crowding_distances(Points{}).empty());
}

TEST_CASE("the hypervolume is that of inclusion-exclusion and of counted cells") {
  std::uint64_t seed = 100;
  for (const std::size_t dimensions : {2u, 3u}) {
    for (const std::uint32_t distinct : {3u, 7u, 14u}) {  // the reference cuts some off
      for (const std::size_t count : {1u, 2u, 5u, 9u, 60u}) {
        const Points points = random_points(++seed, count, dimensions, distinct);
        ic::CostPoint reference{11, 9, 10};
        reference.resize(dimensions);
        INFO(count << " points, " << dimensions << " coordinates, " << distinct << " values");
        const double volume = ic::hypervolume(points, reference);
        CHECK(volume == volume_by_grid(points, reference));  // integers: no rounding
        if (count < 10) CHECK(volume == volume_by_inclusion_exclusion(points, reference));
      }
    }
  }
  CHECK(ic::hypervolume(Points{}, {1, 1}) == 0);
  CHECK(ic::hypervolume(Points{{0, 5}, {2, 0}}, {2, 5}) == 0);  // on the border
  CHECK_THROWS_WITH(ic::hypervolume(Points{}, {1}), Contains("2 and 3"));
  CHECK_THROWS_WITH(ic::hypervolume(Points{{1, 2}}, {1, 2, 3}), Contains("points have 2"));
  CHECK_THROWS_AS(ic::hypervolume(Points{{1, std::nan("")}}, {1, 2}), std::invalid_argument);
}

// pip install pymoo==0.6.2 moocore==0.3.2 (they agree in all digits shown), with
//   pts = [[((i+1)*(7919+1009*k)+i*i*(31+k)) % 257 / 64 for k in range(d)] for i in range(n)]
//   moocore.hypervolume(pts, ref=[3.5]*d); pymoo.indicators.hv.HV(ref_point=[3.5]*d)(pts)
//   [len(f) for f in pymoo.util.nds.non_dominated_sorting.NonDominatedSorting().do(pts)]
TEST_CASE("hypervolumes and fronts are those that pymoo and moocore compute") {
  const auto volume = [](std::uint64_t count, std::uint64_t dimensions) {
    return ic::hypervolume(recorded_points(count, dimensions), ic::CostPoint(dimensions, 3.5));
  };
  CHECK(volume(10, 2) == Approx(8.496826171875).epsilon(1e-14));
  CHECK(volume(200, 2) == Approx(12.07568359375).epsilon(1e-14));
  CHECK(volume(10, 3) == Approx(13.7352294921875).epsilon(1e-14));
  CHECK(volume(200, 3) == Approx(38.91279602050781).epsilon(1e-14));
  CHECK(sizes_of(ic::non_dominated_fronts(recorded_points(60, 2))) ==
        std::vector<std::size_t>{5, 7, 7, 3, 3, 6, 7, 4, 5, 3, 3, 2, 4, 1});
  CHECK(sizes_of(ic::non_dominated_fronts(recorded_points(60, 3))) ==
        std::vector<std::size_t>{13, 11, 11, 6, 7, 4, 2, 1, 1, 1, 2, 1});
}
