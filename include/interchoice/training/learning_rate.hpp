#pragma once

#include <fmt/core.h>

#include <cmath>
#include <cstddef>
#include <functional>
#include <numbers>
#include <stdexcept>
#include <utility>

namespace interchoice {

/// The learning rate of an epoch (counted from 0) out of a number of epochs.
using LearningRate = std::function<double(std::size_t epoch, std::size_t epochs)>;

/// The same learning rate in every epoch. Does not depend on the number of epochs, so that a
/// finished training can be extended (`train_resumable`).
inline LearningRate constant(double rate) {
  return [rate](std::size_t, std::size_t) { return rate; };
}

/// A learning rate that is multiplied by `factor` after every `period` epochs.
///
///   lr(e) = initial * factor^floor(e / period)
///
/// Does not depend on the number of epochs, so that a finished training can be extended.
/// *Throws* std::invalid_argument, when asked for a rate, if the period is 0.
struct StepDecay {
  double initial = 0.1;
  double factor = 0.1;
  std::size_t period = 30;

  double operator()(std::size_t epoch, std::size_t) const {
    if (period == 0) {
      throw std::invalid_argument(
          "interchoice: StepDecay with a period of 0 epochs; at least 1 is needed");
    }
    return initial * std::pow(factor, static_cast<double>(epoch / period));
  }
};

/// Cosine decay from `initial` to `final`, one value an epoch.
///
///   lr(e) = final + (initial - final) (1 + cos(pi e / epochs)) / 2
///
/// *Source*: Loshchilov & Hutter 2017; paper Table 5.
inline LearningRate cosine(double initial, double final) {
  return [initial, final](std::size_t epoch, std::size_t epochs) {
    const double part = static_cast<double>(epoch) / static_cast<double>(epochs);
    return final + (initial - final) * (1 + std::cos(std::numbers::pi * part)) / 2;
  };
}

/// Linear growth for the first w epochs, then another learning rate over the epochs that are left:
/// `warm_up(5, cosine(0.05, 1e-5))`.
///
///   lr(e) = then(0, T) (e + 1) / (w + 1)      e < w
///   lr(e) = then(e - w, T)                    e >= w,    T = epochs - w
///
/// *Throws* std::invalid_argument, when asked for a rate, if there are no more than w epochs.
/// *Source*: the reference; paper Table 5.
inline LearningRate warm_up(std::size_t warm_epochs, LearningRate then) {
  return [warm_epochs, then = std::move(then)](std::size_t epoch, std::size_t epochs) {
    if (epochs <= warm_epochs) {
      throw std::invalid_argument(fmt::format(
          "interchoice: a warm-up of {} epochs in a training of {}; train longer or warm up for "
          "fewer epochs",
          warm_epochs, epochs));
    }
    const std::size_t rest = epochs - warm_epochs;
    if (epoch >= warm_epochs) return then(epoch - warm_epochs, rest);
    return then(0, rest) * static_cast<double>(epoch + 1) / static_cast<double>(warm_epochs + 1);
  };
}

}  // namespace interchoice
