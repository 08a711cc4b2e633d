// What the exchange of a step costs the ranks of a group: the sum of so many bytes, and the
// question whether to stop, which every step asks. Started by a launcher; rank 0 prints medians.
//
//   group_reduction [repeats]
//
// The least-squares line through them is a latency and a bandwidth:
//
//   seconds = latency + bytes / bandwidth

#include <ATen/ops/ones.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "interchoice/distributed/join_group.hpp"

namespace ic = interchoice;

namespace {

template <class Call>
double median_seconds(std::size_t repeats, const Call& call) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> seconds;
  for (std::size_t i = 0; i < repeats; ++i) {
    const auto begin = Clock::now();
    call();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + static_cast<long>(repeats / 2),
                   seconds.end());
  return seconds[repeats / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t repeats = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 21;
  const ic::Group group = ic::join_group();
  const auto print = [&](const char* what, double seconds) {
    if (group.is_first()) fmt::print("{:>10}  {:10.3f} ms\n", what, 1e3 * seconds);
  };
  if (group.is_first()) fmt::print("{} ranks, {} repeats\n", group.size(), repeats);
  print("any", median_seconds(repeats, [&] { group.any(false); }));
  std::vector<double> bytes, times;
  for (const std::int64_t kib : {1, 16, 64, 256, 1024, 4096}) {
    at::Tensor x = at::ones({kib * 256});
    times.push_back(median_seconds(repeats, [&] { group.sum(x); }));
    bytes.push_back(static_cast<double>(x.nbytes()));
    print(fmt::format("{} KiB", kib).c_str(), times.back());
  }
  double sum_b = 0, sum_t = 0, sum_bb = 0, sum_bt = 0;
  const auto n = static_cast<double>(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum_b += bytes[i];
    sum_t += times[i];
    sum_bb += bytes[i] * bytes[i];
    sum_bt += bytes[i] * times[i];
  }
  const double slope = (n * sum_bt - sum_b * sum_t) / (n * sum_bb - sum_b * sum_b);
  if (group.is_first()) {
    fmt::print("latency {:.3f} ms, bandwidth {:.1f} MB/s\n", 1e3 * (sum_t - slope * sum_b) / n,
               1e-6 / slope);
  }
  group.wait();
}
