#include <interchoice/core/random.hpp>
#include <interchoice/dependency/bias.hpp>
#include <interchoice/version.hpp>

static_assert(INTERCHOICE_VERSION >= 100);

std::uint32_t first_draw();

int main() {
  interchoice::CounterRandom random(interchoice::Seed{1}, interchoice::Stream::kPaths, 0, 0);
  return random() == first_draw() && interchoice::bias<2>::depth == 2 ? 0 : 1;
}
