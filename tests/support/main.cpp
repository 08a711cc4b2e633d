// The main function of the test programs: Catch2's, and the rule for tests tagged [shared].
//
// Where the shared data folder is absent, a run that asks for [shared] tests alone exits with 77,
// which CTest reports as skipped; any other run leaves them out and says so.

#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include <cstdlib>
#include <iostream>
#include <string>

#include "support/shared_data.hpp"

int main(int argc, char** argv) {
  constexpr int kSkipped = 77;
  setenv("RC_PARAMS", "seed=1", /*overwrite=*/0);  // rapidcheck's own seed comes from the clock
  Catch::Session session;
  if (const int error = session.applyCommandLine(argc, argv); error != 0) return error;

  if (!interchoice::testing::find_shared_data()) {
    auto& filters = session.configData().testsOrTags;
    for (const std::string& filter : filters) {
      if (filter.find("[shared]") != std::string::npos &&
          filter.find("~[shared]") == std::string::npos) {
        std::cout << "SKIPPED: needs the shared data folder; set INTERCHOICE_SHARED to it\n";
        return kSkipped;
      }
    }
    if (filters.empty()) {
      std::cout << "Leaving out the tests tagged [shared]: the shared data folder is absent "
                   "(INTERCHOICE_SHARED names it)\n";
      filters.emplace_back("~[shared]");
    }
  }
  return session.run() == 0 ? 0 : 1;  // never the number that means skipped
}
