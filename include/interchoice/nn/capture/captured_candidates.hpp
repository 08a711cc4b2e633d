#pragma once

#include <c10/util/Exception.h>
#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "interchoice/nn/any_choice_block.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/candidate_substitute.hpp"
#include "interchoice/nn/capture/capture_options.hpp"
#include "interchoice/nn/capture/detail/captured_operation.hpp"
#include "interchoice/nn/capture/graph_recorder.hpp"
#include "interchoice/nn/operation.hpp"

namespace interchoice {

namespace detail {

/// The captured candidates of a network.
class CapturedNetwork final : public CandidateSubstitute {
 public:
  CapturedNetwork(std::shared_ptr<GraphRecorder> recorder, const CaptureOptions& options)
      : capturing_(std::make_shared<Capturing>(Capturing{std::move(recorder), options})) {}

  BuiltOperation& instead_of(BuiltOperation& candidate, const std::string& name) override {
    auto& captured = operations_[&candidate];
    if (!captured) captured = std::make_unique<CapturedOperation>(candidate, name, capturing_);
    return *captured;
  }

  const CaptureCounts& counts() const { return capturing_->counts; }

 private:
  std::shared_ptr<Capturing> capturing_;
  std::unordered_map<BuiltOperation*, std::unique_ptr<CapturedOperation>> operations_;
};

}  // namespace detail

/// While it lives, the candidates of a network's choice blocks run as graphs, captured on first use
/// and replayed since: a pass of a candidate costs the host a copy of its input and a launch,
/// forward and backward, and each tensor of the policy one copy more.
///
///     const ic::CapturedCandidates captured(net, ic::cuda::graph_recorder());
///
/// A graph belongs to a candidate or its copy, a mode, the forms of its inputs, autocast's state
/// and whether gradients are recorded. What a policy gives the candidate (scale, vector,
/// adjustment) is an input. Results, gradients and buffers are those of libtorch's operators to the
/// bit. Eagerly run: candidates without weights; those that draw random numbers or cannot be
/// captured, which a warning says once; a candidate whose results of the pass before are still in
/// use; subnets, folded BatchNorms and inference mode. Shares the network, a module holder, which
/// one thread uses meanwhile; a network has one of these at a time.
///
/// *Throws* c10::Error for a network that already has one, and in a second derivative. *Cost*: for
/// each graph the memory of its inputs, results, gradients, and of what is kept for backward.
class CapturedCandidates {
 public:
  template <class Network>
  CapturedCandidates(const Network& network, std::shared_ptr<GraphRecorder> recorder,
                     const CaptureOptions& options = {})
      : CapturedCandidates(Network(network)->shared_from_this(), std::move(recorder), options, 0) {}

  ~CapturedCandidates() {
    detail::for_each_choice_block(*network_, [&](const std::string&, AnyChoiceBlock& block) {
      if (block.bank().substitute() == captured_.get()) block.substitute(nullptr);
    });
  }
  CapturedCandidates(const CapturedCandidates&) = delete;
  CapturedCandidates& operator=(const CapturedCandidates&) = delete;

  /// The counts of captures, replays and eager runs so far.
  const CaptureCounts& counts() const { return captured_->counts(); }

 private:
  CapturedCandidates(std::shared_ptr<torch::nn::Module> network,
                     std::shared_ptr<GraphRecorder> recorder, const CaptureOptions& options, int)
      : network_(std::move(network)),
        captured_(std::make_shared<detail::CapturedNetwork>(std::move(recorder), options)) {
    detail::for_each_choice_block(*network_, [](const std::string& name, AnyChoiceBlock& block) {
      TORCH_CHECK(block.bank().substitute() == nullptr, "interchoice: the candidates of '", name,
                  "' are captured already; let one CapturedCandidates end before the next begins");
    });
    detail::for_each_choice_block(
        *network_, [&](const std::string&, AnyChoiceBlock& block) { block.substitute(captured_); });
  }

  std::shared_ptr<torch::nn::Module> network_;
  std::shared_ptr<detail::CapturedNetwork> captured_;
};

}  // namespace interchoice
