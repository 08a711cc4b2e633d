#include "interchoice/evaluation/tabular_benchmark.hpp"

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/core/enumeration.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/spaces/chain.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "support/catch.hpp"
#include "support/shared_data.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;

namespace benchmark_table_test {

struct Left {
  static constexpr std::string_view name = "left";
  static constexpr ic::CandidateKind kind = ic::CandidateKind::kConvolution;
};
struct Right {
  static constexpr std::string_view name = "right";
  static constexpr ic::CandidateKind kind = ic::CandidateKind::kConvolution;
};
using Tiny = ic::Chain<3, ic::Candidates<Left, Right>>;
using Path = ic::Architecture<Tiny>;

}  // namespace benchmark_table_test

namespace {

using benchmark_table_test::Path;
using benchmark_table_test::Tiny;

/// A CSV file for the length of one test.
class CsvFile {
 public:
  explicit CsvFile(std::string_view text)
      : path_(std::filesystem::temp_directory_path() /
              ("interchoice-benchmark-" + std::to_string(::getpid()) + ".csv")) {
    ic::write_file_atomically(path_, text);
  }
  CsvFile(const CsvFile&) = delete;
  CsvFile& operator=(const CsvFile&) = delete;
  ~CsvFile() { std::filesystem::remove(path_); }

  const std::filesystem::path& path() const { return path_; }
  std::string line(int number) const {
    return path_.string() + ":" + std::to_string(number) + ": ";
  }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("a benchmark table gives the values of a CSV file's architectures") {
  const CsvFile file("rank,arch,accuracy,latency\n1,0-1-0,90.5,3\n2,1-1-1,91,4\n3,0-0-0,10,1\n");
  const auto table = ic::TabularBenchmark<Tiny>::read(file.path()).column("accuracy");
  CHECK(table.size() == 3);
  CHECK(table.architectures() == std::vector<Path>{{0, 1, 0}, {1, 1, 1}, {0, 0, 0}});
  CHECK(table.values() == std::vector<double>{90.5, 91, 10});
  CHECK(table.value({1, 1, 1}) == 91);
  CHECK(table.values(std::vector<Path>{{0, 0, 0}, {0, 1, 0}, {0, 0, 0}}) ==
        std::vector<double>{10, 90.5, 10});
  CHECK(table.max() == 91);
  CHECK(table.mean() == Approx(191.5 / 3));
  CHECK(table.contains({0, 1, 0}));
  CHECK_FALSE(table.contains({0, 1, 1}));
  CHECK(ic::TabularBenchmark<Tiny>::read(file.path()).column("latency").value({1, 1, 1}) == 4);
}

TEST_CASE("a benchmark table's architecture column may have any name") {
  const CsvFile file("path,y\n0-1-0,1\n");
  CHECK(ic::BenchmarkTable<Tiny>::read(file.path(), "y", {.architecture_column = "path"})
            .value({0, 1, 0}) == 1);
  CHECK_THROWS_WITH(ic::TabularBenchmark<Tiny>::read(file.path()).column("y"),
                    Contains("no column 'arch'") && Contains("'path', 'y'"));
}

TEST_CASE("an architecture that a benchmark table does not list is named") {
  const CsvFile file("arch,y\n0-1-0,1\n");
  const auto table = ic::TabularBenchmark<Tiny>::read(file.path()).column("y");
  CHECK_THROWS_AS(table.value({1, 0, 1}), std::out_of_range);
  CHECK_THROWS_WITH(table.value({1, 0, 1}), Contains("no architecture '1-0-1'") &&
                                                Contains(file.path().string()) &&
                                                Contains("column 'y'"));
  CHECK_THROWS_AS(table.values(std::vector<Path>{{0, 1, 0}, {1, 0, 1}}), std::out_of_range);
}

TEST_CASE("a benchmark file that is wrong is refused with the line") {
  struct Case {
    const char* text;
    int line;
    const char* reason;
  };
  const Case cases[] = {
      {"arch,y\n0-1-0,1\n1-1-1,2\n0-1-0,1\n", 4, "architecture '0-1-0' was listed before, at "},
      {"arch,y\n0-1-0,1\n0-2-0,2\n", 3, "architecture text '0-2-0', place 2"},
      {"arch,y\n0-1,1\n", 2, "architecture text '0-1', place 3"},
      {"arch,y\n,1\n", 2, "architecture text ''"},
      {"arch,y\n0-1-0,none\n", 2, "column 'y' holds 'none'"},
      {"arch,z\n0-1-0,1\n", 1, "there is no column 'y'; there are 'arch', 'z'"},
  };
  for (const auto& [text, line, reason] : cases) {
    const CsvFile file(text);
    const auto read = [&] { return ic::TabularBenchmark<Tiny>::read(file.path()).column("y"); };
    CHECK_THROWS_AS(read(), std::runtime_error);
    CHECK_THROWS_WITH(read(), Contains(file.line(line) + reason));
  }
  const CsvFile empty("arch,y\n");
  CHECK_THROWS_WITH(ic::TabularBenchmark<Tiny>::read(empty.path()).column("y"),
                    Contains("there are no architectures"));
  CHECK_THROWS_AS(ic::TabularBenchmark<Tiny>::read("no-such-file.csv").column("y"),
                  std::runtime_error);
}

TEST_CASE("NAS-Bench-201's table has the means and the optimum of the literature", "[shared]") {
  using Space = ic::NasBench201Space;
  const auto file = ic::testing::shared_data() / "data/nasbench201/nasbench201.csv";
  const auto table = ic::TabularBenchmark<Space>::read(file).column("c10_test_200");
  CHECK(table.size() == 15625);
  CHECK(table.mean() == Approx(87.063).margin(5e-4));
  CHECK(table.max() == Approx(94.373).margin(5e-4));

  const auto mean_of = [&](const ic::Restriction<Space>& restriction) {
    double sum = 0;
    const auto allowed = ic::every_architecture(restriction);
    for (const auto& architecture : allowed) sum += table.value(architecture);
    return sum / static_cast<double>(allowed.size());
  };
  CHECK(mean_of(ic::all<Space>) == Approx(table.mean()));  // every architecture is listed
  CHECK(mean_of(ic::no_zero<Space>) == Approx(89.449).margin(5e-4));
  CHECK(mean_of(ic::only_convolutions<Space>) == Approx(93.202).margin(5e-4));

  const auto best = ic::from_text<Space>(
      "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|"
      "nor_conv_1x1~2|");
  CHECK(table.value(best) == table.max());

  const auto parameters = ic::TabularBenchmark<Space>::read(file).column("params");
  const auto edgeless = ic::from_text<Space>("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|");
  CHECK(parameters.value(edgeless) == 73306);
  CHECK(parameters.max() == 1531546);
}
