#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/linalg_slogdet.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>

#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "interchoice/nn/detail/operator_observer.hpp"
#include "interchoice/nn/kernels/plain_operators.hpp"
#include "interchoice/predictors/scored_network.hpp"

namespace interchoice {

namespace detail {

/// How many units of all activations with a kink at zero are on, or off, for two examples alike.
class SharedCodes final : public OperatorObserver {
 public:
  explicit SharedCodes(std::int64_t examples)
      : counts_(at::zeros({examples, examples}, at::kDouble)) {}

  /// *Shapes*: [N, N], whole numbers.
  const at::Tensor& counts() const { return counts_; }
  bool has_seen_any() const { return has_seen_any_; }

 private:
  bool wants(const std::string& name) const override {
    static const std::set<std::string> kinked{
        "aten::relu",        "aten::relu_", "aten::relu6",    "aten::relu6_",   "aten::leaky_relu",
        "aten::leaky_relu_", "aten::prelu", "aten::hardtanh", "aten::hardtanh_"};
    return kinked.contains(name);
  }
  at::Tensor before(const std::string& name, const std::vector<c10::IValue>& arguments) override {
    const at::Tensor& x = arguments[0].toTensor();
    const bool is_relu6 =
        !name.starts_with("aten::hardtanh") || arguments[1].toScalar().toDouble() == 0;
    if (!is_relu6 || x.dim() < 2 || x.size(0) != counts_.size(0)) return {};
    const at::Tensor on = (x > 0).flatten(1).to(at::kFloat);  // [N, units]
    const at::Tensor ones = on.sum(1).to(at::kDouble).cpu();
    const at::Tensor both = on.mm(on.t()).to(at::kDouble).cpu();
    // On for both, and off for both: units - ones_i - ones_j + both.
    counts_ += 2 * both - ones.unsqueeze(0) - ones.unsqueeze(1) + static_cast<double>(on.size(1));
    has_seen_any_ = true;
    return {};
  }

  at::Tensor counts_;
  bool has_seen_any_ = false;
};

}  // namespace detail

/// How different the examples look to the network: which of its ReLUs they turn on, in training
/// mode.
///
///     log det K,  K_ij = the number of units that are on, or off, for both i and j
///
/// Units are those of ReLU, ReLU6, LeakyReLU and PReLU, of operators and of modules; the mean over
/// the batches. -infinity where two examples of a batch turn on the same. *Throws* c10::Error for a
/// network without such an activation on examples along its first axis: the score is undefined for
/// GELU, SiLU and the like. *Cost*: a forward pass, and two products N² units. *Source*: Mellor et
/// al. 2021 (NASWOT), the second version.
struct Nwot {
  static constexpr std::string_view name = "nwot";

  double operator()(ScoredNetwork& network) const {
    network.module().train();
    const c10::NoGradGuard no_grad;
    const detail::PlainOperators plain;
    double score = 0;
    for (const Batch& batch : network.batches()) {
      detail::SharedCodes codes(batch.data.size(0));
      network.forward(batch.data);
      TORCH_CHECK(
          codes.has_seen_any(),
          "interchoice: the score nwot counts ReLUs, and the network has none (nor a ReLU6, "
          "LeakyReLU or PReLU) whose first axis are the examples; leave the score out");
      score +=
          network.share(batch) * std::get<1>(at::linalg_slogdet(codes.counts())).item<double>();
    }
    return score;
  }
};

}  // namespace interchoice
