#pragma once

#include <fmt/core.h>

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/io/digest.hpp"
#include "interchoice/report/report.hpp"

namespace interchoice::detail {

/// The digest by which `metrics.json` knows its `predictions.csv`: that of the file's bytes.
inline std::string predictions_digest(std::string_view text) {
  Digest digest;
  digest.add(std::as_bytes(std::span(text)));
  return digest.text();
}

/// The digest of a predictor's training, whose numbers are in `metrics.json` itself.
inline std::string training_digest(const std::vector<TrainingPoint>& training) {
  const auto text = [](double value) {  // as JSON has it
    return std::isfinite(value) ? fmt::format("{}", value) : std::string("null");
  };
  Digest digest;
  for (const TrainingPoint& point : training) {
    digest.add(fmt::format("{} {} {}", point.epoch, text(point.loss), text(point.accuracy)));
  }
  return digest.text();
}

}  // namespace interchoice::detail
