#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "interchoice/nn/capture/graph_recorder.hpp"

namespace interchoice::testing {

/// Records on the processor: keeps the work, and does it again at each replay, into the same
/// results. As with a CUDA graph there are none before the first replay (they are NaN).
class HostRecorder final : public GraphRecorder {
 public:
  bool can_record(const at::Device& device) const override { return device.is_cpu(); }

  void warm_up(const at::Device&, const std::function<void()>& work) override { work(); }

  std::unique_ptr<Recording> record(const at::Device&, Work work, const Recording*) override {
    ++recordings;
    is_recording = true;
    std::vector<at::Tensor> results;
    try {
      results = work();
    } catch (...) {
      is_recording = false;
      throw;
    }
    is_recording = false;
    const c10::NoGradGuard no_grad;
    for (at::Tensor& result : results) {
      if (result.defined()) result = result.clone().fill_(NAN);
    }
    in_use += bytes_of_recording;
    return std::make_unique<HostRecording>(*this, std::move(work), std::move(results));
  }

  std::size_t bytes_in_use(const at::Device&) const override { return in_use; }

  std::size_t bytes_of(const at::Device&) const override { return bytes_of_device; }

  std::size_t recordings = 0;  // of a forward or a backward pass
  std::size_t replays = 0;
  bool is_recording = false;
  std::size_t bytes_of_recording = 0;  // that one takes, as it is told
  std::size_t in_use = 0;
  std::size_t bytes_of_device = std::size_t{1} << 40;

 private:
  struct HostRecording final : Recording {
    HostRecording(HostRecorder& recorder, Work work_to_do, std::vector<at::Tensor> results)
        : Recording(std::move(results)), replays(recorder.replays), work(std::move(work_to_do)) {}

    void replay() override {
      ++replays;
      const std::vector<at::Tensor> again = work();
      const c10::NoGradGuard no_grad;
      for (std::size_t i = 0; i < again.size(); ++i) {
        if (again[i].defined()) results_[i].copy_(again[i]);
      }
    }

    std::size_t& replays;
    Work work;
  };
};

}  // namespace interchoice::testing
