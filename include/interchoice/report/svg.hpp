#pragma once

#include <initializer_list>
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

/// The look of a line.
struct Stroke {
  std::string colour;
  double width = 1;
  std::string dash;  ///< lengths of dashes and gaps, `6 3`; empty: solid
};

/// The part of a text that lies at its place.
enum class Anchor { kStart, kMiddle, kEnd };

/// The look of a text.
struct TextStyle {
  Anchor anchor = Anchor::kStart;
  double size = 12;
  std::string colour = "#222222";
  bool bold = false;
  double turn = 0;  ///< clockwise degrees about its place
};

/// The shape of a series' marks.
enum class MarkerShape { kNone, kCircle, kSquare, kTriangle, kDiamond, kTriangleDown };

/// A place as part of SVG path commands: `12.5 -3`.
inline std::string coordinates(Point place) {
  return coordinate(place.x) + " " + coordinate(place.y);
}

/// The closed polygon through these corners as path commands.
inline std::string polygon_path(std::initializer_list<Point> corners) {
  std::string data;
  for (const Point& corner : corners) data += (data.empty() ? "M" : "L") + coordinates(corner);
  return data + "Z";
}

/// An SVG drawing: complete as a file of its own and as an element of an HTML page. It has no ids,
/// so that any number of drawings can share a page.
class SvgDrawing {
 public:
  /// `description` is read by screen readers in place of the drawing.
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
    const std::string turn = style.turn == 0 ? ""
                                             : "rotate(" + coordinates({style.turn, place.x}) +
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
  void marker(MarkerShape kind, Point centre, double size, const std::string& fill,
              const Stroke& outline) {
    const double r = size / 2;
    const auto corner = [&](double x, double y) {
      return Point{centre.x + x * r, centre.y + y * r};
    };
    switch (kind) {
      case MarkerShape::kNone:
        return;
      case MarkerShape::kCircle: {
        const std::string arc = "a" + coordinates({r, r}) + " 0 1 0 ";
        return shape("M" + coordinates(corner(-1, 0)) + arc + coordinates({size, 0}) + arc +
                         coordinates({-size, 0}) + "Z",
                     fill, outline);
      }
      case MarkerShape::kSquare:
        return shape(polygon_path({corner(-0.9, -0.9), corner(0.9, -0.9), corner(0.9, 0.9),
                                   corner(-0.9, 0.9)}),
                     fill, outline);
      case MarkerShape::kTriangle:
        return shape(polygon_path({corner(0, -1.2), corner(1.1, 0.8), corner(-1.1, 0.8)}), fill,
                     outline);
      case MarkerShape::kDiamond:
        return shape(
            polygon_path({corner(0, -1.3), corner(1.1, 0), corner(0, 1.3), corner(-1.1, 0)}), fill,
            outline);
      case MarkerShape::kTriangleDown:
        return shape(polygon_path({corner(0, 1.2), corner(1.1, -0.8), corner(-1.1, -0.8)}), fill,
                     outline);
    }
  }

  /// The drawing's text.
  std::string finish() && { return std::move(markup_).finish(); }

 private:
  Markup markup_;
};

}  // namespace interchoice::figures
