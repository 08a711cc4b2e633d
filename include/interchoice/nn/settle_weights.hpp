#pragma once

#include <torch/nn/module.h>

#include <string>

#include "interchoice/nn/any_choice_block.hpp"
#include "interchoice/nn/begin_epoch.hpp"

namespace interchoice {

/// Lets all parameters of a network be what they are to be now, until its training's next step:
/// `PathStep` puts off what steps do to weights that their paths do not use.
///
/// Everything of this library that reads a network does it by itself, and at the end of an epoch
/// nothing is put off; it is for code that reads `parameters()` in between. *Cost*: one pass over
/// what is put off, with a copy; nothing where no training is in progress.
inline void settle_weights(const torch::nn::Module& network) {
  detail::for_each_choice_block(
      network, [](const std::string&, const AnyChoiceBlock& block) { block.bank().before_read(); });
}

}  // namespace interchoice
