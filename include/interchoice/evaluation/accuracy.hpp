#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/data/any_batch_source.hpp"
#include "interchoice/nn/device.hpp"

namespace interchoice {

namespace detail {

/// Right predictions, counted batch by batch.
class PredictionCount {
 public:
  void add(const at::Tensor& logits, const at::Tensor& target) {  // [N, classes], [N]
    correct_ += logits.argmax(1).eq(target).sum().item<std::int64_t>();
    sum_ += logits.sum(at::kDouble).item<double>();
  }

  /// The fraction of right predictions among `examples`, those of the architecture of a text.
  double accuracy(std::int64_t examples, const std::string& architecture) const {
    TORCH_CHECK(examples > 0, "interchoice: accuracy: the validation data has no images");
    TORCH_CHECK(std::isfinite(sum_), "interchoice: accuracy: the logits of architecture '",
                architecture, "' are not finite (their sum is ", sum_,
                "); look at its training and recalibration, or leave the architecture out");
    return static_cast<double>(correct_) / static_cast<double>(examples);
  }

 private:
  std::int64_t correct_ = 0;
  double sum_ = 0;  // finite if and only if each logit is
};

/// The fraction of right predictions of one architecture's forward pass.
inline double accuracy_of(const std::function<at::Tensor(const at::Tensor&)>& forward,
                          const AnyBatchSource& data, const at::Device& device,
                          const std::string& architecture) {
  const c10::NoGradGuard no_grad;
  PredictionCount count;
  for (std::int64_t i = 0; i < data.size(); ++i) {
    const Batch batch = on_device(data.evaluation(i), device);
    count.add(forward(batch.data), batch.target);
  }
  return count.accuracy(data.example_count(), architecture);
}

}  // namespace detail

/// The fraction of images that an architecture classifies right, in the network's present mode.
///
///   accuracy = #{argmax logits = label} / N      in [0, 1]
///
/// *Throws* c10::Error with the architecture if a logit is NaN or infinite.
template <class Network, SearchSpace Space>
double accuracy(Network& network, const Architecture<Space>& architecture,
                const AnyBatchSource& data) {
  return detail::accuracy_of([&](const at::Tensor& x) { return network->forward(x, architecture); },
                             data, device_of(*network), to_text(architecture));
}

}  // namespace interchoice
