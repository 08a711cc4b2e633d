#pragma once

// The command line of every program: errors, exit codes, and its text.

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>

namespace examples {

/// A mistake in the command: options that contradict each other, say.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Parses the command line and runs the program.
///
/// Exit code 0: done; 2: the command makes no sense (one sentence says why); 1: it did, but
/// something went wrong.
inline int run_program(CLI::App& app, int argc, char** argv, const std::function<void()>& program) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
    fmt::print(stderr, "{}: {} (--help lists the options)\n", app.get_name(), error.what());
    return 2;
  }
  try {
    program();
  } catch (const UsageError& error) {
    fmt::print(stderr, "{}: {} (--help lists the options)\n", app.get_name(), error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", app.get_name(), error.what());
    return 1;
  }
  return 0;
}

/// The command as it was typed, for reports.
inline std::string command_text(int argc, char** argv) {
  std::string text = std::string(argv[0]);
  text = text.substr(text.find_last_of('/') + 1);
  for (int i = 1; i < argc; ++i) text += std::string(" ") + argv[i];
  return text;
}

}  // namespace examples
