#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

namespace interchoice::testing {

/// The numbers of a command line such as `--faults 300 --seed 2`; the others keep their defaults.
/// Ends the process with 2 for any other command line.
inline std::map<std::string, std::size_t> numbers_in(int argc, char** argv,
                                                     std::map<std::string, std::size_t> numbers) {
  for (int i = 1; i < argc; i += 2) {
    const auto number = numbers.find(argv[i]);
    char* end = nullptr;
    if (number != numbers.end() && i + 1 < argc) {
      number->second = std::strtoul(argv[i + 1], &end, 10);
    }
    if (end == nullptr || *end != '\0' || end == argv[i + 1]) {
      fmt::print(stderr, "usage: {}", argv[0]);
      for (const auto& [name, value] : numbers) fmt::print(stderr, " [{} N]", name);
      fmt::print(stderr, "\n");
      std::exit(2);
    }
  }
  return numbers;
}

}  // namespace interchoice::testing
