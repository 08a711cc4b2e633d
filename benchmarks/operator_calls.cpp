// Calls of libtorch's operators in a training step, as its profiler sees them: what a host has to
// launch for a GPU, and what dispatch costs on a CPU. Needs no quiet machine.
//
//   operator_calls [batch] [steps] [--list]

#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/training_steps.hpp"

namespace {

using namespace benchmarks;

std::map<std::string, std::size_t>& calls() {
  static std::map<std::string, std::size_t> calls;
  return calls;
}

/// The operators, with those that they call, and nodes of the backward pass left out.
std::unique_ptr<at::ObserverContext> count(const at::RecordFunction& function) {
  const std::string name = function.name();
  if (name.starts_with("aten::")) ++calls()[name];
  return nullptr;
}

template <class Policy>
void measure(const std::string& title, const Data& data,
             const ic::Sampler<ic::Uniform<Space>>& sample, std::size_t steps, bool lists) {
  const Step step = supernet_step<NasBench201, Policy>(data, {}, sample);
  for (std::size_t i = 0; i < 20; ++i) step(i);
  calls().clear();
  const auto handle =
      at::addGlobalCallback(at::RecordFunctionCallback(count).scopes({at::RecordScope::FUNCTION}));
  for (std::size_t i = 0; i < steps; ++i) step(20 + i);
  at::removeCallback(handle);
  std::size_t total = 0;
  std::vector<std::pair<std::size_t, std::string>> by_count;
  for (const auto& [name, times] : calls()) {
    total += times;
    by_count.emplace_back(times, name);
  }
  const auto per_step = [&](std::size_t times) {
    return static_cast<double>(times) / static_cast<double>(steps);
  };
  fmt::print("{:24} {:7.1f}\n", title, per_step(total));
  if (!lists) return;
  std::sort(by_count.rbegin(), by_count.rend());
  for (const auto& [times, name] : by_count) fmt::print("    {:8.1f} {}\n", per_step(times), name);
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t batch = argc > 1 ? std::atol(argv[1]) : 64;
  const std::size_t steps = argc > 2 ? static_cast<std::size_t>(std::atol(argv[2])) : 20;
  const bool lists = argc > 3 && std::string(argv[3]) == "--list";
  at::set_num_threads(1);
  const Data data = Data::random(batch, 32);
  const ic::Sampler sample(ic::Uniform{ic::all<Space>}, ic::Seed{0});
  fmt::print(
      "operator calls a step, NAS-Bench-201 at the paper's size, batch {}, mean of {} steps\n",
      batch, steps);
  measure<ic::none>("none", data, sample, steps, lists);
  measure<ic::bias<1>>("bias<1>", data, sample, steps, lists);
  measure<ic::bias<2>>("bias<2>", data, sample, steps, lists);
  measure<ic::split<0>>("split<0>", data, sample, steps, lists);
  measure<ic::scale<1>>("scale<1>", data, sample, steps, lists);
}
