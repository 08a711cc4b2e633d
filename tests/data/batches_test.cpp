#include "interchoice/data/batches.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/data/any_batch_source.hpp"
#include "interchoice/data/augmentation.hpp"
#include "interchoice/data/digits.hpp"
#include "interchoice/data/image_set.hpp"
#include "interchoice/data/normalisation.hpp"
#include "interchoice/data/prefetch.hpp"
#include "support/catch.hpp"
#include "support/chi_square.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;

namespace {

// Images no two pixels of which are alike by accident; label i % 7.
ic::ImageSet make_set(std::int64_t n, std::int64_t channels, std::int64_t height,
                      std::int64_t width) {
  const at::Tensor numbers = at::arange(n * channels * height * width, at::kLong);
  return {.images = numbers.mul(2654435761)
                        .bitwise_right_shift(11)
                        .remainder(256)
                        .to(at::kByte)
                        .view({n, channels, height, width}),
          .labels = at::arange(n, at::kLong).remainder(7),
          .classes = 7};
}

ic::BatchOptions options_of(std::int64_t batch_size) {
  return {.batch_size = batch_size,
          .normalisation = ic::cifar10_normalisation(),
          .augmentation = ic::kCifar10Augmentation,
          .seed = ic::Seed{2024}};
}

// The second computation: one tensor operation a step, in float64, as the reference's transforms.
at::Tensor slowly(const at::Tensor& raw, const ic::ImageChange& change, std::int64_t shift,
                  double white, const ic::Normalisation& normalisation) {
  const std::int64_t height = raw.size(1), width = raw.size(2);
  at::Tensor x = at::constant_pad_nd(raw, {shift, shift, shift, shift}, 0);
  x = x.narrow(1, change.down + shift, height).narrow(2, change.right + shift, width);
  if (change.flip) x = x.flip({2});
  x = x.to(at::kDouble) / white;
  x = (x - at::tensor(normalisation.mean).view({-1, 1, 1})) /
      at::tensor(normalisation.standard_deviation).view({-1, 1, 1});
  return x.to(at::kFloat);
}

// One batch after the other, put together.
template <class Access>
ic::Batch together(std::int64_t count, Access access) {
  std::vector<at::Tensor> data, target;
  for (std::int64_t i = 0; i < count; ++i) {
    ic::Batch batch = access(i);
    data.push_back(batch.data);
    target.push_back(batch.target);
  }
  return {at::cat(data), at::cat(target)};
}

bool equal(const ic::Batch& a, const ic::Batch& b) {
  return a.data.equal(b.data) && a.target.equal(b.target);
}

using interchoice::testing::chi_square;

// Examples of one's own: number i is a sequence of i's.
struct Sequences {
  std::int64_t length;
  std::int64_t size() const { return 10; }
  ic::Batch operator()(std::span<const std::int64_t> indices) const {
    const at::Tensor numbers =
        at::tensor(at::ArrayRef<std::int64_t>(indices.data(), indices.size()));
    return {numbers.unsqueeze(1).expand({-1, length}), numbers};
  }
  std::string text() const { return "sequences of " + std::to_string(length); }
};

static_assert(std::ranges::input_range<const ic::Batches::Epoch>);
static_assert(ic::BatchRange<std::vector<ic::Batch>>);
static_assert(ic::BatchSource<ic::BatchesOf<Sequences>>);
static_assert(ic::ShareableBatchSource<ic::Batches>);
static_assert(ic::ShareableBatchSource<ic::Prefetched<ic::Batches>>);
static_assert(ic::ShareableBatchSource<ic::AnyBatchSource>);

// A source that cannot make a part of a batch.
struct WithoutShare {
  ic::Batches batches;
  std::int64_t size() const { return batches.size(); }
  std::int64_t example_count() const { return batches.example_count(); }
  auto epoch(std::uint64_t number) const { return batches.epoch(number); }
  ic::Batch evaluation(std::int64_t index) const { return batches.evaluation(index); }
  ic::Batch calibration(std::int64_t index) const { return batches.calibration(index); }
  std::string text() const { return batches.text(); }
};
static_assert(ic::BatchSource<WithoutShare> && !ic::ShareableBatchSource<WithoutShare>);
static_assert(!ic::ShareableBatchSource<ic::Prefetched<WithoutShare>>);

}  // namespace

TEST_CASE(
    "training batches are what pad, crop, flip and normalise make, each image once an epoch") {
  const ic::ImageSet set = make_set(37, 3, 9, 11);
  const ic::Batches batches(set, options_of(8));
  REQUIRE(batches.size() == 5);
  for (const std::uint64_t number : {0u, 1u, 249u}) {
    const ic::Batches::Epoch epoch = batches.epoch(number);
    CHECK(epoch.size() == 5);
    std::vector<std::int64_t> seen(epoch.order().begin(), epoch.order().end());
    for (std::int64_t i = 0; i < epoch.size(); ++i) {
      const ic::Batch batch = epoch[i];
      const std::int64_t count = i < 4 ? 8 : 5;
      REQUIRE(batch.data.sizes() == at::IntArrayRef{count, 3, 9, 11});
      REQUIRE(batch.data.is_contiguous(at::MemoryFormat::ChannelsLast));
      REQUIRE(batch.data.scalar_type() == at::kFloat);
      REQUIRE(batch.target.sizes() == at::IntArrayRef{count});
      for (std::int64_t b = 0; b < count; ++b) {
        const auto position = static_cast<std::uint64_t>(8 * i + b);
        const std::int64_t image = epoch.order()[position];
        const ic::ImageChange change = draw_change(
            ic::kCifar10Augmentation,
            ic::CounterRandom(ic::Seed{2024}, ic::Stream::kAugmentation, number, position));
        CHECK(batch.data[b].equal(
            slowly(set.images[image], change, 4, set.white, ic::cifar10_normalisation())));
        CHECK(batch.target[b].item<std::int64_t>() == image % 7);
      }
      CHECK(equal(batch, batches.epoch(number)[i]));
    }
    std::sort(seen.begin(), seen.end());
    for (std::int64_t i = 0; i < 37; ++i) CHECK(seen.at(static_cast<std::size_t>(i)) == i);
  }
  const auto order = [&](std::uint64_t number) {
    const ic::Batches::Epoch epoch = batches.epoch(number);
    return std::vector<std::int64_t>(epoch.order().begin(), epoch.order().end());
  };
  CHECK(order(0) != order(1));
}

TEST_CASE("neither threads nor the batch size nor what was asked before change a batch") {
  const ic::ImageSet set = make_set(150, 3, 32, 32);
  const ic::Batches batches(set, options_of(64));
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const ic::Batch epoch = together(3, [&](std::int64_t i) { return batches.epoch(7)[i]; });
  at::set_num_threads(2);
  CHECK(equal(epoch, together(3, [&](std::int64_t i) { return batches.epoch(7)[i]; })));
  at::set_num_threads(threads);

  for (const std::int64_t batch_size : {1, 50, 149, 150, 1000}) {
    const ic::Batches others(set, options_of(batch_size));
    CHECK(others.size() == (150 + batch_size - 1) / batch_size);
    CHECK(equal(epoch, together(others.size(), [&](auto i) { return others.epoch(7)[i]; })));
  }

  // A restart: the last batch of the epoch alone, after other things.
  (void)batches.evaluation(0);
  (void)batches.calibration(5);
  const ic::Batch last = ic::Batches(set, options_of(64)).epoch(7)[2];
  CHECK(last.data.equal(epoch.data.narrow(0, 128, 22)));

  ic::BatchOptions other_seed = options_of(64);
  other_seed.seed = ic::Seed{2025};
  CHECK_FALSE(equal(last, ic::Batches(set, other_seed).epoch(7)[2]));
  // Augmentation has its own stream: without it the order stays.
  ic::BatchOptions plain = options_of(64);
  plain.augmentation = {};
  CHECK(last.target.equal(ic::Batches(set, plain).epoch(7)[2].target));

  // An epoch keeps what it needs alive.
  const ic::Batches::Epoch kept = ic::Batches(make_set(150, 3, 32, 32), options_of(64)).epoch(7);
  CHECK(equal(kept[2], last));
}

TEST_CASE("evaluation shows the set as it is; calibration random images as they are") {
  const ic::ImageSet digits =
      ic::read_digits(std::filesystem::path(INTERCHOICE_SOURCE_DIR) / "examples/data/digits.bin");
  const ic::ImageSet set = first_images(digits, ic::kDigitsTraining);
  const ic::Normalisation normalisation{.mean = {0.3}, .standard_deviation = {0.4}};
  const ic::Batches batches(set, {.batch_size = 100,
                                  .normalisation = normalisation,
                                  .augmentation = ic::kCifar10Augmentation,
                                  .seed = ic::Seed{6}});
  REQUIRE(batches.size() == 13);

  const ic::Batch all = together(13, [&](std::int64_t i) { return batches.evaluation(i); });
  CHECK(all.data.equal(((set.images.to(at::kDouble) / 16 - 0.3) / 0.4).to(at::kFloat)));
  CHECK(all.target.equal(set.labels));
  CHECK(batches.evaluation(12).target.size(0) == 97);

  // The digits are distinct, so an image is known by its pixels.
  std::multiset<std::vector<float>> shown, once, next;
  const auto add = [](std::multiset<std::vector<float>>& images, const ic::Batch& batch) {
    for (std::int64_t b = 0; b < batch.target.size(0); ++b) {
      const at::Tensor image = batch.data[b].contiguous();
      const auto* const data = image.const_data_ptr<float>();
      images.emplace(data, data + image.numel());
    }
  };
  add(once, all);
  for (std::int64_t i = 0; i < 13; ++i) {
    add(shown, batches.calibration(i));
    add(next, batches.calibration(13 + i));
  }
  CHECK(shown == once);
  CHECK(next == once);
  CHECK(equal(batches.calibration(3), batches.calibration(3)));
  CHECK_FALSE(equal(batches.calibration(0), batches.calibration(13)));
  CHECK_FALSE(equal(batches.calibration(0), batches.evaluation(0)));
  // Its own order, not the training order of some epoch.
  CHECK_FALSE(batches.calibration(0).target.equal(batches.epoch(0)[0].target));
}

TEST_CASE("shifts and flips are uniform, independent of each other and of the position") {
  const auto change = [](std::uint64_t epoch, std::uint64_t position,
                         ic::Augmentation augmentation) {
    return draw_change(augmentation,
                       ic::CounterRandom(ic::Seed{1}, ic::Stream::kAugmentation, epoch, position));
  };
  std::vector<int> cells(9 * 9 * 2), pairs(81);
  for (std::uint64_t position = 0; position < 40000; ++position) {
    const ic::ImageChange now = change(0, position, ic::kCifar10Augmentation);
    REQUIRE((std::abs(now.down) <= 4 && std::abs(now.right) <= 4));
    ++cells.at(static_cast<std::size_t>(((now.down + 4) * 9 + now.right + 4) * 2 + now.flip));
    const ic::ImageChange neighbour = change(0, position + 1, ic::kCifar10Augmentation);
    ++pairs.at(static_cast<std::size_t>((now.down + 4) * 9 + neighbour.down + 4));
  }
  CHECK(chi_square(cells) < 222.3);  // 99.9 % quantile, 161 degrees of freedom
  CHECK(chi_square(pairs) < 124.9);  // 80 degrees of freedom

  CHECK(change(0, 0, {}) == ic::ImageChange{});
  int flips = 0;
  for (std::uint64_t position = 0; position < 100; ++position) {
    const ic::ImageChange both = change(3, position, {.shift = 4, .flip = true});
    const ic::ImageChange shift = change(3, position, {.shift = 4, .flip = false});
    CHECK_FALSE(shift.flip);
    CHECK((shift.down == both.down && shift.right == both.right));
    flips += change(3, position, {.shift = 0, .flip = true}).flip;
  }
  CHECK((flips > 30 && flips < 70));
  // A shift beyond the image leaves nothing but the border.
  const ic::ImageSet set = make_set(400, 1, 1, 1);
  const ic::Batches batches(set, {.batch_size = 400,
                                  .normalisation = {{0.5}, {0.25}},
                                  .augmentation = {.shift = 1},
                                  .seed = ic::Seed{1}});
  const at::Tensor black = batches.epoch(0)[0].data.eq(-2);
  CHECK(black.sum().item<int>() > 300);  // eight places in nine
  CHECK(black.sum().item<int>() < 400);
}

TEST_CASE("the batches of an epoch are a range, whatever the source") {
  const ic::Batches batches(make_set(37, 3, 9, 11), options_of(8));
  const auto goes_through = [&](const auto& source) {
    std::int64_t i = 0;
    for (auto [data, target] : source.epoch(3)) {
      CHECK(equal({data, target}, batches.epoch(3)[i++]));
    }
    CHECK(i == 5);
    const auto epoch = source.epoch(3);
    CHECK(equal(epoch[2], batches.epoch(3)[2]));
    CHECK(std::ranges::distance(epoch) == epoch.size());
    CHECK(source.text() == batches.text());
  };
  goes_through(batches);
  goes_through(ic::Prefetched(batches));
  goes_through(ic::AnyBatchSource(batches));
  // Made of temporaries, which it keeps alive.
  goes_through(ic::AnyBatchSource(
      ic::Prefetched(ic::Batches(make_set(37, 3, 9, 11), options_of(8)), {.threads = 2})));
}

TEST_CASE("the shares of ranks put together are the batches, to the bit") {
  const ic::Batches batches(make_set(37, 3, 9, 11), options_of(8));  // the last has 5 examples
  CHECK(batches.epoch(1)[4].fraction == 1);
  const auto shares_of = [&](const auto& source) {
    for (const std::size_t count : {1u, 2u, 3u, 5u}) {
      INFO(count << " ranks");
      for (const std::int64_t i : {0, 2, 4}) {
        const ic::Batch whole = batches.epoch(1)[i];
        std::vector<at::Tensor> data, target;
        double fractions = 0;
        for (std::size_t rank = 0; rank < count; ++rank) {
          const ic::Batch part = source.share(rank, count).epoch(1)[i];
          // As many as if the examples were dealt out one by one.
          const std::int64_t examples = whole.target.size(0), ranks = static_cast<int>(count);
          const std::int64_t size = (examples - static_cast<int>(rank) + ranks - 1) / ranks;
          REQUIRE(part.target.size(0) == size);
          CHECK(part.data.is_contiguous(at::MemoryFormat::ChannelsLast));
          CHECK(part.fraction == static_cast<double>(size) / static_cast<double>(examples));
          CHECK(on_device(part, at::kCPU).fraction == part.fraction);
          fractions += part.fraction;
          data.push_back(part.data);
          target.push_back(part.target);
        }
        CHECK(std::abs(fractions - 1) < 1e-12);
        CHECK(equal({at::cat(data), at::cat(target)}, whole));
      }
    }
    // All else is the whole set's.
    const auto share = source.share(1, 3);
    CHECK(share.size() == 5);
    CHECK(share.example_count() == 37);
    CHECK(share.text() == batches.text());
    CHECK(equal(share.evaluation(3), batches.evaluation(3)));
    CHECK(equal(share.calibration(7), batches.calibration(7)));
    CHECK(share.evaluation(3).fraction == 1);
    std::int64_t i = 0;
    for (const ic::Batch& part : share.epoch(2)) {
      CHECK(part.data.size(0) == (i++ < 4 ? 3 : 2));
    }
    CHECK(i == 5);
    CHECK_THROWS_WITH(source.share(3, 3), Contains("share 3 of batches that 3 ranks share"));
    CHECK_THROWS_WITH(source.share(0, 0), Contains("0 ranks"));
  };
  shares_of(batches);
  shares_of(ic::Prefetched(batches, {.threads = 2}));
  shares_of(ic::AnyBatchSource(batches));
  shares_of(ic::AnyBatchSource(ic::Prefetched(batches)));
  shares_of(ic::Prefetched(ic::AnyBatchSource(batches)));
  shares_of(ic::AnyBatchSource(WithoutShare{batches}));
  shares_of(ic::AnyBatchSource(ic::Prefetched(WithoutShare{batches})));
}

TEST_CASE("batches that are too small for the ranks are refused") {
  const ic::BatchesOf batches(Sequences{.length = 6}, 4, ic::Seed{3});  // 4, 4, 2
  CHECK(batches.share(1, 2).epoch(0)[2].target.size(0) == 1);
  CHECK_THROWS_WITH(batches.share(1, 3),
                    Contains("a last batch of 2 examples (10 in batches of 4) cannot be shared by "
                             "3 ranks"));
  CHECK_THROWS_WITH(ic::BatchesOf(Sequences{.length = 6}, 20, ic::Seed{3}).share(0, 11),
                    Contains("a batch of 10 examples") && Contains("11 ranks"));
  CHECK_THROWS_WITH(batches.share(1, 2).share(0, 2), Contains("shared again"));

  const ic::Batches images(make_set(10, 3, 4, 4), options_of(4));
  const ic::AnyBatchSource narrowed = ic::AnyBatchSource(WithoutShare{images}).share(2, 3);
  CHECK(narrowed.epoch(0)[1].target.size(0) == 1);
  CHECK_THROWS_WITH(narrowed.epoch(0)[2],
                    Contains("a batch of 2 examples cannot be shared by 3 ranks"));
  CHECK_THROWS_WITH(narrowed.share(0, 2).epoch(0)[0], Contains("shared again"));
}

TEST_CASE("a batch is a structured binding of data and target") {
  ic::Batch batch{at::ones({2}), at::zeros({2}), 0.5};
  const auto& [data, target] = batch;
  CHECK((data.is_same(batch.data) && target.is_same(batch.target)));
  auto [copy, other] = batch;
  copy = at::zeros({2});
  CHECK(batch.data.equal(at::ones({2})));
  CHECK(other.is_same(batch.target));
}

TEST_CASE("batches of examples of one's own, of any shape") {
  const ic::BatchesOf batches(Sequences{.length = 6}, 4, ic::Seed{3});
  CHECK(batches.text() == "sequences of 6, batches of 4, seed 3");
  CHECK(batches.evaluation(2).target.equal(at::tensor({8, 9})));
  std::multiset<std::int64_t> seen;
  for (auto [data, target] : batches.epoch(1)) {
    CHECK(data.sizes() == at::IntArrayRef{target.size(0), 6});
    CHECK(data.select(1, 5).equal(target));
    for (std::int64_t b = 0; b < target.size(0); ++b) seen.insert(target[b].item<std::int64_t>());
  }
  CHECK(seen == std::multiset<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(ic::AnyBatchSource(batches).calibration(7).target.equal(batches.calibration(7).target));
}

TEST_CASE("the text of batches has everything that changes them") {
  const auto with = [](auto change) {
    ic::ImageSet set = make_set(10, 3, 4, 4);
    ic::BatchOptions options = options_of(4);
    change(set, options);
    return ic::Batches(set, options).text();
  };
  const std::string text = with([](auto&, auto&) {});
  CHECK(with([](auto&, auto&) {}) == text);
  CHECK_THAT(text, Contains("10 images of 3x4x4") && Contains("shift 4, flip true") &&
                       Contains("batches of 4, seed 2024"));
  std::set<std::string> texts{text};
  const auto differs = [&](auto change) { CHECK(texts.insert(with(change)).second); };
  differs([](auto& s, auto&) { s.images[9][2][3][3] += 1; });
  differs([](auto& s, auto&) { s.labels[9] = 0; });
  differs([](auto& s, auto&) { s = first_images(s, 9); });
  differs([](auto& s, auto&) { s.white = 254; });
  differs([](auto&, auto& o) { o.batch_size = 5; });
  differs([](auto&, auto& o) { o.seed = ic::Seed{1}; });
  differs([](auto&, auto& o) { o.augmentation.shift = 3; });
  differs([](auto&, auto& o) { o.augmentation.flip = false; });
  differs([](auto&, auto& o) { o.normalisation.mean[2] += 1e-15; });
  differs([](auto&, auto& o) { o.normalisation.standard_deviation[0] += 1e-15; });
}

TEST_CASE("what does not fit is refused") {
  const auto with = [](auto change) {
    ic::ImageSet set = make_set(10, 3, 4, 4);
    ic::BatchOptions options = options_of(4);
    change(set, options);
    return ic::Batches(set, options);
  };
  CHECK_NOTHROW(with([](auto&, auto&) {}));
  CHECK_THROWS_WITH(with([](auto&, auto& o) { o.batch_size = 0; }), Contains("batch size 0"));
  CHECK_THROWS_WITH(with([](auto&, auto& o) { o.normalisation = {}; }),
                    Contains("0 means and 0 standard deviations; the images have 3 channels"));
  CHECK_THROWS_WITH(with([](auto&, auto& o) { o.normalisation.standard_deviation[1] = 0; }),
                    Contains("channel 1") && Contains("standard deviation 0"));
  CHECK_THROWS_WITH(with([](auto&, auto& o) {
                      o.normalisation.mean[2] = std::numeric_limits<double>::quiet_NaN();
                    }),
                    Contains("channel 2"));
  CHECK_THROWS_WITH(with([](auto&, auto& o) { o.augmentation.shift = -1; }), Contains("up to -1"));
  CHECK_THROWS_WITH(with([](auto&, auto& o) { o.augmentation.shift = 40000; }), Contains("32767"));
  CHECK_THROWS_WITH(with([](auto& s, auto&) { s = first_images(s, 0); }),
                    Contains("at least one pixel"));

  const ic::Batches batches = with([](auto&, auto&) {});
  CHECK_THROWS_AS(batches.evaluation(3), c10::IndexError);
  CHECK_THROWS_WITH(batches.epoch(0)[3],
                    Contains("batch 3; 10 examples in batches of 4 make batches 0 to 2"));
  CHECK_THROWS_WITH(batches.epoch(0)[-1], Contains("batch -1"));
  CHECK_THROWS_WITH(batches.calibration(-1), Contains("calibration batch -1"));
  CHECK_THROWS_AS(batches.epoch(std::uint64_t{1} << 32), std::out_of_range);
}
