#pragma once

#include <cstdint>

namespace interchoice {

/// How a queue has ended.
enum class WorkEnd : std::uint8_t { kNone, kDone, kStopped, kFailed };

}  // namespace interchoice
