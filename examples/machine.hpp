#pragma once

// The device and the threads of a program: its options, and a process prepared for them.

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/cuda.h>

#include <cstddef>
#include <set>
#include <string>

#include "examples/command_line.hpp"
#include "examples/launched_group.hpp"
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

namespace detail {

/// Prepares a process for training; the device to put networks on, of several GPUs that of a
/// number.
inline at::Device prepare_process(const Machine& machine, std::size_t number) {
  static WarningMessages warnings;
  c10::WarningUtils::set_warning_handler(&warnings);
  at::set_num_threads(machine.threads);
  ic::keep_freed_memory();
  const bool has_cuda = torch::cuda::is_available();
  if (machine.device == "cuda" && !has_cuda) {
    throw UsageError("--device cuda: this machine or this build of the program has no CUDA device");
  }
  if (machine.device == "cpu" || !has_cuda) return at::kCPU;
  return {at::kCUDA, static_cast<at::DeviceIndex>(number % torch::cuda::device_count())};
}

}  // namespace detail

/// Prepares a program that runs alone; the device to put networks on.
///
/// *Throws* UsageError if a launcher has started it several times: they would write the same files.
inline at::Device prepare(const Machine& machine) {
  if (const std::size_t ranks = launched_ranks(); ranks > 1) {
    throw UsageError(fmt::format(
        "a launcher has started {} processes of this program, which does not share work among "
        "ranks; start it alone",
        ranks));
  }
  return detail::prepare_process(machine, 0);
}

/// Where a program computes, that may be one rank of several.
struct Workplace {
  ic::Group group;
  at::Device device;
};

/// Prepares a program that shares its work among the ranks that a launcher has started, before it
/// claims what it writes, `out`.
///
/// *Throws* as `join_launched_group`.
inline Workplace prepare_rank(const Machine& machine, const std::string& out) {
  const ic::Group group = join_launched_group(out);
  return {group, detail::prepare_process(machine, launched_local_rank())};
}

}  // namespace examples
