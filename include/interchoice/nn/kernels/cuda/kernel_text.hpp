#pragma once

// The kernels, once. What stands in the macros below is read by three compilers: by the
// host's, so that tests run the same functions on the processor; by nvcc, where this header is
// included in a .cu; and by NVRTC, as text, when a program first uses a kernel. The text has no
// preprocessor lines and no includes, so that NVRTC needs no file of a CUDA toolkit.

#ifdef __CUDACC__
#define INTERCHOICE_CUDA_FUNCTION __device__ __forceinline__
#define INTERCHOICE_CUDA_TEXT(name, ...)       \
  __VA_ARGS__                                  \
  namespace interchoice::cuda {                \
  inline constexpr char name[] = #__VA_ARGS__; \
  }
#define INTERCHOICE_CUDA_DEVICE_TEXT(name, ...) INTERCHOICE_CUDA_TEXT(name, __VA_ARGS__)
#else
#define INTERCHOICE_CUDA_FUNCTION inline
#define INTERCHOICE_CUDA_TEXT(name, ...)       \
  __VA_ARGS__                                  \
  namespace interchoice::cuda {                \
  inline constexpr char name[] = #__VA_ARGS__; \
  }
#define INTERCHOICE_CUDA_DEVICE_TEXT(name, ...) \
  namespace interchoice::cuda {                 \
  inline constexpr char name[] = #__VA_ARGS__;  \
  }

#include <cstring>

namespace interchoice::cuda {

/// IEEE half precision on the host; the device has instructions for both.
inline float float_of_half(unsigned short bits) {
  const unsigned exponent = (bits >> 10) & 31U;
  const unsigned fraction = bits & 1023U;
  float value = static_cast<float>(fraction) * 0x1p-24F;  // subnormal
  if (exponent != 0) {
    const unsigned wide = (exponent == 31 ? 255U << 23 : (exponent + 112) << 23) | (fraction << 13);
    std::memcpy(&value, &wide, sizeof value);
  }
  return (bits & 0x8000U) != 0 ? -value : value;
}

/// Rounded to the nearest, ties to even.
inline unsigned short half_of_float(float value) {
  unsigned bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  const unsigned sign = (bits >> 16) & 0x8000U;
  bits &= 0x7FFFFFFFU;
  if (bits > 0x7F800000U) return static_cast<unsigned short>(0x7FFFU);  // NaN
  if (bits >= 0x477FF000U) return static_cast<unsigned short>(sign | 0x7C00U);
  if (bits < 0x38800000U) {  // subnormal: the addition rounds to multiples of 2^-24
    float magnitude = 0;
    std::memcpy(&magnitude, &bits, sizeof magnitude);
    magnitude += 0.5F;
    std::memcpy(&bits, &magnitude, sizeof bits);
    return static_cast<unsigned short>(sign | (bits - 0x3F000000U));
  }
  bits += 0xFFFU + ((bits >> 13) & 1U);
  return static_cast<unsigned short>(sign | ((bits - 0x38000000U) >> 13));
}

}  // namespace interchoice::cuda
#endif

// Formatted by hand: clang-format takes what stands in a macro for an expression.
// clang-format off

INTERCHOICE_CUDA_DEVICE_TEXT(kHalfText,
namespace interchoice::cuda {

INTERCHOICE_CUDA_FUNCTION float float_of_half(unsigned short bits) {
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
  return value;
}

INTERCHOICE_CUDA_FUNCTION unsigned short half_of_float(float value) {
  unsigned short bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
}

}
)

INTERCHOICE_CUDA_TEXT(kBodyText,
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

struct Bf16 {
  unsigned short bits;
};
struct F16 {
  unsigned short bits;
};

// Rows, sums and everything between loading and storing: float for the short types.
template <class T>
struct WideOf {
  using Type = float;
};
template <>
struct WideOf<double> {
  using Type = double;
};
template <class T>
using Wide = typename WideOf<T>::Type;

union FloatBits {
  float value;
  unsigned bits;
};

INTERCHOICE_CUDA_FUNCTION float widen(float value) { return value; }
INTERCHOICE_CUDA_FUNCTION double widen(double value) { return value; }
INTERCHOICE_CUDA_FUNCTION float widen(F16 value) { return float_of_half(value.bits); }
INTERCHOICE_CUDA_FUNCTION float widen(Bf16 value) {
  FloatBits wide;
  wide.bits = static_cast<unsigned>(value.bits) << 16;
  return wide.value;
}

INTERCHOICE_CUDA_FUNCTION void narrow(float value, float& to) { to = value; }
INTERCHOICE_CUDA_FUNCTION void narrow(double value, double& to) { to = value; }
INTERCHOICE_CUDA_FUNCTION void narrow(float value, F16& to) { to.bits = half_of_float(value); }
INTERCHOICE_CUDA_FUNCTION void narrow(float value, Bf16& to) {
  FloatBits wide;
  wide.value = value;
  const unsigned rounded = (wide.bits + 0x7FFFU + ((wide.bits >> 16) & 1U)) >> 16;
  to.bits = static_cast<unsigned short>(value != value ? 0x7FC0U : rounded);
}

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

INTERCHOICE_CUDA_DEVICE_TEXT(kEntryText,
namespace interchoice::cuda {

/// A block of threads on the device. On the host a test runs them one after another.
struct BlockTeam {
  unsigned block;
  unsigned blocks;
  unsigned tile;
  void* shared;

  __device__ __forceinline__ explicit BlockTeam(void* memory)
      : block(blockIdx.x), blocks(gridDim.x), tile(blockIdx.y), shared(memory) {}

  template <class Task>
  __device__ __forceinline__ void each(const Task& task) const { task(threadIdx.x); }
  __device__ __forceinline__ void wait() const { __syncthreads(); }
};

template <class T>
inline constexpr unsigned kPack = 16 / sizeof(T);

}

// The kernels of one type: INTERCHOICE_CUDA_SCALAR is set by whoever compiles the text.
extern "C" __global__ void __launch_bounds__(256)
interchoice_shifted_relu_packed(const interchoice::cuda::Operands o) {
  const interchoice::cuda::BlockTeam team(nullptr);
  interchoice::cuda::shifted_relu<INTERCHOICE_CUDA_SCALAR,
      interchoice::cuda::kPack<INTERCHOICE_CUDA_SCALAR>>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_node_sum_packed(const interchoice::cuda::Operands o) {
  const interchoice::cuda::BlockTeam team(nullptr);
  interchoice::cuda::node_sum<INTERCHOICE_CUDA_SCALAR,
      interchoice::cuda::kPack<INTERCHOICE_CUDA_SCALAR>>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_scale_shift_packed(const interchoice::cuda::Operands o) {
  const interchoice::cuda::BlockTeam team(nullptr);
  interchoice::cuda::scale_shift<INTERCHOICE_CUDA_SCALAR,
      interchoice::cuda::kPack<INTERCHOICE_CUDA_SCALAR>>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_average_pool_packed(const interchoice::cuda::Operands o) {
  const interchoice::cuda::BlockTeam team(nullptr);
  interchoice::cuda::average_pool<INTERCHOICE_CUDA_SCALAR,
      interchoice::cuda::kPack<INTERCHOICE_CUDA_SCALAR>>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_shifted_relu_backward_packed(const interchoice::cuda::Operands o) {
  __shared__ interchoice::cuda::Wide<INTERCHOICE_CUDA_SCALAR>
      sums[1 * 256 * interchoice::cuda::kPack<INTERCHOICE_CUDA_SCALAR>];
  const interchoice::cuda::BlockTeam team(sums);
  interchoice::cuda::shifted_relu_backward<INTERCHOICE_CUDA_SCALAR,
      interchoice::cuda::kPack<INTERCHOICE_CUDA_SCALAR>>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_pixel_sum_packed(const interchoice::cuda::Operands o) {
  __shared__ interchoice::cuda::Wide<INTERCHOICE_CUDA_SCALAR>
      sums[1 * 256 * interchoice::cuda::kPack<INTERCHOICE_CUDA_SCALAR>];
  const interchoice::cuda::BlockTeam team(sums);
  interchoice::cuda::pixel_sum<INTERCHOICE_CUDA_SCALAR,
      interchoice::cuda::kPack<INTERCHOICE_CUDA_SCALAR>>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_average_pool_backward_packed(const interchoice::cuda::Operands o) {
  __shared__ interchoice::cuda::Wide<INTERCHOICE_CUDA_SCALAR>
      sums[1 * 256 * interchoice::cuda::kPack<INTERCHOICE_CUDA_SCALAR>];
  const interchoice::cuda::BlockTeam team(sums);
  interchoice::cuda::average_pool_backward<INTERCHOICE_CUDA_SCALAR,
      interchoice::cuda::kPack<INTERCHOICE_CUDA_SCALAR>>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_scale_shift_backward_packed(const interchoice::cuda::Operands o) {
  __shared__ interchoice::cuda::Wide<INTERCHOICE_CUDA_SCALAR>
      sums[2 * 256 * interchoice::cuda::kPack<INTERCHOICE_CUDA_SCALAR>];
  const interchoice::cuda::BlockTeam team(sums);
  interchoice::cuda::scale_shift_backward<INTERCHOICE_CUDA_SCALAR,
      interchoice::cuda::kPack<INTERCHOICE_CUDA_SCALAR>>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_shifted_relu_single(const interchoice::cuda::Operands o) {
  const interchoice::cuda::BlockTeam team(nullptr);
  interchoice::cuda::shifted_relu<INTERCHOICE_CUDA_SCALAR,
      1>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_node_sum_single(const interchoice::cuda::Operands o) {
  const interchoice::cuda::BlockTeam team(nullptr);
  interchoice::cuda::node_sum<INTERCHOICE_CUDA_SCALAR,
      1>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_scale_shift_single(const interchoice::cuda::Operands o) {
  const interchoice::cuda::BlockTeam team(nullptr);
  interchoice::cuda::scale_shift<INTERCHOICE_CUDA_SCALAR,
      1>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_average_pool_single(const interchoice::cuda::Operands o) {
  const interchoice::cuda::BlockTeam team(nullptr);
  interchoice::cuda::average_pool<INTERCHOICE_CUDA_SCALAR,
      1>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_shifted_relu_backward_single(const interchoice::cuda::Operands o) {
  __shared__ interchoice::cuda::Wide<INTERCHOICE_CUDA_SCALAR>
      sums[1 * 256 * 1];
  const interchoice::cuda::BlockTeam team(sums);
  interchoice::cuda::shifted_relu_backward<INTERCHOICE_CUDA_SCALAR,
      1>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_pixel_sum_single(const interchoice::cuda::Operands o) {
  __shared__ interchoice::cuda::Wide<INTERCHOICE_CUDA_SCALAR>
      sums[1 * 256 * 1];
  const interchoice::cuda::BlockTeam team(sums);
  interchoice::cuda::pixel_sum<INTERCHOICE_CUDA_SCALAR,
      1>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_average_pool_backward_single(const interchoice::cuda::Operands o) {
  __shared__ interchoice::cuda::Wide<INTERCHOICE_CUDA_SCALAR>
      sums[1 * 256 * 1];
  const interchoice::cuda::BlockTeam team(sums);
  interchoice::cuda::average_pool_backward<INTERCHOICE_CUDA_SCALAR,
      1>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_scale_shift_backward_single(const interchoice::cuda::Operands o) {
  __shared__ interchoice::cuda::Wide<INTERCHOICE_CUDA_SCALAR>
      sums[2 * 256 * 1];
  const interchoice::cuda::BlockTeam team(sums);
  interchoice::cuda::scale_shift_backward<INTERCHOICE_CUDA_SCALAR,
      1>(o, team);
}

extern "C" __global__ void __launch_bounds__(256)
interchoice_total(const interchoice::cuda::Operands o) {
  __shared__ interchoice::cuda::Wide<INTERCHOICE_CUDA_SCALAR> sums[256];
  const interchoice::cuda::BlockTeam team(sums);
  interchoice::cuda::total<interchoice::cuda::Wide<INTERCHOICE_CUDA_SCALAR>>(o, team);
}
)

// clang-format on

#undef INTERCHOICE_CUDA_TEXT
#undef INTERCHOICE_CUDA_DEVICE_TEXT
