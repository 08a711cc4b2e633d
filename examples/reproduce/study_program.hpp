#pragma once

// The main function of every program that reproduces something.

#include <filesystem>
#include <string>

#include "examples/reproduce/budget.hpp"
#include "interchoice/io/atomic_file.hpp"

namespace reproduce {

/// Data of a program that needs none.
struct NoData {};
inline void add_data_options(CLI::App&, NoData&) {}

/// Name and purpose of a program, for --help, and the folder of its page.
struct ProgramName {
  const char* name;
  const char* description;
  const char* page;
};

/// Parses the options that `run` takes and those of its data, then calls `run(options, data,
/// command)`, once the page's folder is there and can be written.
template <class Options, class Data>
int study_program(int argc, char** argv, const ProgramName& program,
                  void (*run)(const Options&, const Data&, const std::string&)) {
  Options options;
  Data data;
  CLI::App app(program.description, program.name);
  add_program_options(app, options);
  add_data_options(app, data);
  return examples::run_program(app, argc, argv, [&] {
    options.page = options.out / program.page;
    std::filesystem::create_directories(options.page);
    ic::require_writable(options.page / "index.html");
    run(options, data, examples::command_text(argc, argv));
  });
}

}  // namespace reproduce
