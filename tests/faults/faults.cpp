// Injected faults: makes a call of a write fail, write less, or the process's last, and looks at
// what is left behind.
//
//   interchoice_faults --faults 2000 [--seed 1]
//   interchoice_faults --flips 20000
//
// A fault is a scenario, the number of a call below its folder, and what happens to it. After each:
// the process ended with a message that has path and reason, or did its work; what the folder holds
// is right (scenarios.hpp); nothing is left over; and the work can be done again. A flip is a
// changed bit, a zeroed block or a cut of a file that is read then: it must be refused, or the same
// must be read.

#include <ATen/Parallel.h>
#include <fmt/core.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "faults/child.hpp"
#include "faults/numbers.hpp"
#include "faults/scenarios.hpp"
#include "support/temporary_folder.hpp"

namespace fs = std::filesystem;
using namespace interchoice::testing;

namespace {

constexpr std::array<const char*, kFaultKinds> kKindNames{"ENOSPC",
                                                          "EIO",
                                                          "EINTR",
                                                          "half a transfer",
                                                          "ENOSPC from there on",
                                                          "EIO from there on",
                                                          "kill before",
                                                          "kill after",
                                                          "kill half-way"};

/// The calls, by their letters, that a kind of fault can happen to.
constexpr std::array<std::string_view, kFaultKinds> kKindCalls{
    "cwsrm",       "coiwsrxumtl", "coiwsxtl",    "iw", "cwsrm",
    "coiwsrxumtl", "coiwsrxumtl", "coiwsrxumtl", "w"};

struct Fault {
  int number = 0;
  int kind = 0;
  char call = ' ';
};

struct Tally {
  std::size_t faults = 0, failed = 0, killed = 0, unharmed = 0, refused = 0;
  std::size_t bad_loads = 0, leftovers = 0, bad_messages = 0, stuck = 0;

  std::size_t findings() const { return bad_loads + leftovers + bad_messages + stuck; }
};

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    names.insert(fs::relative(entry.path(), folder).string());
  }
  return names;
}

void become_copy(const fs::path& folder, const fs::path& of) {
  fs::remove_all(folder);
  fs::copy(of, folder, fs::copy_options::recursive);
}

/// A scenario with its folders and what is right in them.
class Stage {
 public:
  Stage(const Scenario& scenario, const fs::path& base) : scenario_(scenario), base_(base) {
    fs::create_directories(base_ / "old");
    require(in_child([&] { scenario_.first(base_ / "old"); }), "first");
    become_copy(base_ / "new", base_ / "old");
    plan_.set(base_ / "new");
    require(in_child([&] { scenario_.second(base_ / "new"); }, plan_.get()), "second");
    calls_ = std::string(plan_->trace, static_cast<std::size_t>(plan_->calls));
    old_names_ = names_in(base_ / "old");
    names_ = names_in(base_ / "new");
    old_ = content("old");
    new_ = content("new");
    if (old_ == new_) throw std::runtime_error(scenario_.name + ": old and new do not differ");
  }

  const Scenario& scenario() const { return scenario_; }
  const std::string& calls() const { return calls_; }

  std::vector<Fault> faults() const {
    std::vector<Fault> all;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      for (int kind = 0; kind < kFaultKinds; ++kind) {
        if (kKindCalls[static_cast<std::size_t>(kind)].find(calls_[i]) == std::string_view::npos) {
          continue;
        }
        all.push_back({static_cast<int>(i) + 1, kind, calls_[i]});
      }
    }
    return all;
  }

  void strike(const Fault& fault, Tally& tally) {
    ++tally.faults;
    const fs::path folder = base_ / "struck";
    become_copy(folder, base_ / "old");
    plan_.set(folder, fault.number, fault.kind);
    const auto work = [&] { scenario_.second(folder); };
    const Ending ending = in_child(work, plan_.get());
    const bool is_kill = fault.kind >= kKillBefore;
    const bool is_done = ending.signal == 0 && ending.exit_code == 0;
    ++(is_done ? tally.unharmed : ending.signal != 0 ? tally.killed : tally.failed);
    if (is_kill ? ending.signal != SIGKILL : ending.signal != 0 || ending.exit_code > 1) {
      report(fault, fmt::format("signal {}, exit code {}", ending.signal, ending.exit_code));
      ++tally.bad_messages;
    } else if (!is_kill && !is_done && !has_path_and_reason(ending.message)) {
      report(fault, "its message has no path or no reason: " + ending.message);
      ++tally.bad_messages;
    } else if (fault.kind == kShortTransfer && !is_done) {
      report(fault, "half a transfer is no error: " + ending.message);
      ++tally.bad_messages;
    }
    const std::set<std::string> names = names_in(folder);
    // What cannot be removed, and the file of a lock that may be another's, stay until the next
    // write.
    const bool may_leave =
        is_kill || fault.kind == kDamagedFromNow || fault.call == 'u' || fault.call == 'l';
    if (!may_leave) {
      for (const std::string& name : names) {
        if (names_.contains(name) || old_names_.contains(name)) continue;
        report(fault, "left over: " + name);
        ++tally.leftovers;
      }
    }
    try {
      const std::string found = scenario_.content(folder, false);
      if (!is_allowed(found, is_done)) {
        report(fault, is_done ? "said to be done, but is not" : "something else is read");
        ++tally.bad_loads;
      }
    } catch (const std::exception& error) {
      ++tally.refused;
      if (scenario_.between != Between::kMayRefuse || is_done) {
        report(fault, fmt::format("the last good file is lost: {}", error.what()));
        ++tally.bad_loads;
      }
    }
    if (is_done) return;
    const Ending again = in_child(work);
    if (again.signal != 0 || again.exit_code != 0) {
      report(fault, "the work cannot be done again: " + again.message);
      ++tally.stuck;
      return;
    }
    if (content("struck") != new_) {
      report(fault, "the work done again is something else");
      ++tally.bad_loads;
    }
    for (const std::string& name : names_in(folder)) {
      if (names_.contains(name)) continue;
      report(fault, "left over for good: " + name);
      ++tally.leftovers;
    }
  }

 private:
  static void require(const Ending& ending, const char* what) {
    if (ending.exit_code != 0 || ending.signal != 0) {
      throw std::runtime_error(fmt::format("{}: {}", what, ending.message));
    }
  }

  std::string content(const char* folder) const { return scenario_.content(base_ / folder, false); }

  bool is_allowed(const std::string& found, bool is_done) const {
    if (found == new_) return true;
    if (is_done) return false;
    if (scenario_.between == Between::kGoesOn) return true;  // judged by what it comes to
    if (scenario_.between == Between::kPrefix) {
      return found.starts_with(old_) && new_.starts_with(found);
    }
    return found == old_;
  }

  bool has_path_and_reason(const std::string& message) const {
    const bool has_reason = message.find("No space left on device") != std::string::npos ||
                            message.find("nput/output error") != std::string::npos ||
                            message.find("Interrupted system call") != std::string::npos;
    return has_reason && message.find((base_ / "struck").string()) != std::string::npos;
  }

  void report(const Fault& fault, const std::string& what) const {
    fmt::print(stderr, "{}: call {} ({}), {}: {}\n", scenario_.name, fault.number, fault.call,
               kKindNames[static_cast<std::size_t>(fault.kind)], what);
  }

  Scenario scenario_;
  fs::path base_;
  SharedPlan plan_;
  std::string calls_;
  std::set<std::string> old_names_;
  std::set<std::string> names_;
  std::string old_;
  std::string new_;
};

/// As many faults as are asked for, the same number of each scenario while it has some.
bool inject(std::size_t wanted, std::mt19937& random, const fs::path& base) {
  std::vector<Stage*> stages;
  std::vector<std::unique_ptr<Stage>> owned;
  std::vector<std::vector<Fault>> faults;
  std::size_t possible = 0;
  for (const Scenario& scenario : scenarios()) {
    owned.push_back(std::make_unique<Stage>(scenario, base / fmt::format("{}", owned.size())));
    faults.push_back(owned.back()->faults());
    std::shuffle(faults.back().begin(), faults.back().end(), random);
    possible += faults.back().size();
  }
  std::vector<std::size_t> counts(owned.size(), 0);
  for (std::size_t total = 0; total < std::min(wanted, possible);) {
    for (std::size_t i = 0; i < owned.size() && total < wanted; ++i) {
      if (counts[i] < faults[i].size()) ++counts[i], ++total;
    }
  }
  fmt::print("{:24} {:>6} {:>8} {:>7} {:>7} {:>7} {:>7} {:>8} {:>9} {:>9} {:>9} {:>6}\n",
             "scenario", "calls", "possible", "faults", "failed", "killed", "done", "refused",
             "bad loads", "leftovers", "messages", "stuck");
  Tally sum;
  std::array<std::size_t, kFaultKinds> kinds{};
  for (std::size_t i = 0; i < owned.size(); ++i) {
    Tally tally;
    for (std::size_t j = 0; j < counts[i]; ++j) {
      owned[i]->strike(faults[i][j], tally);
      ++kinds[static_cast<std::size_t>(faults[i][j].kind)];
    }
    fmt::print("{:24} {:>6} {:>8} {:>7} {:>7} {:>7} {:>7} {:>8} {:>9} {:>9} {:>9} {:>6}\n",
               owned[i]->scenario().name, owned[i]->calls().size(), faults[i].size(), tally.faults,
               tally.failed, tally.killed, tally.unharmed, tally.refused, tally.bad_loads,
               tally.leftovers, tally.bad_messages, tally.stuck);
    std::fflush(stdout);
    sum.faults += tally.faults;
    sum.bad_loads += tally.bad_loads;
    sum.leftovers += tally.leftovers;
    sum.bad_messages += tally.bad_messages;
    sum.stuck += tally.stuck;
  }
  fmt::print("kinds:");
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    fmt::print("{} {} {}", kind == 0 ? "" : ",", kinds[kind], kKindNames[kind]);
  }
  fmt::print("\n{} faults of {} possible: {} bad loads, {} leftovers, {} bad messages, {} stuck\n",
             sum.faults, possible, sum.bad_loads, sum.leftovers, sum.bad_messages, sum.stuck);
  return sum.findings() == 0;
}

// --- damage ------------------------------------------------------------------------------------

std::string read_bytes(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write_bytes(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// What a reader makes of damaged files.
struct Readings {
  std::size_t tried = 0, refused = 0, equal = 0, shorter = 0, different = 0;
};

class Damage {
 public:
  Damage(const Scenario& scenario, std::string file, const fs::path& base)
      : scenario_(scenario), file_(std::move(file)), folder_(base) {
    fs::create_directories(folder_);
    scenario_.first(folder_);
    scenario_.second(folder_);
    bytes_ = read_bytes(folder_ / file_);
    whole_ = scenario_.content(folder_, true);
  }

  const std::string& bytes() const { return bytes_; }

  void read(const std::string& damaged, Readings& readings, const std::string& what) {
    if (damaged == bytes_) return;
    ++readings.tried;
    write_bytes(folder_ / file_, damaged);
    try {
      const std::string found = scenario_.content(folder_, true);
      if (found == whole_) {
        ++readings.equal;
      } else if (scenario_.between == Between::kPrefix && whole_.starts_with(found)) {
        ++readings.shorter;
      } else {
        ++readings.different;
        if (readings.different <= 5) {
          fmt::print(stderr, "{}, {}: {}: read as something else\n", scenario_.name, file_, what);
        }
      }
    } catch (const std::exception&) {
      ++readings.refused;
    }
  }

 private:
  Scenario scenario_;
  std::string file_;
  fs::path folder_;
  std::string bytes_;
  std::string whole_;
};

bool damage(std::size_t wanted, std::mt19937& random, const fs::path& base) {
  constexpr std::size_t kBlock = 4096;
  std::vector<std::pair<Scenario, std::string>> files;
  for (const Scenario& scenario : scenarios()) {
    for (const std::string& file : scenario.guarded_files) files.emplace_back(scenario, file);
  }
  fmt::print("{:32} {:>8} {:14} {:>7} {:>8} {:>7} {:>8} {:>10}\n", "file", "bytes", "damage",
             "tried", "refused", "equal", "shorter", "different");
  std::size_t different = 0;
  std::size_t tried = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto& [scenario, file] = files[i];
    const fs::path folder = base / fmt::format("damaged-{}", i);
    Damage damage(scenario, file, folder);
    const std::string& bytes = damage.bytes();
    const auto line = [&, name = fmt::format("{}, {}", scenario.name, file)](const char* kind,
                                                                             const Readings& r) {
      fmt::print("{:32} {:>8} {:14} {:>7} {:>8} {:>7} {:>8} {:>10}\n", name, bytes.size(), kind,
                 r.tried, r.refused, r.equal, r.shorter, r.different);
      std::fflush(stdout);
      different += r.different;
      tried += r.tried;
    };
    // Every k-th bit of the file; several passes over a small one take other bits of a byte.
    Readings flips;
    const std::size_t bits = 8 * bytes.size();
    const std::size_t count = std::min(bits, wanted / files.size());
    for (std::size_t j = 0; j < count; ++j) {
      const std::size_t bit = j * bits / count + random() % std::max<std::size_t>(bits / count, 1);
      std::string damaged = bytes;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      damage.read(damaged, flips, fmt::format("bit {}", bit));
    }
    line("bit flipped", flips);
    Readings blocks;
    for (std::size_t begin = 0; begin < bytes.size(); begin += 512) {
      std::string damaged = bytes;
      const std::size_t end = std::min(bytes.size(), begin + kBlock);
      std::fill(damaged.begin() + static_cast<std::ptrdiff_t>(begin),
                damaged.begin() + static_cast<std::ptrdiff_t>(end), '\0');
      damage.read(damaged, blocks, fmt::format("zeros from byte {}", begin));
    }
    line("4 KiB zeroed", blocks);
    Readings cuts;
    for (std::size_t j = 0; j < std::max<std::size_t>(count / 20, 1); ++j) {
      const std::size_t length = random() % bytes.size();
      damage.read(bytes.substr(0, length), cuts, fmt::format("cut to {} bytes", length));
    }
    line("cut", cuts);
  }
  fmt::print("{} damaged files: {} read as something else\n", tried, different);
  return different == 0;
}

}  // namespace

int main(int argc, char** argv) {
  at::set_num_threads(1);  // a thread of this process would not be there in its children
  const auto numbers = numbers_in(argc, argv, {{"--faults", 0}, {"--flips", 0}, {"--seed", 1}});
  try {
    std::mt19937 random(static_cast<unsigned>(numbers.at("--seed")));
    const TemporaryFolder folder;
    const fs::path base = fs::canonical(folder.path());
    bool is_right = true;
    if (const auto wanted = numbers.at("--faults")) is_right = inject(wanted, random, base);
    if (const auto wanted = numbers.at("--flips")) {
      is_right = damage(wanted, random, base) && is_right;
    }
    return is_right ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
