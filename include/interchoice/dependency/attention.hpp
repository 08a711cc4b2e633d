#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "interchoice/dependency/prior.hpp"
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
struct attention {
  static_assert(Depth >= 1,
                "interchoice: attention<Depth, Layers> needs Depth >= 1; for no dependency use "
                "interchoice::none");
  static_assert(Layers == 1 || Layers == 2,
                "interchoice: attention<Depth, Layers> needs one or two layers; use "
                "attention<Depth, 1> or attention<Depth, 2>");

  using prior_order = Order;
  static constexpr std::string_view name = "attention";
  static constexpr std::size_t depth = Depth;
  static constexpr std::array effects{Effect::kInputScale};
  static std::string text() {
    std::string arguments = "," + std::to_string(Layers);
    if (Own::name != with_own_choice::name) arguments += "," + std::string(Own::name);
    return prior_text<Order>(name, Depth, arguments);
  }
};

}  // namespace interchoice
