#pragma once

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "interchoice/dependency/policy.hpp"
#include "interchoice/dependency/response.hpp"

namespace interchoice {

/// `attention` looks at the own choice as well: it acts at the first location, too.
struct with_own_choice {
  static constexpr std::string_view name = "with_own_choice";
};
/// `attention` looks at the priors only.
struct without_own_choice {
  static constexpr std::string_view name = "without_own_choice";
};

/// A factor for each channel of the op's input, computed from the choices by a small network.
///
///   y = op_c(x * sigmoid(f(onehot(pD), ..., onehot(p1), onehot(c))))
///
/// f is one fully connected layer with bias, or two with ReLU between. Its input has max n places
/// for each choice; the hidden layer is that width rounded up to a multiple of 8.
///
/// *Cost*: one pass over the input, and a matrix-vector product. *Source*: paper Appendix D.
template <std::size_t Depth, std::size_t Layers = 1, class Own = with_own_choice,
          class Order = registration>
struct attention : with_priors<Depth, Order> {
  static_assert(Layers == 1 || Layers == 2,
                "interchoice: attention<Depth, Layers> needs one or two layers; use "
                "attention<Depth, 1> or attention<Depth, 2>");

  static constexpr std::string_view name = "attention";
  static constexpr std::array effects{Effect::kInputScale};
  static std::string text() {
    const bool is_default = Own::name == with_own_choice::name;
    return prior_text<Order>(
        name, Depth,
        fmt::format(",{}{}{}", Layers, is_default ? "" : ",", is_default ? "" : Own::name));
  }
};

}  // namespace interchoice
