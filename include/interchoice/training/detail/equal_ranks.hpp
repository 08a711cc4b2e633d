#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <fmt/core.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/distributed/group.hpp"
#include "interchoice/io/detail/tensor_digest.hpp"
#include "interchoice/io/digest.hpp"

namespace interchoice::detail {

/// Gives every rank the weights and buffers of rank 0.
inline void take_weights_of_first(const torch::nn::Module& network, const Group& group) {
  if (group.is_alone()) return;
  const c10::NoGradGuard no_grad;
  const auto take = [&](const at::Tensor& tensor) {
    at::Tensor values = tensor.detach().contiguous();
    group.broadcast(values);
    if (!values.is_same(tensor)) tensor.copy_(values);
  };
  for (const at::Tensor& p : network.parameters()) take(p);
  for (const at::Tensor& buffer : network.buffers()) take(buffer);
}

/// *Throws* std::runtime_error with rank and name if a rank's weights (or buffers, where they are
/// to be equal, too), as they lie in memory, are not those of rank 0 to the bit. *Cost*: reads
/// them, exchanges 32 bytes.
inline void require_equal_weights(const torch::nn::Module& network, const Group& group,
                                  const std::string& when, bool has_equal_buffers) {
  if (group.is_alone()) return;
  const auto gathered = [&](const std::vector<std::string>& digests) {  // [rank, digest, 32]
    at::Tensor own = at::empty({static_cast<std::int64_t>(digests.size()), 32}, at::kByte);
    auto* bytes = static_cast<char*>(own.mutable_data_ptr());
    for (const std::string& digest : digests) {
      std::memcpy(bytes, digest.data(), 32);
      bytes += 32;
    }
    return group.gather(own);
  };
  auto tensors = network.named_parameters().pairs();
  const std::size_t parameters = tensors.size();
  if (has_equal_buffers) {
    for (const auto& item : network.named_buffers()) tensors.push_back(item.pair());
  }
  Digest whole;
  for (const auto& [name, tensor] : tensors) add_tensor(whole, tensor);
  const at::Tensor all = gathered({whole.text()});
  if (all.eq(all[0]).all().item<bool>()) return;
  std::vector<std::string> digests;
  for (const auto& [name, tensor] : tensors) {
    Digest digest;
    add_tensor(digest, tensor);
    digests.push_back(digest.text());
  }
  const at::Tensor each = gathered(digests);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    for (std::int64_t rank = 1; rank < each.size(0); ++rank) {
      const auto row = static_cast<std::int64_t>(i);
      if (each[rank][row].equal(each[0][row])) continue;
      throw std::runtime_error(
          i < parameters
              ? fmt::format(
                    "interchoice: {} rank {} has other weights in '{}' than rank 0; the ranks must "
                    "run the same program with the same options on equal processors, and gradients "
                    "of rows must come from the rows that a path reads",
                    when, rank, tensors[i].first)
              : fmt::format("interchoice: {} rank {} has another buffer '{}' than rank 0, although "
                            "BatchNorms are synchronised; a module that calls its BatchNorm's own "
                            "forward() "
                            "is not: call adjusted_norm or convolution_norm there",
                            when, rank, tensors[i].first));
    }
  }
}

}  // namespace interchoice::detail
