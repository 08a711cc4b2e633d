#include <ATen/ops/ones.h>
#include <interchoice/version.hpp>

int main() { return at::ones({2}).sum().item<double>() == 2 && INTERCHOICE_VERSION >= 100 ? 0 : 1; }
