#include "exporter.hpp"

at::Tensor twice(const at::Tensor& x) { return x.add(x); }
