#pragma once

// Progress of a job of several parts that take about equally long, with the time that is left of
// all of them.

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "interchoice/training/progress.hpp"

namespace examples {

namespace ic = interchoice;

class JobProgress {
 public:
  JobProgress(std::string job, std::size_t parts) : show_(std::move(job)), parts_(parts) {}

  /// A report for the next part, whose last step is the part's end. This object must outlive it.
  std::function<void(const ic::Progress&)> next_part(const std::string& name) {
    const std::size_t part = part_++;
    return [this, part, name](const ic::Progress& progress) {
      const std::size_t before = before_ + progress.before;
      const bool is_end = progress.done == progress.total;
      show_({part * progress.total + progress.done, parts_ * progress.total,
             name + ", " + progress.state, progress.is_milestone || is_end, before});
      if (is_end) before_ = before;
    };
  }

 private:
  ic::TerminalProgress show_;
  std::size_t parts_;
  std::size_t part_ = 0;
  std::size_t before_ = 0;  // steps of former parts that took no time
};

}  // namespace examples
