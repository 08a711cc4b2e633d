#pragma once

#include "interchoice/nn/kernels/cuda/text/macros.hpp"
#include "interchoice/nn/kernels/cuda/text/sums.hpp"

// Scale and shift beside BatchNorm.
// clang-format off
INTERCHOICE_CUDA_TEXT(kScaleShiftText,
namespace interchoice::cuda {

/// y = scale * x + shift.
template <class T, unsigned kWidth, class Team>
INTERCHOICE_CUDA_FUNCTION void scale_shift(const Operands& o, const Team& team) {
  using A = Wide<T>;
  team.each([&](unsigned thread) {
    const Walk<kWidth> walk(o.channels, team.block, team.blocks, team.tile, thread);
    if (!walk.active) return;
    A scale[kWidth];
    A shift[kWidth];
    read_row(o.scale, o.channels, walk.channel, A(1), scale);
    read_row(o.shift, o.channels, walk.channel, A(0), shift);
    for (unsigned pixel = walk.first; pixel < o.pixels; pixel += walk.step) {
      const unsigned long long at = 1ULL * pixel * o.channels + walk.channel;
      const Pack<T, kWidth> x = load<T, kWidth>(o.in[0], at);
      Pack<T, kWidth> y;
      for (unsigned i = 0; i < kWidth; ++i) {
        narrow(scale[i] * widen(x.value[i]) + shift[i], y.value[i]);
      }
      store(o.out, at, y);
    }
  });
}

/// out = scale * g for x = in_0, g = in_1. Sums of g, then of g * x.
template <class T, unsigned kWidth, class Team>
INTERCHOICE_CUDA_FUNCTION void scale_shift_backward(const Operands& o, const Team& team) {
  using A = Wide<T>;
  team.each([&](unsigned thread) {
    const Walk<kWidth> walk(o.channels, team.block, team.blocks, team.tile, thread);
    A sum[kWidth] = {};
    A product[kWidth] = {};
    A scale[kWidth] = {};
    if (walk.active) read_row(o.scale, o.channels, walk.channel, A(1), scale);
    for (unsigned pixel = walk.first; walk.active && pixel < o.pixels; pixel += walk.step) {
      const unsigned long long at = 1ULL * pixel * o.channels + walk.channel;
      const Pack<T, kWidth> x = load<T, kWidth>(o.in[0], at);
      const Pack<T, kWidth> g = load<T, kWidth>(o.in[1], at);
      Pack<T, kWidth> out;
      for (unsigned i = 0; i < kWidth; ++i) {
        const A gradient = widen(g.value[i]);
        narrow(scale[i] * gradient, out.value[i]);
        sum[i] += gradient;
        product[i] += gradient * widen(x.value[i]);
      }
      store(o.out, at, out);
    }
    keep_sum(team, thread, 0, sum);
    keep_sum(team, thread, 1, product);
  });
  team.wait();
  publish_sums<A, kWidth>(o, team, 2);
}

}
)
// clang-format on
