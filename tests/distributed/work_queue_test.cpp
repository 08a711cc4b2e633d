// Tasks shared out by a store: every one is delivered once, whoever dies and whenever; how it ends.

#include "interchoice/distributed/work_queue.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/distributed/published_text.hpp"
#include "interchoice/distributed/shared_store.hpp"
#include "interchoice/distributed/shared_work.hpp"
#include "interchoice/distributed/work_list.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using namespace std::chrono_literals;

namespace {

/// A rank is killed in the middle of a call.
struct Killed {};

/// One rank's way to a store: `before_call` may kill it, or let others go first. Keeps a list of
/// all keys.
class WatchedStore final : public ic::SharedStore {
 public:
  WatchedStore(ic::SharedStore& store, std::set<std::string>& keys,
               std::function<void()> before_call)
      : store_(store), keys_(keys), before_call_(std::move(before_call)) {}

  std::optional<std::string> get(const std::string& key) override {
    before_call_();
    return store_.get(key);
  }
  void set(const std::string& key, const std::string& value) override {
    before_call_();
    keys_.insert(key);
    store_.set(key, value);
  }
  std::int64_t add(const std::string& key, std::int64_t amount) override {
    before_call_();
    keys_.insert(key);
    return store_.add(key, amount);
  }
  bool exchange(const std::string& key, const std::string& expected,
                const std::string& value) override {
    before_call_();
    keys_.insert(key);
    return store_.exchange(key, expected, value);
  }
  void remove(const std::string& key) override {
    before_call_();
    keys_.erase(key);
    store_.remove(key);
  }

 private:
  ic::SharedStore& store_;
  std::set<std::string>& keys_;
  std::function<void()> before_call_;
};

/// What the result of a task has to be.
std::string result_of(std::size_t task) { return task % 7 == 0 ? "" : std::to_string(task * task); }

/// Ranks that take turns at random, also between two calls of the store by another one. Some stop
/// for a while; where there are deaths, some die at a call, and those that stopped are believed to
/// be dead, too.
class Schedule {
 public:
  Schedule(std::uint64_t seed, bool has_deaths)
      : random_(ic::Seed{seed}, ic::Stream::kPaths, 0, 0), has_deaths_(has_deaths) {
    ranks_.resize(2 + random_.below(6));
    tasks = random_.below(120);
    std::vector<std::size_t> common;
    for (std::size_t i = 0; i < tasks; ++i) common.push_back(random_.below(4));
    const ic::WorkList list(tasks, ranks_.size(), common);
    for (std::size_t r = 0; r < ranks_.size(); ++r) {
      Rank& rank = ranks_[r];
      if (has_deaths && r > 0 && random_.below(2) == 0) rank.calls = random_.below(60);
      rank.store = std::make_unique<WatchedStore>(store_, keys, [this, r] { before_call(r); });
      rank.queue = std::make_unique<ic::WorkQueue>(
          *rank.store,
          ic::WorkQueueOptions{.rank = r,
                               .size = ranks_.size(),
                               .fate = [this](std::size_t other) { return fate(other); },
                               .deliver =
                                   [this](std::size_t task, std::string_view result) {
                                     ++delivered[task];
                                     is_right = is_right && result == result_of(task);
                                   },
                               .post_interval = random_.below(2) == 0 ? 0s : 30s,
                               .look_interval = 5s,
                               .now = [this] { return now_; }});
      rank.queue->begin(list);
    }
  }

  /// Whether rank 0 comes to an end within so many turns.
  bool run(std::size_t turns) {
    const ic::WorkQueue& first = *ranks_[0].queue;
    while (turns-- > 0) {
      take_turn(random_.below(static_cast<std::uint32_t>(ranks_.size())));
      if (!first.has_ended() || !first.is_deserted()) continue;
      ranks_[0].queue->clear();
      for (std::size_t i = 0; i < 5'000; ++i) {  // whoever was thought to be dead finds an end, too
        take_turn(random_.below(static_cast<std::uint32_t>(ranks_.size())));
      }
      for (const Rank& rank : ranks_)
        has_all_ended = has_all_ended && (rank.calls == 0 || rank.has_left);
      for (const Rank& rank : ranks_) dead += rank.calls == 0 ? 1 : 0;
      return true;
    }
    return false;
  }

  std::size_t tasks = 0;
  std::map<std::size_t, int> delivered;
  bool is_right = true;
  std::size_t done = 0;
  std::size_t dead = 0;
  bool has_all_ended = true;
  std::set<std::string> keys;
  std::set<std::string> texts;  // that the others got in the end

 private:
  struct Rank {
    std::unique_ptr<WatchedStore> store = {};
    std::unique_ptr<ic::WorkQueue> queue = {};
    std::size_t calls = SIZE_MAX;  // until it dies
    std::chrono::nanoseconds stopped_until{};
    bool is_in_call = false;
    bool has_left = false;
    ic::WorkRange work = {};
  };

  void take_turn(std::size_t r) {
    Rank& rank = ranks_[r];
    now_ += 1s;
    if (rank.calls == 0 || rank.is_in_call || now_ < rank.stopped_until) return;
    if (random_.below(60) == 0) rank.stopped_until = now_ + 200s;
    rank.is_in_call = true;
    try {
      turn(r);
    } catch (const Killed&) {
    }
    rank.is_in_call = false;
  }

  void turn(std::size_t r) {
    Rank& rank = ranks_[r];
    ic::WorkQueue& queue = *rank.queue;
    queue.attend();
    if (queue.has_ended()) {
      if (rank.has_left) return;
      rank.has_left = true;
      if (r == 0) return queue.publish("all of it");
      texts.insert(message_of([&] { throw std::runtime_error(queue.published()); }));
    } else if (rank.work.size() == 0) {
      rank.work = queue.take().value_or(ic::WorkRange{});
    } else {
      const std::size_t task = rank.work.first++;
      ++done;
      if (!queue.post(task, result_of(task))) rank.work = {};
    }
  }

  void before_call(std::size_t r) {
    if (random_.below(4) == 0) take_turn(random_.below(static_cast<std::uint32_t>(ranks_.size())));
    if (ranks_[r].calls != SIZE_MAX && --ranks_[r].calls == 0) throw Killed();
  }

  std::optional<std::string> fate(std::size_t r) {
    const bool seems_dead = has_deaths_ && r > 0 && now_ < ranks_[r].stopped_until;
    if (ranks_[r].calls > 0 && !seems_dead) return std::nullopt;
    return "gave no sign of life";
  }

  ic::CounterRandom random_;
  bool has_deaths_;
  std::chrono::nanoseconds now_{};
  ic::MemoryStore store_;
  std::vector<Rank> ranks_;
};

/// What rank 0 delivered, how each rank ended ("done", or a message), and what it was told.
struct Outcome {
  std::map<std::size_t, std::string> delivered = {};
  std::vector<std::string> ends = {};
};

/// `SharedWork` on a thread for each rank; `body` is a rank's task.
Outcome share(std::size_t size, std::size_t tasks,
              const std::function<void(std::size_t rank, std::size_t task)>& body,
              const std::function<bool(std::size_t rank)>& stop = {}, bool first_is_gone = false) {
  Outcome outcome;
  outcome.ends.resize(size);
  ic::MemoryStore store;
  const auto fate = [&](std::size_t rank) {
    return rank == 0 && first_is_gone ? std::optional<std::string>("is gone") : std::nullopt;
  };
  const auto run = [&](std::size_t r) {
    ic::SharedWork work(
        store,
        {.rank = r,
         .size = size,
         .fate = fate,
         .deliver = [&](std::size_t task,
                        std::string_view result) { outcome.delivered[task] = result; },
         .post_interval = 5ms,
         .look_interval = 20ms},
        stop ? [&, r] { return stop(r); } : std::function<bool()>());
    try {
      const std::string first =
          work.text_of_first([&] { return std::string(3 * ic::PublishedText::kPiece / 2, 'x'); });
      work.run(ic::WorkList(tasks, size), [&](ic::WorkRange range, const auto& result) {
        for (std::size_t i = range.first; i < range.last; ++i) {
          body(r, i);
          if (!result(i, result_of(i))) return;
        }
      });
      outcome.ends[r] = work.end([] { return std::string("done"); }) +
                        (first.size() == 3 * ic::PublishedText::kPiece / 2 ? "" : ", cut off");
    } catch (const std::exception& error) {
      outcome.ends[r] = error.what();
      work.fail(error.what());
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t r = first_is_gone ? 1 : 0; r < size; ++r) threads.emplace_back(run, r);
  for (std::thread& thread : threads) thread.join();
  return outcome;
}

}  // namespace

TEST_CASE("a list is cut into chunks that shrink, where neighbours share least") {
  for (const std::size_t tasks : {0u, 1u, 7u, 64u, 1000u, 15625u}) {
    for (const std::size_t ranks : {1u, 2u, 8u, 100u}) {
      std::size_t next = 0;
      std::size_t before = SIZE_MAX;
      for (const ic::WorkRange& chunk : ic::WorkList(tasks, ranks).chunks()) {
        CHECK(chunk.first == next);
        CHECK((chunk.size() >= 1 && chunk.size() <= before));
        before = chunk.size();
        next = chunk.last;
      }
      CHECK(next == tasks);
      CHECK((tasks == 0 || ranks == 1 || before == 1));
    }
  }
  CHECK(ic::WorkList(1000, 1).chunks() == std::vector<ic::WorkRange>{{0, 1000}});
  CHECK(ic::WorkList(1000, 2).chunks()[0].size() == 1000 / 16);
  std::vector<std::size_t> common(1000, 3);
  for (std::size_t i = 0; i < 1000; i += 10) common[i] = i % 50 == 0 ? 0 : 1;
  std::size_t next = 0;
  for (const ic::WorkRange& chunk : ic::WorkList(1000, 2, common).chunks()) {
    CHECK(chunk.first == next);
    next = chunk.last;
    if (chunk.size() > 50) CHECK(next % 50 == 0);
    if (chunk.size() > 20) CHECK(next % 10 == 0);
  }
  CHECK(next == 1000);
}

TEST_CASE("every task is delivered once, whoever dies and whenever") {
  std::size_t dead = 0;
  std::size_t twice = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    INFO("seed " << seed);
    Schedule schedule(seed, true);
    REQUIRE(schedule.run(40'000));
    REQUIRE(schedule.delivered.size() == schedule.tasks);
    for (const auto& task : schedule.delivered) REQUIRE(task.second == 1);
    CHECK(schedule.is_right);
    CHECK(schedule.has_all_ended);
    for (const std::string& text : schedule.texts) {
      if (text != "all of it") CHECK_THAT(text, Contains("went on without it"));
    }
    dead += schedule.dead;
    twice += schedule.done > schedule.tasks ? 1 : 0;
  }
  CHECK(dead > 150);
  CHECK(twice > 30);
}

TEST_CASE("where nobody dies every task is done once, and nothing stays in the store") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    INFO("seed " << seed);
    Schedule schedule(seed, false);
    REQUIRE(schedule.run(40'000));
    CHECK(schedule.delivered.size() == schedule.tasks);
    CHECK(schedule.done == schedule.tasks);
    CHECK(schedule.has_all_ended);
    CHECK(schedule.texts == std::set<std::string>{"all of it"});
    CHECK(schedule.keys == std::set<std::string>{});
  }
}

TEST_CASE("shared work gives the results of one rank, and the same text to all") {
  for (const std::size_t size : {1u, 2u, 4u}) {
    const Outcome outcome = share(size, 50, [](auto, auto) {});
    CHECK(outcome.ends == std::vector<std::string>(size, "done"));
    REQUIRE(outcome.delivered.size() == 50);
    for (const auto& [task, result] : outcome.delivered) CHECK(result == result_of(task));
    CHECK(share(size, 0, [](auto, auto) {}).ends == std::vector<std::string>(size, "done"));
  }
}

TEST_CASE("a rank that fails, stops or is gone ends the work on all") {
  for (const std::size_t failing : {0u, 1u, 2u}) {
    const Outcome outcome = share(3, 60, [&](std::size_t rank, std::size_t) {
      if (rank == failing) throw std::runtime_error("out of memory");
      std::this_thread::sleep_for(2ms);
    });
    for (std::size_t r = 0; r < 3; ++r) {
      INFO(outcome.ends[r]);
      const std::string text = "rank " + std::to_string(failing) + " of 3 failed: out of memory";
      CHECK_THAT(outcome.ends[r], Contains(r == failing ? "out of memory" : text));
    }
  }
  for (const std::size_t stopping : {0u, 1u}) {
    std::atomic<int> done{0};
    const Outcome outcome = share(
        2, 1000,
        [&](std::size_t, std::size_t) {
          ++done;
          std::this_thread::sleep_for(1ms);
        },
        [&](std::size_t rank) { return rank == stopping && done > 10; });
    CHECK(outcome.ends == std::vector<std::string>(2, "done"));
    CHECK(outcome.delivered.size() < 1000);
    CHECK(outcome.delivered.size() > 1);
  }
  const Outcome outcome = share(
      3, 10, [](auto, auto) {}, {}, true);
  CHECK_THAT(outcome.ends[1], Contains("rank 0 of 3 is gone"));
  CHECK_THAT(outcome.ends[2], Contains("rank 0 of 3 is gone"));
}
