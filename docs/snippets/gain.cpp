// Own dependency policy, tried on NAS-Bench-201: how-to/own-policy.md shows the first part.

#include <ATen/ops/zeros.h>
#include <fmt/core.h>

#include <cstdint>
#include <string_view>

#include "interchoice/interchoice.hpp"

/// y = op_c(x) (1 + g[p1, c])    a gain after the operation
struct gain {
  static constexpr std::string_view name = "gain";
  static constexpr std::size_t depth = 1;
};

template <>
struct interchoice::dependency_state<gain> {
  dependency_state(torch::nn::Module& owner, const Site& site) {
    if (site.context().depth() == 0) return;  // the first location has no prior
    const auto rows = static_cast<std::int64_t>(site.context().row_count());
    table = owner.register_parameter("gain_table", at::zeros({rows}));
  }

  at::Tensor after(const at::Tensor& y, const Selection& selection) const {
    if (!table.defined()) return y;
    return y * (1 + table[static_cast<std::int64_t>(selection.row())]);
  }

  at::Tensor table;  // [n_p1 * n_c]
};

namespace ic = interchoice;

int main() {
  using Space = ic::NasBench201Space;
  torch::manual_seed(0);
  ic::Supernet<ic::NasBench201<ic::LinearSkip>, gain> net(
      ic::NasBench201Options{.input_channels = 1, .width = 4, .cells_per_stage = {1, 1}});
  const auto digits = ic::read_digits("examples/data/digits.bin");
  const auto scale = ic::measure_normalisation(digits);
  const ic::Batches train(ic::first_images(digits, 1297), {64, scale, {}, ic::Seed{0}});
  const ic::Sampler sample{ic::Uniform{ic::all<Space>}, ic::Seed{0}};
  const auto record = ic::train(net, train, sample, {.epochs = 2});
  fmt::print("loss {:.3f} -> {:.3f}\n", record.epochs[0].loss, record.epochs[1].loss);
  fmt::print("{} gains\n", ic::parameter_total(ic::parameter_report(*net)).dependent);
  fmt::print("{}\n", ic::to_text(ic::dependency_report(*net)[6]));
}
