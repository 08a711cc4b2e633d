// The file that an evaluation goes on from: its form, what it refuses, round trips.

#include "interchoice/evaluation/result_log.hpp"

#include <rapidcheck.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "spaces/example_spaces.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using Space = ic::testing::Mixed;
using Path = ic::Architecture<Space>;

namespace {

struct Log : ic::ResultLog {
  Log(const std::filesystem::path& path, const ic::Identity& identity)
      : ResultLog(path, identity, spelling<Space>) {}
};

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a result log has a row a result, in the columns of tables") {
  const ic::testing::TemporaryFolder folder;
  const auto path = folder / "results.csv";
  const ic::Identity identity{{"policy", "bias<1>"}, {"seed, batch", "1, 2"}};
  {
    Log log(path, identity);
    CHECK(log.add("1-4-0-2", 0.1) == 0.1);
    CHECK(log.add("1-4-0-2", 0.7) == 0.1);  // the first one stays
    CHECK(log.results().at("1-4-0-2") == 0.1);
  }
  const std::string header = "arch,accuracy,policy,\"seed, batch\"\n";
  const std::string row = "1-4-0-2,0.1,bias<1>,\"1, 2\"\n";
  CHECK(text_of(path) == header + row);
  Log(path, identity).add("0-0-0-0", 1);
  CHECK(text_of(path) == header + row + "0-0-0-0,1,bias<1>,\"1, 2\"\n");

  // A killed process leaves a header or a row without its end.
  for (const std::string& torn : {std::string("ar"), header + row + "0-0-0"}) {
    const auto file = folder.write("torn.csv", torn);
    Log(file, identity).add("0-1-0-0", 0.5);
    CHECK(text_of(file) ==
          header + (torn.size() > header.size() ? row : "") + "0-1-0-0,0.5,bias<1>,\"1, 2\"\n");
  }
}

TEST_CASE("a result log refuses what is not its own, and leaves it as it is") {
  const ic::testing::TemporaryFolder folder;
  struct Case {
    std::string text;
    const char* reason;
  };
  const std::string header = "arch,accuracy,seed,policy\n";
  const Case cases[] = {
      {"a,b\n1,2\n", "begins with 'a,b', results need 'arch,accuracy,seed,policy'"},
      {"notes", "begins with 'notes'"},
      {"architecture,accuracy,seed,policy\n", "begins with 'architecture,accuracy"},
      {header + "0-0-0-0,0.5,1,none\n0-0-0-1,0.5,2,bias<1>\nto",
       "file.csv:3: a result of something else: seed is '2' there, '1' here; policy is 'bias<1>' "
       "there, 'none' here; give this evaluation a file of its own"},
      {header + "0-0-0-0,0.5,1,none\n0-0-0-0,0.5,1,none\n",
       "file.csv:3: architecture '0-0-0-0' a second time; remove the line"},
      {header + "0-0-0-0,1.5,1,none\n", "file.csv:2: an accuracy of 1.5, not in [0, 1]"},
      {header + "0-0-0-0,nan,1,none\n", "file.csv:2: column 'accuracy' holds 'nan'"},
      {header + "x,0.5,1,none\n", "file.csv:2: "},
  };
  for (const auto& [text, reason] : cases) {
    INFO(text);
    const auto file = folder.write("file.csv", text);
    CHECK_THROWS_AS(Log(file, {{"seed", "1"}, {"policy", "none"}}), std::runtime_error);
    CHECK_THROWS_WITH(Log(file, {{"seed", "1"}, {"policy", "none"}}), Contains(reason));
    CHECK(text_of(file) == text);
  }
  CHECK_THROWS_WITH(Log(folder / "new.csv", {{"seed", "1\n2"}}), Contains("has a line end"));
  CHECK_FALSE(std::filesystem::exists(folder / "new.csv"));
  CHECK_THROWS_WITH(Log(folder / "no" / "new.csv", {}), Contains("could not open it for writing"));
}

TEST_CASE("every result that is written is read back, to the bit") {
  CHECK(rc::check([](const std::vector<std::uint32_t>& seeds) {
    const ic::testing::TemporaryFolder folder;
    std::map<std::string, double> expected;
    for (const std::uint32_t seed : seeds) {  // a process each
      const double accuracy = static_cast<double>(seed) / 4294967295.0;
      const std::string path =
          ic::to_text(Path::from_index(seed % *ic::architecture_count<Space>()));
      expected.try_emplace(path, accuracy);
      RC_ASSERT(Log(folder / "log.csv", {}).add(path, accuracy) == expected.at(path));
    }
    RC_ASSERT(Log(folder / "log.csv", {}).results() == expected);
  }));
}
