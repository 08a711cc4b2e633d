// Groups on libtorch's process groups: what they exchange, and what they say when a rank is gone.

#include <ATen/Functions.h>
#include <torch/nn.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <utility>
#include <vector>

#include "interchoice/distributed/c10d_transport.hpp"
#include "interchoice/distributed/join_group.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/optimizer.hpp"
#include "interchoice/training/path_step.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;

namespace {

using Works = c10::intrusive_ptr<c10d::Work>;

/// Another backend's collectives, with the bytes of their tensors counted.
class CountingBackend : public c10d::Backend {
 public:
  explicit CountingBackend(c10::intrusive_ptr<c10d::Backend> backend)
      : Backend(backend->getRank(), backend->getSize()), backend_(std::move(backend)) {}

  Works allreduce(std::vector<at::Tensor>& tensors,
                  const c10d::AllreduceOptions& options) override {
    for (const at::Tensor& tensor : tensors) bytes += tensor.nbytes();
    return backend_->allreduce(tensors, options);
  }
  Works broadcast(std::vector<at::Tensor>& tensors,
                  const c10d::BroadcastOptions& options) override {
    for (const at::Tensor& tensor : tensors) bytes += tensor.nbytes();
    return backend_->broadcast(tensors, options);
  }
  Works allgather(std::vector<std::vector<at::Tensor>>& all, std::vector<at::Tensor>& own,
                  const c10d::AllgatherOptions& options) override {
    for (const at::Tensor& tensor : own) bytes += tensor.nbytes();
    return backend_->allgather(all, own, options);
  }

  std::size_t bytes = 0;

 private:
  c10::intrusive_ptr<c10d::Backend> backend_;
};

struct Rank {
  ic::Group group;
  c10::intrusive_ptr<CountingBackend> backend;
};

/// Calls `body(rank)` on a thread of each of two ranks with Gloo between them; the texts of errors.
template <class Body>
std::vector<std::string> on_two_ranks(const Body& body) {
  const auto store = c10::make_intrusive<c10d::HashStore>();
  std::vector<std::string> errors(2);
  std::vector<std::thread> threads;
  for (std::size_t r = 0; r < 2; ++r) {
    threads.emplace_back([&, r] {
      try {
        ic::GroupOptions options{.rank = r, .size = 2};
        options.timeout = std::chrono::seconds(20);
        const auto backend =
            c10::make_intrusive<CountingBackend>(ic::detail::gloo_backend(store, options));
        body(Rank{ic::Group(std::make_shared<ic::C10dTransport>(ic::C10dTransport::Parts{
                      .store = store,
                      .host = backend,
                      .device = {},
                      .presence = {std::chrono::milliseconds(50), std::chrono::seconds(1)}})),
                  backend});
      } catch (const std::exception& error) {
        errors[r] = error.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return errors;
}

/// The bytes of a path's gradients: of tables those of the rows that have any.
std::size_t gradient_bytes(const torch::nn::Module& network) {
  std::size_t bytes = 0;
  for (const auto& item : network.named_parameters()) {
    const at::Tensor& gradient = item.value().grad();
    if (!gradient.defined()) continue;
    if (item.key().find("bias_table") == std::string::npos) {
      bytes += gradient.nbytes();
    } else {
      const auto rows = gradient.flatten(0, -2).ne(0).any(1).sum().item<std::int64_t>();
      bytes += static_cast<std::size_t>(rows) * gradient.nbytes() /
               static_cast<std::size_t>(gradient.flatten(0, -2).size(0));
    }
  }
  return bytes;
}

}  // namespace

TEST_CASE("ranks exchange tensors and texts") {
  struct Got {
    at::Tensor sum, rows, first;
    std::string text;
    bool any = false, none = true;
  };
  std::vector<Got> got(2);
  const auto errors = on_two_ranks([&](const Rank& rank) {
    const ic::Group& group = rank.group;
    Got& own = got[group.rank()];
    const auto number = static_cast<double>(group.rank() + 1);
    own.sum = at::full({3}, number, at::kDouble);
    group.sum(own.sum);
    own.rows = group.gather(at::full({2}, number));
    own.first = at::full({2}, number);
    group.broadcast(own.first);
    own.text = group.text_of_first(group.is_first() ? std::string("a\0b", 3) : "");
    own.any = group.any(group.rank() == 1);
    own.none = group.any(false);
    group.store().add("count", 2);
    group.wait();
    if (group.is_first()) {
      CHECK(group.store().get("count") == "4");
      CHECK(group.store().exchange("claim", "", "mine"));
      CHECK_FALSE(group.store().exchange("claim", "", "yours"));
      CHECK(group.store().get("nothing") == std::nullopt);
    }
  });
  CHECK(errors == std::vector<std::string>{"", ""});
  for (const Got& own : got) {
    CHECK(own.sum.equal(at::full({3}, 3.0, at::kDouble)));
    CHECK(own.rows.equal(at::tensor({1.0f, 1.0f, 2.0f, 2.0f}).reshape({2, 2})));
    CHECK(own.first.equal(at::ones({2})));
    CHECK(own.text == std::string("a\0b", 3));
    CHECK(own.any);
    CHECK_FALSE(own.none);
  }
}

TEST_CASE("a step exchanges the gradients of its path and no more") {
  const auto batch = batches(ic::first_images(digits(), 16), 16, 3).epoch(0)[0];
  const ic::Sampler sample(ic::Uniform(ic::all<Space>), ic::Seed{4});
  const auto loss_of = [&](auto& net, const Path& path) {
    return at::cross_entropy_loss(net->forward(batch.data, path), batch.target);
  };
  const ic::NasBench201Options options{
      .input_channels = 1, .classes = 10, .width = 16, .cells_per_stage = {1, 1}};
  constexpr std::size_t kSteps = 6;
  std::size_t expected = 0;
  auto alone = make_net<ic::bias<1>>(1, options);
  for (std::size_t s = 0; s < kSteps; ++s) {
    alone->zero_grad();
    loss_of(alone, sample(0, s)).backward();
    expected += gradient_bytes(*alone);
  }
  std::vector<Net<ic::bias<1>>> nets{make_net<ic::bias<1>>(1, options),
                                     make_net<ic::bias<1>>(1, options)};
  std::vector<std::size_t> bytes(2);
  const auto errors = on_two_ranks([&](const Rank& rank) {
    auto& net = nets[rank.group.rank()];
    auto optimizer = ic::Sgd{}(*net);
    ic::PathStep step(net, optimizer, {.group = rank.group});
    step.begin(0);
    rank.backend->bytes = 0;  // of the weights
    for (std::size_t s = 0; s < kSteps; ++s) {
      step(sample, [&](const Path& path) { return loss_of(net, path); });
    }
    bytes[rank.group.rank()] = rank.backend->bytes;
  });
  CHECK(errors == std::vector<std::string>{"", ""});
  REQUIRE(expected > 0);
  for (const std::size_t own : bytes) {
    CHECK(own >= expected);
    CHECK(static_cast<double>(own) <= 1.05 * static_cast<double>(expected));
  }
}

TEST_CASE("a rank that fails, or falls silent, is named") {
  SECTION("with its reason") {
    const auto errors = on_two_ranks([](const Rank& rank) {
      if (rank.group.rank() == 1) {
        rank.group.fail("its disk is full");
        return;
      }
      rank.group.wait();
    });
    CHECK_THAT(errors[0], Contains("rank 1 of 2 failed: its disk is full"));
  }
  SECTION("without a word") {
    const auto errors = on_two_ranks([](const Rank& rank) {
      if (rank.group.rank() == 0) rank.group.wait();
    });
    CHECK_THAT(errors[0], Contains("rank 1 of 2 gave no sign of life for 1 s"));
  }
}

TEST_CASE("a group that cannot meet says where and who") {
  ic::GroupOptions options{.rank = 1, .size = 2};
  options.port = 1;
  options.timeout = std::chrono::seconds(1);
  CHECK_THAT(message_of([&] { ic::join_group(options); }),
             Contains("rank 1 of 2 has not met the others at 127.0.0.1:1 within 1 s"));
  CHECK(ic::join_group({}).is_alone());
}
