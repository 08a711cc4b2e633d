// A super-network on tokens, a small vision transformer (examples/token_network.hpp): how well
// three policies rank its architectures.
//
//   data      the digits of examples/data, 8x8 pixels, embedded in the program
//   command   build/release/examples/token_supernet --architectures 24
//             some minutes on one core; --help lists the options
//   output    a row an architecture: its accuracy alone and the predictions of `none`, `bias<1>`
//             and `split`; then Kendall's tau-b, near the table of docs/how-to/any-tensor.md

#include "examples/policy_comparison.hpp"
#include "examples/token_network.hpp"

namespace ic = interchoice;

int main(int argc, char** argv) {
  return examples::compare_policies<examples::TokenNet>(
      "A vision-transformer super-network on the digits",
      {.optimizer = ic::AdamW{}, .learning_rate = ic::cosine(3e-3, 1e-5)}, argc, argv);
}
