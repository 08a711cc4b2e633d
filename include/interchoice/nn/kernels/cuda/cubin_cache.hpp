#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/digest.hpp"
#include "interchoice/io/input_file.hpp"

namespace interchoice::cuda {

/// Compiled kernels on the disk, so that only the first program on a machine compiles them.
///
/// A file is used only if it was written for the same key (digest of the text, type, architecture,
/// version of NVRTC) and its own digest is right; anything else is as if it was not there. It is no
/// protection against people who may write to the folder, which is made for its owner alone.
class CubinCache {
 public:
  /// Without a folder nothing is kept.
  explicit CubinCache(std::filesystem::path folder = {}) : folder_(std::move(folder)) {}

  /// The folder INTERCHOICE_KERNEL_CACHE, or none if that is `off`; without the variable
  /// `interchoice` in XDG_CACHE_HOME or in HOME/.cache.
  static CubinCache from_environment() {
    const auto variable = [](const char* name) {
      const char* const value = std::getenv(name);
      return std::filesystem::path(value == nullptr ? "" : value);
    };
    const std::filesystem::path own = variable("INTERCHOICE_KERNEL_CACHE");
    if (!own.empty()) return own == "off" ? CubinCache() : CubinCache(own);
    const std::filesystem::path caches = variable("XDG_CACHE_HOME");
    if (caches.is_absolute()) return CubinCache(caches / "interchoice");
    const std::filesystem::path home = variable("HOME");
    return home.is_absolute() ? CubinCache(home / ".cache" / "interchoice") : CubinCache();
  }

  /// The folder of the kernels; empty for none.
  const std::filesystem::path& folder() const { return folder_; }

  /// The file of the kernels of this key.
  std::filesystem::path file(std::string_view key) const {
    return folder_ / (digest_of(key) + ".cubin");
  }

  /// What was kept under the key, if it is undamaged.
  std::optional<std::string> read(std::string_view key) const {
    if (folder_.empty()) return std::nullopt;
    try {
      const std::string text = InputFile(file(key)).text(kMostBytes);
      const std::size_t size = head(key, {}).size();
      if (text.size() <= size) return std::nullopt;
      std::string cubin = text.substr(size);
      if (std::string_view(text).substr(0, size) != head(key, cubin)) return std::nullopt;
      return cubin;
    } catch (const std::exception&) {
      return std::nullopt;  // it is compiled again
    }
  }

  /// Whether it could be kept. A folder that cannot be written is no reason to stop.
  bool write(std::string_view key, const std::string& cubin) const {
    if (folder_.empty()) return false;
    try {
      if (std::filesystem::create_directories(folder_)) {
        std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
      }
      write_file_atomically(file(key), head(key, cubin) + cubin);
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }

 private:
  static constexpr std::uint64_t kMostBytes = 64 << 20;

  static std::string digest_of(std::string_view text) {
    Digest digest;
    digest.add(text);
    return digest.text();
  }
  static std::string head(std::string_view key, std::string_view cubin) {
    return fmt::format("interchoice kernels 1\n{}\n{}\n", key, digest_of(cubin));
  }

  std::filesystem::path folder_;
};

}  // namespace interchoice::cuda
