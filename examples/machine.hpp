#pragma once

// The device and the threads of a program: its options, and a process prepared for them.

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <torch/cuda.h>

#include <set>
#include <string>

#include "examples/command_line.hpp"
#include "examples/number_options.hpp"
#include "interchoice/training/cpu_memory.hpp"

namespace examples {

namespace ic = interchoice;

/// Device and threads of a program.
struct Machine {
  std::string device = "auto";
  int threads = 1;
};

/// libtorch's warnings as the program's own messages, each once, without the place in its source.
class WarningMessages : public c10::WarningHandler {
 public:
  void process(const c10::Warning& warning) override {
    if (printed_.insert(warning.msg()).second) print_message("warning", warning.msg());
  }

 private:
  std::set<std::string> printed_;
};

inline void add_machine_options(CLI::App& app, Machine& machine) {
  app.add_option("--device", machine.device, "auto is cuda where there is one")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  app.add_option("--threads", machine.threads, "processors to use")
      ->check(whole_number(1, 1024))
      ->capture_default_str();
}

/// Prepares a process for training; the device to put networks on.
inline at::Device prepare(const Machine& machine) {
  static WarningMessages warnings;
  c10::WarningUtils::set_warning_handler(&warnings);
  at::set_num_threads(machine.threads);
  ic::keep_freed_memory();
  const bool has_cuda = torch::cuda::is_available();
  if (machine.device == "cuda" && !has_cuda) {
    throw UsageError("--device cuda: this machine or this build of the program has no CUDA device");
  }
  return machine.device != "cpu" && has_cuda ? at::kCUDA : at::kCPU;
}

}  // namespace examples
