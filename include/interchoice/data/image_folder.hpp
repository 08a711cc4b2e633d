#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "interchoice/core/shown.hpp"
#include "interchoice/data/image.hpp"
#include "interchoice/data/jpeg.hpp"
#include "interchoice/io/input_file.hpp"

namespace interchoice {

/// The rules for the content of an image folder.
struct ImageFolderOptions {
  /// The names that the classes must have, for example those of the training folder: a class that
  /// is missing would give the later ones other labels. Empty: any.
  std::vector<std::string> classes = {};
  JpegOptions jpeg = {};
  std::uintmax_t max_file_bytes = std::uintmax_t{1} << 27;
};

/// Labelled JPEG files in the layout `root/class/file.JPEG`, listed when opened and decoded when
/// asked for.
///
/// Label c is the c-th class name, image i the i-th file of the first class that is not used up;
/// both sorted by the bytes of their names, so that every machine has the same order.
///
/// The root holds class folders only, a class folder JPEG files only (.jpg, .jpeg, in any case), at
/// least one. Anything else is refused by name, but names that begin with a dot are passed
/// over. Links are followed: a subset of a large set can be a folder of links.
///
/// Copies share the list.
///
/// *Throws*: the constructor and access to images `std::runtime_error` with path and reason;
/// access `std::out_of_range` if there is no such image.
class ImageFolder {
 public:
  explicit ImageFolder(const std::filesystem::path& root, ImageFolderOptions options = {})
      : list_(std::make_shared<const List>(root, std::move(options))) {}

  std::int64_t size() const { return static_cast<std::int64_t>(list_->images.size()); }
  /// The number of classes.
  std::int64_t classes() const { return static_cast<std::int64_t>(list_->classes.size()); }
  /// Their names, in the order of their labels.
  const std::vector<std::string>& class_names() const { return list_->classes; }
  /// The options that it was opened with.
  const ImageFolderOptions& options() const { return list_->options; }

  /// The class of image `index`.
  std::int64_t label(std::int64_t index) const { return entry(index).label; }
  /// The file of image `index`.
  const std::filesystem::path& path(std::int64_t index) const { return entry(index).path; }

  /// The bytes of the file.
  std::vector<std::uint8_t> encoded(std::int64_t index) const {
    InputFile file(path(index));
    if (file.size() > list_->options.max_file_bytes) {
      detail::fail_reading(
          path(index).string(),
          fmt::format("has {} bytes; at most {} are allowed (ImageFolderOptions::max_file_bytes)",
                      file.size(), list_->options.max_file_bytes));
    }
    return file.read_all();
  }

  /// The whole image in its own size.
  Image image(std::int64_t index) const {
    return decode_jpeg(encoded(index), path(index).string(), list_->options.jpeg);
  }

  /// The images of the given indices, in their order; an index may come more than once. The classes
  /// and labels stay.
  ///
  /// *Throws*: `std::out_of_range` if an index is outside the folder.
  friend ImageFolder subset(const ImageFolder& folder, std::span<const std::int64_t> indices) {
    List list;
    list.options = folder.list_->options;
    list.classes = folder.list_->classes;
    for (const std::int64_t index : indices) list.images.push_back(folder.entry(index));
    ImageFolder result = folder;
    result.list_ = std::make_shared<const List>(std::move(list));
    return result;
  }

 private:
  struct Entry {
    std::filesystem::path path;
    std::int64_t label;
  };

  struct List {
    List() = default;
    List(const std::filesystem::path& root, ImageFolderOptions wanted);

    ImageFolderOptions options;
    std::vector<std::string> classes;
    std::vector<Entry> images;
  };

  const Entry& entry(std::int64_t index) const {
    if (index < 0 || index >= size()) {
      throw std::out_of_range(
          fmt::format("interchoice: image {} of an image folder of {}; they are 0 to {}", index,
                      size(), size() - 1));
    }
    return list_->images[static_cast<std::size_t>(index)];
  }

  std::shared_ptr<const List> list_;
};

namespace detail {

// The names in a folder, sorted by their bytes; those that begin with a dot are left out.
inline std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::string> names;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (!name.starts_with('.')) names.push_back(std::move(name));
  }
  if (error) fail_reading(folder.string(), fmt::format("cannot be listed: {}", error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

inline bool has_jpeg_name(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& letter : extension) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return extension == ".jpg" || extension == ".jpeg";
}

}  // namespace detail

inline ImageFolder::List::List(const std::filesystem::path& root, ImageFolderOptions wanted)
    : options(std::move(wanted)) {
  namespace fs = std::filesystem;
  using detail::fail_reading;
  // Of what a link points to; `none` where that cannot be found out.
  const auto type_of = [](const fs::path& path) {
    std::error_code error;
    return fs::status(path, error).type();
  };
  const fs::file_type root_type = type_of(root);
  if (root_type == fs::file_type::not_found) fail_reading(root.string(), "there is no such folder");
  if (root_type != fs::file_type::directory) fail_reading(root.string(), "is not a folder");
  classes = detail::names_in(root);
  for (const std::string& name : classes) {
    if (type_of(root / name) != fs::file_type::directory) {
      fail_reading((root / name).string(),
                   "is not a folder; beside it there may be the folders of the classes only");
    }
  }
  if (classes.empty()) {
    fail_reading(root.string(), "has no class; root/<class>/<file>.JPEG is expected");
  }
  if (!options.classes.empty() && options.classes != classes) {
    const auto [here, asked] = std::mismatch(classes.begin(), classes.end(),
                                             options.classes.begin(), options.classes.end());
    fail_reading(root.string(),
                 fmt::format("has {} classes, {} are asked for; the first that differs is {} where "
                             "{} is asked for (ImageFolderOptions::classes)",
                             classes.size(), options.classes.size(),
                             here == classes.end() ? "missing" : shown(*here),
                             asked == options.classes.end() ? "none" : shown(*asked)));
  }
  for (std::size_t label = 0; label < classes.size(); ++label) {
    const fs::path folder = root / classes[label];
    const std::vector<std::string> files = detail::names_in(folder);
    if (files.empty())
      fail_reading(folder.string(), "has no image; every class needs at least one");
    for (const std::string& name : files) {
      fs::path path = folder / name;
      const fs::file_type type = type_of(path);
      if (type == fs::file_type::not_found) fail_reading(path.string(), "is a link to nothing");
      if (type != fs::file_type::regular) {
        fail_reading(path.string(),
                     "is not a file; the folder of a class may hold JPEG files only");
      }
      if (!detail::has_jpeg_name(path)) {
        fail_reading(path.string(), "is not called .jpg or .jpeg; other images cannot be read");
      }
      images.push_back({std::move(path), static_cast<std::int64_t>(label)});
    }
  }
}

}  // namespace interchoice
