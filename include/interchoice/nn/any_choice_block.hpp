#pragma once

#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "interchoice/dependency/context.hpp"
#include "interchoice/nn/new_parameters.hpp"
#include "interchoice/nn/resolution.hpp"

namespace interchoice {

/// What every choice block is, whatever its space and policy: lets free functions such as
/// `begin_epoch` find the blocks inside anybody's network.
class AnyChoiceBlock : public torch::nn::Module {
 public:
  /// Which priors condition this location.
  virtual const Context& context() const = 0;
  /// The signature of its space (`space_signature`).
  virtual std::string space() const = 0;
  /// The policy's text, such as `bias<1>`.
  virtual std::string policy() const = 0;
  /// Whether what the policy does to a candidate here can matter in training mode.
  virtual bool is_observed(std::size_t candidate) const = 0;
  virtual const std::string& candidate_name(std::size_t candidate) const = 0;
  virtual NewParameters begin_epoch(std::size_t epoch) = 0;
  virtual NewParameters split_now() = 0;
  virtual bool is_split() const = 0;
  /// Whether parameters and buffers are all there is to save once the block is split.
  virtual bool is_saveable() const = 0;
  /// The parameters of the candidates as they are without any dependency (copy 0).
  virtual std::vector<at::Tensor> candidate_parameters() const = 0;
  /// Those of one candidate.
  virtual std::vector<at::Tensor> candidate_parameters(std::size_t candidate) const = 0;
  /// What an architecture, given by its candidates, selects here.
  virtual Resolution resolution(std::span<const std::uint8_t> architecture) = 0;
};

}  // namespace interchoice
