// A header of the jpeg component, with the library behind it.

#include <interchoice/data/jpeg.hpp>

#include <cstdio>
#include <stdexcept>

int main() {
  try {
    interchoice::decode_jpeg({}, "nothing");
  } catch (const std::runtime_error& error) {
    std::printf("%s\n", error.what());
    return 0;
  }
  return 1;
}
