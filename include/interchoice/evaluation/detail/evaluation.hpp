#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/evaluation/evaluation_data.hpp"
#include "interchoice/evaluation/recalibration.hpp"
#include "interchoice/networks/canonical_form.hpp"
#include "interchoice/networks/segments.hpp"
#include "interchoice/nn/detail/module_of.hpp"
#include "interchoice/nn/precision.hpp"

namespace interchoice::detail {

/// Architectures, each named by its index, and the network and data that they are evaluated with,
/// whatever the types of network and space, so that what evaluates them is compiled once. Refers to
/// all of them.
struct Evaluation {
  Evaluation(torch::nn::Module& module, const EvaluationData& images, const Recalibration& how)
      : network(module), data(images), recalibration(how) {}
  virtual ~Evaluation() = default;
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  virtual std::size_t size() const = 0;
  virtual at::Tensor forward(const at::Tensor& x, std::size_t architecture) const = 0;
  virtual void run_segment(std::size_t segment, Activations& activations,
                           std::size_t architecture) const = 0;
  virtual std::span<const std::uint8_t> candidates(std::size_t architecture) const = 0;
  virtual std::string text(std::size_t architecture) const = 0;
  virtual std::string form(std::size_t architecture) const = 0;  // the bytes of its canonical form

  virtual std::string space() const = 0;
  virtual std::string own_text(const std::string& text) const = 0;  // of the architecture of a text
  virtual std::string form_of(const std::string& text) const = 0;

  torch::nn::Module& network;
  const EvaluationData& data;
  Recalibration recalibration;
  bool folds_batch_norm = false;
  Precision precision = Precision::kFloat32;
  std::size_t choice_count = 0;
  std::vector<Segment> segments = {};  // none where the network can only be run as a whole
  /// What the levels between segments keep, once it was measured: the parts of an evaluation that
  /// ranks share out are planned one by one.
  mutable std::vector<double> level_bytes = {};
};

/// The same with the types; `merges` says whether isomorphic architectures have one form, and
/// whether what an architecture's logits do not depend on is left out.
template <SearchSpace Space, class Network>
class EvaluationOf final : public Evaluation {
  static_assert(
      requires(Network & own, const at::Tensor& x, const Architecture<Space>& architecture) {
        own->forward(x, architecture);
      },
      "interchoice: an evaluation needs a network with forward(x, architecture), for architectures "
      "of the network's own space; give a module holder and architectures of its space");

 public:
  EvaluationOf(Network& own, const std::vector<Architecture<Space>>& architectures,
               const EvaluationData& images, const Recalibration& how, bool merges = false)
      : Evaluation(*own, images, how),
        own_(own),
        architectures_(architectures),
        computed_(architectures) {
    choice_count = Space::choice_count;
    if constexpr (kHasSegments) segments = own->segments();
    if constexpr (CanonicalNetwork<ModuleOf<Network>, Space>) {
      if (!merges) return;
      const auto forms = own->canonical_forms();
      canonical_form_ = forms;
      if constexpr (requires { forms.without_unread(architectures[0]); }) {
        for (Architecture<Space>& architecture : computed_) {
          architecture = forms.without_unread(architecture);
        }
      }
    }
  }

  std::size_t size() const override { return architectures_.size(); }
  at::Tensor forward(const at::Tensor& x, std::size_t i) const override {
    return own_->forward(x, computed_[i]);
  }
  void run_segment(std::size_t segment, Activations& activations, std::size_t i) const override {
    if constexpr (kHasSegments) own_->run_segment(segment, activations, computed_[i]);
  }
  std::span<const std::uint8_t> candidates(std::size_t i) const override {
    return computed_[i].candidates();
  }
  std::string text(std::size_t i) const override { return to_text(architectures_[i]); }
  std::string form(std::size_t i) const override { return form_of(architectures_[i]); }

  std::string space() const override { return space_signature<Space>(); }
  std::string own_text(const std::string& text) const override {
    return to_text(from_text<Space>(text));
  }
  std::string form_of(const std::string& text) const override {
    return form_of(from_text<Space>(text));
  }

 private:
  static constexpr bool kHasSegments = SegmentedNetwork<ModuleOf<Network>, Space>;

  std::string form_of(const Architecture<Space>& architecture) const {
    if (canonical_form_) return bytes(canonical_form_(architecture));
    return bytes(architecture.candidates());
  }
  static std::string bytes(std::span<const std::uint8_t> form) {
    return {form.begin(), form.end()};
  }

  Network& own_;
  const std::vector<Architecture<Space>>& architectures_;
  std::vector<Architecture<Space>> computed_;                                // instead of each
  std::function<CanonicalForm(const Architecture<Space>&)> canonical_form_;  // none: by candidates
};

}  // namespace interchoice::detail
