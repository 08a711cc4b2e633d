#include "interchoice/data/prefetch.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "interchoice/data/any_batch_source.hpp"
#include "interchoice/data/batch_source.hpp"
#include "interchoice/data/batches.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;

static_assert(ic::BatchSource<ic::Batches>);
static_assert(ic::BatchSource<ic::Prefetched<ic::Batches>>);
static_assert(ic::BatchSource<ic::Prefetched<ic::Prefetched<ic::Batches>>>);
static_assert(ic::BatchSource<ic::AnyBatchSource>);
static_assert(ic::BatchSource<ic::Prefetched<ic::AnyBatchSource>>);
static_assert(!ic::BatchSource<ic::Batches::Epoch>);
static_assert(!ic::BatchSource<ic::ImageSet>);

namespace {

ic::Batches make_batches() {
  const ic::ImageSet set{.images = at::arange(50 * 3 * 6 * 6, at::kLong)
                                       .mul(2654435761)
                                       .bitwise_right_shift(11)
                                       .remainder(256)
                                       .to(at::kByte)
                                       .view({50, 3, 6, 6}),
                         .labels = at::arange(50, at::kLong).remainder(7),
                         .classes = 7};
  return {set,
          {.batch_size = 4,
           .normalisation = ic::cifar10_normalisation(),
           .augmentation = ic::kCifar10Augmentation,
           .seed = ic::Seed{3}}};
}

bool equal(const ic::Batch& a, const ic::Batch& b) {
  return a.data.equal(b.data) && a.target.equal(b.target);
}

// The record of the batches that a test's own source made, and one that it is to fail at.
struct Watch {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::int64_t> begun;
  std::atomic<int> epochs_alive = 0;
  int threads = 0;          // of libtorch, where a batch is made
  std::int64_t fails = -1;  // this batch cannot be made

  // Whether so many batches are begun within a time that no machine should need.
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(60), [&] { return begun.size() >= count; });
  }
  std::vector<std::int64_t> sorted() {
    const std::lock_guard lock(mutex);
    std::vector<std::int64_t> result = begun;
    std::sort(result.begin(), result.end());
    return result;
  }
};

struct WatchedSource {
  std::shared_ptr<Watch> watch = std::make_shared<Watch>();

  // Cannot be copied or moved, as an epoch may be.
  struct Epoch {
    explicit Epoch(std::shared_ptr<Watch> from) : watch(std::move(from)) { ++watch->epochs_alive; }
    Epoch(const Epoch&) = delete;
    Epoch& operator=(const Epoch&) = delete;
    ~Epoch() { --watch->epochs_alive; }
    ic::Batch operator[](std::int64_t index) const {
      {
        const std::lock_guard lock(watch->mutex);
        watch->begun.push_back(index);
        watch->threads = at::get_num_threads();
      }
      watch->changed.notify_all();
      if (index == watch->fails) throw std::runtime_error("batch " + std::to_string(index));
      return {at::full({1}, index), at::full({1}, index)};
    }
    ic::BatchIterator<Epoch> begin() const { return {*this, 0}; }
    ic::BatchIterator<Epoch> end() const { return {*this, 20}; }
    std::shared_ptr<Watch> watch;
  };

  std::int64_t size() const { return 20; }
  std::int64_t example_count() const { return 20; }
  Epoch epoch(std::uint64_t) const { return Epoch(watch); }
  ic::Batch evaluation(std::int64_t) const { return {}; }
  ic::Batch calibration(std::int64_t) const { return {}; }
};

// A source whose epochs refer to it.
struct ViewedSource {
  std::shared_ptr<int> life = std::make_shared<int>();
  std::vector<ic::Batch> batches = {{at::zeros({1}), at::zeros({1})},
                                    {at::ones({1}), at::ones({1})}};

  std::int64_t size() const { return 2; }
  std::int64_t example_count() const { return 2; }
  std::span<const ic::Batch> epoch(std::uint64_t) const { return batches; }
  ic::Batch evaluation(std::int64_t) const { return {}; }
  ic::Batch calibration(std::int64_t) const { return {}; }
};

}  // namespace

TEMPLATE_TEST_CASE("an epoch keeps the source to which it refers", "", ic::AnyBatchSource,
                   ic::Prefetched<ViewedSource>) {
  std::weak_ptr<int> life;
  {
    const auto epoch = [&] {
      ViewedSource source;
      life = source.life;
      return TestType(std::move(source)).epoch(0);
    }();
    REQUIRE_FALSE(life.expired());
    CHECK(epoch[1].target.template item<float>() == 1);
  }
  CHECK(life.expired());
}

TEST_CASE("prefetched batches are the source's, on any number of threads, in any order") {
  const ic::Batches source = make_batches();
  for (const ic::PrefetchOptions options : {ic::PrefetchOptions{},
                                            {.ahead = 1, .threads = 1},
                                            {.ahead = 5, .threads = 3},
                                            {.ahead = 100, .threads = 2}}) {
    const ic::Prefetched prefetched(source, options);
    CHECK(prefetched.size() == 13);
    CHECK(prefetched.example_count() == 50);
    CHECK(equal(prefetched.evaluation(12), source.evaluation(12)));
    CHECK(equal(prefetched.calibration(30), source.calibration(30)));
    for (const std::uint64_t number : {0u, 9u}) {
      const auto epoch = prefetched.epoch(number);
      REQUIRE(epoch.size() == 13);
      for (std::int64_t i = 0; i < 13; ++i) {
        CHECK(equal(epoch[i], source.epoch(number)[i]));
      }
      // Jumps: back, the same again, forth, the last.
      for (const std::int64_t i : {4, 5, 5, 2, 3, 11, 12, 0, 12}) {
        CHECK(equal(epoch[i], source.epoch(number)[i]));
      }
      CHECK_THROWS_AS(epoch[13], c10::IndexError);
      CHECK_THROWS_AS(epoch[-1], c10::IndexError);
      CHECK(equal(epoch[1], source.epoch(number)[1]));
    }
  }
  const auto share = ic::Prefetched(source, {.ahead = 3, .threads = 2}).share(1, 2);
  for (const std::int64_t i : {0, 12}) {
    const ic::Batch part = share.epoch(9)[i];
    CHECK(equal(part, source.share(1, 2).epoch(9)[i]));
    CHECK(part.fraction == 0.5);
  }

  // An epoch outlives its source, moves, and may have several askers.
  auto epoch = ic::Prefetched(make_batches()).epoch(2);
  const auto kept = std::move(epoch);
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> askers;
    for (int asker = 0; asker < 3; ++asker) {
      askers.emplace_back([&, asker] {
        for (std::int64_t i = asker; i < 13; i += 2) right += equal(kept[i], source.epoch(2)[i]);
      });
    }
  }
  CHECK(right == 7 + 6 + 6);

  CHECK_THROWS_WITH(ic::Prefetched(source, {.ahead = 0}), Contains("0 batches ahead"));
  CHECK_THROWS_WITH(ic::Prefetched(source, {.threads = 0}), Contains("0 threads"));
  CHECK_THROWS_WITH(ic::Prefetched(source, {.threads = 300}), Contains("300 threads"));
}

TEST_CASE("batches are made ahead, but no more than agreed; errors arrive at their batch") {
  const WatchedSource source;
  Watch& watch = *source.watch;
  const int threads = at::get_num_threads();
  {
    const auto epoch = ic::Prefetched(source, {.ahead = 3, .threads = 2}).epoch(0);
    REQUIRE(watch.wait_for(3));  // before the first is asked for
    CHECK(epoch[0].target.item<std::int64_t>() == 0);
    REQUIRE(watch.wait_for(4));
    // Were there no limit, the others would be begun before those that are asked for here.
    for (std::int64_t i = 1; i < 10; ++i) {
      CHECK(epoch[i].target.item<std::int64_t>() == i);
      CHECK(watch.sorted().back() <= i + 3);
    }
    REQUIRE(watch.wait_for(13));
    CHECK(watch.epochs_alive == 1);
  }
  // Stopped early: nothing more is made, and nothing was made twice.
  CHECK(watch.epochs_alive == 0);
  CHECK(watch.sorted() == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  CHECK(watch.threads == 1);
  CHECK(at::get_num_threads() == threads);

  watch.fails = 2;
  {
    const auto epoch = ic::Prefetched(source, {.ahead = 5}).epoch(0);
    CHECK(epoch[0].target.item<std::int64_t>() == 0);
    CHECK(epoch[1].target.item<std::int64_t>() == 1);
    CHECK_THROWS_WITH(epoch[2], Contains("batch 2"));
    CHECK(epoch[3].target.item<std::int64_t>() == 3);
    CHECK_THROWS_WITH(epoch[2], Contains("batch 2"));
  }
  CHECK(watch.epochs_alive == 0);
  for (int i = 0; i < 20; ++i) ic::Prefetched(source).epoch(0);  // dropped at once
  CHECK(watch.epochs_alive == 0);
}
