// The code of how-to/search.md as a program. No libtorch is needed for it.

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "interchoice/core.hpp"
#include "interchoice/search.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;
using Path = ic::Architecture<Space>;

// Stand-ins: a program takes them from a super-network and from a table.
double accuracy_of(const Path& path) {
  double sum = 0;
  for (std::size_t i = 0; i < 6; ++i) sum += (path[i] == 3 ? 2.0 : 0.5) + 0.1 * double(path[i] * i);
  return sum;
}
double parameters_of(const Path& path) {
  double sum = 0;
  for (const std::uint8_t candidate : path.candidates()) {
    sum += candidate == 3 ? 9 : candidate == 2 ? 1 : 0;
  }
  return sum;
}

ic::SearchHistory<Space> search(const std::filesystem::path& file) {
  const ic::SearchProblem<Space> problem{
      .restriction = ic::no_zero<Space>,
      .objectives = {ic::maximise<Space>("accuracy", accuracy_of),
                     ic::minimise<Space>("parameters", parameters_of)},
      .constraints = {ic::at_most<Space>("parameters", parameters_of, 40)}};

  ic::SearchHistory<Space> history;
  if (std::filesystem::exists(file)) history = ic::read_history(file, problem);
  history = ic::nsga2(problem, {.seed = ic::Seed{1}, .population = 20, .generations = 10}, history,
                      ic::store_history(file, problem, 10));
  ic::write_history(file, problem, history);

  for (const auto& best : ic::best_of(problem, history)) {
    fmt::print("{} {} {}\n", ic::to_text(best.architecture), best.objectives[0],
               best.objectives[1]);
  }
  fmt::print("hypervolume {}\n", ic::hypervolume(ic::feasible_costs(problem, history), {0, 60}));
  return history;
}

void judge(std::span<const double> predictions, std::span<const double> truth) {
  const auto tau =
      ic::bootstrap(predictions, truth, [](auto p, auto t) { return ic::kendall_tau_b(p, t); });
  fmt::print("tau-b {:.3f}, 95 % from {:.3f} to {:.3f}\n", tau.estimate, tau.low, tau.high);
}

int main() {
  const auto file = std::filesystem::temp_directory_path() / "interchoice-snippet-search.csv";
  std::filesystem::remove(file);
  const auto history = search(file);
  const bool same = search(file) == history;  // reads the file, evaluates nothing
  std::filesystem::remove(file);
  judge(std::vector<double>{1, 2, 3, 5, 4, 7, 6}, std::vector<double>{1, 3, 2, 4, 5, 6, 7});
  return same ? 0 : 1;
}
