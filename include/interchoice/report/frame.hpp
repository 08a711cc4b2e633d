#pragma once

#include <algorithm>

#include "interchoice/report/axis.hpp"
#include "interchoice/report/svg.hpp"
#include "interchoice/report/text_width.hpp"

namespace interchoice::figures {

/// The area in which a panel shows its data, with the axes that turn values into places.
struct Frame {
  Box area;
  Axis x;
  Axis y;

  double place_x(double value) const { return area.x + x.fraction(value) * area.width; }
  double place_y(double value) const { return area.bottom() - y.fraction(value) * area.height; }
  Point place(double x_value, double y_value) const { return {place_x(x_value), place_y(y_value)}; }
};

inline constexpr char kGridColour[] = "#e4e4e4";
inline constexpr char kZeroColour[] = "#9a9a9a";
inline constexpr char kAxisColour[] = "#444444";

/// The width of the labels of a vertical axis. *Units*: pixels.
inline double label_width(const Axis& axis) {
  double width = 0;
  for (const Tick& tick : axis.ticks) {
    width = std::max(width, text_width(tick.label, kTickTextSize));
  }
  return width;
}

/// The room that a vertical axis with its labels and title takes beside the data. *Units*: pixels.
inline double axis_room(const Axis& axis) { return label_width(axis) + 34; }

/// Draws grid lines, a darker one at y = 0: before the data, which lie on top.
inline void draw_grid(SvgDrawing& drawing, const Frame& frame) {
  const Box& area = frame.area;
  for (const Tick& tick : frame.y.ticks) {
    const double y = frame.place_y(tick.value);
    const bool is_zero = tick.value == 0 && frame.y.low < 0;
    drawing.line({area.x, y}, {area.right(), y}, {is_zero ? kZeroColour : kGridColour, 1, ""});
  }
  for (const Tick& tick : frame.x.ticks) {
    const double x = frame.place_x(tick.value);
    drawing.line({x, area.y}, {x, area.bottom()}, {kGridColour, 1, ""});
  }
}

/// Draws the lower and left axis with ticks, labels and titles; an empty title is left out.
inline void draw_axes(SvgDrawing& drawing, const Frame& frame) {
  const Box& area = frame.area;
  const Stroke stroke{kAxisColour, 1, ""};
  drawing.line({area.x, area.bottom()}, {area.right(), area.bottom()}, stroke);
  drawing.line({area.x, area.y}, {area.x, area.bottom()}, stroke);
  for (const Tick& tick : frame.y.ticks) {
    const double y = frame.place_y(tick.value);
    drawing.line({area.x - 4, y}, {area.x, y}, stroke);
    drawing.text({area.x - 7, y + 4}, tick.label, {.anchor = Anchor::kEnd, .size = kTickTextSize});
  }
  for (const Tick& tick : frame.x.ticks) {
    const double x = frame.place_x(tick.value);
    drawing.line({x, area.bottom()}, {x, area.bottom() + 4}, stroke);
    drawing.text({x, area.bottom() + 17}, tick.label,
                 {.anchor = Anchor::kMiddle, .size = kTickTextSize});
  }
  drawing.text({area.x + area.width / 2, area.bottom() + 36},
               fitting_text(frame.x.title, 12, area.width + 30), {.anchor = Anchor::kMiddle});
  drawing.text({area.x - label_width(frame.y) - 18, area.y + area.height / 2},
               fitting_text(frame.y.title, 12, area.height + 30),
               {.anchor = Anchor::kMiddle, .turn = -90});
}

/// Draws a second vertical axis on the right, another scale of the same data.
inline void draw_right_axis(SvgDrawing& drawing, const Frame& frame, const Axis& axis) {
  const Box& area = frame.area;
  const Stroke stroke{kAxisColour, 1, ""};
  drawing.line({area.right(), area.y}, {area.right(), area.bottom()}, stroke);
  for (const Tick& tick : axis.ticks) {
    const double y = area.bottom() - axis.fraction(tick.value) * area.height;
    drawing.line({area.right(), y}, {area.right() + 4, y}, stroke);
    drawing.text({area.right() + 7, y + 4}, tick.label, {.size = kTickTextSize});
  }
  drawing.text({area.right() + label_width(axis) + 18, area.y + area.height / 2},
               fitting_text(axis.title, 12, area.height + 30),
               {.anchor = Anchor::kMiddle, .turn = 90});
}

}  // namespace interchoice::figures
