#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace interchoice::figures {

namespace detail {

/// Helvetica's widths of the ASCII characters from the blank to `~`, in thousandths of the size.
// clang-format off
inline constexpr std::array<int, 95> kHelveticaWidths = {
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584,  //   ! " # $ % & ' ( ) * +
    278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556,  // , - . / 0 1 2 3 4 5 6 7
    556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, // 8 9 : ; < = > ? @ A B C
    722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,  // D E F G H I J K L M N O
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278,  // P Q R S T U V W X Y Z [
    278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556,  // \ ] ^ _ ` a b c d e f g
    556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,  // h i j k l m n o p q r s
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584};      // t u v w x y z { | } ~
// clang-format on

}  // namespace detail

/// The approximate width of a text in Helvetica or Arial. *Units*: pixels.
inline double text_width(std::string_view text, double size) {
  double thousandths = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      thousandths += detail::kHelveticaWidths[byte - 0x20];
    } else if (byte >= 0xC0) {  // the first byte of a character; the others add nothing
      thousandths += byte < 0xE0 ? 600 : 1000;
    }
  }
  return 1.04 * size * thousandths / 1000;
}

/// The factor by which substitutes such as DejaVu Sans may be wider: room for a text
/// that must not touch its neighbour.
inline constexpr double kWiderFonts = 1.15;

/// The text, or as much of its beginning as fits with an ellipsis.
inline std::string fitting_text(std::string_view text, double size, double width) {
  if (text_width(text, size) <= width) return std::string(text);
  const double room = width - text_width("…", size);
  std::size_t length = 0;
  for (std::size_t next = 0; next <= text.size(); ++next) {
    const bool between_characters =
        next == text.size() || (static_cast<unsigned char>(text[next]) & 0xC0) != 0x80;
    if (!between_characters) continue;
    if (text_width(text.substr(0, next), size) > room) break;
    length = next;
  }
  return std::string(text.substr(0, length)) + "…";
}

}  // namespace interchoice::figures
