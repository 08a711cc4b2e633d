#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>

#include "support/catch.hpp"

TEST_CASE("a tensor goes to the device and back", "[gpu]") {
  const at::Tensor x = at::arange(12, at::kFloat).view({3, 4});
  const at::Tensor y = x.to(at::Device(at::kCUDA)).mul(2).cpu();
  REQUIRE(at::equal(y, x.mul(2)));
}
