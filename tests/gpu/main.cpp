// The main function of the GPU tests: without a device it exits with 77, which CTest reports as
// skipped.

#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include <ATen/Context.h>

#include <iostream>

int main(int argc, char** argv) {
  if (!at::globalContext().hasCUDA()) {
    std::cout << "SKIPPED: needs a CUDA device\n";
    return 77;
  }
  return Catch::Session().run(argc, argv) == 0 ? 0 : 1;
}
