#pragma once

#include "interchoice/nn/kernels/cuda/text/macros.hpp"
#include "interchoice/nn/kernels/cuda/text/sums.hpp"

// ReLU of x + row.
// clang-format off
INTERCHOICE_CUDA_TEXT(kShiftedReluText,
namespace interchoice::cuda {

/// y = max(0, x + shift). Lets NaN through.
template <class T, unsigned kWidth, class Team>
INTERCHOICE_CUDA_FUNCTION void shifted_relu(const Operands& o, const Team& team) {
  using A = Wide<T>;
  team.each([&](unsigned thread) {
    const Walk<kWidth> walk(o.channels, team.block, team.blocks, team.tile, thread);
    if (!walk.active) return;
    A shift[kWidth];
    read_row(o.shift, o.channels, walk.channel, A(0), shift);
    for (unsigned pixel = walk.first; pixel < o.pixels; pixel += walk.step) {
      const unsigned long long at = 1ULL * pixel * o.channels + walk.channel;
      const Pack<T, kWidth> x = load<T, kWidth>(o.in[0], at);
      Pack<T, kWidth> y;
      for (unsigned i = 0; i < kWidth; ++i) {
        const A sum = widen(x.value[i]) + shift[i];
        narrow(sum < A(0) ? A(0) : sum, y.value[i]);
      }
      store(o.out, at, y);
    }
  });
}

/// out = y > 0 ? g : 0 for y = in_0, g = in_1; a NaN of y lets g through. Sums of out.
template <class T, unsigned kWidth, class Team>
INTERCHOICE_CUDA_FUNCTION void shifted_relu_backward(const Operands& o, const Team& team) {
  using A = Wide<T>;
  team.each([&](unsigned thread) {
    const Walk<kWidth> walk(o.channels, team.block, team.blocks, team.tile, thread);
    A sum[kWidth] = {};
    for (unsigned pixel = walk.first; walk.active && pixel < o.pixels; pixel += walk.step) {
      const unsigned long long at = 1ULL * pixel * o.channels + walk.channel;
      const Pack<T, kWidth> y = load<T, kWidth>(o.in[0], at);
      Pack<T, kWidth> g = load<T, kWidth>(o.in[1], at);
      for (unsigned i = 0; i < kWidth; ++i) {
        if (widen(y.value[i]) <= A(0)) narrow(A(0), g.value[i]);
        sum[i] += widen(g.value[i]);
      }
      store(o.out, at, g);
    }
    keep_sum(team, thread, 0, sum);
  });
  team.wait();
  publish_sums<A, kWidth>(o, team, 1);
}

}
)
// clang-format on
