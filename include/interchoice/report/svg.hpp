#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/report/markup.hpp"
#include "interchoice/report/number_text.hpp"

namespace interchoice::figures {

/// A place in a drawing. *Units*: pixels at the drawing's natural size, y downwards.
struct Point {
  double x = 0;
  double y = 0;
};

/// A rectangle of a drawing, by its upper left corner. *Units*: pixels.
struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;

  double right() const { return x + width; }
  double bottom() const { return y + height; }
};

/// How a line is drawn.
struct Stroke {
  std::string colour;
  double width = 1;
  std::string dash;  ///< lengths of dashes and gaps, `6 3`; empty: solid
};

/// Where a text's place is within it.
enum class Anchor { kStart, kMiddle, kEnd };

/// How a text is drawn.
struct TextStyle {
  Anchor anchor = Anchor::kStart;
  double size = 12;
  std::string colour = "#222222";
  bool bold = false;
  double turn = 0;  ///< clockwise degrees about its place
};

/// The shape of a series' marks.
enum class MarkerShape { kNone, kCircle, kSquare, kTriangle, kDiamond, kTriangleDown, kCross };

/// An SVG drawing: complete as a file of its own and as an element of an HTML page. It has no ids,
/// so that any number of drawings can share a page.
class SvgDrawing {
 public:
  /// `description` is what a screen reader says in place of the picture.
  SvgDrawing(double width, double height, std::string_view description) {
    markup_.open("svg", {{"xmlns", "http://www.w3.org/2000/svg"},
                         {"viewBox", "0 0 " + coordinate(width) + " " + coordinate(height)},
                         {"width", coordinate(width)},
                         {"height", coordinate(height)},
                         {"role", "img"},
                         {"aria-label", std::string(description)},
                         {"font-family", "Helvetica, Arial, 'Liberation Sans', sans-serif"}});
    markup_.raw("\n");
    markup_.empty(
        "rect",
        {{"width", coordinate(width)}, {"height", coordinate(height)}, {"fill", "#ffffff"}});
  }

  void line(Point from, Point to, const Stroke& stroke) {
    markup_.empty("line", {{"x1", coordinate(from.x)},
                           {"y1", coordinate(from.y)},
                           {"x2", coordinate(to.x)},
                           {"y2", coordinate(to.y)},
                           {"stroke", stroke.colour},
                           {"stroke-width", coordinate(stroke.width)},
                           {"stroke-dasharray", stroke.dash}});
  }

  /// An open path; `data` are SVG path commands.
  void path(std::string data, const Stroke& stroke) {
    markup_.empty("path", {{"d", std::move(data)},
                           {"fill", "none"},
                           {"stroke", stroke.colour},
                           {"stroke-width", coordinate(stroke.width)},
                           {"stroke-dasharray", stroke.dash},
                           {"stroke-linejoin", "round"}});
  }

  /// A filled path with an optional outline and opacity.
  void shape(std::string data, std::string fill, const Stroke& outline = {},
             std::string opacity = {}) {
    markup_.empty("path",
                  {{"d", std::move(data)},
                   {"fill", std::move(fill)},
                   {"fill-opacity", std::move(opacity)},
                   {"stroke", outline.colour},
                   {"stroke-width", outline.colour.empty() ? "" : coordinate(outline.width)}});
  }

  /// A disc with a tooltip.
  struct Disc {
    Point centre;
    std::string tooltip;
  };

  void discs(const std::vector<Disc>& discs, double radius, const std::string& fill,
             double opacity) {
    markup_.open("g", {{"fill", fill}, {"fill-opacity", coordinate(opacity)}});
    for (const auto& [centre, tooltip] : discs) {
      markup_.open(
          "circle",
          {{"cx", coordinate(centre.x)}, {"cy", coordinate(centre.y)}, {"r", coordinate(radius)}});
      markup_.element("title", {}, tooltip).close();
    }
    markup_.close();
  }

  void text(Point place, std::string_view content, const TextStyle& style = {}) {
    if (content.empty()) return;
    const std::string turn = style.turn == 0
                                 ? ""
                                 : "rotate(" + coordinate(style.turn) + " " + coordinate(place.x) +
                                       " " + coordinate(place.y) + ")";
    markup_.element("text",
                    {{"x", coordinate(place.x)},
                     {"y", coordinate(place.y)},
                     {"font-size", coordinate(style.size)},
                     {"fill", style.colour},
                     {"text-anchor", style.anchor == Anchor::kMiddle ? "middle"
                                     : style.anchor == Anchor::kEnd  ? "end"
                                                                     : ""},
                     {"font-weight", style.bold ? "bold" : ""},
                     {"transform", turn}},
                    content);
  }

  /// A mark of a series, about `size` across.
  void marker(MarkerShape marker_shape, Point centre, double size, const std::string& fill,
              const Stroke& outline) {
    const double r = size / 2;
    const auto corner = [&](double x, double y) {
      return coordinate(centre.x + x * r) + " " + coordinate(centre.y + y * r);
    };
    const std::string radius = coordinate(r);
    switch (marker_shape) {
      case MarkerShape::kNone:
        return;
      case MarkerShape::kCircle:
        shape("M" + corner(-1, 0) + "a" + radius + " " + radius + " 0 1 0 " + coordinate(size) +
                  " 0a" + radius + " " + radius + " 0 1 0 " + coordinate(-size) + " 0Z",
              fill, outline);
        return;
      case MarkerShape::kSquare:
        shape("M" + corner(-0.9, -0.9) + "L" + corner(0.9, -0.9) + "L" + corner(0.9, 0.9) + "L" +
                  corner(-0.9, 0.9) + "Z",
              fill, outline);
        return;
      case MarkerShape::kTriangle:
        shape("M" + corner(0, -1.2) + "L" + corner(1.1, 0.8) + "L" + corner(-1.1, 0.8) + "Z", fill,
              outline);
        return;
      case MarkerShape::kDiamond:
        shape("M" + corner(0, -1.3) + "L" + corner(1.1, 0) + "L" + corner(0, 1.3) + "L" +
                  corner(-1.1, 0) + "Z",
              fill, outline);
        return;
      case MarkerShape::kTriangleDown:
        shape("M" + corner(0, 1.2) + "L" + corner(1.1, -0.8) + "L" + corner(-1.1, -0.8) + "Z", fill,
              outline);
        return;
      case MarkerShape::kCross:
        path("M" + corner(-1, -1) + "L" + corner(1, 1) + "M" + corner(-1, 1) + "L" + corner(1, -1),
             {outline.colour == "#ffffff" ? fill : outline.colour, 2, ""});
        return;
    }
  }

  /// The drawing's text.
  std::string finish() && { return std::move(markup_).finish(); }

 private:
  Markup markup_;
};

}  // namespace interchoice::figures
