#pragma once

#include "interchoice/nn/kernels/cuda/text/macros.hpp"
#include "interchoice/nn/kernels/cuda/text/operands.hpp"

// The sum of a node.
// clang-format off
INTERCHOICE_CUDA_TEXT(kNodeSumText,
namespace interchoice::cuda {

/// y = in_1 + ... + in_n + shift, from the left.
template <class T, unsigned kWidth, class Team>
INTERCHOICE_CUDA_FUNCTION void node_sum(const Operands& o, const Team& team) {
  using A = Wide<T>;
  team.each([&](unsigned thread) {
    const Walk<kWidth> walk(o.channels, team.block, team.blocks, team.tile, thread);
    if (!walk.active) return;
    A shift[kWidth];
    read_row(o.shift, o.channels, walk.channel, A(0), shift);
    for (unsigned pixel = walk.first; pixel < o.pixels; pixel += walk.step) {
      const unsigned long long at = 1ULL * pixel * o.channels + walk.channel;
      A sum[kWidth];
      const Pack<T, kWidth> x = load<T, kWidth>(o.in[0], at);
      for (unsigned i = 0; i < kWidth; ++i) sum[i] = widen(x.value[i]);
      for (unsigned k = 1; k < o.terms; ++k) {
        const Pack<T, kWidth> term = load<T, kWidth>(o.in[k], at);
        for (unsigned i = 0; i < kWidth; ++i) sum[i] += widen(term.value[i]);
      }
      Pack<T, kWidth> y;
      for (unsigned i = 0; i < kWidth; ++i) narrow(sum[i] + shift[i], y.value[i]);
      store(o.out, at, y);
    }
  });
}

}
)
// clang-format on
