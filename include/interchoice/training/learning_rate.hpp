#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <numbers>

namespace interchoice {

/// The learning rate of an epoch (counted from 0) out of a number of epochs.
using LearningRate = std::function<double(std::size_t epoch, std::size_t epochs)>;

/// Cosine decay, one value an epoch.
///
///   lr(e) = final + (initial - final) (1 + cos(pi e / epochs)) / 2
///
/// *Source*: Loshchilov & Hutter 2017; paper Table 5.
struct Cosine {
  double initial;
  double final;
  double operator()(std::size_t epoch, std::size_t epochs) const {
    const double part = static_cast<double>(epoch) / static_cast<double>(epochs);
    return final + (initial - final) * (1 + std::cos(std::numbers::pi * part)) / 2;
  }
};

/// Cosine decay from `initial` to `final`.
inline LearningRate cosine(double initial, double final) { return Cosine{initial, final}; }

}  // namespace interchoice
