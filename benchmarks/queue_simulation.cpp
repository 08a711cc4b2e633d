// What breaks first where very many ranks share work out: the store, the writer of the log, or the
// slowest rank. Every rank runs the library's queue; evaluations, the network and the store are
// simulated, with a clock of their own.
//
//   queue_simulation [architectures] [seconds an evaluation]
//
// The store answers one call at a time. Evaluations have a log-normal spread; one rank in a hundred
// is five times slower than the others; one in two hundred dies on the way, and is missed after
// 10 s. Printed are
//
//   time      until rank 0 has all results, and all others know it
//   useful    the part of all ranks' time that went into evaluations
//   tail      from the first rank that has nothing to do to the last result
//   chunks    that the list was cut into
//   calls     of the store a second, without those of signs of life
//   signs     the store's time for signs of life
//   store     its time for everything
//   writer    rank 0's time for the others and the log
//   delay     the longest from a result to its row in the log
//   twice     evaluations that were finished, and had to be done again
//   keys      the most that the store had
//   full      what is busy for more than nine tenths of the time

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <limits>
#include <memory>
#include <numbers>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/distributed/presence.hpp"
#include "interchoice/distributed/shared_store.hpp"
#include "interchoice/distributed/shared_work.hpp"
#include "interchoice/distributed/work_list.hpp"
#include "interchoice/distributed/work_queue.hpp"

namespace {

namespace ic = interchoice;
using Nanoseconds = std::chrono::nanoseconds;

struct Setting {
  std::size_t ranks = 1000;
  std::size_t tasks = 1'000'000;
  double evaluation = 1;     // s, the mean
  double spread = 0.5;       // standard deviation of its logarithm
  double slow_ranks = 0.01;  // the fraction that takes `slowness` times longer
  double slowness = 5;
  double dying_ranks = 0.005;
  double patience = 0;       // s, until a dead rank is missed
  double service = 50e-6;    // s, the store for a call
  double latency = 50e-6;    // s, there, and as much back
  double sign_interval = 1;  // s, of the signs of life
  double row = 20e-6;        // s, the writer for a row of the log
};

/// A number in [0, 1) for each (rank or task, purpose).
double unit(std::size_t i, std::uint32_t purpose) {
  return ic::CounterRandom(ic::Seed{i}, ic::Stream::kEvaluation, purpose, 0).unit();
}

/// A store that serves calls one by one, while the clock of the rank that calls runs.
class SimulatedStore final : public ic::SharedStore {
 public:
  SimulatedStore(const Setting& setting, double& clock)
      : latency_(setting.latency), service_(setting.service), clock_(clock) {
    service_ /= std::max(0.05, 1 - signs_load(setting));  // signs of life take their part of it
  }

  /// The fraction of its time that signs of life take.
  static double signs_load(const Setting& setting) {
    return static_cast<double>(setting.ranks) / setting.sign_interval * setting.service;
  }

  std::optional<std::string> get(const std::string& key) override {
    serve();
    const auto found = values_.find(key);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
  }
  void set(const std::string& key, const std::string& value) override {
    serve();
    values_[key] = value;
  }
  std::int64_t add(const std::string& key, std::int64_t amount) override {
    serve();
    return numbers_[key] += amount;
  }
  bool exchange(const std::string&, const std::string&, const std::string&) override {
    std::abort();  // the queue needs none
  }
  void remove(const std::string& key) override {
    serve();
    values_.erase(key);
  }

  std::size_t calls() const { return calls_; }
  std::size_t most_values() const { return most_values_; }

 private:
  void serve() {
    ++calls_;
    most_values_ = std::max(most_values_, values_.size());
    const double arrival = clock_ + latency_;
    if (arrival > last_) backlog_ = std::max(0.0, backlog_ - (arrival - last_));
    last_ = std::max(last_, arrival);
    backlog_ += service_;
    clock_ = arrival + backlog_ + latency_;
  }

  double latency_;
  double service_;
  double& clock_;
  double last_ = 0;
  double backlog_ = 0;  // s of work that wait
  std::size_t calls_ = 0;
  std::size_t most_values_ = 0;
  std::unordered_map<std::string, std::string> values_;
  std::unordered_map<std::string, std::int64_t> numbers_;
};

class Simulation {
 public:
  explicit Simulation(const Setting& setting)
      : setting_(setting), store_(setting, clock_), finished_(setting.tasks, -1) {
    const ic::WorkList list(setting.tasks, setting.ranks);
    chunks_ = list.chunks().size();
    const double even = setting.evaluation * static_cast<double>(setting.tasks) /
                        static_cast<double>(setting.ranks);
    for (std::size_t r = 0; r < setting.ranks; ++r) {
      Rank rank{.pause = ic::WorkPause(setting.ranks)};
      rank.slowness = unit(r, 0) < setting.slow_ranks ? setting.slowness : 1;
      if (r > 0 && unit(r, 1) < setting.dying_ranks) rank.death = even * unit(r, 2);
      rank.queue = std::make_unique<ic::WorkQueue>(
          store_, ic::WorkQueueOptions{
                      .rank = r,
                      .size = setting.ranks,
                      .fate = [this](std::size_t other) { return fate(other); },
                      .deliver = [this](std::size_t task, std::string_view) { deliver(task); },
                      .now = [this] { return Nanoseconds(std::llround(clock_ * 1e9)); }});
      rank.queue->begin(list);
      ranks_.push_back(std::move(rank));
      events_.push({0, r});
    }
  }

  void run() {
    while (!events_.empty()) {
      const auto [time, r] = events_.top();
      events_.pop();
      if (time >= ranks_[r].death) continue;
      clock_ = time;
      if (turn(r)) {
        events_.push({clock_, r});
      } else if (r == 0) {
        return;
      }
    }
  }

  static void print_header() {
    fmt::print(
        "{:>5} {:>6} {:>9} {:>7} {:>6} {:>7} {:>7} {:>6} {:>6} {:>7} {:>7} {:>5} {:>6}  {}\n",
        "ranks", "eval s", "time s", "useful%", "tail s", "chunks", "calls/s", "signs%", "store%",
        "writer%", "delay s", "twice", "keys", "full");
  }

  void print() const {
    const double total = clock_ * static_cast<double>(setting_.ranks);
    const double signs = SimulatedStore::signs_load(setting_);
    const double calls = static_cast<double>(store_.calls()) / clock_;
    const double store = signs + calls * setting_.service;
    const double writer = writing_ / clock_;
    const std::string full = store > 0.9 && writer > 0.9 ? "store, writer"
                             : store > 0.9               ? "store"
                             : writer > 0.9              ? "writer"
                                                         : "-";
    fmt::print(
        "{:>5} {:>6g} {:>9.1f} {:>7.1f} {:>6.1f} {:>7} {:>7.0f} {:>6.1f} {:>6.1f} {:>7.1f} "
        "{:>7.1f} "
        "{:>5} {:>6}  {}\n",
        setting_.ranks, setting_.evaluation, clock_, 100 * useful_ / total, all_done_ - first_idle_,
        chunks_, calls, 100 * signs, 100 * store, 100 * writer, longest_delay_,
        evaluated_ - setting_.tasks, store_.most_values(), full);
  }

 private:
  struct Rank {
    std::unique_ptr<ic::WorkQueue> queue = {};
    ic::WorkPause pause;
    double slowness = 1;
    double death = std::numeric_limits<double>::infinity();
    ic::WorkRange work = {};
    bool evaluates = false;  // its first task, which ends now
    bool is_published = false;
  };
  using Event = std::pair<double, std::size_t>;

  /// One step of a rank, as `SharedWork` does them; the clock then is when it takes the next one.
  bool turn(std::size_t r) {
    Rank& rank = ranks_[r];
    ic::WorkQueue& queue = *rank.queue;
    if (rank.evaluates) {
      rank.evaluates = false;
      const std::size_t task = rank.work.first++;
      finished_[task] = clock_;
      ++evaluated_;
      const bool goes_on = queue.post(task, "8 bytes.");
      if (!goes_on) rank.work = {};
      if (r > 0 && rank.work.size() > 0) begin_task(r);
      return true;  // rank 0 attends first
    }
    if (r == 0) {
      const double begin = clock_;
      const bool has_more = queue.attend();
      writing_ += clock_ - begin;
      if (has_more) return true;
    } else if (rank.work.size() == 0) {
      queue.attend();
    }
    if (queue.has_ended()) return end(r);
    if (rank.work.size() == 0) rank.work = queue.take().value_or(ic::WorkRange{});
    if (rank.work.size() > 0) {
      rank.pause.restart();
      begin_task(r);
    } else {
      first_idle_ = std::min(first_idle_, clock_);
      clock_ += std::chrono::duration<double>(rank.pause.next()).count();
    }
    return true;
  }

  bool end(std::size_t r) {
    Rank& rank = ranks_[r];
    if (r > 0) {
      rank.queue->leave();
      return false;
    }
    if (!rank.is_published) rank.queue->publish(std::string(8, 'x'));
    rank.is_published = true;
    if (rank.queue->is_deserted()) return false;
    clock_ += std::chrono::duration<double>(rank.pause.next()).count();
    return true;
  }

  void begin_task(std::size_t r) {
    const std::size_t task = ranks_[r].work.first;
    const double normal = std::sqrt(-2 * std::log(1 - unit(task, 3))) *
                          std::cos(2 * std::numbers::pi * unit(task, 4));
    const double spread = setting_.spread;
    const double time =
        setting_.evaluation * std::exp(spread * normal - spread * spread / 2) * ranks_[r].slowness;
    useful_ += time;
    clock_ += time;
    ranks_[r].evaluates = true;
  }

  std::optional<std::string> fate(std::size_t rank) {
    store_.get("fate");  // as `Presence` asks
    store_.get("alive");
    if (clock_ < ranks_[rank].death + setting_.patience) return std::nullopt;
    return "gave no sign of life";
  }

  void deliver(std::size_t task) {
    clock_ += setting_.row;
    longest_delay_ = std::max(longest_delay_, clock_ - finished_[task]);
    all_done_ = clock_;
  }

  Setting setting_;
  double clock_ = 0;  // s, of the rank whose turn it is
  SimulatedStore store_;
  std::vector<Rank> ranks_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::vector<double> finished_;  // when each task was
  std::size_t chunks_ = 0;
  std::size_t evaluated_ = 0;
  double useful_ = 0;   // s of evaluation, also of those that came to nothing
  double writing_ = 0;  // s of rank 0
  double first_idle_ = std::numeric_limits<double>::infinity();
  double all_done_ = 0;
  double longest_delay_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const auto begin = std::chrono::steady_clock::now();
  Setting setting;
  if (argc > 1) setting.tasks = std::strtoull(argv[1], nullptr, 10);
  std::vector<double> evaluations{10, 1, 0.1};
  if (argc > 2) evaluations = {std::strtod(argv[2], nullptr)};
  fmt::print(
      "{} architectures; store {:g} us a call, network {:g} us one way, log {:g} us a row\n\n",
      setting.tasks, setting.service * 1e6, setting.latency * 1e6, setting.row * 1e6);
  Simulation::print_header();
  for (const double evaluation : evaluations) {
    for (const std::size_t ranks : {8, 64, 1000, 4000}) {
      setting.evaluation = evaluation;
      setting.ranks = ranks;
      const auto presence = ic::PresenceOptions::of_ranks(ranks, std::chrono::seconds(10));
      setting.sign_interval = std::chrono::duration<double>(presence.interval).count();
      setting.patience = std::chrono::duration<double>(presence.patience).count();
      Simulation simulation(setting);
      simulation.run();
      simulation.print();
    }
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  fmt::print("\nsimulated in {:.1f} s\n", seconds.count());
}
