#pragma once

#include <c10/util/Exception.h>

#include <memory>
#include <set>
#include <string>

#include "interchoice/nn/capture/capture_options.hpp"
#include "interchoice/nn/capture/graph_recorder.hpp"

namespace interchoice::detail {

/// What the captured candidates of a network share.
struct Capturing {
  std::shared_ptr<GraphRecorder> recorder;
  CaptureOptions options;
  CaptureCounts counts = {};
  std::set<std::string> warnings = {};
  bool is_capturing = false;  // a candidate within a candidate is a part of its graph

  /// Says once why something runs eagerly.
  void warn(const std::string& what) {
    if (warnings.insert(what).second) TORCH_WARN("interchoice: ", what);
  }
};

}  // namespace interchoice::detail
