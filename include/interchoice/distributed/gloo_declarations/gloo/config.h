#pragma once

// The headers in this folder stand for Gloo's own, which libtorch is built with and does not ship:
// the declarations that torch/csrc/distributed/c10d/ProcessGroupGloo.hpp names, of libtorch 2.11.
// None of these types is made or looked into here; libtorch does that.
