#pragma once

#include <gloo/config.h>

namespace gloo::transport {

class Device;
class UnboundBuffer;

}  // namespace gloo::transport
