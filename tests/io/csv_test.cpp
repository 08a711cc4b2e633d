#include "interchoice/io/csv.hpp"

#include <fmt/core.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/core/exact_number.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using Texts = std::vector<std::string>;

namespace {

ic::CsvTable parse(std::string_view text) { return ic::CsvTable::parse(text, "t.csv"); }

}  // namespace

TEST_CASE("a CSV file gives named columns of texts and numbers") {
  const auto table = parse("arch,accuracy\n01,93.17\n02,-1e-3\n03,0\n");
  CHECK(table.columns() == Texts{"arch", "accuracy"});
  CHECK(table.size() == 3);
  CHECK(table.texts("arch") == Texts{"01", "02", "03"});
  CHECK(table.texts("accuracy") == Texts{"93.17", "-1e-3", "0"});
  CHECK(table.numbers("accuracy") == std::vector<double>{93.17, -1e-3, 0});
  CHECK(table.place(0) == "t.csv:2");
  CHECK(table.place(2) == "t.csv:4");
  CHECK_THROWS_AS(table.place(3), std::out_of_range);
}

TEST_CASE("CSV line ends, byte order mark and the last line end are as free as RFC 4180 says") {
  for (const std::string_view text : {"a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\n1,2", "a,b\r\n1,2",
                                      "\xEF\xBB\xBF"
                                      "a,b\n1,2\n"}) {
    const auto table = parse(text);
    CHECK(table.columns() == Texts{"a", "b"});
    CHECK(table.size() == 1);
    CHECK(table.numbers("b") == std::vector<double>{2});
  }
  CHECK(parse("a,b").size() == 0);
  CHECK(parse("a,b\n").numbers("a").empty());
}

TEST_CASE("quoted CSV fields hold commas, quotes and line ends") {
  const auto table =
      parse("\"bias<1>, seed 3\",b\r\n\"say \"\"no\"\"\",\"\"\n\"1\n2\r\n3\",x\n4,\n");
  CHECK(table.columns() == Texts{"bias<1>, seed 3", "b"});
  CHECK(table.texts("bias<1>, seed 3") == Texts{"say \"no\"", "1\n2\r\n3", "4"});
  CHECK(table.texts("b") == Texts{"", "x", ""});
  CHECK(table.place(1) == "t.csv:3");
  CHECK(table.place(2) == "t.csv:6");
}

TEST_CASE("an empty line is an empty field of a table with one column, else an error") {
  CHECK(parse("a\n\n1\n").texts("a") == Texts{"", "1"});
  CHECK_THROWS_WITH(parse("a,b\n1,2\n\n"), Contains("t.csv:3: 1 fields, the header names 2"));
}

TEST_CASE("malformed CSV is refused with its line and what to do") {
  struct Case {
    std::string_view text;
    const char* place;
    const char* reason;
  };
  const Case cases[] = {
      {"", "t.csv:1", "the file is empty; give it a header line"},
      {"\xEF\xBB\xBF", "t.csv:1", "the file is empty"},
      {"a,b\n1,2\n1\n", "t.csv:3", "1 fields, the header names 2 columns"},
      {"a,b\n1,2,3\n", "t.csv:2", "3 fields, the header names 2 columns"},
      {"a,b\n\"x\ny\",1\n1\n", "t.csv:4", "1 fields"},
      {"a,b,a\n", "t.csv:1", "columns 1 and 3 are both named 'a'"},
      {"a,\"a\"\n", "t.csv:1", "columns 1 and 2 are both named 'a'"},
      {"a,b\n1,x\"y\"\n", "t.csv:2", "a quote inside the unquoted field 'x'"},
      {"a,b\n1,\"x\"y\n", "t.csv:2", "text goes on after a closing quote"},
      {"a,b\n1,\"x\n\n\n", "t.csv:2", "the quote that opens here is never closed"},
      {"a,b\n1,\"x\"\"\n", "t.csv:2", "never closed"},
      {"a,b\r1,2\n", "t.csv:1", "a carriage return that no line feed follows"},
      {"a,b\n1,2\r", "t.csv:2", "a carriage return that no line feed follows"},
  };
  for (const auto& [text, place, reason] : cases) {
    INFO(text);
    CHECK_THROWS_AS(parse(text), std::runtime_error);
    CHECK_THROWS_WITH(parse(text), Contains(place) && Contains(reason));
  }
}

TEST_CASE("a missing CSV column is named with those that exist") {
  const auto table = parse("arch,c10,c100\n");
  CHECK_THROWS_WITH(table.texts("c1"), Contains("t.csv:1: there is no column 'c1'") &&
                                           Contains("there are 'arch', 'c10', 'c100'"));
  CHECK_THROWS_AS(table.numbers("Arch"), std::runtime_error);
}

TEST_CASE("a CSV field that is no finite number is refused with its text") {
  for (const std::string text : {"", " 1", "1 ", "+1", "1,5", "93%", "0x10", "nan", "inf", "1e999",
                                 "--1", "1.2.3", "1e", "text"}) {
    const auto table = parse("a,b\n1,0\n" + ic::csv_field(text) + ",0\n");
    INFO(text);
    CHECK_THROWS_WITH(table.numbers("a"),
                      Contains("t.csv:3: column 'a' holds '" + text + "'; write a finite number"));
  }
}

TEST_CASE("csv_field and the reader are inverse") {
  CHECK(ic::csv_field("plain text") == "plain text");
  CHECK(ic::csv_field("a,b") == "\"a,b\"");
  const Texts texts = {"",    "a", "a,b",  "\"", "\"\"", "a\nb", "\r\n", "|op~0|+|op~1|",
                       " x ", ",", "\"a\""};
  std::string text = "column,other\n";
  for (const std::string& field : texts)
    text += ic::csv_field(field) + "," + ic::csv_field("") + "\n";
  CHECK(parse(text).texts("column") == texts);
  CHECK(ic::csv_line({"", "a,b", ""}) == ",\"a,b\",");
}

TEST_CASE("any table of texts comes back from a CSV file") {
  CHECK(rc::check([] {
    const auto letters = rc::gen::weightedOneOf<char>(
        {{3, rc::gen::element(',', '"', '\n', '\r', ' ')}, {1, rc::gen::arbitrary<char>()}});
    const auto columns = *rc::gen::inRange<std::size_t>(1, 5);
    const auto rows = *rc::gen::container<std::vector<Texts>>(
        rc::gen::container<Texts>(columns, rc::gen::container<std::string>(letters)));
    Texts names;
    for (std::size_t i = 0; i < columns; ++i) names.push_back(fmt::format("c{}", i));
    const std::string end = *rc::gen::element<std::string>("\n", "\r\n");
    std::string text = ic::csv_line(names) + end;
    for (const Texts& row : rows) text += ic::csv_line(row) + end;
    const ic::CsvTable table = parse(text);
    RC_ASSERT(table.size() == rows.size());
    for (std::size_t i = 0; i < columns; ++i) {
      const Texts fields = table.texts(names[i]);
      for (std::size_t row = 0; row < rows.size(); ++row) RC_ASSERT(fields[row] == rows[row][i]);
    }
  }));
}

TEST_CASE("any finite number comes back from a CSV file, bit for bit") {
  CHECK(rc::check([] {
    std::vector<double> numbers;
    std::string text = "x\n";
    for (const std::uint64_t bits : *rc::gen::arbitrary<std::vector<std::uint64_t>>()) {
      // Small ones are denormal numbers; of others, all bits are drawn, too.
      const double value = std::bit_cast<double>(*rc::gen::element(bits, ~bits, bits << 52));
      if (!std::isfinite(value)) continue;
      numbers.push_back(value);
      text += fmt::format("{}\n", value);
    }
    const std::vector<double> read = parse(text).numbers("x");
    RC_ASSERT(read.size() == numbers.size());
    for (std::size_t i = 0; i < read.size(); ++i) {
      RC_ASSERT(std::bit_cast<std::uint64_t>(read[i]) == std::bit_cast<std::uint64_t>(numbers[i]));
    }
  }));
  CHECK(ic::exact_number("-1e-3") == -0.001);
  for (const char* bad : {"", "+1", " 1", "1 ", "0x1", "inf", "nan", "1e999", "1,5"}) {
    INFO(bad);
    CHECK_FALSE(ic::exact_number(bad));
  }
}

TEST_CASE("a CSV file that cannot be read is named") {
  CHECK_THROWS_AS(ic::CsvTable::read("no-such-folder/x.csv"), std::runtime_error);
  CHECK_THROWS_WITH(ic::CsvTable::read("no-such-folder/x.csv"), Contains("no-such-folder/x.csv"));
  CHECK_THROWS_WITH(ic::CsvTable::read(std::filesystem::temp_directory_path()),
                    Contains("not a regular file"));
}

TEST_CASE("a CSV file of very many columns is read, and equal names are found") {
  constexpr int kColumns = 200'000;
  std::string header;
  std::string row;
  for (int i = 0; i < kColumns; ++i) {
    header += fmt::format("{}c{}", i == 0 ? "" : ",", i);
    row += fmt::format("{}{}", i == 0 ? "" : ",", i);
  }
  const auto table = parse(header + '\n' + row + '\n');
  CHECK(table.columns().size() == kColumns);
  for (int i = 0; i < kColumns; i += 1'000) {
    CHECK(table.numbers(fmt::format("c{}", i)) == std::vector<double>{static_cast<double>(i)});
  }
  CHECK_THROWS_WITH(parse(header + ",c7\n"), Contains("columns 8 and 200001 are both named 'c7'"));
  CHECK_THROWS_WITH(table.texts("d"), Contains("'c8', 'c9' and 199990 more"));
}

TEST_CASE("a CSV file of too many fields or bytes is refused before it fills the memory") {
  const std::string source = "t.csv";
  ic::detail::CsvReader reader("a,b\n1,2\n3,4\n", source, 5);
  reader.read();
  reader.read();
  CHECK_THROWS_WITH(reader.read(), Contains("t.csv:3: more than 5 fields up to here"));
  const ic::testing::TemporaryFolder folder;
  const auto path = folder.write("large.csv", "a\n1\n");
  std::filesystem::resize_file(path, ic::CsvTable::kMostBytes + 1);  // sparse
  CHECK_THROWS_WITH(ic::CsvTable::read(path), Contains(path.string()) && Contains("at most"));
}

TEST_CASE("messages about a CSV file are short and have no control characters") {
  const std::string hostile = "\x1b]0;title\x07\r\n" + std::string(1'000'000, 'x');
  const std::string field = ic::csv_field(hostile);
  for (const std::string& text : {field + "," + field + "\n", std::string(1'000'000, 'x') + "\"",
                                  field + "\nx,y\n", "a\n" + field, field + "x"}) {
    const std::string message = message_of([&] { parse(text).numbers("a"); });
    INFO(message.substr(0, 2'000));
    CHECK(is_presentable(message));
  }
  CHECK(is_presentable(message_of([&] { parse("a\n").texts(hostile); })));
}
