#pragma once

// What networks compute in, as an option of a command line.

#include <CLI/CLI.hpp>
#include <string>

#include "interchoice/nn/precision.hpp"

namespace examples {

namespace ic = interchoice;

inline void add_precision_option(CLI::App& app, std::string& precision) {
  app.add_option("--precision", precision,
                 "what passes compute in; bf16 is faster where the processor has it")
      ->check(CLI::IsMember({"f32", "bf16"}))
      ->capture_default_str();
}

/// The precision of a text of the option.
inline ic::Precision precision_of(const std::string& text) {
  return text == ic::to_text(ic::Precision::kBfloat16) ? ic::Precision::kBfloat16
                                                       : ic::Precision::kFloat32;
}

}  // namespace examples
