#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/io/atomic_file.hpp"
#include "interchoice/report/read_report.hpp"
#include "interchoice/report/write_report.hpp"
#include "report_folder.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace ic = interchoice;
namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

void check_round_trip(const ic::Report& report) {
  const ReportFolder folder;
  const fs::path first = folder.path() / "first";
  const fs::path second = folder.path() / "second";
  ic::write_report(first, report);
  const ic::Report read = ic::read_report(first);
  CHECK(read.truth == report.truth);
  CHECK(read.truth_repeats == report.truth_repeats);
  REQUIRE(read.predictors.size() == report.predictors.size());
  for (std::size_t i = 0; i < report.predictors.size(); ++i) {
    CHECK(read.predictors[i].runs == report.predictors[i].runs);
    CHECK(read.predictors[i].baseline == report.predictors[i].baseline);
    CHECK(read.predictors[i].training.size() == report.predictors[i].training.size());
    CHECK(read.predictors[i].facts == report.predictors[i].facts);
  }
  ic::write_report(second, read);
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(first)) {
    const std::string name = entry.path().filename();
    INFO(name);
    CHECK(folder.content("first/" + name) == folder.content("second/" + name));
    ++files;
  }
  for (const auto& entry : fs::directory_iterator(second)) {
    CHECK(fs::exists(first / entry.path().filename()));
  }
  CHECK(files >= 7);
}

}  // namespace

TEST_CASE("a report that was written, read and written again is the same to the byte") {
  check_round_trip(small_report());
  check_round_trip(report_of_runs());
  ic::Report unjudged = report_of_runs();
  unjudged.truth.clear();
  unjudged.truth_repeats.clear();
  unjudged.predictors[0].unit = "%";
  check_round_trip(unjudged);

  ic::Report report = report_of_runs(12);
  report.title = "";
  report.introduction = "line\r\nline\ttab \x01 control, 語, \U0001F600";
  report.truth_unit = "";
  report.architectures[0] = "";
  report.architectures[1] = "two\nlines, \"quoted\"";
  report.architectures[2] = report.architectures[3];
  report.predictors[0].label = " leading, \"comma\"\nand line";
  report.predictors[1].runs.resize(2);
  report.predictors[0].runs[0] = {-0.0,   5e-324, 1e-310, 0.1,   1.0 / 3, 1e100,
                                  -1e100, 123456, 1e22,   -1e-5, 2,       3};
  report.predictors[0].training = {{-5, std::nan(""), 1e300},
                                   {std::numeric_limits<int>::max(), -0.0, 100},
                                   {7, std::numeric_limits<double>::infinity(), 0.1}};
  check_round_trip(report);
}

TEST_CASE("bytes that are not UTF-8 are replaced alike in all files of a report") {
  const ReportFolder folder;
  ic::Report report = small_report();
  report.predictors[0].label = "latin-1 \xE9";
  report.architectures[0] = "a\xFF";
  report.facts.set("seed", "\xC0");
  ic::write_report(folder.path(), report);
  const ic::Report read = ic::read_report(folder.path());
  CHECK(read.predictors[0].label == "latin-1 \uFFFD");
  CHECK(read.architectures[0] == "a\uFFFD");
  CHECK_THAT(folder.content("report.html"), !Contains("\xE9") && !Contains("\xC0"));
  ic::write_report(folder.path() / "again", read);
  CHECK(folder.content("again/report.html") == folder.content("report.html"));
}

TEST_CASE("a folder that holds no report, or half of one, is refused with path and place") {
  const ReportFolder folder;
  ic::write_report(folder.path(), report_of_runs());
  // Without digest, as earlier versions wrote it: changes of the table are looked at, too.
  json old = json::parse(folder.content("metrics.json"));
  old.erase("predictions_digest");
  for (json& predictor : old["predictors"]) predictor.erase("training_digest");
  const std::string metrics = old.dump();
  const std::string predictions = folder.content("predictions.csv");
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(folder.path() / name, std::ios::binary) << text;
  };
  const auto refuse = [&](const char* reason) {
    INFO(reason);
    CHECK_THROWS_AS(ic::read_report(folder.path()), std::runtime_error);
    CHECK_THROWS_WITH(ic::read_report(folder.path()),
                      Contains("interchoice: " + folder.path().string()) && Contains(reason));
    write("metrics.json", metrics);
    write("predictions.csv", predictions);
    CHECK_NOTHROW(ic::read_report(folder.path()));
  };
  const auto change = [&](const char* pointer, const json& value, const char* reason) {
    json changed = json::parse(metrics);
    changed[json::json_pointer(pointer)] = value;
    write("metrics.json", changed.dump());
    refuse(reason);
  };
  const auto remove = [&](const char* parent, const char* name) {
    json changed = json::parse(metrics);
    changed[json::json_pointer(parent)].erase(name);
    write("metrics.json", changed.dump());
    refuse(("has no '" + std::string(name) + "'").c_str());
  };
  for (const char* name : {"title", "introduction", "truth", "predictors", "facts"}) {
    remove("", name);
  }
  for (const char* name : {"label", "trivial", "runs", "training", "facts"}) {
    remove("/predictors/1", name);
  }
  change("/title", 3, "/title is of type number; a text");
  change("/truth", "x", "/truth is of type string; an object");
  change("/predictors", json::object(), "/predictors is of type object; a list");
  change("/predictors/1/trivial", 1, "/predictors/1/trivial is of type number");
  change("/predictors/0/training/1/loss", "nan", "/predictors/0/training/1/loss is of type string");
  change("/predictors/0/training/0/epoch", 1.5, "a whole number");
  change("/predictors/0/training/0/epoch", 1e19, "a whole number");
  change("/predictors/0/training/0/epoch", 3'000'000'000, "is 3000000000");
  change("/predictors/0/runs", -1, "from 1 to 10000");
  change("/predictors/0/runs", 18446744073709551615u, "from 1 to 10000");
  change("/predictors/0/runs", 2, "there is 'none, run 3'");
  change("/predictors/2/runs", 2, "there is 'rule' where metrics.json asks for 'rule, run 1'");
  change("/truth/repeats", 0, "there is 'truth, repeat 1' where metrics.json asks for");
  change("/truth/architectures", 41, "40 architectures; metrics.json says 41");
  change("/predictors", json::array(), "where metrics.json asks for no column");
  change("/facts/0", json::array(), "/facts/0 is of type array; an object");
  change("/facts/1", {{"name", "command"}, {"value", "x"}}, "/facts/1 is a second 'command'");

  for (const std::string& text : std::vector<std::string>{
           "", std::string("{"), metrics + "}", std::string(32, '['),
           metrics.substr(0, metrics.size() / 2), "{\"title\": \"\xFF\"}", "{\"title\": NaN}"}) {
    write("metrics.json", text);
    refuse("is not JSON");
  }
  write("metrics.json", "{\"facts\": [{\"name\": 1, \"value\": 2, \"name\": 3}]}");
  refuse("two members 'name'");
  change("/predictors/0/runs", 10'000, "there is 'bias<1>, x, run 1' where metrics.json asks for");
  for (const auto& [text, reason] : std::vector<std::pair<std::string, const char*>>{
           {"", "the file is empty"},
           {predictions + "x,1\n", "fields"},
           {predictions + "\"", "never closed"},
           {"arch,truth\na,1\nb,2\n", "there is no column where metrics.json asks for"},
           {predictions.substr(0, predictions.find('\n') + 1), "0 architectures"}}) {
    write("predictions.csv", text);
    refuse(reason);
  }
  const std::size_t number = predictions.rfind(',') + 1;
  for (const char* value : {"nan", "inf", "1e999", "0x1", "", "1e101"}) {
    write("predictions.csv", predictions.substr(0, number) + value + "\n");
    refuse(value == std::string("1e101") ? "1e100 can be shown" : "finite number");
  }
  fs::remove(folder.path() / "metrics.json");
  refuse("no such file");
  fs::remove(folder.path() / "predictions.csv");
  refuse("no such file");
}

TEST_CASE("a report whose writing was interrupted is the old one, the new one, or refused") {
  const ReportFolder folder;
  const auto write = [&](const std::string& name, const std::string& text) {
    ic::write_file_atomically(folder.path() / name, text);
  };
  const ic::Report old = report_of_runs(5);  // few, since its statistics are made anew each time
  ic::Report changed = old;                  // of the same columns and as many rows
  std::swap(changed.truth[0], changed.truth[1]);
  changed.title = "Changed";
  const auto files = ic::detail::report_files(changed, ic::VegaRuntime::installed());
  ic::write_report(folder.path(), old);
  std::vector<std::pair<std::string, std::string>> old_files;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    const std::string name = entry.path().filename();
    old_files.emplace_back(name, folder.content(name));
  }
  REQUIRE(old_files.size() == files.size());
  for (const bool has_digest : {true, false}) {
    for (std::size_t count = 0; count <= files.size(); ++count) {
      INFO(has_digest << ", " << count);
      for (const auto& [name, text] : old_files) write(name, text);
      if (!has_digest) {
        json metrics = json::parse(folder.content("metrics.json"));
        metrics.erase("predictions_digest");
        write("metrics.json", metrics.dump());
      }
      for (std::size_t i = 0; i < count; ++i) write(files[i].first, files[i].second);
      if (count == 1) {
        CHECK_THROWS_WITH(ic::read_report(folder.path()),
                          Contains((folder.path() / "predictions.csv").string()) &&
                              Contains("not written together") && Contains("write the report"));
        continue;
      }
      const ic::Report read = ic::read_report(folder.path());
      CHECK(read.title == (count == 0 ? old : changed).title);
      CHECK(read.truth == (count == 0 ? old : changed).truth);
      ic::write_report(folder.path(), read);  // completes it
      if (count == 0) continue;
      for (const auto& [name, text] : files) CHECK(folder.content(name) == text);
    }
  }
  for (const auto& [name, text] : old_files) write(name, text);
  CHECK(ic::detail::report_files(old, ic::VegaRuntime::installed()).front().second ==
        folder.content("metrics.json"));
  write("predictions.csv", files[1].second);
  CHECK_THROWS_WITH(ic::read_report(folder.path()), Contains("not written together"));
}

TEST_CASE("a report's texts may be changed by hand, and its table if the digest is removed") {
  const ReportFolder folder;
  ic::write_report(folder.path(), small_report());
  json metrics = json::parse(folder.content("metrics.json"));
  std::string predictions = folder.content("predictions.csv");
  metrics["title"] = "Another title";
  CHECK(ic::parse_report(metrics.dump(), predictions, "source").title == "Another title");
  predictions.replace(predictions.find(",90"), 3, ",91");
  CHECK_THROWS_WITH(ic::parse_report(metrics.dump(), predictions, "source"),
                    Contains("interchoice: source/predictions.csv: its digest is") &&
                        Contains("remove predictions_digest from metrics.json"));
  metrics.erase("predictions_digest");
  CHECK(ic::parse_report(metrics.dump(), predictions, "source").truth[0] == 91);
  json other = metrics;
  REQUIRE(other["predictors"][0]["training"].size() > 0);
  other["predictors"][0]["training"][0]["loss"] = 0.125;
  CHECK_THROWS_WITH(ic::parse_report(other.dump(), predictions, "source"),
                    Contains("/predictors/0 has a training that was changed since it was written"));
  other["predictors"][0].erase("training_digest");
  CHECK(ic::parse_report(other.dump(), predictions, "source").predictors[0].training[0].loss ==
        0.125);
  metrics["predictions_digest"] = 3;
  CHECK_THROWS_WITH(ic::parse_report(metrics.dump(), predictions, "source"),
                    Contains("/predictions_digest is of type number; a text"));
}

TEST_CASE("JSON that nests without end is refused, wherever it does") {
  const ic::Report report = small_report();
  const auto files = ic::detail::report_files(report, ic::VegaRuntime::installed());
  const auto repeated = [](const std::string& text, std::size_t count) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
  };
  const auto refuse = [&](const std::string& metrics) {
    const std::string message =
        message_of([&] { ic::parse_report(metrics, files[1].second, "source"); });
    CHECK_THAT(message, Contains("source/metrics.json: it nests lists and objects deeper than 32"));
  };
  for (const std::size_t depth : {33u, 100'000u}) {
    const std::string lists = repeated("[", depth);
    const std::string objects = repeated("{\"a\":", depth);
    refuse(lists);
    refuse(objects);
    refuse(lists + repeated("]", depth));
    refuse("{\"title\": " + lists + repeated("]", depth) + "}");
    refuse("{\"truth\": " + objects + "1" + repeated("}", depth) + "}");
  }
}

TEST_CASE("messages about a report are short and have no control characters") {
  const auto files = ic::detail::report_files(small_report(), ic::VegaRuntime::installed());
  json good = json::parse(files[0].second);
  good.erase("predictions_digest");
  const std::string table = files[1].second;
  const std::string hostile = "\x1b[2J\n" + std::string(1'000'000, 'x');
  const auto check = [&](const std::string& metrics, const std::string& predictions) {
    const std::string message =
        message_of([&] { ic::parse_report(metrics, predictions, "source"); });
    INFO(message.substr(0, 2'000));
    CHECK(is_presentable(message));
  };
  const auto check_member = [&](const char* pointer, const json& value) {
    json changed = good;
    changed[json::json_pointer(pointer)] = value;
    check(changed.dump(), table);
  };
  check(hostile, table);
  check("\"" + std::string(1'000'000, 'x'), table);
  check("{\"" + std::string(1'000'000, 'x') + "\": 1, \"" + std::string(1'000'000, 'x') + "\": 1}",
        table);
  check_member("/predictors/0/label", hostile);
  check_member("/predictions_digest", hostile);
  check_member("/truth", hostile);
  check_member("/facts/0/name", json::array({hostile}));
  check_member("/facts", json::array({{{"name", hostile}, {"value", ""}},
                                      {{"name", hostile}, {"value", ""}}}));
  check(good.dump(), ic::csv_field(hostile) + "\n");
  check(good.dump(), "arch," + ic::csv_field(hostile) + "\n");
  check(good.dump(), table + ic::csv_field(hostile) + "\n");
  check(good.dump(), table + "a," + ic::csv_field(hostile) + ",1,1\n");
  check(good.dump(), table + ic::csv_field(hostile) + ",1e101,1,1\n");
  check(good.dump(), table + ic::csv_field("=" + hostile) + ",1,1,1\n");
}

TEST_CASE("a report is refused before much is made of few bytes") {
  const auto files = ic::detail::report_files(small_report(), ic::VegaRuntime::installed());
  const json good = json::parse(files[0].second);
  // A label of 1 MB for each of 10,000 runs.
  json labels = good;
  labels.erase("predictions_digest");
  labels["predictors"][0]["label"] = std::string(1'000'000, 'x');
  labels["predictors"][0]["runs"] = 10'000;
  std::string header = "arch,truth";
  for (int i = 0; i < 20'000; ++i) header += ",c" + std::to_string(i);
  CHECK_THROWS_WITH(ic::parse_report(labels.dump(), header + "\n", "source"),
                    Contains("column 3: there is 'c0' where metrics.json asks for 'xxx"));
  // Objects whose number the time must not grow with the square of.
  std::string objects = "{\"title\": [{}";
  for (int i = 0; i < 300'000; ++i) objects += ",{}";
  CHECK_THROWS_WITH(ic::parse_report(objects + "]}", files[1].second, "source"),
                    Contains("/title is of type array; a text must be here"));
  // Facts are compared with each other.
  json facts = good;
  for (int i = 0; i < 1'001; ++i) {
    facts["facts"].push_back({{"name", "f" + std::to_string(i)}, {"value", ""}});
  }
  CHECK_THROWS_WITH(ic::parse_report(facts.dump(), files[1].second, "source"),
                    Contains("/facts has 1003 elements; at most 1000"));
  const ReportFolder folder;
  ic::write_report(folder.path(), small_report());
  fs::resize_file(folder.path() / "metrics.json", (1u << 25) + 1);
  CHECK_THROWS_WITH(ic::read_report(folder.path()),
                    Contains("has 33554433 bytes; at most 33554432 are read"));
}
