#pragma once

// The optimizers whose state the library knows, with the options that give it all its members.

#include <torch/optim/adagrad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>

#include <vector>

#include "interchoice/sampling/named.hpp"
#include "interchoice/training/optimizer.hpp"

namespace interchoice::testing {

inline std::vector<OptimizerMaker> optimizer_makers() {
  namespace optim = torch::optim;
  using Module = torch::nn::Module;
  return {Named("SGD",
                [](const Module& m) {
                  return optim::SGD(m.parameters(), optim::SGDOptions(0.01).momentum(0.9));
                }),
          Named("Adam, amsgrad",
                [](const Module& m) {
                  return optim::Adam(m.parameters(), optim::AdamOptions(0.01).amsgrad(true));
                }),
          Named("AdamW", [](const Module& m) { return optim::AdamW(m.parameters(), 0.01); }),
          Named("RMSprop, centered",
                [](const Module& m) {
                  return optim::RMSprop(m.parameters(),
                                        optim::RMSpropOptions(0.01).centered(true).momentum(0.9));
                }),
          Named("Adagrad", [](const Module& m) {
            return optim::Adagrad(m.parameters(),
                                  optim::AdagradOptions(0.01).initial_accumulator_value(0.1));
          })};
}

}  // namespace interchoice::testing
