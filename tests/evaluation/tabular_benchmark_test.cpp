#include "interchoice/evaluation/tabular_benchmark.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/core/enumeration.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/evaluation/table_coverage.hpp"
#include "interchoice/spaces/fairnas.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "interchoice/spaces/nasbench_macro.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/stats/noise_ceiling.hpp"
#include "spaces/example_spaces.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using Tiny = ic::Chain<3, ic::testing::numbered<2>>;
using Path = ic::Architecture<Tiny>;
using Bench = ic::TabularBenchmark<Tiny>;
using Table = ic::BenchmarkTable<Tiny>;

namespace {

Bench bench(std::string_view text) {
  return Bench::from_csv(ic::CsvTable::parse(text, "t.csv"), "t.csv");
}

constexpr std::string_view kTable =
    "id,arch,note,acc1,acc2,ms\n"
    "07,0-1-0,a b,90.5,91.5,3\n"
    "08,1-1-1,\"c,d\",80,81,-1\n"
    "09,0-0-0,,10,11,\n";

}  // namespace

TEST_CASE("a tabular benchmark is read once and gives every column") {
  const Bench b = bench(kTable);
  CHECK(b.size() == 3);
  CHECK(b.source() == "t.csv");
  CHECK(b.columns() == std::vector<std::string>{"id", "note", "acc1", "acc2", "ms"});
  CHECK(b.architectures() == std::vector<Path>{{0, 1, 0}, {1, 1, 1}, {0, 0, 0}});
  CHECK(b.contains({1, 1, 1}));
  CHECK_FALSE(b.contains({1, 0, 1}));
  for (const std::string name : {"acc1", "acc2", "id"}) {
    const auto column = b.column(name);
    CHECK(column.values() == ic::CsvTable::parse(kTable, "t.csv").numbers(name));
    CHECK(column.architectures() == b.architectures());
    CHECK(column.source() == "t.csv, column '" + name + "'");
  }
  CHECK(b.values({"acc1", "acc2"}) ==
        std::vector<std::vector<double>>{{90.5, 80, 10}, {91.5, 81, 11}});
  CHECK(b.mean({"acc1", "acc2"}).values() == std::vector<double>{91, 80.5, 10.5});
  CHECK_THAT(b.mean({"acc1", "acc2"}).source(), Contains("mean of 'acc1' 'acc2'"));
  CHECK_THROWS_AS(b.mean({}), std::invalid_argument);
  CHECK_THROWS_WITH(b.column("acc3"), Contains("no column 'acc3'") && Contains("'id', 'note'"));
  CHECK_THROWS_WITH(b.column("arch"), Contains("t.csv:2") && Contains("holds '0-1-0'"));
}

TEST_CASE("a table gives the values of its architectures, and names one that it does not list") {
  const Table table =
      bench("rank,arch,y,ms\n1,0-1-0,90.5,3\n2,1-1-1,91,4\n3,0-0-0,10,1\n").column("y");
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
  CHECK_THROWS_AS(table.value({1, 0, 1}), std::out_of_range);
  CHECK_THROWS_WITH(table.value({1, 0, 1}),
                    Contains("t.csv, column 'y' lists no architecture '1-0-1' among its 3"));
  CHECK_THROWS_AS(table.values(std::vector<Path>{{0, 1, 0}, {1, 0, 1}}), std::out_of_range);
}

TEST_CASE("a benchmark file that is wrong is refused with the line") {
  const ic::testing::TemporaryFolder folder;
  struct Case {
    const char* text;
    const char* reason;
  };
  const Case cases[] = {
      {"arch,y\n0-1-0,1\n1-1-1,2\n0-1-0,1\n", ":4: architecture '0-1-0' was listed before, at "},
      {"arch,y\n0-1-0,1\n0-2-0,2\n", ":3: architecture text '0-2-0', place 2"},
      {"arch,y\n0-1,1\n", ":2: architecture text '0-1', place 3"},
      {"arch,y\n,1\n", ":2: architecture text ''"},
      {"arch,y\n0-1-0,none\n", ":2: column 'y' holds 'none' for architecture '0-1-0'"},
      {"arch,y\n0-1-0,inf\n", ":2: column 'y' holds 'inf'"},
      {"arch,z\n0-1-0,1\n", ": there is no column 'y'; there are 'z'"},
      {"path,y\n0-1-0,1\n", ":1: there is no column 'arch'; there are 'path', 'y'"},
      {"arch,y\n", ": there are no architectures; add rows"},
  };
  for (const auto& [text, reason] : cases) {
    INFO(text);
    const auto path = folder.write("table.csv", text);
    const auto read = [&] { return Bench::read(path).column("y"); };
    CHECK_THROWS_AS(read(), std::runtime_error);
    CHECK_THROWS_WITH(read(), Contains(path.string() + reason));
  }
  CHECK_THROWS_AS(Bench::read(folder / "no-such-file.csv"), std::runtime_error);
}

TEST_CASE("missing values are left out if told, else refused, always by row") {
  const Bench b = bench(kTable);
  CHECK_THROWS_WITH(b.column("ms"),
                    Contains("t.csv:4: column 'ms' holds ''") && Contains("architecture '0-0-0'"));
  CHECK_THROWS_WITH(b.column("note", {.missing = {""}}), Contains("t.csv:2") && Contains("'a b'"));
  const Table ms = b.column("ms", {.missing = {"-1", ""}});
  CHECK(ms.size() == 1);
  CHECK(ms.value({0, 1, 0}) == 3);
  CHECK_FALSE(ms.contains({1, 1, 1}));
  CHECK_THROWS_AS(ms.value({1, 1, 1}), std::out_of_range);
  CHECK_THROWS_WITH(ms.value({1, 1, 1}),
                    Contains("t.csv:3: column 'ms' has no value ('-1') for architecture '1-1-1'"));
  CHECK_THROWS_WITH(ms.value({1, 0, 1}), Contains("lists no architecture '1-0-1'"));
  // -1 is a number like any other unless it is said to mean no value.
  const Table half = b.column("ms", {.missing = {""}});
  CHECK(half.value({1, 1, 1}) == -1);
  CHECK_THROWS_WITH(bench("arch,x\n0-0-0,-\n").column("x", {.missing = {"-"}}),
                    Contains("every value is missing"));
}

TEST_CASE("what a table lacks of a restriction is counted and named") {
  const Bench b = bench(kTable);
  const auto all = ic::coverage(b, ic::all<Tiny>, 2);
  CHECK(all.allowed == 8);
  CHECK(all.listed == 3);
  CHECK(all.missing() == 5);
  CHECK(all.first_missing == std::vector<Path>{{0, 0, 1}, {0, 1, 1}});
  CHECK_THROWS_AS(ic::require_complete(b, ic::all<Tiny>), std::runtime_error);
  CHECK_THROWS_WITH(
      ic::require_complete(b, ic::all<Tiny>),
      Contains("t.csv lacks 5 of the 8") && Contains("'0-0-1', '0-1-1', '1-0-0' and 2 more"));
  const ic::Restriction<Tiny> narrow([](std::size_t i, std::size_t c) { return i == 1 || c == 0; });
  CHECK_NOTHROW(ic::require_complete(b, narrow));
  CHECK(ic::coverage(b, narrow).first_missing.empty());
  const Table ms = b.column("ms", {.missing = {"-1", ""}});
  CHECK_THROWS_WITH(ic::require_complete(ms, narrow),
                    Contains("column 'ms' lacks 1 of the 2") && Contains("'0-0-0';"));
  // A restriction of 6^19 architectures costs no more than the table.
  using Large = ic::FairNasSpace;
  const auto few = ic::BenchmarkTable<Large>("few", {ic::Architecture<Large>{}}, {1});
  const auto large = ic::coverage(few, ic::all<Large>, 1);
  CHECK(large.missing() == *ic::all<Large>.architecture_count() - 1);
  CHECK(large.first_missing.at(0) == ic::Architecture<Large>{}.with(18, 1));
}

TEST_CASE("a file without architectures is joined by a key, in any order") {
  Bench b = bench(kTable);
  const auto csv = [](std::string_view text) { return ic::CsvTable::parse(text, "hw.csv"); };
  const std::vector<std::string> before = b.columns();
  struct Case {
    const char* text;
    ic::BenchmarkJoin join;
    const char* reason;
  };
  const Case cases[] = {
      {"id,e\n07,1\n08,2\n",
       {.key = "id"},
       "hw.csv: lacks 1 of 3 rows: the first is key '09', of "
       "t.csv:4"},
      {"id,e\n07,1\n10,2\n", {.key = "id"}, "hw.csv:3: key '10' in column 'id' is not in"},
      {"id,e\n07,1\n7,2\n", {.key = "id"}, "hw.csv:3: key '7'"},  // text: 07 is not 7
      {"id,e\n07,1\n07,2\n", {.key = "id"}, "hw.csv:3: key '07' was listed before, at hw.csv:2"},
      {"id,ms\n07,1\n08,2\n09,1\n", {.key = "id"}, "column 'ms' is there already, from t.csv"},
      {"id,e\n07,1\n", {.key = "nr"}, "no column 'nr'"},
      {"id,e\n07,1\n", {.key = "id", .file_key = "nr"}, "no column 'nr'; there are 'id', 'e'"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK_THROWS_AS(b.join(csv(c.text), "hw.csv", c.join), std::runtime_error);
    CHECK_THROWS_WITH(b.join(csv(c.text), "hw.csv", c.join), Contains(c.reason));
    CHECK(b.columns() == before);
  }
  Bench twice = bench("id,arch\n1,0-0-0\n1,0-0-1\n");
  CHECK_THROWS_WITH(twice.join(csv("id,e\n1,1\n"), "hw.csv", {.key = "id"}),
                    Contains("t.csv:3: key '1'") && Contains("before, at t.csv:2"));

  b.join(csv("e,nr\n1,09\n2,07\n3,08\n"), "hw.csv", {.key = "id", .file_key = "nr"});
  CHECK(b.columns() == std::vector<std::string>{"id", "note", "acc1", "acc2", "ms", "e"});
  CHECK(b.column("e").values() == std::vector<double>{2, 3, 1});
  CHECK_THAT(b.column("e").source(), Contains("hw.csv, column 'e'"));
  b.join(csv("arch,e\n0-0-0,5\n"), "more.csv",
         {.key = "arch", .prefix = "more_", .may_lack_rows = true});
  CHECK_THROWS_WITH(b.column("more_e"), Contains("more.csv: there is no row for"));
  const Table more = b.column("more_e", {.missing = {""}});
  CHECK(more.size() == 1);
  CHECK(more.value({0, 0, 0}) == 5);
  CHECK_THROWS_WITH(more.value({0, 1, 0}), Contains("more.csv") && Contains("has no value"));

  // By files: architectures under any name.
  const ic::testing::TemporaryFolder folder;
  const auto path = folder.write("a.csv", "path,id,y\n0-0-1,1,4\n");
  Bench from_file = Bench::read(path, {.architecture_column = "path"});
  from_file.join(folder.write("b.csv", "id,z\n1,6\n"), {.key = "id"});
  CHECK(from_file.column("z").value({0, 0, 1}) == 6);
}

TEST_CASE("a table of one's own numbers is checked like one from a file") {
  const Table table = Table("mine", {{0, 1, 1}, {0, 0, 0}}, {3, 1});
  CHECK(table.value({0, 0, 0}) == 1);
  CHECK(table.max() == 3);
  CHECK_THROWS_WITH(table.value({1, 1, 1}), Contains("mine lists no architecture '1-1-1'"));
  CHECK_THROWS_WITH(Table("mine", {{0, 1, 1}}, {3, 1}), Contains("1 architectures and 2"));
  CHECK_THROWS_WITH(Table("mine", {}, {}), Contains("at least one"));
  CHECK_THROWS_WITH(Table("mine", {{0, 1, 1}, {0, 1, 1}}, {3, 1}), Contains("listed twice"));
  CHECK_THROWS_WITH(Table("mine", {{0, 1, 1}}, {std::numeric_limits<double>::quiet_NaN()}),
                    Contains("'0-1-1' is nan"));
}

TEST_CASE("NAS-Bench-201's table has the means and the optimum of the literature", "[shared]") {
  using Space = ic::NasBench201Space;
  const auto bench = ic::TabularBenchmark<Space>::read(ic::testing::shared_data() /
                                                       "data/nasbench201/nasbench201.csv");
  const auto table = bench.column("c10_test_200");
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

  const auto parameters = bench.column("params");
  const auto edgeless = ic::from_text<Space>("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|");
  CHECK(parameters.value(edgeless) == 73306);
  CHECK(parameters.max() == 1531546);
}

// The facts are those that data/README.md of the shared folder states.
TEST_CASE("NAS-Bench-201 with HW-NAS-Bench, all columns under one table", "[shared]") {
  using Space = ic::NasBench201Space;
  const auto folder = ic::testing::shared_data() / "data" / "nasbench201";
  auto bench = ic::TabularBenchmark<Space>::read(folder / "nasbench201.csv");
  bench.join(folder / "hw_nas_bench_cifar10.csv", {.key = "index"});
  CHECK(bench.size() == 15'625);
  CHECK_NOTHROW(ic::require_complete(bench, ic::all<Space>));
  struct Fact {
    const char* column;
    double mean, max;
  };
  for (const auto& [column, mean, max] :
       {Fact{"c10_test_200", 87.0629, 94.3733}, Fact{"c100_test_200", 61.4055, 73.5133},
        Fact{"in16_test_200", 33.5864, 47.3111}}) {
    CHECK(bench.column(column).mean() == Approx(mean).margin(5e-5));
    CHECK(bench.column(column).max() == Approx(max).margin(5e-5));
  }
  const auto full = bench.column("c10_test_200").values();
  const auto tau = [&](const char* column) {
    return ic::kendall_tau_b(full, bench.column(column).values());
  };
  CHECK(tau("c10valid_val_200") == Approx(0.882).margin(5e-4));
  CHECK(tau("c10_test_12") == Approx(0.700).margin(5e-4));
  CHECK(tau("params") == Approx(0.578).margin(5e-4));

  const auto first = ic::from_text<Space>(
      "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|"
      "skip_connect~2|");
  CHECK(bench.column("params").value(first) == 129'306);
  CHECK(bench.column("edgegpu_latency").value(first) == 5.807419);
  // -1 means that there is no measurement: 4,699 times.
  CHECK(bench.column("edgetpu_latency").size() == 15'625);
  const auto edgetpu = bench.column("edgetpu_latency", {.missing = {"-1"}});
  CHECK(edgetpu.size() == 15'625 - 4'699);
  CHECK(*std::min_element(edgetpu.values().begin(), edgetpu.values().end()) > 0);
  CHECK_THROWS_WITH(ic::require_complete(edgetpu, ic::all<Space>),
                    Contains("lacks 4699 of the 15625") && Contains("and 4696 more"));
  CHECK_THROWS_WITH(bench.column("arch"), Contains("nasbench201.csv:2"));
}

TEST_CASE("NAS-Bench-Macro's three runs", "[shared]") {
  using Space = ic::NasBenchMacroSpace;
  const auto bench = ic::TabularBenchmark<Space>::read(
      ic::testing::shared_data() / "data/nasbench_macro/nas-bench-macro_cifar10.csv");
  CHECK_NOTHROW(ic::require_complete(bench, ic::all<Space>));
  const std::vector<std::string> names{"acc1", "acc2", "acc3"};
  const auto mean = bench.mean(names);
  const auto stored = bench.column("mean_acc");
  for (std::size_t i = 0; i < bench.size(); ++i) {
    if (std::abs(mean.values()[i] - stored.values()[i]) > 1e-5) {
      FAIL_CHECK(ic::to_text(bench.architectures()[i]));
    }
  }
  CHECK(mean.mean() == Approx(90.2466).margin(5e-5));
  CHECK(mean.max() == Approx(93.1267).margin(5e-5));
  const auto ceiling = ic::noise_ceiling(bench.values(names),
                                         [](auto a, auto b) { return ic::kendall_tau_b(a, b); });
  CHECK(ceiling.pairs.size() == 3);
  for (const double tau : ceiling.pairs) {
    CHECK(tau > 0.8795);
    CHECK(tau < 0.8825);
  }
}

TEST_CASE("messages about a benchmark file are short and have no control characters") {
  const std::string hostile = "\x1b[2J\n" + std::string(1'000'000, 'x');
  const std::string field = ic::csv_field(hostile);
  const auto check = [](const auto& call) {
    const std::string message = message_of(call);
    INFO(message.substr(0, 2'000));
    CHECK(is_presentable(message));
  };
  check([&] { bench("arch,y\n" + field + ",1\n"); });
  check([&] { bench("arch,y\n0-1-0," + field + "\n").column("y"); });
  check([&] { bench("arch," + field + "\n0-1-0,1\n").column("y"); });
  check([&] { bench("arch," + field + "\n0-1-0,x\n").column(hostile); });
  const Bench own = bench("arch,index\n0-1-0," + field + "\n0-0-0,2\n");
  const auto join = [&own](const std::string& text) {
    Bench copy = own;
    copy.join(ic::CsvTable::parse(text, "j.csv"), "j.csv", {.key = "index"});
  };
  check([&] { join("index,z\n" + ic::csv_field(hostile + "y") + ",1\n"); });
  check([&] { join("index,z\n" + field + ",1\n" + field + ",1\n"); });
  check([&] { join("index,z\n2,1\n"); });
  check([&] {
    bench("arch,index\n0-1-0," + field + "\n0-0-0," + field + "\n")
        .join(ic::CsvTable::parse("index\n", "j.csv"), "j.csv", {.key = "index"});
  });
  const Table table = bench("arch," + field + "\n0-1-0," + field + "\n0-0-0,2\n")
                          .column(hostile, {.missing = {hostile}});
  check([&] { table.value({0, 1, 0}); });
}

TEST_CASE("benchmark files of very many columns are joined, and a name is found among them") {
  constexpr int kColumns = 50'000;
  const auto text = [](const char* key, const char* name) {
    std::string header = key;
    std::string row = "\n0-1-0";
    for (int i = 0; i < kColumns; ++i) {
      header += fmt::format(",{}{}", name, i);
      row += fmt::format(",{}", i);
    }
    return header + row + '\n';
  };
  Bench own = bench(text("arch", "a"));
  own.join(ic::CsvTable::parse(text("arch", "b"), "j.csv"), "j.csv", {.key = "arch"});
  CHECK(own.columns().size() == 2 * kColumns);
  for (int i = 0; i < kColumns; i += 1'000) {
    CHECK(own.column(fmt::format("b{}", i)).value({0, 1, 0}) == i);
  }
  CHECK_THROWS_WITH(own.column("c"), Contains("'a8', 'a9' and 99990 more"));
}
