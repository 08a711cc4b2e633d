#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/series_style.hpp"
#include "interchoice/report/svg.hpp"
#include "interchoice/report/text_width.hpp"

namespace interchoice::figures {

/// Draws one mark of a series.
inline void draw_mark(SvgDrawing& drawing, const SeriesStyle& style, Point place) {
  constexpr double kSize = 7;
  const std::string& colour = style.stroke.colour;
  if (style.hollow) {
    drawing.marker(style.marker, place, kSize, "#ffffff", {colour, 1.3, ""});
  } else {
    drawing.marker(style.marker, place, kSize, colour, {"#ffffff", 0.8, ""});
  }
}

/// The opacity of the band around a curve.
inline constexpr char kBandOpacity[] = "0.16";

/// The key of a figure, in rows above it, where it can hide no data.
class Legend {
 public:
  struct Entry {
    std::string label;
    SeriesStyle style;
    bool band = false;  ///< the series has one
  };

  /// Lays the entries out in rows of `width` pixels.
  Legend(std::vector<Entry> entries, double width) : entries_(std::move(entries)) {
    double x = 0;
    double row = 0;
    for (Entry& entry : entries_) {
      entry.label = fitting_text(entry.label, kTextSize, width - kSample - kGap);
      const double needed = kSample + kGap + kWiderFonts * text_width(entry.label, kTextSize);
      if (x > 0 && x + needed > width) {
        x = 0;
        ++row;
      }
      places_.push_back({x, row * kRow});
      x += needed + kBetween;
    }
    height_ = entries_.empty() ? 0 : (row + 1) * kRow + 6;
  }

  /// *Units*: pixels.
  double height() const { return height_; }

  void draw(SvgDrawing& drawing, Point corner) const {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const auto& [label, style, band] = entries_[i];
      const Point place{corner.x + places_[i].x, corner.y + places_[i].y + kRow / 2};
      if (band) draw_band_sample(drawing, style, place);
      drawing.line(place, {place.x + kSample, place.y}, style.stroke);
      draw_mark(drawing, style, {place.x + kSample / 2, place.y});
      drawing.text({place.x + kSample + kGap, place.y + 4}, label, {.size = kTextSize});
    }
  }

 private:
  static constexpr double kTextSize = 12;
  static constexpr double kSample = 36;   // the piece of line
  static constexpr double kGap = 6;       // between line and text
  static constexpr double kBetween = 18;  // between entries
  static constexpr double kRow = 20;

  static void draw_band_sample(SvgDrawing& drawing, const SeriesStyle& style, Point place) {
    drawing.shape(
        fmt::format("M{}h{}v12h-{}z", coordinates({place.x, place.y - 6}), kSample, kSample),
        style.stroke.colour, {}, kBandOpacity);
  }

  std::vector<Entry> entries_;
  std::vector<Point> places_;
  double height_ = 0;
};

}  // namespace interchoice::figures
