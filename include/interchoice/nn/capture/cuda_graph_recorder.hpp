#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/Allocator.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/StreamGuard.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "interchoice/nn/capture/graph_recorder.hpp"
#include "interchoice/nn/kernels/cuda/launcher.hpp"
#include "interchoice/nn/kernels/cuda/runtime_libraries.hpp"

namespace interchoice::cuda {

namespace detail {

/// A CUDA graph with its results.
class GraphRecording final : public Recording {
 public:
  GraphRecording(std::unique_ptr<at::cuda::CUDAGraph> graph, at::Device device,
                 std::vector<at::Tensor> results)
      : Recording(std::move(results)), graph_(std::move(graph)), device_(device) {}

  void replay() override {
    const c10::DeviceGuard guard(device_);
    graph_->replay();
  }
  c10::MempoolId_t pool() const { return graph_->pool(); }

 private:
  std::unique_ptr<at::cuda::CUDAGraph> graph_;
  at::Device device_;
};

/// Records CUDA graphs.
///
/// A pool of memory is shared by a forward pass and its backward passes only. In one for all, what
/// a later capture leaves for its backward pass could lie where an earlier one has something while
/// it runs; then that one must not run in between, and paths come in any order.
class CudaGraphRecorder final : public GraphRecorder {
 public:
  /// Not within somebody else's capture.
  bool can_record(const at::Device& device) const override {
    if (!device.is_cuda()) return false;
    static auto* const is_capturing = runtime_function<int(void*, int*)>("cuStreamIsCapturing");
    int status = 0;
    const int result = is_capturing(c10::cuda::getCurrentCUDAStream(device.index()), &status);
    return result == 0 && status == 0;
  }

  void warm_up(const at::Device& device, const std::function<void()>& work) override {
    const c10::DeviceGuard guard(device);
    c10::cuda::device_synchronize();
    {
      const c10::StreamGuard on_own_stream(stream_of(device));
      work();
    }
    c10::cuda::device_synchronize();
  }

  std::unique_ptr<Recording> record(const at::Device& device, Work work,
                                    const Recording* beside) override {
    const c10::DeviceGuard guard(device);
    c10::cuda::device_synchronize();
    const c10::MempoolId_t pool = beside == nullptr
                                      ? at::cuda::graph_pool_handle()
                                      : static_cast<const GraphRecording*>(beside)->pool();
    auto graph = std::make_unique<at::cuda::CUDAGraph>();
    std::vector<at::Tensor> results;
    {
      const c10::StreamGuard on_own_stream(stream_of(device));
      // Other threads, which load data, may allocate and copy meanwhile.
      graph->capture_begin(pool, cudaStreamCaptureModeThreadLocal);
      try {
        results = work();
      } catch (...) {
        abandon(*graph, device, pool);
        throw;
      }
      try {
        graph->capture_end();
      } catch (...) {
        abandon(*graph, device, pool);
        throw;
      }
    }
    c10::cuda::device_synchronize();
    return std::make_unique<GraphRecording>(std::move(graph), device, std::move(results));
  }

  std::size_t bytes_in_use(const at::Device& device) const override {
    constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    return static_cast<std::size_t>(c10::cuda::CUDACachingAllocator::getDeviceStats(device.index())
                                        .reserved_bytes[kAll]
                                        .current);
  }

  std::size_t bytes_of(const at::Device& device) const override {
    int number =
        0;  // by the driver: libtorch's inline functions would need the CUDA runtime linked
    std::size_t bytes = 0;
    check_driver(runtime_function<int(int*, int)>("cuDeviceGet")(&number, device.index()),
                 "cuDeviceGet");
    check_driver(runtime_function<int(std::size_t*, int)>("cuDeviceTotalMem_v2")(&bytes, number),
                 "cuDeviceTotalMem");
    return bytes;
  }

 private:
  /// Ends a capture that failed, for the stream and for the allocator, if it has not ended.
  static void abandon(at::cuda::CUDAGraph& graph, const at::Device& device, c10::MempoolId_t pool) {
    try {
      graph.capture_end();
    } catch (const std::exception&) {
      try {
        c10::cuda::CUDACachingAllocator::endAllocateToPool(device.index(), pool);
      } catch (const std::exception&) {
        // it allocates elsewhere already
      }
    }
  }

  c10::Stream stream_of(const at::Device& device) {
    auto found = streams_.find(device.index());
    if (found == streams_.end()) {
      found = streams_
                  .emplace(device.index(),
                           c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index()))
                  .first;
    }
    return found->second;
  }
  std::map<c10::DeviceIndex, c10::cuda::CUDAStream> streams_;
};

}  // namespace detail

/// Makes CUDA graphs for `CapturedCandidates`.
///
/// Graphs run on the stream that is current; use one stream. Settings of libtorch's such as
/// deterministic algorithms are those of the capture.
inline std::shared_ptr<GraphRecorder> graph_recorder() {
  return std::make_shared<detail::CudaGraphRecorder>();
}

}  // namespace interchoice::cuda
