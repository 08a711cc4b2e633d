#include <interchoice/core.hpp>

namespace ic = interchoice;

int main() { return ic::architecture_count<ic::NasBench201Space>() == 15625 ? 0 : 1; }
