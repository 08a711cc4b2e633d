#pragma once

#include <ATen/autocast_mode.h>

namespace interchoice::detail {

/// While it lives, autocast makes each conversion anew: a copy that was kept would be part of a
/// recording's memory, or make it depend on another one's.
class NoAutocastCache {
 public:
  NoAutocastCache() : was_enabled_(at::autocast::is_autocast_cache_enabled()) {
    at::autocast::set_autocast_cache_enabled(false);
  }
  ~NoAutocastCache() { at::autocast::set_autocast_cache_enabled(was_enabled_); }
  NoAutocastCache(const NoAutocastCache&) = delete;
  NoAutocastCache& operator=(const NoAutocastCache&) = delete;

 private:
  bool was_enabled_;
};

}  // namespace interchoice::detail
