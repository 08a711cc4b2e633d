#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>
#include <c10/util/SmallVector.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace interchoice::detail {

/// Where a tensor lies: work that was recorded reads and writes there, whatever the tensor became.
struct TensorPlace {
  const void* data = nullptr;
  std::vector<std::int64_t> sizes = {};
  at::ScalarType type = at::kFloat;
  at::Device device = at::kCPU;
  bool requires_grad = false;

  static TensorPlace of(const at::Tensor& x) {
    if (!x.defined()) return {};
    return {x.const_data_ptr(), x.sizes().vec(), x.scalar_type(), x.device(), x.requires_grad()};
  }
  bool is_of(const at::Tensor& x) const {
    if (!x.defined()) return data == nullptr;
    return x.const_data_ptr() == data && x.sizes() == at::IntArrayRef(sizes) &&
           x.scalar_type() == type && x.device() == device && x.requires_grad() == requires_grad;
  }
};

/// What a candidate's module keeps: weights, buffers, and numbers that work on them takes as they
/// are when it is recorded. Looked up once; a module whose members are exchanged is another one.
class CandidateState {
 public:
  using Settings = c10::SmallVector<double, 8>;

  explicit CandidateState(const torch::nn::Module& module)
      : parameters_(module.parameters()), buffers_(module.buffers()), modules_(module.modules()) {
    for (const std::shared_ptr<torch::nn::Module>& part : modules_) {
      add(part->as<torch::nn::BatchNorm1dImpl>());
      add(part->as<torch::nn::BatchNorm2dImpl>());
      add(part->as<torch::nn::BatchNorm3dImpl>());
    }
  }

  const std::vector<at::Tensor>& parameters() const { return parameters_; }
  const std::vector<at::Tensor>& buffers() const { return buffers_; }

  /// Modes of the modules, momentum and eps of the BatchNorms.
  Settings settings() const {
    Settings settings;
    for (const auto& part : modules_) settings.push_back(part->is_training() ? 1 : 0);
    for (const torch::nn::BatchNormOptions* norm : norms_) {
      settings.push_back(norm->momentum().value_or(-1));
      settings.push_back(norm->eps());
    }
    return settings;
  }

  std::vector<TensorPlace> places() const {
    std::vector<TensorPlace> places;
    for (const at::Tensor& p : parameters_) places.push_back(TensorPlace::of(p));
    for (const at::Tensor& b : buffers_) places.push_back(TensorPlace::of(b));
    return places;
  }
  bool is_at(const std::vector<TensorPlace>& places) const {
    std::size_t i = 0;
    for (const at::Tensor& p : parameters_) {
      if (!places[i++].is_of(p)) return false;
    }
    for (const at::Tensor& b : buffers_) {
      if (!places[i++].is_of(b)) return false;
    }
    return true;
  }

  /// Ends the sharing of memory with the other copies of a split, which would end with the first
  /// write to it, and which recorded writes would not notice.
  void own_parameters() { own(parameters_); }
  void own_buffers() { own(buffers_); }

 private:
  template <class Norm>
  void add(const Norm* norm) {
    if (norm != nullptr) norms_.push_back(&norm->options);
  }

  static void own(std::vector<at::Tensor>& tensors) {
    for (at::Tensor& x : tensors) {
      if (x.defined() && x.has_storage()) x.mutable_data_ptr();
    }
  }

  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> buffers_;
  std::vector<std::shared_ptr<torch::nn::Module>> modules_;
  std::vector<const torch::nn::BatchNormOptions*> norms_;
};

}  // namespace interchoice::detail
