// The file that an evaluation goes on from: its form, what it refuses, round trips.

#include "interchoice/evaluation/result_log.hpp"

#include <rapidcheck.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "interchoice/io/digest.hpp"
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

std::string with_digest(const std::string& row) { return row + ',' + ic::digest_of(row) + '\n'; }

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
  const std::string header = "arch,accuracy,policy,\"seed, batch\",digest\n";
  const std::string row = with_digest("1-4-0-2,0.1,bias<1>,\"1, 2\"");
  CHECK(text_of(path) == header + row);
  Log(path, identity).add("0-0-0-0", 1);
  CHECK(text_of(path) == header + row + with_digest("0-0-0-0,1,bias<1>,\"1, 2\""));

  // A killed process leaves a header or a row without its end.
  for (const std::string& torn : {std::string("ar"), header + row + "0-0-0"}) {
    const auto file = folder.write("torn.csv", torn);
    Log(file, identity).add("0-1-0-0", 0.5);
    CHECK(text_of(file) == header + (torn.size() > header.size() ? row : "") +
                               with_digest("0-1-0-0,0.5,bias<1>,\"1, 2\""));
  }
}

TEST_CASE("no flipped bit of a result log is read as another result") {
  const ic::testing::TemporaryFolder folder;
  const auto path = folder / "results.csv";
  const ic::Identity identity{{"policy", "bias<1>"}};
  {
    Log log(path, identity);
    log.add("1-4-0-2", 0.125);
    log.add("0-0-0-0", 0.5);
  }
  const std::string good = text_of(path);
  const std::map<std::string, double> results{{"1-4-0-2", 0.125}, {"0-0-0-0", 0.5}};
  int refused = 0, silent = 0;
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    try {
      const Log log(folder.write("flipped.csv", bytes), identity);
      // A last line without its end is that of a killed process, and dropped.
      silent += log.results() != results && log.results().size() == 2;
    } catch (const std::runtime_error&) {
      ++refused;
    }
  }
  CHECK(silent == 0);
  CHECK(refused > 7 * static_cast<int>(good.size()));
}

TEST_CASE("a result log without digests is gone on with, and says what it is") {
  const ic::testing::TemporaryFolder folder;
  const std::string old = "arch,accuracy,seed\n0-0-0-0,0.5,1\n";
  const auto path = folder.write("old.csv", old);
  {
    Log log(path, {{"seed", "1"}});
    CHECK_FALSE(log.has_digests());
    CHECK(log.results().at("0-0-0-0") == 0.5);
    log.add("0-0-0-1", 0.25);
  }
  CHECK(text_of(path) == old + "0-0-0-1,0.25,1\n");
  CHECK(Log(folder / "new.csv", {}).has_digests());
}

TEST_CASE("one process writes a result log") {
  const ic::testing::TemporaryFolder folder;
  const Log log(folder / "results.csv", {});
  CHECK_THROWS_WITH(Log(folder / "results.csv", {}), Contains("another process is writing it"));
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_AS(Log(folder / "pipe", {}), std::runtime_error);
}

TEST_CASE("a result log refuses what is not its own, and leaves it as it is") {
  const ic::testing::TemporaryFolder folder;
  struct Case {
    std::string text;
    const char* reason;
  };
  const std::string header = "arch,accuracy,seed,policy\n";  // digests are not asked of such a file
  const Case cases[] = {
      {"a,b\n1,2\n", "begins with 'a,b', results need 'arch,accuracy,seed,policy,digest'"},
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
      {"arch,accuracy,seed,policy,digest\n0-0-0-0,0.5,1,none,00\n",
       "file.csv:2: the row has changed since it was written"},
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
