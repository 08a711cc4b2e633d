#pragma once

// Catch2 of either major version under one include.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;  // NOLINT(google-global-names-in-headers): where version 2 has it
#else
#include <catch2/catch.hpp>
#endif
