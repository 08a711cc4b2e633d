#pragma once

#include <ATen/core/Tensor.h>

at::Tensor twice(const at::Tensor& x);
