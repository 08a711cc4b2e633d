#pragma once

#include "interchoice/nn/kernels/cuda/text/macros.hpp"
#include "interchoice/nn/kernels/cuda/text/operands.hpp"

// Sums over pixels, in two stages and a fixed order.
// clang-format off
INTERCHOICE_CUDA_TEXT(kSumsText,
namespace interchoice::cuda {

/// Adds the threads' sums of a block in a fixed order and writes them to its row of `partial`, if
/// there is one.
template <class A, unsigned kWidth, class Team>
INTERCHOICE_CUDA_FUNCTION void publish_sums(const Operands& o, const Team& team, unsigned sums) {
  if (o.partial == nullptr) return;
  A* const shared = static_cast<A*>(team.shared);
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    team.each([&](unsigned thread) {
      const Walk<kWidth> walk(o.channels, team.block, team.blocks, team.tile, thread);
      if (!walk.active || walk.lane >= half || walk.lane + half >= walk.lanes) return;
      for (unsigned i = 0; i < kWidth * sums; ++i) {
        shared[i * kThreads + thread] += shared[i * kThreads + thread + half * walk.columns];
      }
    });
    team.wait();
  }
  team.each([&](unsigned thread) {
    const Walk<kWidth> walk(o.channels, team.block, team.blocks, team.tile, thread);
    if (!walk.active || walk.lane != 0) return;
    A* const to = static_cast<A*>(o.partial) + walk.channel;
    for (unsigned s = 0; s < sums; ++s) {
      for (unsigned i = 0; i < kWidth; ++i) {
        to[(1ULL * s * team.blocks + team.block) * o.channels + i] =
            shared[(s * kWidth + i) * kThreads + thread];
      }
    }
  });
}

/// Keeps what a thread has summed.
template <class A, unsigned kWidth, class Team>
INTERCHOICE_CUDA_FUNCTION void keep_sum(const Team& team, unsigned thread, unsigned s,
                                        const A (&sum)[kWidth]) {
  A* const shared = static_cast<A*>(team.shared);
  for (unsigned i = 0; i < kWidth; ++i) shared[(s * kWidth + i) * kThreads + thread] = sum[i];
}

/// Sums of in_0.
template <class T, unsigned kWidth, class Team>
INTERCHOICE_CUDA_FUNCTION void pixel_sum(const Operands& o, const Team& team) {
  using A = Wide<T>;
  team.each([&](unsigned thread) {
    const Walk<kWidth> walk(o.channels, team.block, team.blocks, team.tile, thread);
    A sum[kWidth] = {};
    for (unsigned pixel = walk.first; walk.active && pixel < o.pixels; pixel += walk.step) {
      const Pack<T, kWidth> g =
          load<T, kWidth>(o.in[0], 1ULL * pixel * o.channels + walk.channel);
      for (unsigned i = 0; i < kWidth; ++i) sum[i] += widen(g.value[i]);
    }
    keep_sum(team, thread, 0, sum);
  });
  team.wait();
  publish_sums<A, kWidth>(o, team, 1);
}

/// The second stage of all sums: row *index of `shift` (tile 0) or `scale` (tile 1) becomes the sum
/// over the blocks of `partial`.
template <class A, class Team>
INTERCHOICE_CUDA_FUNCTION void total(const Operands& o, const Team& team) {
  A* const shared = static_cast<A*>(team.shared);
  const Row& row = team.tile == 0 ? o.shift : o.scale;
  if (row.table == nullptr) return;
  team.each([&](unsigned thread) {
    const unsigned channel = team.block * kTotalChannels + thread % kTotalChannels;
    const A* from = static_cast<const A*>(o.partial) + 1ULL * team.tile * o.terms * o.channels;
    A sum = A(0);
    if (channel < o.channels) {
      for (unsigned k = thread / kTotalChannels; k < o.terms; k += kThreads / kTotalChannels) {
        sum += from[1ULL * k * o.channels + channel];
      }
    }
    shared[thread] = sum;
  });
  team.wait();
  team.each([&](unsigned thread) {
    const unsigned channel = team.block * kTotalChannels + thread;
    if (thread >= kTotalChannels || channel >= o.channels) return;
    A sum = A(0);
    for (unsigned k = 0; k < kThreads; k += kTotalChannels) sum += shared[k + thread];
    const long long index = row.index == nullptr ? 0 : *row.index;
    A* const to = static_cast<A*>(row.table) + index * o.channels + channel;
    *to = o.accumulate != 0 ? *to + sum : sum;
  });
}

}
)
// clang-format on
