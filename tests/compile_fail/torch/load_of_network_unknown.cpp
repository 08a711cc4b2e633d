// expect: interchoice: load<Network>(path) needs options that a file can hold
// expect: interchoice: load<Network>(path) needs a module with a default constructor
// expect: interchoice: saving and loading a network needs a module holder
#include <torch/nn/pimpl.h>

#include "interchoice/networks/saved_network.hpp"

namespace ic = interchoice;

struct HiddenImpl : torch::nn::Module {
  struct Options {
    int width = 1;
#ifdef INTERCHOICE_POSITIVE
    static void for_each_field(auto& options, auto&& visit) { visit("width", options.width); }
#endif
  };
  explicit HiddenImpl(const Options& options) : options_(options) {}
  const Options& options() const { return options_; }
  Options options_;
};
TORCH_MODULE(Hidden);

struct OtherwiseImpl : torch::nn::Module {
  OtherwiseImpl(int, int) {}
#ifdef INTERCHOICE_POSITIVE
  OtherwiseImpl() = default;
#endif
};
TORCH_MODULE(Otherwise);

void load() {
  ic::load<Hidden>("file");
  ic::load<Otherwise>("file");
#ifdef INTERCHOICE_POSITIVE
  Otherwise net;
  ic::save("file", net);
#else
  int net = 0;
  ic::save("file", &net);
#endif
}
