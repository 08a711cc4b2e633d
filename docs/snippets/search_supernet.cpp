// The accuracy by a super-network as an objective, of how-to/search.md. Compiled, not run.

#include <array>
#include <filesystem>

#include "interchoice/interchoice.hpp"
#include "interchoice/search.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;
using Path = ic::Architecture<Space>;
using Network = ic::NasBench201<ic::LinearSkip>;

ic::SearchHistory<Space> search(ic::Supernet<Network, ic::bias<1>>& net,
                                const ic::NasBench201Options& sizes, const ic::Batches& train,
                                const ic::Batches& valid, const std::filesystem::path& file) {
  const auto accuracy = [&](const Path& path) {
    return ic::rank(net, {.calibration = train, .validation = valid}, std::array{path})
        .predictions.at(0);
  };
  const auto macs = [&](const Path& path) { return double(Network::cost(path, sizes).macs); };
  const ic::SearchProblem<Space> problem{
      .objectives = {ic::maximise<Space>("accuracy", accuracy), ic::minimise<Space>("macs", macs)}};
  ic::SearchHistory<Space> history;
  if (std::filesystem::exists(file)) history = ic::read_history(file, problem);
  return ic::nsga2(problem, {.population = 20, .generations = 10}, history,
                   ic::store_history(file, problem));
}
