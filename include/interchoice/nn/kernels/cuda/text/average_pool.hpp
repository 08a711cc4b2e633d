#pragma once

#include "interchoice/nn/kernels/cuda/text/macros.hpp"
#include "interchoice/nn/kernels/cuda/text/sums.hpp"

// The 3x3 average pool of x + row.
// clang-format off
INTERCHOICE_CUDA_TEXT(kAveragePoolText,
namespace interchoice::cuda {

/// How many of the three rows (or columns) around `i` lie inside `size`.
INTERCHOICE_CUDA_FUNCTION unsigned inside3(unsigned i, unsigned size) {
  return 1U + (i > 0 ? 1U : 0U) + (i + 1 < size ? 1U : 0U);
}

// Reciprocals by constants: a division is a call on a device, around which registers are spilled.
template <class A>
INTERCHOICE_CUDA_FUNCTION A reciprocal3(unsigned inside) {
  return inside == 3 ? A(1.0 / 3) : inside == 2 ? A(0.5) : A(1);
}

/// 1 / divisor of the window around (h, w).
template <class A>
INTERCHOICE_CUDA_FUNCTION A pool_factor(const Operands& o, unsigned h, unsigned w) {
  return o.count_include_pad != 0
             ? A(1.0 / 9)
             : reciprocal3<A>(inside3(h, o.height)) * reciprocal3<A>(inside3(w, o.width));
}

/// y = (sum of the 3x3 window + inside * shift) / divisor.
template <class T, unsigned kWidth, class Team>
INTERCHOICE_CUDA_FUNCTION void average_pool(const Operands& o, const Team& team) {
  using A = Wide<T>;
  team.each([&](unsigned thread) {
    const Walk<kWidth> walk(o.channels, team.block, team.blocks, team.tile, thread);
    if (!walk.active) return;
    A shift[kWidth];
    read_row(o.shift, o.channels, walk.channel, A(0), shift);
    for (unsigned pixel = walk.first; pixel < o.pixels; pixel += walk.step) {
      const unsigned w = pixel % o.width;
      const unsigned h = pixel / o.width % o.height;
      A sum[kWidth] = {};
      for (unsigned a = h > 0 ? 0U : 1U; a < 3 && h + a <= o.height; ++a) {
        for (unsigned b = w > 0 ? 0U : 1U; b < 3 && w + b <= o.width; ++b) {
          const unsigned long long other = 1ULL * pixel + a * o.width + b - o.width - 1;
          const Pack<T, kWidth> x =
              load<T, kWidth>(o.in[0], other * o.channels + walk.channel);
          for (unsigned i = 0; i < kWidth; ++i) sum[i] += widen(x.value[i]);
        }
      }
      const A inside = A(inside3(h, o.height) * inside3(w, o.width));
      const A factor = pool_factor<A>(o, h, w);
      Pack<T, kWidth> y;
      for (unsigned i = 0; i < kWidth; ++i) {
        narrow((sum[i] + inside * shift[i]) * factor, y.value[i]);
      }
      store(o.out, 1ULL * pixel * o.channels + walk.channel, y);
    }
  });
}

/// The gradient of `average_pool` for g = in_0, and the sums of inside * g / divisor.
template <class T, unsigned kWidth, class Team>
INTERCHOICE_CUDA_FUNCTION void average_pool_backward(const Operands& o, const Team& team) {
  using A = Wide<T>;
  team.each([&](unsigned thread) {
    const Walk<kWidth> walk(o.channels, team.block, team.blocks, team.tile, thread);
    A total[kWidth] = {};
    for (unsigned pixel = walk.first; walk.active && pixel < o.pixels; pixel += walk.step) {
      const unsigned w = pixel % o.width;
      const unsigned h = pixel / o.width % o.height;
      A sum[kWidth] = {};
      for (unsigned a = h > 0 ? 0U : 1U; a < 3 && h + a <= o.height; ++a) {
        for (unsigned b = w > 0 ? 0U : 1U; b < 3 && w + b <= o.width; ++b) {
          const unsigned long long other = 1ULL * pixel + a * o.width + b - o.width - 1;
          const A factor = pool_factor<A>(o, h + a - 1, w + b - 1);
          const Pack<T, kWidth> g =
              load<T, kWidth>(o.in[0], other * o.channels + walk.channel);
          for (unsigned i = 0; i < kWidth; ++i) sum[i] += widen(g.value[i]) * factor;
        }
      }
      Pack<T, kWidth> out;
      for (unsigned i = 0; i < kWidth; ++i) narrow(sum[i], out.value[i]);
      const unsigned long long at = 1ULL * pixel * o.channels + walk.channel;
      store(o.out, at, out);
      const Pack<T, kWidth> g = load<T, kWidth>(o.in[0], at);  // it was loaded: a hit
      const A weight =
          A(inside3(h, o.height) * inside3(w, o.width)) * pool_factor<A>(o, h, w);
      for (unsigned i = 0; i < kWidth; ++i) total[i] += weight * widen(g.value[i]);
    }
    keep_sum(team, thread, 0, total);
  });
  team.wait();
  publish_sums<A, kWidth>(o, team, 1);
}

}
)
// clang-format on
