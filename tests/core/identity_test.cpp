// Identities: facts by name, and the lines that say in which two differ.

#include <string>
#include <vector>

#include "interchoice/core/identity.hpp"
#include "interchoice/core/shown.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace ic = interchoice;

TEST_CASE("an identity holds each fact once, where it was set first") {
  ic::Identity identity{{"space", "chain"}, {"policy", "none"}, {"space", "cells"}};
  REQUIRE(identity.size() == 2);
  CHECK(*identity.begin() == ic::Identity::Fact{"space", "cells"});
  CHECK(*identity.find("policy") == "none");
  CHECK(identity.find("epoch") == nullptr);
  CHECK(ic::Identity().empty());
  identity.set(ic::Identity{{"epoch", "3"}, {"policy", "bias<1>"}});
  CHECK(identity == ic::Identity{{"policy", "bias<1>"}, {"epoch", "3"}, {"space", "cells"}});
  CHECK(identity != ic::Identity{{"policy", "bias<1>"}, {"epoch", "3"}});
  CHECK(identity != ic::Identity{{"policy", "bias<1>"}, {"epoch", "3"}, {"name", "cells"}});
}

TEST_CASE("differences name every fact that differs or is missing, once") {
  const ic::Identity there{{"space", "chain"}, {"policy", "bias<1>"}, {"width", "16"}};
  const ic::Identity here{{"policy", "none"}, {"space", "chain"}, {"batch", ""}};
  CHECK(ic::differences(there, here) ==
        std::vector<std::string>{"policy is 'bias<1>' there, 'none' here",
                                 "batch is missing there, '' here",
                                 "width is '16' there, missing here"});
  CHECK(ic::differences(there, there).empty());
  CHECK(ic::differences({}, {}).empty());
}

TEST_CASE("differences of long texts show the place where they differ") {
  const std::string same(300, 'x');
  const ic::Identity there{{"space", same + "there" + same}, {"name", "short"}};
  const ic::Identity here{{"space", same + "here" + same}, {"name", "short, but longer"}};
  const std::vector<std::string> lines = ic::differences(there, here);
  REQUIRE(lines.size() == 2);
  const std::string before(40, 'x');
  CHECK_THAT(lines[0], Catch::Matchers::Contains("is (from byte 260) '" + before + "therexxx"));
  CHECK_THAT(lines[0], Catch::Matchers::Contains("there, (from byte 260) '" + before + "herexxx"));
  CHECK(lines[0].size() < 500);
  CHECK(lines[1] == "name is 'short' there, 'short, but longer' here");
  // One is the beginning of the other.
  const std::string end =
      ic::differences({{"a", same}}, {{"a", same + "\xc3\xa9" + "more"}}).front();
  CHECK_THAT(end, Catch::Matchers::Contains("a is (from byte 260) '" + before + "' there"));
}

TEST_CASE("differences are few and presentable whatever the facts are") {
  ic::Identity there;
  for (int i = 0; i < 100; ++i) there.set("\x1b[2J" + std::to_string(i), "\n\x1b[31m");
  there.set(std::string(100'000, 'n'), std::string(100'000, '\x1b'));
  const std::vector<std::string> lines = ic::differences(there, {{"policy", "none"}});
  REQUIRE(lines.size() == 21);
  for (const std::string& line : lines) CHECK(is_presentable(line));
  CHECK(lines.front() == "policy is missing there, 'none' here");
  CHECK(lines.back() == "82 more differ");
}

TEST_CASE("a text is shown at bearable length, and without what a terminal obeys") {
  CHECK(ic::shown("plain \xc3\xbc") == "'plain \xc3\xbc'");
  CHECK(ic::shown("a\n\x1b[2J\x7f\xc2\x9b"
                  "1\xc2\xa0") == "'a??[2J??1\xc2\xa0'");
  CHECK(ic::shown(std::string(100, 'x'), 3) == "'xxx'... (100 bytes)");
  CHECK(ic::shown("ab\xc3\xbc", 3) == "'ab'... (4 bytes)");  // no half character
  CHECK(ic::shown("") == "''");
}
