#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/number_text.hpp"
#include "interchoice/report/text_width.hpp"

namespace interchoice::figures {

/// A marked value of an axis.
struct Tick {
  double value = 0;
  std::string label;
};

inline constexpr double kTickTextSize = 11;

/// One axis of a figure: a range of values, how they are spread, and which are marked.
struct Axis {
  std::string title;  ///< the quantity, with its unit
  double low = 0;
  double high = 1;
  std::vector<Tick> ticks = {};
  bool logarithmic = false;
  bool reversed = false;  ///< the largest value comes first

  /// The place of a value, from 0 (the axis' beginning) to 1 (its end).
  double fraction(double value) const {
    const double along =
        logarithmic ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
    return reversed ? 1 - along : along;
  }
};

/// Round numbers that divide a range into about `intervals` parts: a power of ten times 1, 2 or 5.
struct RoundStep {
  double size = 1;
  int decimals = 0;  ///< of a multiple

  /// *Requires*: low < high, both finite.
  static RoundStep dividing(double low, double high, int intervals) {
    const double raw = (high - low) / std::max(intervals, 1);
    const int exponent = static_cast<int>(std::floor(std::log10(raw)));
    const double power = std::pow(10.0, exponent);
    // Choose by the ratio, so that the number of parts is as near to the wish as it can be.
    const double mantissa = raw / power;
    const double rounded = mantissa < 1.5 ? 1 : mantissa < 3.2 ? 2 : mantissa < 7.1 ? 5 : 10;
    return {rounded * power, std::max(0, -exponent - (rounded == 10 ? 1 : 0))};
  }

  /// The multiple with this number; computed afresh, so that no error adds up along an axis.
  double multiple(double number) const { return number * size; }

  /// The multiples with numbers from `first` to `last`.
  std::vector<Tick> ticks(double first, double last) const {
    std::vector<Tick> result;
    for (double number = first; number <= last; ++number) {
      result.push_back({multiple(number), fixed_text(multiple(number), decimals)});
    }
    return result;
  }
};

/// The ends of an axis that shows `low` to `high`: a range of no width, or too narrow to be
/// divided, becomes a range around its value.
///
/// *Requires*: low <= high, both finite.
inline std::pair<double, double> shown_range(double low, double high) {
  const double magnitude = std::max(std::abs(low), std::abs(high));
  constexpr double kTiny = 1e-300;  // below, powers of ten lose their digits
  if (high - low > std::max(1e-9 * magnitude, kTiny)) return {low, high};
  const double margin = magnitude < kTiny ? 1 : 0.05 * magnitude;
  return {low - margin, high + margin};
}

/// A linear axis that is widened to end at ticks.
///
/// *Requires*: lowest <= highest, both finite.
inline Axis rounded_axis(std::string title, double lowest, double highest, int intervals) {
  const auto [low, high] = shown_range(lowest, highest);
  const RoundStep step = RoundStep::dividing(low, high, intervals);
  // A hundredth of a step beyond a tick is no reason for a whole further step.
  const double first = std::floor(low / step.size + 0.01);
  const double last = std::ceil(high / step.size - 0.01);
  return {std::move(title), std::min(low, step.multiple(first)),
          std::max(high, step.multiple(last)), step.ticks(first, last)};
}

/// A linear axis from exactly `low` to exactly `high`, with the round numbers between as ticks.
///
/// *Requires*: low < high, both finite.
inline Axis exact_axis(std::string title, double low, double high, int intervals) {
  const RoundStep step = RoundStep::dividing(low, high, intervals);
  return {std::move(title), low, high,
          step.ticks(std::ceil(low / step.size - 1e-9), std::floor(high / step.size + 1e-9))};
}

/// A linear axis with room beside the lowest and highest value, so that no point lies on its end.
///
/// *Requires*: at least one value, all finite.
inline Axis padded_axis(std::string title, const std::vector<double>& values, int intervals) {
  const auto [lowest, highest] = std::ranges::minmax(values);
  const auto [low, high] = shown_range(lowest, highest);
  const double room = 0.04 * (high - low);
  return exact_axis(std::move(title), low - room, high + room, intervals);
}

/// Whether the labels of two ticks of an axis of `length` pixels would touch.
inline bool labels_touch(const Axis& axis, double length, const Tick& a, const Tick& b) {
  constexpr double kGap = 10;
  const double distance = std::abs(axis.fraction(a.value) - axis.fraction(b.value)) * length;
  const double widths = text_width(a.label, kTickTextSize) + text_width(b.label, kTickTextSize);
  return distance < widths / 2 + kGap;
}

/// `padded_axis` with as many ticks, up to `intervals`, as have room on `length` horizontal pixels.
inline Axis padded_horizontal_axis(const std::string& title, const std::vector<double>& values,
                                   int intervals, double length) {
  for (;; --intervals) {
    Axis axis = padded_axis(title, values, intervals);
    const auto touching = std::ranges::adjacent_find(
        axis.ticks, [&](const Tick& a, const Tick& b) { return labels_touch(axis, length, a, b); });
    if (touching == axis.ticks.end() || intervals == 1) return axis;
  }
}

/// An axis of counts from exactly `low` to exactly `high`, both marked, with round numbers between.
///
/// Logarithmic where the range is wide, so that the last hundred architectures, which a search is
/// about, are not squeezed into the margin.
///
/// *Requires*: low < high, both whole; 0 < low if logarithmic. *Units*: `length`: pixels.
inline Axis count_axis(std::string title, double low, double high, bool logarithmic,
                       double length) {
  Axis axis{std::move(title), low, high, {}, logarithmic};
  const auto tick = [](double value) { return Tick{value, fixed_text(value, 0)}; };
  std::vector<Tick> wanted = {tick(axis.low), tick(axis.high)};  // the first have right of way
  if (logarithmic) {
    for (const double mantissa : {1.0, 2.0, 5.0}) {
      for (double power = 1; power * mantissa < axis.high; power *= 10) {
        if (power * mantissa > axis.low) wanted.push_back(tick(power * mantissa));
      }
    }
  } else {
    const RoundStep step = RoundStep::dividing(axis.low, axis.high, static_cast<int>(length / 75));
    const double whole = std::max(step.size, 1.0);
    for (double number = std::ceil(axis.low / whole); number * whole < axis.high; ++number) {
      wanted.push_back(tick(number * whole));
    }
  }
  for (const Tick& candidate : wanted) {
    const bool has_room = std::ranges::none_of(axis.ticks, [&](const Tick& other) {
      return labels_touch(axis, length, candidate, other);
    });
    if (has_room) axis.ticks.push_back(candidate);
  }
  std::ranges::sort(axis.ticks, {}, &Tick::value);
  return axis;
}

}  // namespace interchoice::figures
