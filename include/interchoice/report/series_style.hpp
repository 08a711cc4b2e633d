#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "interchoice/report/svg.hpp"

namespace interchoice::figures {

/// The look of a series, the same in every figure of a report.
struct SeriesStyle {
  Stroke stroke;
  MarkerShape marker = MarkerShape::kNone;
  bool hollow = false;  ///< marks are outlines
};

/// The look of the series with this number: colour, dash pattern and mark all differ from those of
/// the five before it, so that it is told apart without seeing colours, and in black and white.
///
/// *Source*: colours of Okabe and Ito, "Color Universal Design" (2008), without yellow, which white
/// paper swallows.
inline SeriesStyle series_style(std::size_t number) {
  static constexpr std::array kColours = {"#0072b2", "#d55e00", "#009e73",
                                          "#cc79a7", "#e69f00", "#56b4e9"};
  static constexpr std::array kDashes = {
      "", "8 3", "2.5 2.5", "9 3 2.5 3", "14 4", "5 2 1.5 2 1.5 2", "4 4"};
  static constexpr std::array kMarkers = {MarkerShape::kCircle, MarkerShape::kSquare,
                                          MarkerShape::kTriangle, MarkerShape::kDiamond,
                                          MarkerShape::kTriangleDown};
  return {{kColours[number % kColours.size()], 2, kDashes[number % kDashes.size()]},
          kMarkers[number % kMarkers.size()],
          false};
}

/// The look of a predictor that is shown for comparison only: grey, thin, dashed, hollow marks.
inline SeriesStyle reference_style(std::size_t number) {
  static constexpr std::array kColours = {"#6b6b6b", "#8f8f8f", "#4d4d4d"};
  static constexpr std::array kDashes = {"5 3", "2 2", "10 3 2 3", "6 2 2 2 2 2"};
  static constexpr std::array kMarkers = {MarkerShape::kSquare, MarkerShape::kTriangleDown,
                                          MarkerShape::kCircle};
  return {{kColours[number % kColours.size()], 1.4, kDashes[number % kDashes.size()]},
          kMarkers[number % kMarkers.size()],
          true};
}

/// The look of the bound that nothing can exceed: a thin black line.
inline SeriesStyle bound_style() { return {{"#000000", 1, ""}, MarkerShape::kNone, false}; }

/// The look of the level of a random choice: a dotted black line.
inline SeriesStyle chance_style() { return {{"#000000", 1.2, "1.5 3"}, MarkerShape::kNone, false}; }

}  // namespace interchoice::figures
