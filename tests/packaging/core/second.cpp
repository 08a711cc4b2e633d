#include <interchoice/core/random.hpp>
#include <interchoice/dependency/bias.hpp>

std::uint32_t first_draw() {
  interchoice::CounterRandom random(interchoice::Seed{1}, interchoice::Stream::kPaths, 0, 0);
  return random();
}
