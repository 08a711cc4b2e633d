#include <ATen/ATen.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "interchoice/data/cifar10.hpp"
#include "interchoice/data/digits.hpp"
#include "interchoice/data/hold_out.hpp"
#include "interchoice/data/idx.hpp"
#include "interchoice/data/image_set.hpp"
#include "interchoice/data/labelled_records.hpp"
#include "interchoice/data/normalisation.hpp"
#include "interchoice/io/input_file.hpp"
#include "support/catch.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using interchoice::testing::TemporaryFolder;

namespace {

std::filesystem::path digits_path() {
  return std::filesystem::path(INTERCHOICE_SOURCE_DIR) / "examples" / "data" / "digits.bin";
}

std::vector<std::int64_t> class_counts(const ic::ImageSet& set) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(set.classes));
  for (std::int64_t i = 0; i < set.size(); ++i) {
    ++counts.at(static_cast<std::size_t>(set.labels[i].item<std::int64_t>()));
  }
  return counts;
}

// The bytes of image i in the set's memory order.
std::vector<std::uint8_t> pixels(const ic::ImageSet& set, std::int64_t i) {
  const at::Tensor image = set.images[i];
  const auto* const data = image.const_data_ptr<std::uint8_t>();
  return {data, data + image.numel()};
}

// IDX: big-endian dimensions after the magic number.
std::string idx(char type, std::vector<std::uint32_t> sizes, std::size_t values) {
  std::string bytes{'\0', '\0', type, static_cast<char>(sizes.size())};
  for (const std::uint32_t size : sizes) {
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(size >> shift & 0xff);
  }
  for (std::size_t i = 0; i < values; ++i) bytes += static_cast<char>(i % 10);
  return bytes;
}

}  // namespace

TEST_CASE("the digits are the digits that their README describes") {
  const ic::ImageSet digits = ic::read_digits(digits_path());
  CHECK(digits.images.sizes() == at::IntArrayRef{1797, 1, 8, 8});
  CHECK_NOTHROW(check_image_set(digits));
  CHECK(digits.white == 16);
  CHECK(class_counts(digits) ==
        std::vector<std::int64_t>{178, 182, 177, 183, 181, 182, 181, 179, 174, 180});
  CHECK(digits.images.to(at::kLong).sum().item<std::int64_t>() == 561718);
  CHECK(digits.labels[0].item<std::int64_t>() == 0);
  const std::vector<std::uint8_t> begin{0, 0, 5, 13, 9, 1, 0, 0};
  const auto first_image = pixels(digits, 0);
  CHECK(std::equal(begin.begin(), begin.end(), first_image.begin()));
  std::set<std::vector<std::uint8_t>> distinct;
  for (std::int64_t i = 0; i < digits.size(); ++i) distinct.insert(pixels(digits, i));
  CHECK(distinct.size() == 1797);

  const ic::Normalisation normalisation = ic::measure_normalisation(digits);
  CHECK(normalisation.mean.at(0) == Approx(0.305260).margin(5e-7));
  CHECK(normalisation.standard_deviation.at(0) == Approx(0.376049).margin(5e-7));

  SECTION("the suggested split, and its nearest neighbours") {
    const ic::ImageSet training = first_images(digits, ic::kDigitsTraining);
    const ic::ImageSet test = last_images(digits, ic::kDigitsTest);
    CHECK(training.size() + test.size() == digits.size());
    CHECK(class_counts(test) == std::vector<std::int64_t>{50, 51, 49, 51, 51, 51, 51, 50, 46, 50});
    const at::Tensor a = test.images.flatten(1).to(at::kDouble);
    const at::Tensor b = training.images.flatten(1).to(at::kDouble);
    const at::Tensor distances =  // [500, 1297], exact: integers below 2^53
        a.square().sum(1).unsqueeze(1) - 2 * a.matmul(b.t()) + b.square().sum(1);
    const at::Tensor nearest = training.labels.index_select(0, distances.argmin(1));
    CHECK(nearest.eq(test.labels).sum().item<std::int64_t>() == 480);
  }
  SECTION("out of embedded bytes") {
    const auto bytes = ic::InputFile(digits_path()).read_all();
    const ic::ImageSet embedded = ic::decode_digits(bytes);
    CHECK(embedded.images.equal(digits.images));
    CHECK(embedded.labels.equal(digits.labels));
    CHECK_THROWS_WITH(ic::decode_digits(std::span(bytes).first(650)),
                      Contains("embedded digits") && Contains("10 records of 65 bytes") &&
                          Contains("exactly 1797"));
  }
}

TEST_CASE("files of labelled records that are not what they should be are refused") {
  const TemporaryFolder folder;
  const auto whole = ic::InputFile(digits_path()).read_all();
  const std::string digits(whole.begin(), whole.end());
  const auto message = [&](const std::string& bytes) {
    const auto path = folder.write("digits.bin", bytes);
    try {
      ic::read_digits(path);
    } catch (const std::runtime_error& error) {
      const std::string text = error.what();
      CHECK_THAT(text, Contains(path.string()));
      return text;
    }
    return std::string("accepted");
  };
  const auto spoiled = [&](std::size_t place, char value) {
    std::string bytes = digits;
    bytes[place] = value;
    return bytes;
  };

  CHECK(message(digits) == "accepted");
  CHECK_THAT(message(""), Contains("0 bytes") && Contains("exactly 1797 records"));
  CHECK_THAT(message(digits.substr(1)), Contains("1796 records") && Contains("64 bytes more"));
  CHECK_THAT(message(digits + "x"), Contains("1797 records") && Contains("and 1 bytes more"));
  CHECK_THAT(message(digits + digits.substr(0, 65)), Contains("1798 records"));
  CHECK_THAT(message(spoiled(65 * 1796, 10)),
             Contains("byte 116740 (record 1796): label 10; the largest of the digits is 9"));
  CHECK_THAT(message(spoiled(65 * 3, '\xff')), Contains("(record 3): label 255"));
  CHECK_THAT(message(spoiled(65 * 3 + 64, 17)),
             Contains("byte 259 (record 3): pixel 17; the largest of the digits is 16"));
  CHECK(message(spoiled(65 * 3 + 64, 16)) == "accepted");
  CHECK_THROWS_WITH(ic::read_digits(folder / "absent.bin"),
                    Contains("absent.bin: there is no such file"));
  CHECK_THROWS_WITH(ic::read_digits(folder.path()), Contains("not a regular file"));
}

TEST_CASE("CIFAR-10 files: planes of red, green and blue after the label") {
  const TemporaryFolder folder;
  std::string records;
  for (int record = 0; record < 3; ++record) {
    records += static_cast<char>(9 - record);
    for (int i = 0; i < 3072; ++i) records += static_cast<char>((i * 7 + record) % 256);
  }
  const ic::ImageSet set = ic::read_cifar10(folder.write("some.bin", records));
  CHECK(set.images.sizes() == at::IntArrayRef{3, 3, 32, 32});
  CHECK(set.labels.equal(at::tensor({9, 8, 7}, at::kLong)));
  CHECK(set.white == 255);
  for (const auto [n, c, y, x] :
       {std::array{0, 0, 0, 0}, std::array{2, 1, 5, 31}, std::array{1, 2, 31, 0}}) {
    CHECK(set.images[n][c][y][x].item<int>() == ((c * 1024 + y * 32 + x) * 7 + n) % 256);
  }

  CHECK_THROWS_WITH(ic::read_cifar10(folder.write("cut.bin", records.substr(0, 9218))),
                    Contains("2 records of 3073 bytes and 3072 bytes more") &&
                        Contains("whole records, at least one"));
  CHECK_THROWS_WITH(ic::read_cifar10(folder.write("empty.bin", "")), Contains("0 records"));
  records[3073] = 10;
  CHECK_THROWS_WITH(ic::read_cifar10(folder.write("label.bin", records)),
                    Contains("byte 3073 (record 1): label 10; the largest of CIFAR-10 is 9"));

  // Of the folder's files each must have its 10,000 images. These are holes in the file system: 0s.
  CHECK_THROWS_WITH(ic::read_cifar10_train(folder.path()), Contains("data_batch_1.bin"));
  for (int batch = 1; batch <= 5; ++batch) {
    const auto path = folder.write("data_batch_" + std::to_string(batch) + ".bin",
                                   std::string(1, static_cast<char>(batch)));
    std::filesystem::resize_file(path, 30'730'000 - (batch == 5 ? 3073 : 0));
  }
  CHECK_THROWS_WITH(ic::read_cifar10_train(folder.path()),
                    Contains("data_batch_5.bin") && Contains("exactly 10000 records"));
  std::filesystem::resize_file(folder / "data_batch_5.bin", 30'730'000);
  const ic::ImageSet training = ic::read_cifar10_train(folder.path());
  CHECK(training.size() == 50000);
  CHECK(training.labels.sum().item<std::int64_t>() == 1 + 2 + 3 + 4 + 5);
  for (std::int64_t batch = 0; batch < 5; ++batch) {
    CHECK(training.labels[10000 * batch].item<std::int64_t>() == batch + 1);
  }
  CHECK_THROWS_WITH(ic::read_cifar10_test(folder.path()), Contains("test_batch.bin"));
}

TEST_CASE("the first 4,000 images of CIFAR-10", "[shared]") {
  const ic::ImageSet set = ic::read_cifar10(interchoice::testing::shared_data() / "data" /
                                            "cifar10" / "cifar10_train_first4000_lossless.bin");
  CHECK(set.size() == 4000);
  CHECK(class_counts(set) ==
        std::vector<std::int64_t>{396, 366, 420, 384, 422, 393, 414, 385, 407, 413});
  // Published print-outs of data_batch_1.
  const auto one = pixels(set, 0);
  CHECK(std::vector<std::uint8_t>(one.begin(), one.begin() + 3) ==
        std::vector<std::uint8_t>{59, 43, 50});
  CHECK(std::vector<std::uint8_t>(one.end() - 3, one.end()) ==
        std::vector<std::uint8_t>{140, 84, 72});
  const auto two = pixels(set, 1);
  CHECK(std::vector<std::uint8_t>(two.begin(), two.begin() + 3) ==
        std::vector<std::uint8_t>{154, 126, 105});
  CHECK(std::vector<std::uint8_t>(two.end() - 3, two.end()) ==
        std::vector<std::uint8_t>{139, 142, 144});
  // A sample of the whole set: near the whole set's published numbers.
  const ic::Normalisation measured = ic::measure_normalisation(set);
  const ic::Normalisation published = ic::cifar10_normalisation();
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(measured.mean.at(c) == Approx(published.mean.at(c)).margin(0.01));
    CHECK(measured.standard_deviation.at(c) ==
          Approx(published.standard_deviation.at(c)).margin(0.01));
  }
}

TEST_CASE("IDX files") {
  const TemporaryFolder folder;
  const auto images = folder.write("images", idx(8, {12, 2, 3}, 72));
  const auto labels = folder.write("labels", idx(8, {12}, 12));
  const ic::ImageSet set = ic::read_idx({.images = images, .labels = labels}, 10);
  CHECK_NOTHROW(check_image_set(set));
  CHECK(set.images.sizes() == at::IntArrayRef{12, 1, 2, 3});
  CHECK(set.images[1][0][1][2].item<int>() == 11 % 10);
  CHECK(set.labels[11].item<std::int64_t>() == 1);

  const auto bad_images = [&](const std::string& bytes) {
    ic::read_idx({.images = folder.write("bad", bytes), .labels = labels}, 10);
  };
  const std::string good = idx(8, {12, 2, 3}, 72);
  CHECK_THROWS_WITH(bad_images(""), Contains("bad: has 0 bytes; 4 are needed from byte 0 on"));
  CHECK_THROWS_WITH(bad_images(good.substr(0, 15)), Contains("4 are needed from byte 12 on"));
  CHECK_THROWS_WITH(bad_images(idx(13, {12, 2, 3}, 72)),
                    Contains("begins 0 0 13 3") && Contains("begins 0 0 8 3"));
  CHECK_THROWS_WITH(bad_images(idx(8, {72}, 72)), Contains("begins 0 0 8 1"));
  CHECK_THROWS_WITH(bad_images(good.substr(0, 80)),
                    Contains("has 80 bytes; its header of 16 bytes announces 12x2x3 values"));
  CHECK_THROWS_WITH(bad_images(good + "x"), Contains("has 89 bytes"));
  CHECK_THROWS_WITH(bad_images(idx(8, {0, 2, 3}, 0)), Contains("byte 4: a dimension is 0"));
  // Products that wrap round to 0 and to 72 modulo 2^64.
  CHECK_THROWS_WITH(bad_images(idx(8, {1u << 31, 1u << 31, 4}, 0)), Contains("announces"));
  CHECK_THROWS_WITH(bad_images(idx(8, {0xffffffff, 0xffffffff, 0xffffffff}, 72)),
                    Contains("announces 4294967295x4294967295x4294967295 values"));
  CHECK_THROWS_WITH(bad_images("\x1f\x8b\x08\x08 and so on"), Contains("gunzip"));
  // Neither opens for ever nor escapes as another error.
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(ic::read_idx({.images = folder / "pipe", .labels = labels}, 10),
                    Contains("interchoice: ") && Contains("pipe: is not a regular file"));
  std::filesystem::create_symlink("loop", folder / "loop");
  CHECK_THROWS_WITH(ic::read_idx({.images = folder / "loop", .labels = labels}, 10),
                    Contains("interchoice: ") && Contains("loop: cannot be opened"));

  const auto with_labels = [&](const std::string& bytes, std::int64_t classes) {
    ic::read_idx({.images = images, .labels = folder.write("bad", bytes)}, classes);
  };
  CHECK_THROWS_WITH(with_labels(idx(8, {11}, 11), 10),
                    Contains("11 labels") && Contains("12 images"));
  CHECK_THROWS_WITH(with_labels(idx(8, {12}, 12), 9),
                    Contains("byte 17 (image 9): label 9; the largest of 9 classes is 8"));
  CHECK_THROWS_WITH(ic::read_mnist_train(folder.path()), Contains("train-images-idx3-ubyte"));
  folder.write("train-images-idx3-ubyte.gz", "\x1f\x8b");
  CHECK_THROWS_WITH(ic::read_mnist_train(folder.path()), Contains("as .gz only; unpack it"));
  CHECK_THROWS_WITH(ic::read_mnist_test(folder.path()), Contains("t10k-images-idx3-ubyte"));
}

TEST_CASE("parts of an image set") {
  const ic::ImageSet digits = ic::read_digits(digits_path());

  SECTION("hold_out divides") {
    const auto parts = hold_out(digits, 297, ic::Seed{4});
    CHECK(parts.training.size() == 1500);
    CHECK(parts.validation.size() == 297);
    std::multiset<std::vector<std::uint8_t>> all, divided;  // the images are distinct
    for (std::int64_t i = 0; i < digits.size(); ++i) all.insert(pixels(digits, i));
    for (std::int64_t i = 0; i < 1500; ++i) divided.insert(pixels(parts.training, i));
    for (std::int64_t i = 0; i < 297; ++i) divided.insert(pixels(parts.validation, i));
    CHECK(all == divided);
    CHECK(parts.validation.classes == 10);
    CHECK(parts.validation.white == 16);

    const auto again = hold_out(digits, 297, ic::Seed{4});
    CHECK(again.validation.images.equal(parts.validation.images));
    CHECK(again.validation.labels.equal(parts.validation.labels));
    CHECK_FALSE(
        hold_out(digits, 297, ic::Seed{5}).validation.images.equal(parts.validation.images));
    // Parts keep the order of the whole.
    std::int64_t at = 0;
    for (std::int64_t i = 0; i < 297; ++i) {
      while (at < digits.size() && pixels(digits, at) != pixels(parts.validation, i)) ++at;
    }
    CHECK(at < digits.size());

    CHECK_THROWS_WITH(hold_out(digits, 0, ic::Seed{4}), Contains("both parts need at least one"));
    CHECK_THROWS_WITH(hold_out(digits, 1797, ic::Seed{4}), Contains("1797 images for validation"));
  }
  SECTION("subset chooses, in the order asked for") {
    const std::vector<std::int64_t> indices{7, 0, 7};
    const ic::ImageSet chosen = subset(digits, indices);
    CHECK(pixels(chosen, 0) == pixels(digits, 7));
    CHECK(pixels(chosen, 1) == pixels(digits, 0));
    CHECK(pixels(chosen, 2) == pixels(digits, 7));
    CHECK(chosen.labels[1].item<std::int64_t>() == digits.labels[0].item<std::int64_t>());
    CHECK_THROWS_WITH(subset(digits, std::vector<std::int64_t>{3, 1797}),
                      Contains("image 1797") && Contains("0 to 1796"));
    CHECK_THROWS_WITH(subset(digits, std::vector<std::int64_t>{-1}), Contains("image -1"));
    CHECK_THROWS_WITH(first_images(digits, 1798), Contains("first 1798 images of a set of 1797"));
    CHECK_THROWS_WITH(last_images(digits, -1), Contains("last -1 images"));
  }
  SECTION("check_image_set names what a set lacks") {
    const auto broken = [&](auto change) {
      ic::ImageSet set = digits;
      change(set);
      check_image_set(set);
    };
    CHECK_THROWS_WITH(broken([](auto& set) { set = {}; }), Contains("without images"));
    CHECK_THROWS_WITH(broken([](auto& set) { set.images = set.images.to(at::kFloat); }),
                      Contains("uint8 [N, C, H, W] is needed"));
    CHECK_THROWS_WITH(broken([](auto& set) { set.images = set.images.flatten(1); }),
                      Contains("[1797, 64]"));
    CHECK_THROWS_WITH(broken([](auto& set) { set.labels = set.labels.narrow(0, 0, 5); }),
                      Contains("int64 [1797] is needed"));
    CHECK_THROWS_WITH(broken([](auto& set) { set.images = set.images.transpose(2, 3); }),
                      Contains("contiguous"));
    CHECK_THROWS_WITH(broken([](auto& set) { set.classes = 9; }),
                      Contains("has label 9; with 9 classes a label is 0 to 8"));
    CHECK_THROWS_WITH(broken([](auto& set) { set.white = 0; }), Contains("white"));
    CHECK_THROWS_WITH(broken([](auto& set) { set = first_images(set, 0); }),
                      Contains("at least one pixel"));
  }
  SECTION("measure_normalisation is mean and population standard deviation by channel") {
    std::string records(4 * 3073, '\0');
    for (std::size_t i = 0; i < records.size(); ++i) {
      records[i] = static_cast<char>(i % 3073 == 0 ? 1 : i * i % 251);
    }
    const TemporaryFolder folder;
    const ic::ImageSet set = ic::read_cifar10(folder.write("some.bin", records));
    const at::Tensor x = set.images.to(at::kDouble) / 255;
    const ic::Normalisation measured = ic::measure_normalisation(set);
    for (std::int64_t c = 0; c < 3; ++c) {
      const at::Tensor channel = x.select(1, c);
      const at::Tensor centred = channel - channel.mean();
      CHECK(measured.mean[static_cast<std::size_t>(c)] ==
            Approx(channel.mean().item<double>()).epsilon(1e-12));
      CHECK(measured.standard_deviation[static_cast<std::size_t>(c)] ==
            Approx(centred.square().mean().sqrt().item<double>()).epsilon(1e-12));
    }
  }
}
