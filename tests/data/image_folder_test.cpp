#include "interchoice/data/image_folder.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <sys/stat.h>
#include <turbojpeg.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/data/batch_source.hpp"
#include "interchoice/data/batches.hpp"
#include "interchoice/data/folder_batches.hpp"
#include "interchoice/data/jpeg.hpp"
#include "interchoice/data/prefetch.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

namespace ic = interchoice;
namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using interchoice::testing::TemporaryFolder;

static_assert(ic::BatchSource<ic::FolderBatches>);
static_assert(ic::BatchSource<ic::Prefetched<ic::FolderBatches>>);
static_assert(ic::ShareableBatchSource<ic::FolderBatches>);

namespace {

using Bytes = std::vector<std::uint8_t>;

struct Encoding {
  int pixel_format = TJPF_RGB;
  int subsampling = TJSAMP_420;
  int quality = 95;
  int flags = 0;
};

Bytes encode(const std::uint8_t* pixels, std::int64_t height, std::int64_t width,
             const Encoding& encoding = {}) {
  const tjhandle handle = tjInitCompress();
  REQUIRE(handle != nullptr);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  REQUIRE(tjCompress2(handle, pixels, static_cast<int>(width), 0, static_cast<int>(height),
                      encoding.pixel_format, &out, &size, encoding.subsampling, encoding.quality,
                      encoding.flags) == 0);
  Bytes bytes(out, out + size);
  tjFree(out);
  tjDestroy(handle);
  return bytes;
}

// A smooth image, which JPEG keeps well; its colours depend on `tone`.
ic::Image smooth(std::int64_t height, std::int64_t width, int tone) {
  ic::Image image = ic::black_image(height, width);
  std::uint8_t* value = image.pixels.data();
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        *value++ = static_cast<std::uint8_t>(
            127.5 + 100 * std::sin(0.05 * static_cast<double>(x + tone) + c) *
                        std::cos(0.04 * static_cast<double>(y) + tone));
      }
    }
  }
  return image;
}

Bytes encode(const ic::Image& image, const Encoding& encoding = {}) {
  return encode(image.pixels.data(), image.height, image.width, encoding);
}

std::string_view text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

double mean_difference(const ic::Image& a, const ic::Image& b) {
  REQUIRE((a.height == b.height && a.width == b.width));
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

bool equal(const ic::Batch& a, const ic::Batch& b) {
  return a.data.equal(b.data) && a.target.equal(b.target);
}

// Three classes of 4, 3 and 2 images of different sizes; the last one is large.
void write_images(const TemporaryFolder& folder) {
  int number = 0;
  for (const auto& [name, count] : {std::pair{"ant", 4}, {"bee", 3}, {"cow", 2}}) {
    fs::create_directory(folder / name);
    for (int i = 0; i < count; ++i, ++number) {
      const std::int64_t scale = number == 8 ? 12 : 1;
      folder.write(
          std::string(name) + "/" + std::to_string(i) + ".JPEG",
          text_of(encode(smooth(scale * (30 + 5 * number), scale * (64 - 3 * number), number))));
    }
  }
}

ic::FolderBatchOptions small_options() {
  return {.batch_size = 4,
          .crop = ic::central_crop(24),
          .augmentation = ic::kSubImageNetEvaluationAugmentation,
          .seed = ic::Seed{77}};
}

}  // namespace

TEST_CASE("JPEGs of every kind are decoded; what is none is refused with its reason") {
  const ic::Image image = smooth(50, 37, 3);
  const Bytes plain = encode(image);
  const ic::JpegHeader header = ic::read_jpeg_header(plain, "plain");
  CHECK((header.height == 50 && header.width == 37 && header.colours == 3));
  const ic::Image decoded = ic::decode_jpeg(plain, "plain");
  CHECK(mean_difference(decoded, image) < 2);
  const Bytes progressive = encode(image, {.flags = TJFLAG_PROGRESSIVE});
  CHECK(progressive != plain);
  CHECK(ic::decode_jpeg(progressive, "progressive").pixels == decoded.pixels);

  // Grey: three equal values.
  const Bytes grey = encode(image, {.subsampling = TJSAMP_GRAY});
  CHECK(ic::read_jpeg_header(grey, "grey").colours == 1);
  const ic::Image expanded = ic::decode_jpeg(grey, "grey");
  REQUIRE(expanded.pixels.size() == 3 * 50 * 37);
  for (std::size_t i = 0; i < expanded.pixels.size(); i += 3) {
    const std::uint8_t* p = &image.pixels[i];
    REQUIRE((expanded.pixels[i] == expanded.pixels[i + 1] &&
             expanded.pixels[i] == expanded.pixels[i + 2]));
    REQUIRE(std::abs(expanded.pixels[i] - (0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2])) < 12);
  }

  // CMYK, inverted as Adobe's programs write it: C K / 255 is red.
  Bytes inverted;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    inverted.insert(inverted.end(), &image.pixels[i], &image.pixels[i] + 3);
    inverted.push_back(128);
  }
  const Bytes cmyk =
      encode(inverted.data(), 50, 37, {.pixel_format = TJPF_CMYK, .subsampling = TJSAMP_444});
  CHECK(ic::read_jpeg_header(cmyk, "cmyk").colours == 4);
  ic::Image darker = image;
  for (auto& value : darker.pixels) value = static_cast<std::uint8_t>((value * 128 + 127) / 255);
  CHECK(mean_difference(ic::decode_jpeg(cmyk, "cmyk"), darker) < 2);

  // Smaller: close to the mean of each square.
  const ic::Image large = smooth(160, 165, 5);
  const Bytes bytes = encode(large, {.subsampling = TJSAMP_444});
  for (const int denominator : {2, 4, 8}) {
    const ic::Image small = ic::decode_jpeg(bytes, "large", {}, denominator);
    CHECK(small.height == 160 / denominator);
    CHECK(small.width == (165 + denominator - 1) / denominator);
    const double right = 165.0 / static_cast<double>(denominator);
    const ic::Region inner{0, 0, static_cast<double>(small.height), std::floor(right)};
    const auto whole = static_cast<std::int64_t>(inner.width);
    CHECK(mean_difference(resize(small, inner, small.height, whole, ic::Interpolation::kNearest),
                          resize(large, {0, 0, 160, inner.width * denominator}, small.height, whole,
                                 ic::Interpolation::kBox)) < 2);
  }
  CHECK_THROWS_WITH(ic::decode_jpeg(bytes, "large", {}, 3), Contains("1, 2, 4 and 8"));

  // Hostile files.
  const auto refused = [](const Bytes& file, const std::string& reason) {
    INFO(reason);
    CHECK_THROWS_AS(ic::decode_jpeg(file, "dir/x.JPEG"), std::runtime_error);
    CHECK_THROWS_WITH(ic::decode_jpeg(file, "dir/x.JPEG"),
                      Contains("dir/x.JPEG: ") && Contains(reason));
  };
  refused({}, "is empty");
  refused({0xFF}, "is not a JPEG file");
  refused({0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A}, "this one with 137 80");
  refused({0xFF, 0xD8}, "holds no image");
  refused({0xFF, 0xD8, 0xFF, 0xD9}, "holds no image");
  refused(Bytes(plain.begin(), plain.end() - 40), "cannot be decoded: Premature end");
  refused(Bytes(progressive.begin(), progressive.end() - 40), "cannot be decoded: Premature end");
  Bytes huge = plain;
  const std::array<std::uint8_t, 2> frame{0xFF, 0xC0};
  const auto size = std::search(huge.begin(), huge.end(), frame.begin(), frame.end()) + 5;
  REQUIRE(size < huge.end());
  std::fill(size, size + 4, std::uint8_t{0xFA});
  refused(huge, "claims 64250 x 64250 pixels; at most 67108864");
  std::fill(size, size + 4, std::uint8_t{0});
  refused(huge, "header cannot be read");
  CHECK_THROWS_WITH(ic::decode_jpeg(plain, "plain", {.max_pixels = 50 * 37 - 1}),
                    Contains("37 x 50"));
  CHECK_NOTHROW(ic::decode_jpeg(plain, "plain", {.max_pixels = 50 * 37}));
  CHECK_THROWS_WITH(ic::decode_jpeg(progressive, "progressive", {.max_scans = 3}),
                    Contains("scans; at most 3 are allowed"));
  CHECK_NOTHROW(ic::decode_jpeg(plain, "plain", {.max_scans = 1}));

  // A file that ends anywhere is refused; damaged anywhere, it is refused or becomes an image.
  for (std::size_t length = 0; length < plain.size(); ++length) {
    INFO(length);
    CHECK_THROWS_AS(ic::decode_jpeg(std::span(plain).first(length), "cut"), std::runtime_error);
  }
  ic::CounterRandom random(ic::Seed{1}, ic::Stream::kAugmentation, 0, 0);
  int survivors = 0;
  for (int i = 0; i < 1500; ++i) {
    Bytes damaged = i % 2 == 0 ? plain : progressive;
    for (std::uint32_t flips = 1 + random.below(4); flips > 0; --flips) {
      damaged[random.below(static_cast<std::uint32_t>(damaged.size()))] =
          static_cast<std::uint8_t>(random.below(256));
    }
    try {
      const ic::Image result = ic::decode_jpeg(
          damaged, "damaged", {.max_pixels = 1 << 20, .accept_damaged = i % 3 == 0});
      REQUIRE(static_cast<std::int64_t>(result.pixels.size()) == 3 * result.height * result.width);
      ++survivors;
    } catch (const std::runtime_error&) {
    }
  }
  CHECK((survivors > 100 && survivors < 1400));
  // On request a cut image ends in what the decoder makes up; its beginning is right.
  const ic::Image half =
      ic::decode_jpeg(std::span(plain).first(plain.size() - 40), "cut", {.accept_damaged = true});
  CHECK(std::equal(half.pixels.begin(), half.pixels.begin() + 3 * 37 * 8, decoded.pixels.begin()));
  CHECK(half.pixels != decoded.pixels);
}

TEST_CASE("image folders are sorted, strict, and follow links") {
  const TemporaryFolder folder;
  write_images(folder);
  folder.write(".hidden", "");
  folder.write("bee/.DS_Store", "");
  const ic::ImageFolder images(folder.path());
  REQUIRE(images.size() == 9);
  CHECK(images.classes() == 3);
  CHECK(images.class_names() == std::vector<std::string>{"ant", "bee", "cow"});
  for (std::int64_t i = 0; i < 9; ++i) {
    const std::int64_t label = i < 4 ? 0 : i < 7 ? 1 : 2;
    CHECK(images.label(i) == label);
    CHECK(images.path(i).parent_path().filename() ==
          images.class_names()[static_cast<std::size_t>(label)]);
    CHECK(images.image(i).height == (i == 8 ? 12 : 1) * (30 + 5 * i));
  }
  CHECK(images.path(5).filename() == "1.JPEG");
  CHECK_THROWS_AS(images.image(9), std::out_of_range);
  CHECK_THROWS_WITH(images.label(-1), Contains("image -1 of an image folder of 9"));
  CHECK_THROWS_WITH(ic::ImageFolder(folder.path(), {.max_file_bytes = 10}).image(0),
                    Contains("0.JPEG") && Contains("at most 10"));

  const ic::ImageFolder some = subset(images, std::array<std::int64_t, 3>{8, 0, 8});
  CHECK(some.size() == 3);
  CHECK(some.classes() == 3);
  CHECK((some.label(0) == 2 && some.label(1) == 0));
  CHECK(some.path(2) == images.path(8));
  CHECK_THROWS_AS(subset(images, std::array<std::int64_t, 1>{9}), std::out_of_range);

  // A subset made of links: a class, and a file.
  const TemporaryFolder links;
  fs::create_directory_symlink(folder / "cow", links / "b");
  fs::create_directory(links / "a");
  fs::create_symlink(folder / "ant/2.JPEG", links / "a/x.JPG");
  const ic::ImageFolder linked(links.path());
  REQUIRE(linked.size() == 3);
  CHECK(linked.image(0).pixels == images.image(2).pixels);
  CHECK(linked.label(2) == 1);

  CHECK_NOTHROW(ic::ImageFolder(folder.path(), {.classes = images.class_names()}));
  CHECK_THROWS_WITH(ic::ImageFolder(folder.path(), {.classes = {"ant", "cow"}}),
                    Contains("3 classes, 2 are asked for") && Contains("'bee' where 'cow'"));
  CHECK_THROWS_WITH(ic::ImageFolder(folder.path(), {.classes = {"ant", "bee", "cow", "dog"}}),
                    Contains("is missing where 'dog'"));

  const auto refused = [&](const std::string& name, const std::string& reason) {
    INFO(name);
    CHECK_THROWS_AS(ic::ImageFolder(folder.path()), std::runtime_error);
    CHECK_THROWS_WITH(ic::ImageFolder(folder.path()), Contains(name) && Contains(reason));
    fs::remove_all(folder / name);
    CHECK_NOTHROW(ic::ImageFolder(folder.path()));
  };
  folder.write("classes.csv", "");
  refused("classes.csv", "is not a folder");
  folder.write("bee/notes.txt", "");
  refused("bee/notes.txt", "is not called .jpg or .jpeg");
  fs::create_directory(folder / "bee/more.JPEG");
  refused("bee/more.JPEG", "is not a file");
  fs::create_symlink("nothing", folder / "bee/9.jpg");
  refused("bee/9.jpg", "is a link to nothing");
  fs::create_symlink("8.jpg", folder / "bee/8.jpg");
  refused("bee/8.jpg", "is not a file");
  fs::create_directory(folder / "dog");
  refused("dog", "has no image");
  // Nothing is opened that would wait, or never end.
  REQUIRE(::mkfifo((folder / "bee/7.jpg").c_str(), 0600) == 0);
  refused("bee/7.jpg", "is not a file");
  REQUIRE(::mkfifo((folder / "fox").c_str(), 0600) == 0);
  refused("fox", "is not a folder");
  fs::create_symlink("/dev/zero", folder / "bee/6.jpg");
  refused("bee/6.jpg", "is not a file");
  fs::create_directory_symlink(".", folder / "gnu");
  refused("gnu", "is not a file");
  fs::create_directory_symlink("hen", folder / "hen");
  refused("hen", "is not a folder");
  // Names from elsewhere are shown without what a terminal would obey.
  for (const std::string name : {"bee/\x1b[2J\n.txt", "\x1b]0;x\x07"}) {
    folder.write(name, "");
    CHECK(is_presentable(message_of([&] { ic::ImageFolder(folder.path()); })));
    fs::remove(folder / name);
  }
  CHECK_THROWS_WITH(ic::ImageFolder(folder / "elk"), Contains("there is no such folder"));
  CHECK_THROWS_WITH(ic::ImageFolder(folder / "bee/0.JPEG"), Contains("is not a folder"));
  fs::create_directory(folder / ".none");
  CHECK_THROWS_WITH(ic::ImageFolder(folder / ".none"), Contains("has no class"));
  // Whether a file can be decoded shows when it is asked for.
  folder.write("ant/2.JPEG", "no image");
  const ic::ImageFolder late(folder.path());
  CHECK_THROWS_WITH(late.image(2), Contains("ant/2.JPEG: is not a JPEG file"));
  fs::remove(folder / "ant/3.JPEG");
  CHECK_THROWS_WITH(late.image(3), Contains("ant/3.JPEG: there is no such file"));
  REQUIRE(::mkfifo((folder / "ant/3.JPEG").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(late.image(3), Contains("ant/3.JPEG: is not a regular file"));
}

TEST_CASE("folder batches are what decoding, cutting, resizing and colouring make") {
  const TemporaryFolder folder;
  write_images(folder);
  const ic::ImageFolder images(folder.path());
  ic::FolderBatchOptions options = small_options();
  options.oversampling = std::numeric_limits<double>::infinity();
  const ic::FolderBatches batches(images, options);
  REQUIRE(batches.size() == 3);
  CHECK(batches.example_count() == 9);

  // The second computation, a tensor operation a step.
  const auto slowly = [&](ic::Image image, bool flip) {
    at::Tensor x = at::from_blob(image.pixels.data(), {24, 24, 3}, at::kByte).to(at::kDouble);
    if (flip) x = x.flip({1});
    x = x / 255 - at::tensor({0.485, 0.456, 0.406}, at::kDouble);
    return (x / at::tensor({0.229, 0.224, 0.225}, at::kDouble)).permute({2, 0, 1}).to(at::kFloat);
  };
  const auto shown = [&](std::int64_t index) {
    const ic::Image image = images.image(index);
    return slowly(resize(image, central_region(options.crop, image.height, image.width), 24, 24,
                         ic::Interpolation::kBilinear, ic::Surroundings::kVisible),
                  false);
  };
  std::multiset<std::int64_t> calibrated;
  for (std::int64_t i = 0; i < 3; ++i) {
    const ic::Batch batch = batches.evaluation(i);
    const std::int64_t count = i < 2 ? 4 : 1;
    REQUIRE(batch.data.sizes() == at::IntArrayRef{count, 3, 24, 24});
    CHECK(batch.data.is_contiguous(at::MemoryFormat::ChannelsLast));
    for (std::int64_t b = 0; b < count; ++b) {
      CHECK(at::allclose(batch.data[b], shown(4 * i + b), 0, 1e-6));
      CHECK(batch.target[b].item<std::int64_t>() == images.label(4 * i + b));
    }
    const ic::Batch calibration = batches.calibration(3 + i);
    for (std::int64_t b = 0; b < count; ++b) {
      for (std::int64_t image = 0; image < 9; ++image) {
        if (calibration.data[b].equal(batches.evaluation(image / 4).data[image % 4])) {
          calibrated.insert(image);
        }
      }
    }
  }
  CHECK(calibrated == std::multiset<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8});

  int flips = 0;
  for (const std::uint64_t number : {0u, 1u, 2u}) {
    const ic::FolderBatches::Epoch epoch = batches.epoch(number);
    std::vector<std::int64_t> seen(epoch.order().begin(), epoch.order().end());
    for (std::int64_t p = 0; p < 9; ++p) {
      const std::int64_t index = epoch.order()[static_cast<std::size_t>(p)];
      ic::Image image = images.image(index);
      const ic::CropChange change =
          draw_change(options.augmentation, image.height, image.width,
                      ic::CounterRandom(ic::Seed{77}, ic::Stream::kAugmentation, number,
                                        static_cast<std::uint64_t>(p)));
      image = resize(image, change.crop.value(), 24, 24, change.interpolation);
      image = recoloured(image, change.colours);
      const ic::Batch batch = epoch[p / 4];
      CHECK(at::allclose(batch.data[p % 4], slowly(image, change.flip), 0, 1e-6));
      CHECK(batch.target[p % 4].item<std::int64_t>() == images.label(index));
      flips += change.flip;
    }
    std::sort(seen.begin(), seen.end());
    CHECK(seen == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8});
  }
  CHECK((flips > 4 && flips < 23));

  // Large images, decoded smaller: almost the same, and only those.
  const ic::FolderBatches faster(images, small_options());
  for (std::int64_t i = 0; i < 3; ++i) {
    const at::Tensor difference =
        (faster.evaluation(i).data - batches.evaluation(i).data).abs().mul(0.225 * 255);
    CHECK(difference.max().item<double>() < (i < 2 ? 1e-6 : 6));
    CHECK((difference.max().item<double>() > 0) == (i == 2));
    CHECK(difference.mean().item<double>() < 1);
  }
  // Without augmentation training shows what evaluation shows.
  ic::FolderBatchOptions none = options;
  none.augmentation = {};
  CHECK(equal(ic::FolderBatches(images, none).epoch(0)[0], [&] {
    const auto epoch = batches.epoch(0);
    std::vector<at::Tensor> data, target;
    for (std::size_t p = 0; p < 4; ++p) {
      const std::int64_t image = epoch.order()[p];
      data.push_back(batches.evaluation(image / 4).data[image % 4]);
      target.push_back(batches.evaluation(image / 4).target[image % 4]);
    }
    return ic::Batch{at::stack(data), at::stack(target)};
  }()));
}

TEST_CASE("neither threads nor the batch size nor prefetching change a folder's batch") {
  const TemporaryFolder folder;
  write_images(folder);
  const ic::ImageFolder images(folder.path());
  const ic::FolderBatches batches(images, small_options());
  const auto epoch_of = [](const auto& source) {
    std::vector<at::Tensor> data, target;
    const auto epoch = source.epoch(5);
    for (std::int64_t i = 0; i < source.size(); ++i) {
      const ic::Batch batch = epoch[i];
      data.push_back(batch.data);
      target.push_back(batch.target);
    }
    return ic::Batch{at::cat(data), at::cat(target)};
  };
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const ic::Batch one = epoch_of(batches);
  at::set_num_threads(4);
  CHECK(equal(epoch_of(batches), one));
  for (const std::int64_t batch_size : {1, 7, 100}) {
    ic::FolderBatchOptions options = small_options();
    options.batch_size = batch_size;
    CHECK(equal(epoch_of(ic::FolderBatches(images, options)), one));
  }
  CHECK(equal(epoch_of(ic::Prefetched(batches, {.ahead = 2, .threads = 2})), one));
  CHECK(batches.epoch(5)[2].data[0].equal(one.data[8]));
  ic::FolderBatchOptions other = small_options();
  other.seed = ic::Seed{78};
  CHECK_FALSE(equal(epoch_of(ic::FolderBatches(images, other)), one));

  // The text has what changes the batches: options, and the files' names and sizes.
  const auto text_with = [&](auto change) {
    ic::FolderBatchOptions options = small_options();
    change(options);
    return ic::FolderBatches(ic::ImageFolder(folder.path()), options).text();
  };
  const std::string text = text_with([](auto&) {});
  CHECK(text == batches.text());
  std::set<std::string> texts{
      text,
      text_with([](auto& o) { o.augmentation = {}; }),
      text_with([](auto& o) { o.augmentation.jitter.contrast = 0.3; }),
      text_with([](auto& o) { o.augmentation.crop->min_ratio = 0.7; }),
      text_with([](auto& o) { o.augmentation.interpolations[1] = ic::Interpolation::kBox; }),
      text_with([](auto& o) { o.crop.resize += 1; }),
      text_with([](auto& o) { o.oversampling = 3; }),
      text_with([](auto& o) { o.normalisation.mean[0] = 0.4; }),
      text_with([](auto& o) { o.seed = ic::Seed{1}; })};
  CHECK(texts.size() == 9);

  // Of several bad files the first one of the batch is named, on any number of threads.
  folder.write("ant/1.JPEG", "");
  folder.write("ant/3.JPEG", "no image");
  for (const int count : {1, 2, 4}) {
    at::set_num_threads(count);
    CHECK_THROWS_WITH(batches.evaluation(0), Contains("ant/1.JPEG: is empty"));
  }
  CHECK_NOTHROW(batches.evaluation(1));
  CHECK_THROWS_WITH(
      [&] {
        const auto epoch = ic::Prefetched(batches).epoch(5);
        for (std::int64_t i = 0; i < 3; ++i) epoch[i];
      }(),
      Contains("ant/"));
  at::set_num_threads(threads);

  const auto with = [&](auto change) {
    ic::FolderBatchOptions options = small_options();
    change(options);
    return ic::FolderBatches(images, options);
  };
  CHECK_THROWS_WITH(with([](auto& o) { o.batch_size = 0; }), Contains("batch size 0"));
  CHECK_THROWS_WITH(with([](auto& o) { o.crop.resize = 10; }), Contains("size <= resize"));
  CHECK_THROWS_WITH(with([](auto& o) { o.oversampling = 0.5; }), Contains("oversampling 0.5"));
  CHECK_THROWS_WITH(with([](auto& o) { o.normalisation = {}; }), Contains("0 means"));
  CHECK_THROWS_WITH(with([](auto& o) { o.augmentation.crop->min_area = 0; }), Contains("min_area"));
  CHECK_THROWS_WITH(ic::FolderBatches(subset(images, {}), {}), Contains("without images"));
  CHECK_THROWS_AS(batches.evaluation(3), c10::IndexError);
  CHECK_THROWS_AS(batches.calibration(-1), c10::IndexError);
  CHECK_THROWS_WITH(batches.epoch(0)[3],
                    Contains("batch 3; 9 examples in batches of 4 make batches 0 to 2"));
  folder.write("cow/0.JPEG", "cut");
  CHECK(texts.insert(text_with([](auto&) {})).second);
}

TEST_CASE("real photographs", "[shared]") {
  const fs::path root = interchoice::testing::shared_data() / "data" / "imagenette224";
  const ic::ImageFolder training(root / "train");
  const ic::ImageFolder validation(root / "val", {.classes = training.class_names()});
  CHECK((training.size() == 2000 && validation.size() == 600 && training.classes() == 10));
  CHECK(training.class_names().front() == "n01440764");
  CHECK_THROWS_WITH(ic::ImageFolder(root), Contains("classes.csv"));
  int grey = 0;
  for (const ic::ImageFolder* images : {&training, &validation}) {
    for (std::int64_t i = 0; i < images->size(); ++i) {
      CHECK(images->label(i) == i / (images->size() / 10));
      const ic::JpegHeader header =
          ic::read_jpeg_header(images->encoded(i), images->path(i).string());
      CHECK((header.height == 224 && header.width == 224));
      grey += header.colours == 1;
    }
  }
  CHECK(grey == 42);

  // All of the validation images decode; their colours are about ImageNet's.
  const ic::FolderBatches batches(validation, {.batch_size = 100, .crop = ic::central_crop(64)});
  at::Tensor mean = at::zeros({3});
  for (std::int64_t i = 0; i < batches.size(); ++i) {
    mean += batches.evaluation(i).data.mean({0, 2, 3}) / 6;
  }
  CHECK(mean.abs().max().item<double>() < 0.15);
  const ic::FolderBatches augmented(training, {.batch_size = 64,
                                               .augmentation = ic::kSubImageNetSupernetAugmentation,
                                               .seed = ic::Seed{1}});
  const auto epoch = ic::Prefetched(augmented).epoch(3);
  CHECK(equal(epoch[0], augmented.epoch(3)[0]));
  CHECK(epoch[1].data.sizes() == at::IntArrayRef{64, 3, 224, 224});
}
