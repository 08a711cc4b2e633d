#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/number_text.hpp"
#include "interchoice/report/svg.hpp"
#include "interchoice/report/text_width.hpp"

namespace interchoice::figures {

/// A square matrix of correlations as a map of colours with numbers.
///
/// *Requires*: as many labels as rows and columns, at least one; groups that hold them all, or
/// none.
struct MatrixFigure {
  std::string description;                       ///< for screen readers
  std::string title;                             ///< of the numbers
  std::vector<std::string> labels = {};          ///< of rows and columns alike
  std::vector<std::vector<double>> values = {};  ///< rows; from -1 to 1, or NaN where undefined
  std::vector<std::size_t> groups = {};  ///< the numbers of neighbouring rows that belong together
};

/// The colour of a correlation: white for 0, blue for 1, vermilion for -1; grey where it is
/// undefined.
inline std::string correlation_colour(double value) {
  if (!std::isfinite(value)) return "#d9d9d9";
  constexpr std::array kBlue = {0x00, 0x72, 0xb2};
  constexpr std::array kVermilion = {0xd5, 0x5e, 0x00};
  const auto& end = value < 0 ? kVermilion : kBlue;
  const double fraction = std::min(1.0, std::abs(value));
  std::string colour = "#";
  for (const int part : end) {
    colour += fmt::format("{:02x}", std::lround(255 + fraction * (part - 255)));
  }
  return colour;
}

/// Draws the figure. Numbers are left out where cells are too small for them: from 33 rows on at
/// the usual width.
inline std::string to_svg(const MatrixFigure& figure) {
  constexpr double kWidth = 760;
  constexpr double kGap = 5;  // between groups
  constexpr double kTextSize = 12;
  constexpr double kMost = 48;  // pixels of a cell
  const std::size_t count = figure.labels.size();
  double room = 0;  // of the labels
  for (const std::string& label : figure.labels) {
    room = std::max(room, text_width(label, kTextSize));
  }
  room = kWiderFonts * std::min(room, 0.25 * kWidth);

  std::vector<double> offsets;  // of the cells, without their size
  double gaps = 0;
  for (const std::size_t rows : figure.groups) {
    offsets.insert(offsets.end(), rows, gaps);
    gaps += kGap;
  }
  offsets.resize(count, gaps);
  gaps = offsets.back();
  const double cell = std::min(kMost, (kWidth - room - 20 - gaps) / static_cast<double>(count));
  const double number_size = std::min(12.0, cell / 2.6);
  const Point corner{room + 10, room + 36};
  const auto place = [&](std::size_t i) { return static_cast<double>(i) * cell + offsets[i]; };

  SvgDrawing drawing(kWidth, corner.y + place(count - 1) + cell + 8, figure.description);
  drawing.text({4, 18}, fitting_text(figure.title, 13, kWidth - 8), {.size = 13, .bold = true});
  for (std::size_t i = 0; i < count; ++i) {
    const std::string label = fitting_text(figure.labels[i], kTextSize, room / kWiderFonts + 1);
    const double middle = place(i) + cell / 2;
    drawing.text({corner.x - 6, corner.y + middle + 4}, label,
                 {.anchor = Anchor::kEnd, .size = kTextSize});
    drawing.text({corner.x + middle + 4, corner.y - 6}, label, {.size = kTextSize, .turn = -90});
    for (std::size_t j = 0; j < count; ++j) {
      const double value = figure.values[i][j];
      const double x = corner.x + place(j);
      const double y = corner.y + place(i);
      const std::string side = coordinate(cell - 1);
      drawing.shape(fmt::format("M{}h{}v{}h-{}z", coordinates({x, y}), side, side, side),
                    correlation_colour(value));
      if (number_size < 7) continue;
      drawing.text({x + cell / 2, y + cell / 2 + 0.35 * number_size}, fixed_text(value, 2),
                   {.anchor = Anchor::kMiddle,
                    .size = number_size,
                    .colour = std::abs(value) > 0.6 ? "#ffffff" : "#222222"});
    }
  }
  return std::move(drawing).finish();
}

}  // namespace interchoice::figures
