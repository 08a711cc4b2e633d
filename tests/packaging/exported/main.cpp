#include <ATen/ops/ones.h>
#include <exporter.hpp>

int main() { return twice(at::ones({2})).sum().item<double>() == 4 ? 0 : 1; }
