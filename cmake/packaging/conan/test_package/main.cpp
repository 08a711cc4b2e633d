#include <fmt/core.h>

#include "interchoice/core.hpp"

namespace ic = interchoice;

int main() {
  const ic::Architecture<ic::NasBench201Space> architecture;
  fmt::print("{}\n", ic::to_text(architecture));
}
