#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "interchoice/distributed/work_end.hpp"

namespace interchoice::detail {

/// What a rank knows about itself and the end.
struct WorkState {
  std::optional<std::size_t> waiting = {};  // a ticket that was drawn, without tasks so far
  std::optional<std::size_t> working = {};  // whose tasks were taken last
  WorkEnd end = WorkEnd::kNone;
  std::string failure = {};

  bool has_ended() const { return end != WorkEnd::kNone; }
  void fail(const std::string& reason) {
    end = WorkEnd::kFailed;
    failure = "interchoice: " + reason;
  }
};

}  // namespace interchoice::detail
