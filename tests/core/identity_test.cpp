// Identities: facts by name, and the lines that say in which two differ.

#include <string>
#include <vector>

#include "interchoice/core/identity.hpp"
#include "support/catch.hpp"

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
