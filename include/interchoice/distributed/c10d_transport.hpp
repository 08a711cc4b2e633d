#pragma once

#include <c10/util/Exception.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <utility>
#include <vector>

#include "interchoice/distributed/detail/c10d_store.hpp"
#include "interchoice/distributed/group.hpp"
#include "interchoice/distributed/presence.hpp"
#include "interchoice/distributed/shared_store.hpp"

namespace interchoice {

/// A group's transport by libtorch's c10d.
class C10dTransport final : public GroupTransport {
 public:
  /// The parts that it is made of.
  struct Parts {
    c10::intrusive_ptr<c10d::Store> store;   ///< of this group alone
    c10::intrusive_ptr<c10d::Backend> host;  ///< for tensors in the memory of the host
    /// For those on a GPU; none: they go through the memory of the host.
    c10::intrusive_ptr<c10d::Backend> device = {};
    PresenceOptions presence = {};
  };

  explicit C10dTransport(Parts parts)
      : store_(parts.store->clone(), answer_time(parts.presence)),
        rank_(static_cast<std::size_t>(parts.host->getRank())),
        size_(static_cast<std::size_t>(parts.host->getSize())),
        host_(std::move(parts.host)),
        device_(std::move(parts.device)),
        patience_(parts.presence.patience),
        presence_(
            std::make_shared<detail::C10dStore>(parts.store->clone(), answer_time(parts.presence)),
            rank_, size_, parts.presence) {}

  std::size_t rank() const override { return rank_; }
  std::size_t size() const override { return size_; }

  void sum(at::Tensor& x) override {
    run("a sum", x, [](c10d::Backend& backend, std::vector<at::Tensor>& tensors) {
      return backend.allreduce(tensors);
    });
  }

  void broadcast(at::Tensor& x, std::size_t root) override {
    run("a broadcast", x, [&](c10d::Backend& backend, std::vector<at::Tensor>& tensors) {
      c10d::BroadcastOptions options;
      options.rootRank = static_cast<std::int64_t>(root);
      return backend.broadcast(tensors, options);
    });
  }

  void gather(at::Tensor& all, const at::Tensor& x) override {
    run("a gathering", all, [&](c10d::Backend& backend, std::vector<at::Tensor>& tensors) {
      std::vector<std::vector<at::Tensor>> rows{tensors[0].unbind(0)};
      std::vector<at::Tensor> own{x.to(tensors[0].device())};
      return backend.allgather(rows, own);
    });
  }

  SharedStore& store() override { return store_; }
  Presence& presence() override { return presence_; }

  /// Connections end here, so that the others look for the reason while there is a store to tell
  /// it.
  void fail(const std::string& reason) override {
    presence_.fail(reason);
    host_.reset();
    device_.reset();
  }

 private:
  /// A store may be busy for some time, on a machine that is.
  static std::chrono::milliseconds answer_time(const PresenceOptions& presence) {
    return std::max<std::chrono::milliseconds>(presence.patience, std::chrono::seconds(5));
  }

  template <class Collective>
  void run(std::string_view name, at::Tensor& x, const Collective& collective) {
    TORCH_CHECK(x.is_contiguous(), "interchoice: ", name, " of a group needs a contiguous tensor");
    if (!host_) throw GroupError("interchoice: this rank has told its group that it fails");
    try {
      const bool is_direct = x.is_cpu() || device_;
      std::vector<at::Tensor> tensors{is_direct ? x : x.cpu()};
      c10d::Backend& backend = x.is_cpu() || !device_ ? *host_ : *device_;
      collective(backend, tensors)->wait();
      if (!is_direct) x.copy_(tensors[0]);
    } catch (const std::exception& error) {
      throw GroupError(reason(name, error));
    }
  }

  /// What became of the group, after a collective has failed: the transport knows a connection,
  /// the signs of life know a rank.
  std::string reason(std::string_view name, const std::exception& error) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + patience_ + std::chrono::seconds(1);
    try {
      do {
        for (std::size_t r = 0; r < size(); ++r) {
          if (r == rank()) continue;
          if (const auto fate = presence_.fate(r)) {
            return fmt::format("interchoice: rank {} of {} {}", r, size(), *fate);
          }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      } while (Clock::now() < end);
    } catch (const GroupError& gone) {
      return gone.what();
    }
    std::string_view text = error.what();
    text = text.substr(0, text.find('\n'));
    return fmt::format(
        "interchoice: {} in a group of {} has failed, and yet every rank gives signs of life; one "
        "may be slower than the time-out (INTERCHOICE_TIMEOUT): {}",
        name, size(), text);
  }

  detail::C10dStore store_;
  std::size_t rank_;
  std::size_t size_;
  c10::intrusive_ptr<c10d::Backend> host_;
  c10::intrusive_ptr<c10d::Backend> device_;
  std::chrono::milliseconds patience_;
  Presence presence_;
};

}  // namespace interchoice
