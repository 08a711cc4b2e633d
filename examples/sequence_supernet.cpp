// A super-network on sequences, of 1-D convolutions (examples/sequence_network.hpp): how well three
// policies rank its architectures.
//
//   data      the digits of examples/data, 8x8 pixels, embedded in the program
//   command   build/release/examples/sequence_supernet --architectures 24
//             some minutes on one core; --help lists the options
//   output    a row an architecture, with its accuracy alone and the predictions of `none`,
//   `bias<1>`
//             and `split`; then Kendall's tau-b, near the table of docs/how-to/any-tensor.md

#include "examples/policy_comparison.hpp"
#include "examples/sequence_network.hpp"

namespace ic = interchoice;

int main(int argc, char** argv) {
  return examples::compare_policies<examples::SequenceNet>(
      "A 1-D convolution super-network on the digits", {.learning_rate = ic::cosine(0.1, 1e-4)},
      argc, argv);
}
