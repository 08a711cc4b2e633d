// The two files of a report that are read, metrics.json and predictions.csv, with a NUL between.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

#include "fuzz/memory_file.hpp"
#include "interchoice/report/read_report.hpp"

namespace ic = interchoice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ic::testing::as_text(data, size);
  const std::size_t end = std::min(text.find('\0'), text.size());
  try {
    ic::parse_report(text.substr(0, end), text.substr(std::min(end + 1, text.size())), "fuzz");
  } catch (const std::runtime_error&) {
  }
  return 0;
}
