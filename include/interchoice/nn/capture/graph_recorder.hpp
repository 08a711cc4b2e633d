#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace interchoice {

/// Work on a device that was recorded once and runs again on the same memory, such as a CUDA graph.
class Recording {
 public:
  virtual ~Recording() = default;
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  /// Runs the work: what it reads is read anew, its results are written over.
  virtual void replay() = 0;
  /// The results of the work, without history, in the order that it returned them.
  const std::vector<at::Tensor>& results() const { return results_; }

 protected:
  explicit Recording(std::vector<at::Tensor> results) : results_(std::move(results)) {}

  std::vector<at::Tensor> results_;
};

/// Makes recordings on a kind of device: `cuda::graph_recorder()`, or one of a test's own.
class GraphRecorder {
 public:
  /// Returns tensors, some of which may be undefined.
  using Work = std::function<std::vector<at::Tensor>()>;

  GraphRecorder() = default;
  virtual ~GraphRecorder() = default;
  GraphRecorder(const GraphRecorder&) = delete;
  GraphRecorder& operator=(const GraphRecorder&) = delete;

  /// Whether work on this device can be recorded here and now.
  virtual bool can_record(const at::Device& device) const = 0;
  /// Runs work in the place where it would be recorded, so that libraries make their choices.
  virtual void warm_up(const at::Device& device, const std::function<void()>& work) = 0;
  /// Records work; whether it also runs is left open. It has memory of its own, or shares that of
  /// an earlier recording `beside` it: what one of them needs only while it runs the other may
  /// write over. Throws what the work throws, and where it does something that cannot be recorded.
  virtual std::unique_ptr<Recording> record(const at::Device& device, Work work,
                                            const Recording* beside) = 0;
  /// Bytes of a device's memory that are taken now, by recordings and everything else.
  virtual std::size_t bytes_in_use(const at::Device& device) const = 0;
  /// Bytes of memory that a device has.
  virtual std::size_t bytes_of(const at::Device& device) const = 0;
};

}  // namespace interchoice
