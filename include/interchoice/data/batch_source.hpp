#pragma once

#include <concepts>
#include <cstdint>

#include "interchoice/data/batch.hpp"

namespace interchoice {

/// What trains and evaluates networks: batches by number.
///
/// `size()` batches have each of `example_count()` images once. `epoch(e)[i]` is training batch i of
/// epoch e, `evaluation(i)` batch i in a fixed order, `calibration(i)` batch i of an endless
/// sequence of random images that are shown as in evaluation. Each is to be a pure function of its
/// arguments, whichever threads ask.
///
/// Satisfied by `Batches`, `FolderBatches`, and `Prefetched` of any of them.
template <class Source>
concept BatchSource = requires(const Source& source, std::uint64_t number, std::int64_t index) {
  { source.size() } -> std::convertible_to<std::int64_t>;
  { source.example_count() } -> std::convertible_to<std::int64_t>;
  { source.epoch(number)[index] } -> std::convertible_to<Batch>;
  { source.evaluation(index) } -> std::convertible_to<Batch>;
  { source.calibration(index) } -> std::convertible_to<Batch>;
};

}  // namespace interchoice
