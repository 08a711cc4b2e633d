#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "interchoice/report/markup.hpp"
#include "interchoice/report/number_text.hpp"
#include "interchoice/report/series_style.hpp"

namespace interchoice::figures {

/// A plain scatter as an SVG drawing, for readers without scripts. Only the ends of the axes are
/// marked.
///
/// *Requires*: as many x as y, at least one.
inline std::string static_scatter(const std::vector<double>& x, const std::string& x_title,
                                  const std::vector<double>& y, const std::string& y_title) {
  constexpr int kWidth = 600, kHeight = 360, kLeft = 20, kTop = 30, kBelow = 30;
  const auto text = [](int left, int top, const char* anchor, const std::string& content) {
    return fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>\n", left, top, anchor,
                       escape_markup(content));
  };
  const auto [x_low, x_high] = std::ranges::minmax(x);
  const auto [y_low, y_high] = std::ranges::minmax(y);
  const auto along = [](double value, double low, double high) {
    return high > low ? (value - low) / (high - low) : 0.5;
  };
  const auto number = [](double value) { return shortest_text(shown_number(value)); };
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" role=\"img\" aria-label=\"{2} against {3}\" font-size=\"13\" "
      "fill=\"currentColor\">\n<path d=\"M{4} {5}V{6}H{7}\" fill=\"none\" "
      "stroke=\"currentColor\"/>\n<g fill=\"{8}\" fill-opacity=\"0.6\">\n",
      kWidth, kHeight, escape_markup(y_title), escape_markup(x_title), kLeft - 8, kTop,
      kHeight - kBelow + 8, kWidth - kLeft, series_style(0).colour);
  for (std::size_t i = 0; i < x.size(); ++i) {
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n",
                       kLeft + (kWidth - 2 * kLeft) * along(x[i], x_low, x_high),
                       kHeight - kBelow - (kHeight - kTop - kBelow) * along(y[i], y_low, y_high));
  }
  svg += "</g>\n";
  svg += text(kLeft - 8, 18, "start",
              fmt::format("{}: {} to {}", y_title, number(y_low), number(y_high)));
  svg += text(kWidth - kLeft, kHeight - 6, "end",
              fmt::format("{}: {} to {}", x_title, number(x_low), number(x_high)));
  return svg + "</svg>\n";
}

}  // namespace interchoice::figures
