#pragma once

/// The one place of the library's version; the build files read it from here.
#define INTERCHOICE_VERSION_MAJOR 0
/// Names may change with it while the major version is 0.
#define INTERCHOICE_VERSION_MINOR 1
/// Changes no name.
#define INTERCHOICE_VERSION_PATCH 0

/// One number for comparisons: `#if INTERCHOICE_VERSION >= 100` means "0.1.0 or later".
#define INTERCHOICE_VERSION \
  (INTERCHOICE_VERSION_MAJOR * 10000 + INTERCHOICE_VERSION_MINOR * 100 + INTERCHOICE_VERSION_PATCH)
