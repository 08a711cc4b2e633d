#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_strided.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "interchoice/nn/capture/detail/captured_memory.hpp"
#include "interchoice/nn/capture/detail/tensor_uses.hpp"
#include "interchoice/nn/capture/graph_recorder.hpp"

namespace interchoice::detail {

/// The backward passes of a captured candidate: a recording for each layout of the gradients that
/// arrive, since libtorch's kernels add in an order that depends on it.
class CapturedBackward {
 public:
  using Tensors = std::vector<at::Tensor>;
  /// The gradients of a run's inputs and weights for those of its results, by libtorch.
  using ByLibtorch = std::function<Tensors(const Tensors& gradients)>;

  explicit CapturedBackward(ByLibtorch by_libtorch) : by_libtorch_(std::move(by_libtorch)) {}

  /// Whether nobody needs the gradients that it has returned.
  bool is_free() const {
    return std::all_of(passes_.begin(), passes_.end(),
                       [](const Pass& pass) { return pass.is_free(); });
  }

  /// The gradients of the run that `forward` has replayed. The first pass of a layout runs as
  /// libtorch does it, the second is recorded. `gradients` are defined for results that have one.
  Tensors run(const Tensors& gradients, const Recording& forward, CapturedMemory& memory) {
    const c10::NoGradGuard no_grad;
    const auto found = std::find_if(passes_.begin(), passes_.end(),
                                    [&](const Pass& pass) { return pass.takes(gradients); });
    const auto unrecorded = [&] {
      Tensors results;
      memory.warm_up([&] { results = by_libtorch_(gradients); });
      return results;
    };
    if (found == passes_.end()) {
      if (passes_.size() < kMostPasses) passes_.push_back(Pass::of(gradients));
      return unrecorded();
    }
    for (auto other = passes_.begin(); other != passes_.end(); ++other) {
      // Its results, which somebody still has, may lie where this one writes.
      if (other != found && !other->is_free()) return unrecorded();
    }
    if (!found->recording && !found->is_refused) record(*found, gradients, forward, memory);
    return found->recording ? replay(*found, gradients) : unrecorded();
  }

 private:
  struct Pass {
    Tensors gradients;  // of the results, undefined where they have none; the recording's own
    bool is_refused = false;
    std::unique_ptr<Recording> recording = {};
    std::vector<TensorUses> own_uses = {};  // of the recording's results

    static Pass of(const Tensors& gradients) {
      Pass pass;
      for (const at::Tensor& x : gradients) {
        at::Tensor& own = pass.gradients.emplace_back();
        if (!x.defined()) continue;
        pass.is_refused = pass.is_refused || !x.is_non_overlapping_and_dense();
        own = at::empty_strided(x.sizes(), x.strides(), x.options());
      }
      return pass;
    }

    bool takes(const Tensors& others) const {
      return std::equal(gradients.begin(), gradients.end(), others.begin(), others.end(),
                        [](const at::Tensor& own, const at::Tensor& other) {
                          return own.defined() == other.defined() &&
                                 (!own.defined() || own.strides() == other.strides());
                        });
    }
    bool is_free() const { return !recording || are_unused_since(recording->results(), own_uses); }
    void copy_in(const Tensors& others) {
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        if (gradients[i].defined()) gradients[i].copy_(others[i]);
      }
    }
  };
  // More would mean that the layout changes all the time.
  static constexpr std::size_t kMostPasses = 8;

  void record(Pass& pass, const Tensors& gradients, const Recording& forward,
              CapturedMemory& memory) {
    pass.copy_in(gradients);
    try {
      pass.recording = memory.record([this, own = pass.gradients] { return by_libtorch_(own); },
                                     &forward, pass.gradients);
      pass.own_uses = TensorUses::of(pass.recording->results());
    } catch (const std::exception& error) {
      pass.is_refused = true;
      const auto* own = dynamic_cast<const c10::Error*>(&error);
      memory.capturing().warn(
          c10::str("a backward pass runs eagerly, not as a graph: ",
                   own != nullptr ? own->what_without_backtrace() : error.what()));
    }
  }

  static Tensors replay(Pass& pass, const Tensors& gradients) {
    pass.copy_in(gradients);
    const Tensors& own = pass.recording->results();
    // Gradients of an earlier pass backward through the same run, which somebody still has.
    Tensors kept(own.size());
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (TensorUses::of(own[i]) != pass.own_uses[i]) kept[i] = own[i].clone();
    }
    pass.recording->replay();
    Tensors results = own;  // the same tensors, so that nobody takes them for his alone
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (!kept[i].defined()) continue;
      results[i] = own[i].clone();
      own[i].copy_(kept[i]);
    }
    return results;
  }

  ByLibtorch by_libtorch_;
  std::vector<Pass> passes_;
};

}  // namespace interchoice::detail
