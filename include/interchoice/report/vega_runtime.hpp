#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "interchoice/io/input_file.hpp"

namespace interchoice {

/// The scripts with which a page draws its figures: Vega, Vega-Lite and Vega-Embed (BSD-3-Clause).
class VegaRuntime {
 public:
  /// Loaded when the page is read, from the public CDN jsDelivr. Browsers refuse bytes with another
  /// hash than is written here; then, and where there is no network, the page has its tables and a
  /// picture without figures that one can explore.
  static VegaRuntime from_network() {
    // Versions and hashes as PyPI's panel 1.9.4 carries the files of these addresses.
    return VegaRuntime(
        R"(<script crossorigin="anonymous" src="https://cdn.jsdelivr.net/npm/vega@6.1.2"
 integrity="sha384-3Zeq0Gb8jqDivp2a+zwPu5uJJZV+yM0iuorzVFGDPuzChE4tO/3/TecDON0JtQEl"></script>
<script crossorigin="anonymous" src="https://cdn.jsdelivr.net/npm/vega-lite@6.3.0"
 integrity="sha384-XvyB+gziheLKBtEFV41cTEJKMS0HanHcNPRSOEbYq1CvA5e5aYa1aPNc4hK5lTvU"></script>
<script crossorigin="anonymous" src="https://cdn.jsdelivr.net/npm/vega-embed@7.0.2"
 integrity="sha384-MsH1NE1KRDpmMJCcJ8Ulqhadgiz4lT0GIaHN7DKB1POKAoBhSWywPDQ2sJDkP8M7"></script>
)");
  }

  /// In the page itself: the text of one script that sets `vegaEmbed`.
  static VegaRuntime embedded(std::string_view script) {
    std::string markup = "<script>";
    constexpr std::string_view kEnd = "</script";  // as browsers look for it, strings or not
    for (std::size_t end = script.find(kEnd); end != script.npos; end = script.find(kEnd)) {
      markup.append(script.substr(0, end)).append("<\\/script");
      script.remove_prefix(end + kEnd.size());
    }
    return VegaRuntime(markup.append(script).append("</script>\n"));
  }

  /// The bundle of the library's build or installation in the page itself; where there is none,
  /// `from_network`. `cmake/bootstrap.sh` makes it.
  static VegaRuntime installed() {
#ifdef INTERCHOICE_VEGA_BUNDLE
    constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 24;
    try {
      return embedded(InputFile(INTERCHOICE_VEGA_BUNDLE).text(kMostBytes));
    } catch (const std::runtime_error&) {  // a report must not be lost for its looks
    }
#endif
    return from_network();
  }

  /// The elements of the page.
  const std::string& markup() const { return markup_; }

 private:
  explicit VegaRuntime(std::string markup) : markup_(std::move(markup)) {}

  std::string markup_;
};

}  // namespace interchoice
