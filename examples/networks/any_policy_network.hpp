#pragma once

// A super-network whose policy is named when it is made: what trains, ranks, saves and extracts it
// is compiled once for all policies.

#include <ATen/core/Tensor.h>
#include <fmt/core.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "examples/networks/policies.hpp"
#include "interchoice/core/detail/joined.hpp"
#include "interchoice/core/shown.hpp"
#include "interchoice/networks/canonical_form.hpp"
#include "interchoice/networks/segments.hpp"
#include "interchoice/networks/supernet.hpp"

namespace examples {

namespace ic = interchoice;

namespace detail {

/// The canonical forms of a network, of whatever type they are.
template <class Space>
struct AnyForms {
  using Path = ic::Architecture<Space>;

  ic::CanonicalForm operator()(const Path& path) const { return form(path); }
  Path without_unread(const Path& path) const { return read(path); }

  std::function<ic::CanonicalForm(const Path&)> form = [](const Path& path) {
    return ic::CanonicalForm(path.candidates().begin(), path.candidates().end());
  };
  std::function<Path(const Path&)> read = [](const Path& path) { return path; };
};

/// A network's module with any policy.
template <class Network>
struct PolicyModule {
  using Path = ic::Architecture<typename Network::Space>;

  virtual ~PolicyModule() = default;
  virtual torch::nn::Module& module() = 0;
  virtual at::Tensor forward(const at::Tensor& x, const Path& path) = 0;
  virtual void initialise() = 0;
  virtual std::vector<ic::Segment> segments() = 0;
  virtual void run_segment(std::size_t i, ic::Activations& activations, const Path& path) = 0;
  virtual AnyForms<typename Network::Space> canonical_forms() = 0;
};

template <class Network, class Policy>
class PolicyModuleOf final : public PolicyModule<Network> {
 public:
  using typename PolicyModule<Network>::Path;
  using Space = typename Network::Space;
  using Module = typename Network::template Module<Policy>;

  explicit PolicyModuleOf(const typename Network::Options& options) : network_(options) {}

  torch::nn::Module& module() override { return *network_; }
  at::Tensor forward(const at::Tensor& x, const Path& path) override {
    return network_->forward(x, path);
  }
  void initialise() override {
    if constexpr (requires { network_->initialise(); }) network_->initialise();
  }
  std::vector<ic::Segment> segments() override {
    if constexpr (ic::SegmentedNetwork<Module, Space>) return network_->segments();
    return {};
  }
  void run_segment(std::size_t i, ic::Activations& activations, const Path& path) override {
    if constexpr (ic::SegmentedNetwork<Module, Space>) network_->run_segment(i, activations, path);
  }
  AnyForms<Space> canonical_forms() override {
    AnyForms<Space> any;
    if constexpr (ic::CanonicalNetwork<Module, Space>) {
      const auto forms = network_->canonical_forms();
      any.form = forms;
      if constexpr (requires(const Path& path) { forms.without_unread(path); }) {
        any.read = [forms](const Path& path) { return forms.without_unread(path); };
      }
    }
    return any;
  }

 private:
  ic::Supernet<Network, Policy> network_;
};

}  // namespace detail

/// The module of `AnyPolicyNetwork`: modules, parameters and buffers are those of
/// `Supernet<Network, Policy>`, under their names, and shared with it.
template <class Network>
class AnyPolicyModule : public torch::nn::Module {
 public:
  using Space = typename Network::Space;
  using Options = typename Network::Options;
  using Path = ic::Architecture<Space>;

  /// *Throws* std::runtime_error for a text that is no policy of the list.
  explicit AnyPolicyModule(std::string policy, const Options& options)
      : policy_(std::move(policy)), options_(options) {
    Policies::visit(policy_, [&]<class Policy>() {
      network_ = std::make_unique<detail::PolicyModuleOf<Network, Policy>>(options_);
    });
    if (network_ == nullptr) {
      throw std::runtime_error(fmt::format("the policy {} is none of {}", ic::shown(policy_),
                                           ic::detail::joined(Policies::texts(), ", ")));
    }
    torch::nn::Module& own = network_->module();
    for (const auto& p : own.named_parameters(/*recurse=*/false)) {
      this->register_parameter(p.key(), p.value(), p.value().requires_grad());
    }
    for (const auto& b : own.named_buffers(/*recurse=*/false)) {
      this->register_buffer(b.key(), b.value());
    }
    for (const auto& child : own.named_children()) {
      this->register_module(child.key(), child.value());
    }
  }

  const std::string& policy() const { return policy_; }
  const Options& options() const { return options_; }

  at::Tensor forward(const at::Tensor& x, const Path& path) { return network_->forward(x, path); }
  void initialise() { network_->initialise(); }
  std::vector<ic::Segment> segments() { return network_->segments(); }
  void run_segment(std::size_t i, ic::Activations& activations, const Path& path) {
    network_->run_segment(i, activations, path);
  }
  detail::AnyForms<Space> canonical_forms() { return network_->canonical_forms(); }

  void train(bool on = true) override {
    torch::nn::Module::train(on);
    network_->module().train(on);
  }

 private:
  std::string policy_;
  Options options_;
  std::unique_ptr<detail::PolicyModule<Network>> network_;
};

/// Holder of an `AnyPolicyModule`, for all functions of the library that take a network.
template <class Network>
class AnyPolicyNetwork : public torch::nn::ModuleHolder<AnyPolicyModule<Network>> {
 public:
  using Space = typename Network::Space;
  using torch::nn::ModuleHolder<AnyPolicyModule<Network>>::ModuleHolder;
};

}  // namespace examples
