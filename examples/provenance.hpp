#pragma once

// Where the numbers of a report come from.

#include <fmt/core.h>
#include <torch/version.h>

#include <ctime>
#include <fstream>
#include <string>
#include <thread>

#include "examples/machine.hpp"
#include "interchoice/core/identity.hpp"
#include "interchoice/version.hpp"

namespace examples {

namespace detail {

/// The processor's name as Linux has it; empty where it has none.
inline std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != line.npos) return line.substr(colon + 2);
  }
  return {};
}

inline std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  char text[11] = {};
  if (::gmtime_r(&now, &utc) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%d", &utc);
  return text;
}

}  // namespace detail

/// Command, versions, date and machine of a report.
inline ic::Identity provenance(const std::string& command, const Machine& machine) {
  return {{"command", command},
          {"versions",
           fmt::format("interchoice {}.{}.{}, libtorch {}", INTERCHOICE_VERSION_MAJOR,
                       INTERCHOICE_VERSION_MINOR, INTERCHOICE_VERSION_PATCH, TORCH_VERSION)},
          {"date", detail::today() + " (UTC)"},
          {"machine",
           fmt::format("{}{} processors, {} of them in use, device {}",
                       detail::processor_name().empty() ? "" : detail::processor_name() + ", ",
                       std::thread::hardware_concurrency(), machine.threads, machine.device)}};
}

}  // namespace examples
