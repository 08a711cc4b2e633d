#pragma once

#include "interchoice/nn/kernels/cuda/text/macros.hpp"
#include "interchoice/nn/kernels/cuda/text/numbers.hpp"

// What a kernel is given, and what a thread of it does.
// clang-format off
INTERCHOICE_CUDA_TEXT(kOperandsText,
namespace interchoice::cuda {

inline constexpr unsigned kThreads = 256;  // of a block
inline constexpr unsigned kMaxTerms = 8;
inline constexpr unsigned kTotalChannels = 32;  // of a block of `total`

/// Row *index of a table (row 0 without an index). The index is read when the kernel runs: a
/// captured graph is replayed with another row. No table: no row.
struct Row {
  void* table = nullptr;
  const long long* index = nullptr;
};

/// The parameters of every kernel. Pixels are rows of `channels` values.
struct Operands {
  const void* in[kMaxTerms] = {};
  void* out = nullptr;
  Row shift;
  Row scale;
  void* partial = nullptr;  // [sums][blocks][channels]
  unsigned pixels = 0;
  unsigned channels = 0;
  unsigned height = 0;
  unsigned width = 0;
  unsigned terms = 0;  // of a sum; for `total` the blocks of `partial`
  unsigned count_include_pad = 0;
  unsigned accumulate = 0;  // add the totals to what is there
};

/// Values that are loaded and stored at once.
template <class T, unsigned kWidth>
struct alignas(sizeof(T) * kWidth) Pack {
  T value[kWidth];
};

template <class T, unsigned kWidth>
INTERCHOICE_CUDA_FUNCTION Pack<T, kWidth> load(const void* from, unsigned long long at) {
  return *reinterpret_cast<const Pack<T, kWidth>*>(static_cast<const T*>(from) + at);
}
template <class T, unsigned kWidth>
INTERCHOICE_CUDA_FUNCTION void store(void* to, unsigned long long at, const Pack<T, kWidth>& pack) {
  *reinterpret_cast<Pack<T, kWidth>*>(static_cast<T*>(to) + at) = pack;
}

/// The pixels and channels of a thread: kWidth channels of every `step`-th pixel.
template <unsigned kWidth>
struct Walk {
  unsigned columns;
  unsigned lane;
  unsigned lanes;
  unsigned channel;
  unsigned first;
  unsigned step;
  bool active;

  INTERCHOICE_CUDA_FUNCTION Walk(unsigned channels, unsigned block, unsigned blocks, unsigned tile,
                                 unsigned thread) {
    const unsigned groups = channels / kWidth;
    columns = groups < kThreads ? groups : kThreads;
    lane = thread / columns;
    lanes = kThreads / columns;
    const unsigned group = tile * kThreads + thread % columns;
    channel = group * kWidth;
    first = block * lanes + lane;
    step = blocks * lanes;
    active = lane < lanes && group < groups;
  }
};

template <class A, unsigned kWidth>
INTERCHOICE_CUDA_FUNCTION void read_row(const Row& row, unsigned channels, unsigned channel,
                                        A missing, A (&values)[kWidth]) {
  if (row.table == nullptr) {
    for (unsigned i = 0; i < kWidth; ++i) values[i] = missing;
    return;
  }
  const long long index = row.index == nullptr ? 0 : *row.index;
  const A* from = static_cast<const A*>(row.table) + index * channels + channel;
  for (unsigned i = 0; i < kWidth; ++i) values[i] = from[i];
}

}
)
// clang-format on
