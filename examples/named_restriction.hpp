#pragma once

// The restrictions that programs know by name: --space-restriction.

#include <string>

#include "examples/command_line.hpp"
#include "interchoice/core/restriction.hpp"

namespace examples {

namespace ic = interchoice;

inline void add_restriction_option(CLI::App& app, std::string& name,
                                   const std::string& meaning = "which architectures") {
  app.add_option("--space-restriction", name, meaning)
      ->check(CLI::IsMember({"all", "no_zero", "only_conv"}))
      ->capture_default_str();
}

template <ic::SearchSpace AnySpace>
ic::Restriction<AnySpace> named_restriction(const std::string& name) {
  return name == "all"       ? ic::all<AnySpace>
         : name == "no_zero" ? ic::no_zero<AnySpace>
                             : ic::only_convolutions<AnySpace>;
}

}  // namespace examples
