#pragma once

// The sizes of a network as options of a command line, and the options of its type.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "examples/command_line.hpp"
#include "examples/number_options.hpp"

namespace examples {

/// What images look like.
struct ImageShape {
  std::int64_t channels = 3;
  std::int64_t height = 32;
  std::int64_t width = 32;
  std::int64_t classes = 10;
};

/// Sizes of a network; what is 0 is as in the options of its type by default.
struct NetworkSizes {
  std::int64_t width = 0;
  std::int64_t cells = 0;
  std::int64_t stages = 0;
  double width_multiplier = 0;
  std::int64_t head_width = 0;  ///< else it grows along with the width
};

inline void add_size_options(CLI::App& app, NetworkSizes& sizes) {
  app.add_option("--width", sizes.width,
                 "channels of the first stage; the network's default if not given")
      ->check(whole_number(1, 1024));
  app.add_option("--cells", sizes.cells, "cells in a stage; the network's default if not given")
      ->check(whole_number(1, 64));
  app.add_option("--stages", sizes.stages,
                 "stages, with reductions between them; the network's default if not given")
      ->check(whole_number(1, 6));
  app.add_option("--width-multiplier", sizes.width_multiplier,
                 "multiplies all channels, of a network that has no --width")
      ->check(positive_number());
  app.add_option("--head-width", sizes.head_width,
                 "channels before the classifier, of a network that has such a head; grows along "
                 "with --width if not given")
      ->check(whole_number(1, 8192));
}

/// The options of a network's type for images and sizes. `name` is its name in messages.
///
/// *Throws* UsageError for a size that the type does not have.
template <class Network>
typename Network::Options options_for(const NetworkSizes& sizes, const ImageShape& shape,
                                      const std::string& name) {
  auto options = [] {
    if constexpr (requires { Network::default_options(); }) {
      return Network::default_options();
    } else {
      return typename Network::Options();
    }
  }();
  const auto refuse = [&](bool is_given, const char* option) {
    if (is_given) throw UsageError(std::string(option) + " is no size of the network " + name);
  };
  if constexpr (requires { options.input_channels; }) options.input_channels = shape.channels;
  if constexpr (requires { options.classes; }) options.classes = shape.classes;
  if constexpr (requires { options.width; }) {
    const std::int64_t before = options.width;
    if (sizes.width > 0) options.width = sizes.width;
    if constexpr (requires { options.head_width; }) {
      const std::int64_t along = options.head_width * options.width / before;
      options.head_width =
          sizes.head_width > 0 ? sizes.head_width : std::max<std::int64_t>(1, along);
    }
  } else {
    refuse(sizes.width > 0, "--width");
  }
  if constexpr (!requires { options.head_width; }) refuse(sizes.head_width > 0, "--head-width");
  if constexpr (requires { options.cells_per_stage; }) {
    auto& stages = options.cells_per_stage;
    const std::int64_t cells = sizes.cells > 0 ? sizes.cells : stages.front();
    const auto count = sizes.stages > 0 ? std::size_t(sizes.stages) : stages.size();
    stages.assign(count, cells);
  } else {
    refuse(sizes.cells > 0, "--cells");
    refuse(sizes.stages > 0, "--stages");
  }
  if constexpr (requires { options.width_multiplier; }) {
    if (sizes.width_multiplier > 0) options.width_multiplier = sizes.width_multiplier;
  } else {
    refuse(sizes.width_multiplier > 0, "--width-multiplier");
  }
  return options;
}

}  // namespace examples
