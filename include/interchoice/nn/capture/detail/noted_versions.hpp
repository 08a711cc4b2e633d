#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorImpl.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace interchoice::detail {

/// The versions of tensors at one time, by which libtorch tells whether what a backward pass needs
/// was changed since. A replay writes new values where that backward pass finds them, so the
/// history of the one forward pass that was recorded serves all later ones.
class NotedVersions {
 public:
  NotedVersions() = default;
  explicit NotedVersions(std::vector<at::Tensor> tensors) : tensors_(std::move(tensors)) {
    versions_ = current();
  }

  /// While it lives, the tensors have the versions that were noted.
  class Scope {
   public:
    explicit Scope(const NotedVersions& noted) : noted_(noted), former_(noted.current()) {
      noted_.set(noted_.versions_);
    }
    ~Scope() { noted_.set(former_); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    const NotedVersions& noted_;
    std::vector<std::int64_t> former_;
  };

 private:
  std::vector<std::int64_t> current() const {
    std::vector<std::int64_t> versions;
    for (const at::Tensor& x : tensors_) versions.push_back(x.defined() ? x._version() : 0);
    return versions;
  }
  void set(const std::vector<std::int64_t>& versions) const {
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      if (!tensors_[i].defined()) continue;
      c10::VariableVersion shared = tensors_[i].unsafeGetTensorImpl()->version_counter();
      shared.set_version(versions[i]);
    }
  }

  std::vector<at::Tensor> tensors_;
  std::vector<std::int64_t> versions_;
};

}  // namespace interchoice::detail
