#pragma once

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
struct MatrixFigure {
  std::string description;                  ///< what a screen reader says
  std::string title;                        ///< what the numbers are
  std::vector<std::string> labels;          ///< of rows and columns alike
  std::vector<std::vector<double>> values;  ///< rows; from -1 to 1, or NaN where undefined
  std::vector<std::size_t> groups = {};  ///< how many neighbouring rows belong together; none: all
  double width = 760;
};

/// The colour of a correlation: white for 0, blue for 1, vermilion for -1; grey where it is
/// undefined.
inline std::string correlation_colour(double value) {
  if (!std::isfinite(value)) return "#d9d9d9";
  constexpr std::array kBlue = {0x00, 0x72, 0xb2};
  constexpr std::array kVermilion = {0xd5, 0x5e, 0x00};
  const auto& end = value < 0 ? kVermilion : kBlue;
  const double share = std::min(1.0, std::abs(value));
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string colour = "#";
  for (const int part : end) {
    const auto byte = static_cast<std::size_t>(std::lround(255 + share * (part - 255)));
    colour += {kDigits[byte / 16], kDigits[byte % 16]};
  }
  return colour;
}

/// Draws the figure. Numbers are left out where cells are too small for them: from 33 rows on at
/// the usual width.
inline std::string to_svg(const MatrixFigure& figure) {
  constexpr double kGap = 5;  // between groups
  constexpr double kTextSize = 12;
  constexpr double kMost = 48;  // pixels of a cell
  const std::size_t count = figure.labels.size();
  double room = 0;  // of the labels
  for (const std::string& label : figure.labels) {
    room = std::max(room, text_width(label, kTextSize));
  }
  room = kWiderFonts * std::min(room, 0.25 * figure.width);

  std::vector<double> offsets;  // of the cells, without their size
  std::size_t group = 0;
  std::size_t left_in_group = figure.groups.empty() ? count : figure.groups.front();
  double gaps = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (left_in_group == 0 && group + 1 < figure.groups.size()) {
      left_in_group = figure.groups[++group];
      gaps += kGap;
    }
    if (left_in_group > 0) --left_in_group;
    offsets.push_back(gaps);
  }
  const double cell =
      std::min(kMost, (figure.width - room - 20 - gaps) / static_cast<double>(count));
  const double number_size = std::min(12.0, cell / 2.6);
  const Point corner{room + 10, room + 36};
  const auto place = [&](std::size_t i) { return static_cast<double>(i) * cell + offsets[i]; };

  SvgDrawing drawing(figure.width, corner.y + place(count - 1) + cell + 8, figure.description);
  drawing.text({4, 18}, fitting_text(figure.title, 13, figure.width - 8),
               {.size = 13, .bold = true});
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
      drawing.shape(
          "M" + coordinate(x) + " " + coordinate(y) + "h" + side + "v" + side + "h-" + side + "z",
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
