#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace interchoice::figures {

/// A figure as data: a Vega-Lite specification, which pages, Altair and editors draw.
///
/// *Source*: Satyanarayan et al., "Vega-Lite: A Grammar of Interactive Graphics" (2017).
using Specification = nlohmann::ordered_json;

inline constexpr int kFigureWidth = 640;  ///< of the area with data; pages fit it to their width

/// The beginning of a specification. `description` is read by screen readers.
inline Specification specification(const std::string& description) {
  return {{"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
          {"description", description},
          {"config",
           {{"font", "system-ui, Helvetica, Arial, sans-serif"},
            {"view", {{"stroke", nullptr}}},
            {"axis", {{"titleFontWeight", "normal"}}},
            {"title", {{"anchor", "start"}, {"fontSize", 13}, {"offset", 8}}},
            {"legend", {{"symbolStrokeWidth", 2}, {"labelLimit", 260}}}}}};
}

/// The text of a specification's file. Bytes that are not UTF-8 become U+FFFD.
inline std::string specification_text(const Specification& json) {
  return json.dump(1, ' ', false, Specification::error_handler_t::replace) + "\n";
}

/// A number as figures and tables show it: six significant digits are enough for both.
inline double shown_number(double value) {
  const std::string text = fmt::format("{:.6g}", value);
  std::from_chars(text.data(), text.data() + text.size(), value);  // in any locale
  return value;
}

/// A quantity that a figure shows along an axis.
struct Quantity {
  std::string title;  ///< with its unit
  double low = 0;     ///< the axis' ends, if low < high; else those of the data
  double high = 0;
  bool logarithmic = false;
  bool reversed = false;  ///< the largest value comes first
  bool counts = false;    ///< whole numbers
};

/// The channel that shows a field of the data as a quantity.
inline Specification channel(const std::string& field, const Quantity& quantity) {
  Specification scale = {{"zero", false}};
  if (quantity.low < quantity.high) {
    scale["domain"] = {quantity.low, quantity.high};
    scale["nice"] = false;
  }
  if (quantity.logarithmic) {
    scale["type"] = "log";
    scale.erase("zero");
  }
  if (quantity.reversed) scale["reverse"] = true;
  Specification axis = {{"labelOverlap", true}};
  if (quantity.counts) axis["tickMinStep"] = 1;
  return {{"field", field},
          {"type", "quantitative"},
          {"title", quantity.title},
          {"scale", std::move(scale)},
          {"axis", std::move(axis)}};
}

/// The same with room at the axis' ends, so that no point lies on them.
inline Specification padded(Specification channel) {
  channel["scale"]["padding"] = 8;
  return channel;
}

/// A line of what hovering over a mark tells.
inline Specification tooltip(const std::string& field, const std::string& title) {
  return {{"field", field}, {"title", title}};
}

/// The same for a number.
inline Specification number_tooltip(const std::string& field, const std::string& title) {
  return {{"field", field}, {"type", "quantitative"}, {"title", title}, {"format", ",.6~g"}};
}

/// The parameter by which wheel and Ctrl zoom a view, dragging moves it, and a double click shows
/// all again. Of figures of several views each has a name of its own.
inline Specification zoom(const std::string& name, bool drags = true) {
  Specification select = {{"type", "interval"}, {"zoom", "wheel![event.ctrlKey||event.metaKey]"}};
  if (!drags) select["translate"] = false;
  return {{"name", name}, {"select", std::move(select)}, {"bind", "scales"}};
}

/// A list of one element, which braces alone would not be with every compiler.
inline Specification list_of(const Specification& element) {
  return Specification::array({element});
}

/// Views beside and below each other, `columns` in a row; one alone stands for itself.
inline Specification arranged(Specification figure, std::vector<Specification> views,
                              std::size_t columns) {
  if (views.size() == 1) {
    Specification shared = figure.value("params", Specification::array());
    figure.update(views.front());
    for (Specification& parameter : shared) {
      parameter.erase("views");
      figure["params"].push_back(std::move(parameter));
    }
    return figure;
  }
  const auto width = kFigureWidth / static_cast<int>(std::max<std::size_t>(columns, 1)) - 60;
  for (Specification& view : views) view["width"] = std::max(width, 150);
  figure["columns"] = columns;
  figure["concat"] = std::move(views);
  return figure;
}

}  // namespace interchoice::figures
