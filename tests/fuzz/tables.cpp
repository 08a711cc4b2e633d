// Tables, histories of searches and logs of results out of one text.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "fuzz/memory_file.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/evaluation/result_log.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/search/history_csv.hpp"
#include "interchoice/spaces/nasbench201.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;

namespace {

void read_table(std::string_view text) {
  try {
    const ic::CsvTable table = ic::CsvTable::parse(text, "fuzz");
    for (const std::string& column : table.columns()) {
      if (table.texts(column).size() != table.size()) std::abort();
      try {
        table.numbers(column);
      } catch (const std::runtime_error&) {
      }
    }
  } catch (const std::runtime_error&) {
  }
}

void read_history(std::string_view text) {
  const auto number = [](const ic::Architecture<Space>&) { return 0.0; };
  static const ic::SearchProblem<Space> problem{
      .objectives = {ic::maximise<Space>("accuracy", number), ic::minimise<Space>("cost", number)}};
  try {
    const auto history = ic::parse_history<Space>(text, "fuzz", problem);
    // What was read is written and read as the same.
    const auto again =
        ic::parse_history<Space>(ic::history_csv(problem, history), "again", problem);
    if (again != history) std::abort();
  } catch (const std::runtime_error&) {
  }
}

void read_results(std::string_view text) {
  const auto path = ic::testing::fuzz_folder() / "results.csv";
  const ic::Identity identity{{"network", "tiny"}};
  ic::testing::write_bytes(path, text);
  try {
    const auto open = [&] { return ic::ResultLog(path, identity, ic::ResultLog::spelling<Space>); };
    const auto read = open().results();
    if (open().results() != read) std::abort();
  } catch (const std::runtime_error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ic::testing::as_text(data, size);
  read_table(text);
  read_history(text);
  read_results(text);
  return 0;
}
