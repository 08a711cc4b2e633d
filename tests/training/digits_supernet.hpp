#pragma once

// A super-network that trains in no time, digits for it, and states to compare bit by bit.

#include <ATen/Functions.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "interchoice/data/batches.hpp"
#include "interchoice/data/digits.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/nn/settle_weights.hpp"
#include "support/message_of.hpp"

namespace interchoice::testing {

using Space = NasBench201Space;
using Path = Architecture<Space>;
template <class Policy, class SkipOperation = Skip>
using Net = Supernet<NasBench201<SkipOperation>, Policy>;

/// Two cells, 12 locations, of which 11 have a prior.
inline const NasBench201Options kTiny{
    .input_channels = 1, .classes = 10, .width = 4, .cells_per_stage = {1, 1}};

template <class Policy, class SkipOperation = Skip>
Net<Policy, SkipOperation> make_net(std::uint64_t seed, const NasBench201Options& options = kTiny) {
  at::manual_seed(seed);
  return Net<Policy, SkipOperation>(options);
}

inline ImageSet digits() {
  return read_digits(std::filesystem::path(INTERCHOICE_SOURCE_DIR) / "examples/data/digits.bin");
}

inline Batches batches(const ImageSet& set, std::int64_t batch_size, std::uint64_t seed) {
  return {set,
          {.batch_size = batch_size,
           .normalisation = measure_normalisation(set),
           .augmentation = {.shift = 1},
           .seed = Seed{seed}}};
}

/// Parameters and buffers by name.
using State = std::map<std::string, at::Tensor>;

/// A copy of a network's state, as it is now.
inline State state_of(const torch::nn::Module& network) {
  settle_weights(network);
  State state;
  for (const auto& p : network.named_parameters()) state[p.key()] = p.value().detach().clone();
  for (const auto& b : network.named_buffers()) state[b.key()] = b.value().detach().clone();
  return state;
}

inline State parameters_of(const torch::nn::Module& network) {
  settle_weights(network);
  State state;
  for (const auto& p : network.named_parameters()) state[p.key()] = p.value().detach().clone();
  return state;
}

inline bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes()) return false;
  const at::Tensor x = a.detach().contiguous();
  const at::Tensor y = b.detach().contiguous();
  return x.numel() == 0 || std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

/// The names whose bits differ, and those that only one of both has.
inline std::vector<std::string> differing(const State& a, const State& b) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : a) {
    const auto other = b.find(name);
    if (other == b.end() || !same_bits(tensor, other->second)) names.push_back(name);
  }
  for (const auto& [name, tensor] : b) {
    if (!a.contains(name)) names.push_back(name);
  }
  return names;
}

}  // namespace interchoice::testing
