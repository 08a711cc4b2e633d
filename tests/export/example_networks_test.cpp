// Every policy in networks of the examples, on tokens and on sequences: subnets, files, rankings.

#include <filesystem>
#include <string>
#include <vector>

#include "../../examples/sequence_network.hpp"
#include "../../examples/token_network.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/export/subnet.hpp"
#include "interchoice/networks/measured_cost.hpp"
#include "interchoice/networks/saved_network.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
using namespace ic::testing;

namespace {

/// The network that a file gives back, if it has every bit.
template <class Net>
Net saved_and_loaded(const Net& net) {
  const TemporaryFolder folder;
  const auto file = folder / "net.safetensors";
  ic::save(file, net);
  Net again = ic::load<Net>(file);
  CHECK(differing(state_of(*net), state_of(*again)) == std::vector<std::string>{});
  return again;
}

template <class Net>
void check_network(const ic::Batches& data) {
  using OwnSpace = typename Net::Space;
  Net net;
  ic::begin_epoch(*net, 0);
  randomise(*net, 3);
  saved_and_loaded(net);
  const at::Tensor x = data.evaluation(0).data;
  for (const auto& path : ic::distinct_architectures(ic::all<OwnSpace>, 3, ic::Seed{1})) {
    INFO(ic::to_text(path));
    const auto best = ic::extract(net, path);
    auto read = saved_and_loaded(best);
    const ic::EvaluationData images{.calibration = data, .validation = data};
    CHECK(ic::rank(read, images, std::vector{path}).predictions ==
          ic::rank(net, images, std::vector{path}).predictions);
    for (const bool training : {false, true}) {  // in which statistics move
      net->train(training);
      read->train(training);
      CHECK(same_bits(read->forward(x), net->forward(x, path)));
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("every policy is extracted, saved and ranked on tokens and sequences", "",
                   ic::bias<1>, ic::scale<1>, (ic::attention<1, 2>), ic::shift<1>, ic::affine<1>,
                   ic::split<0>, (ic::compose<ic::affine<1>, ic::bias<1>, ic::split<0>>)) {
  const ic::Batches data = batches(ic::first_images(digits(), 64), 32, 1);
  check_network<examples::TokenNet<TestType>>(data);
  check_network<examples::SequenceNet<TestType>>(data);
}

TEST_CASE("the transformer of the examples costs what its forward pass costs") {
  const examples::TokenSkeleton::Options options{.input_channels = 3, .classes = 7, .width = 8};
  examples::TokenNet<ic::none> net(options);
  const at::Tensor x = at::randn({2, 3, 8, 8});
  for (const auto& path :
       ic::distinct_architectures(ic::all<examples::TokenSpace>, 20, ic::Seed{2})) {
    INFO(ic::to_text(path));
    CHECK(ic::measured_cost(net, path, x) == examples::TokenNetwork::cost(path, options));
  }
  const ic::Architecture<examples::TokenSpace> path{};
  CHECK_THROWS_WITH(net->forward(at::randn({2, 3, 9, 8}), path),
                    Catch::Contains("needs images of 8x8 pixels, got [2, 3, 9, 8]"));
}
