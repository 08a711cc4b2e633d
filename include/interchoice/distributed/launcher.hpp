#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace interchoice {

/// A process's place in a group, and where the group meets.
struct GroupOptions {
  std::size_t rank = 0;
  std::size_t size = 1;
  std::size_t local_rank = 0;         ///< among the processes of one machine: the number of its GPU
  std::string address = "127.0.0.1";  ///< of the machine that keeps the store
  std::uint16_t port = 29500;
  bool is_store_kept = false;    ///< by the launcher, at that address; else rank 0 keeps it
  std::string name = "default";  ///< another one for each attempt, where the store outlives one
  /// So long a rank waits for the others, at the beginning and in each collective.
  std::chrono::milliseconds timeout{120'000};
  /// So long a rank may give no sign of life, once something has failed.
  std::chrono::milliseconds patience{10'000};
};

namespace detail {

/// The first machine of a list of Slurm's: "n[08-11,20],m1" is n08.
inline std::string first_of_node_list(std::string_view list) {
  const std::size_t bracket = list.find('[');
  if (bracket > list.find(',')) return std::string(list.substr(0, list.find(',')));
  const std::string_view numbers = list.substr(std::min(bracket, list.size() - 1) + 1);
  if (bracket == std::string_view::npos) return std::string(list);
  return std::string(list.substr(0, bracket)) +
         std::string(numbers.substr(0, numbers.find_first_of("-,]")));
}

}  // namespace detail

/// The options that a launcher left in the environment: torchrun's (RANK, WORLD_SIZE, LOCAL_RANK,
/// MASTER_ADDR, MASTER_PORT), which are easily set by hand, or those of a step of Slurm's `srun`.
/// Without a launcher, a group of one. INTERCHOICE_TIMEOUT and INTERCHOICE_PATIENCE are `timeout`
/// and `patience` in seconds.
///
/// *Throws*: `std::invalid_argument` with the variable that is missing or makes no sense.
class Launcher {
 public:
  /// The value of a variable; null where there is none.
  using Variables = std::function<const char*(const char*)>;

  /// The group that the launcher has started; one process alone where there is none.
  static GroupOptions options(Variables variables = std::getenv) {
    return Launcher(std::move(variables)).read();
  }

 private:
  explicit Launcher(Variables variables) : variables_(std::move(variables)) {}

  GroupOptions read() const {
    GroupOptions options;
    if (has("RANK") || has("WORLD_SIZE")) {
      read_torchrun(options);
    } else if (has("SLURM_STEP_NUM_TASKS") && has("SLURM_PROCID")) {
      read_slurm(options);
    }
    if (has("INTERCHOICE_TIMEOUT")) {
      options.timeout = std::chrono::seconds(number("INTERCHOICE_TIMEOUT", 1, 86'400));
    }
    if (has("INTERCHOICE_PATIENCE")) {
      options.patience = std::chrono::seconds(number("INTERCHOICE_PATIENCE", 1, 86'400));
    }
    return options;
  }

  void read_torchrun(GroupOptions& options) const {
    options.size = number("WORLD_SIZE", 1, kMostRanks);
    options.rank = number("RANK", 0, options.size - 1);
    options.local_rank = has("LOCAL_RANK") ? number("LOCAL_RANK", 0, kMostRanks) : 0;
    if (options.size == 1) return;
    options.address = text("MASTER_ADDR");
    options.port = static_cast<std::uint16_t>(number("MASTER_PORT", 1, 65'535));
    options.is_store_kept =
        has("TORCHELASTIC_USE_AGENT_STORE") && text("TORCHELASTIC_USE_AGENT_STORE") == "True";
    if (has("TORCHELASTIC_RESTART_COUNT")) options.name = text("TORCHELASTIC_RESTART_COUNT");
  }

  void read_slurm(GroupOptions& options) const {
    options.size = number("SLURM_STEP_NUM_TASKS", 1, kMostRanks);
    options.rank = number("SLURM_PROCID", 0, options.size - 1);
    options.local_rank = has("SLURM_LOCALID") ? number("SLURM_LOCALID", 0, kMostRanks) : 0;
    if (options.size == 1) return;
    options.address = has("MASTER_ADDR") ? text("MASTER_ADDR")
                                         : detail::first_of_node_list(text("SLURM_STEP_NODELIST"));
    // One for each job of a machine.
    options.port = static_cast<std::uint16_t>(
        has("MASTER_PORT") ? number("MASTER_PORT", 1, 65'535)
                           : 20'000 + number("SLURM_JOB_ID", 0, SIZE_MAX) % 10'000);
  }

  static constexpr std::size_t kMostRanks = 1'000'000;

  bool has(const char* name) const { return variables_(name) != nullptr; }

  std::string text(const char* name) const {
    const char* const value = variables_(name);
    if (value == nullptr || *value == '\0') {
      throw std::invalid_argument(fmt::format(
          "interchoice: the environment makes this process one of a group, but has no {}; start "
          "it by torchrun or srun, or set RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT",
          name));
    }
    return value;
  }

  std::size_t number(const char* name, std::size_t least, std::size_t most) const {
    const std::string value = text(name);
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || number < least ||
        number > most) {
      throw std::invalid_argument(
          fmt::format("interchoice: {} is '{}' in the environment; a whole number from {} to {} "
                      "is needed",
                      name, value, least, most));
    }
    return number;
  }

  Variables variables_;
};

}  // namespace interchoice
