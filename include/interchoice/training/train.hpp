#pragma once

#include "interchoice/training/progress.hpp"
#include "interchoice/training/training.hpp"
#include "interchoice/training/training_run.hpp"

namespace interchoice {

/// Trains one random path a step, or several:
///
///   train(net, data, sample, {.epochs = 20, .learning_rate = cosine(0.1, 1e-5)});
///
/// A loop around `PathStep` with the parts of `Training`; write your own where it does not fit.
///
/// `network` is a module holder with `forward(x, architecture)`, `data` a `BatchSource`, `sample` a
/// sampler of one or several paths a step. Gradients of several paths are added up;
/// `Training::path_batches` says which batches they see. The same seeds give the same result,
/// whatever ran before. *Throws* std::runtime_error for a step whose loss, gradient or buffers are
/// not finite, unless `Training::non_finite` is to skip such; the network is as before that step.
template <class Network, class Source, class Sampler, class Report = NoProgress>
TrainingRecord train(const Network& network, const Source& data, const Sampler& sample,
                     const Training& training, Report&& report = {}) {
  static_assert(detail::CheckedTraining<Network, Source, Sampler>::value);
  TrainingRun run(network, data, sample, training);
  while (!run.is_over()) run.run_epoch(report);
  return run.record();
}

}  // namespace interchoice
