#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>

#include "interchoice/core/text.hpp"
#include "interchoice/data/batch_source.hpp"
#include "interchoice/io/detail/digest.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/training/training.hpp"

namespace interchoice {

/// What a training is beside its network, by name: trainings that agree in it go on alike.
using TrainingIdentity = std::map<std::string, std::string>;

/// The identity of a training: its options, the learning rates of all epochs, how many batches and
/// images an epoch has, a digest of the first batch, and the paths of the first and the last
/// epoch's first step.
///
/// *Cost*: reads one batch.
template <class Source, class Sampler>
TrainingIdentity training_identity(const Source& data, const Sampler& sample,
                                   const Training& training) {
  const auto text = [](double value) {
    char number[32];
    std::snprintf(number, sizeof number, "%.17g", value);
    return std::string(number);
  };
  const auto paths = [&](std::size_t epoch) {
    std::string all;
    for (const auto& path : paths_of_step(sample, epoch, 0)) all += to_text(path) + " ";
    return all;
  };
  detail::Digest rates;
  for (std::size_t epoch = 0; epoch < training.epochs; ++epoch) {
    rates.add(text(training.learning_rate(epoch, training.epochs)));
  }
  detail::Digest batch;
  const auto first = data.epoch(0)[0];
  batch.add(first.data);
  batch.add(first.target);
  const std::size_t last = training.epochs > 0 ? training.epochs - 1 : 0;
  return {
      {"epochs", std::to_string(training.epochs)},
      {"learning rates", text(training.learning_rate(0, training.epochs)) + " to " +
                             text(training.learning_rate(last, training.epochs)) + ", digest " +
                             rates.text()},
      {"momentum", text(training.sgd.momentum)},
      {"weight decay", text(training.sgd.weight_decay)},
      {"label smoothing", text(training.label_smoothing)},
      {"unsampled weights", training.unsampled == UnsampledWeights::kMove ? "move" : "freeze"},
      {"batches of paths",
       training.path_batches == PathBatches::kSameBatch ? "the same" : "successive"},
      {"split epoch", training.split_epoch ? std::to_string(*training.split_epoch) : "none"},
      {"momentum of copies", training.copy_momentum == CopyMomentum::kCopied ? "copied" : "fresh"},
      {"batches", std::to_string(data.size())},
      {"images", std::to_string(data.example_count())},
      {"first batch", batch.text()},
      {"first paths", paths(0)},
      {"last epoch's first paths", paths(last)}};
}

}  // namespace interchoice
