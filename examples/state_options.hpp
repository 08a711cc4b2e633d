#pragma once

// What is kept of a training that is interrupted: options of a command line, and how a program ends
// then.

#include <fmt/core.h>

#include <cstddef>
#include <filesystem>
#include <string>

#include "examples/command_line.hpp"
#include "examples/interruption.hpp"
#include "examples/number_options.hpp"
#include "examples/outputs.hpp"
#include "interchoice/core/identity.hpp"
#include "interchoice/training/training.hpp"

namespace examples {

namespace ic = interchoice;

/// What is kept of a training that is interrupted, and when it is written.
struct StateOptions {
  std::string file;
  std::size_t steps = 0;
  double minutes = 0;
  bool exact = false;
  bool is_kept = false;
  std::string stopped_out = {};

  CommandFiles::File state() const { return {"--state", file, /*locks_itself=*/true}; }
  CommandFiles::File stopped() const { return {"--stopped-out", stopped_out}; }
};

inline void add_state_options(CLI::App& app, StateOptions& options) {
  auto* state = app.add_option("--state", options.file,
                               "file that keeps the training, after every epoch and when it is "
                               "interrupted: the same command goes on from there; removed at the "
                               "very end");
  app.add_option("--state-steps", options.steps, "write it every so many steps, too")
      ->needs(state)
      ->check(whole_number(1, 1'000'000'000));
  app.add_option("--state-minutes", options.minutes, "write it every so many minutes, too")
      ->needs(state)
      ->check(positive_number());
  app.add_flag("--exact", options.exact,
               "go on only where the result is the same to the bit: with the same threads, "
               "instruction set and library versions")
      ->needs(state);
  app.add_flag("--keep-state", options.is_kept,
               "leave the state at the end: the same command with more --epochs goes on from it, "
               "where the learning rates of the epochs done are the same")
      ->needs(state);
  app.add_option("--stopped-out", options.stopped_out,
                 "file for the half-trained network, if the training is interrupted");
}

/// "epoch 3 of 20, step 120 of 397": what a training began with last. An epoch is `steps` steps.
inline std::string position_text(const ic::TrainingRecord& record, std::size_t epochs,
                                 std::size_t steps) {
  const auto [epoch, step] = record.position;
  if (step > 0) return fmt::format("epoch {} of {}, step {} of {}", epoch + 1, epochs, step, steps);
  return fmt::format("epoch {} of {}, step {} of {}", epoch, epochs, steps, steps);
}

/// Ends a program whose training was interrupted at a position: has the half-trained network
/// written by `save(path, facts)` where that is asked for, and never to the place of a finished
/// one.
template <class Save>
[[noreturn]] void end_interrupted(const StateOptions& options, const Save& save, ic::Identity facts,
                                  const std::string& place, const ic::InterruptRequest& interrupt) {
  std::string kept = "stopped at " + place + "; ";
  if (!options.stopped_out.empty()) {
    facts.set("stopped", place);
    save(options.stopped_out, facts);
    kept += "the network as it is was written to " + options.stopped_out + "; ";
  }
  kept += options.file.empty()
              ? "with --state FILE the same command would go on from there"
              : "the training is kept in " + options.file + "; the same command goes on from there";
  throw_interrupted(interrupt, kept);
}

/// Removes the state of a training whose results have been written: the last that a program does.
inline void remove_state(const StateOptions& options) {
  if (!options.file.empty() && !options.is_kept) std::filesystem::remove(options.file);
}

}  // namespace examples
