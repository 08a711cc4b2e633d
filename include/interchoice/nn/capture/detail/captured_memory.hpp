#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstddef>
#include <memory>
#include <utility>

#include "interchoice/nn/capture/detail/capturing.hpp"
#include "interchoice/nn/capture/graph_recorder.hpp"

namespace interchoice::detail {

/// The memory that recordings of a candidate take, as a part of what those of its network take.
class CapturedMemory {
 public:
  CapturedMemory(std::shared_ptr<Capturing> capturing, const at::Device& device)
      : capturing_(std::move(capturing)), device_(device) {}
  ~CapturedMemory() { capturing_->counts.bytes -= bytes_; }
  CapturedMemory(const CapturedMemory&) = delete;
  CapturedMemory& operator=(const CapturedMemory&) = delete;

  Capturing& capturing() const { return *capturing_; }
  const at::Device& device() const { return device_; }
  /// Warms up as a recording would run.
  template <class Work>
  void warm_up(const Work& work) const {
    capturing_->recorder->warm_up(device_, work);
  }

  /// Records, and counts what that takes and the memory that it reads.
  std::unique_ptr<Recording> record(GraphRecorder::Work work, const Recording* beside,
                                    at::TensorList read) {
    GraphRecorder& recorder = *capturing_->recorder;
    const std::size_t before = recorder.bytes_in_use(device_);
    std::unique_ptr<Recording> recording = recorder.record(device_, std::move(work), beside);
    const std::size_t after = recorder.bytes_in_use(device_);
    std::size_t bytes = after > before ? after - before : 0;
    for (const at::Tensor& x : read) bytes += x.defined() ? x.nbytes() : 0;
    bytes_ += bytes;
    capturing_->counts.bytes += bytes;
    return recording;
  }

 private:
  std::shared_ptr<Capturing> capturing_;
  at::Device device_;
  std::size_t bytes_ = 0;
};

}  // namespace interchoice::detail
