#pragma once

#include <fmt/core.h>

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "interchoice/distributed/shared_store.hpp"

namespace interchoice {

/// A text of any length and bytes that one rank publishes in a store, in pieces that a store can
/// carry one by one.
class PublishedText {
 public:
  /// The largest piece, in bytes.
  static constexpr std::size_t kPiece = std::size_t{1} << 20;

  PublishedText(SharedStore& store, std::string key) : store_(store), key_(std::move(key)) {}

  /// Makes the text known, whole: readers see nothing before.
  void publish(const std::string& text) const {
    std::size_t pieces = 0;
    for (std::size_t begin = 0; begin < text.size(); begin += kPiece) {
      store_.set(piece(pieces++), text.substr(begin, kPiece));
    }
    store_.set(key_, std::to_string(pieces));  // last: whoever sees it finds the pieces
  }

  /// Nothing until it has been published, or once it is removed.
  std::optional<std::string> read() const {
    const auto pieces = count();
    if (!pieces) return std::nullopt;
    std::string text;
    for (std::size_t i = 0; i < *pieces; ++i) {
      const auto part = store_.get(piece(i));
      if (!part) return std::nullopt;
      text += *part;
    }
    return text;
  }

  /// Takes it back, and its pieces out of the store.
  void remove() const {
    const std::size_t pieces = count().value_or(0);
    store_.remove(key_);
    for (std::size_t i = 0; i < pieces; ++i) store_.remove(piece(i));
  }

 private:
  std::string piece(std::size_t i) const { return fmt::format("{}/{}", key_, i); }

  std::optional<std::size_t> count() const {
    const auto known = store_.get(key_);
    if (!known) return std::nullopt;
    std::size_t pieces = 0;
    std::from_chars(known->data(), known->data() + known->size(), pieces);
    return pieces;
  }

  SharedStore& store_;
  std::string key_;
};

}  // namespace interchoice
