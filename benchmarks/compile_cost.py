#!/usr/bin/env python3
"""Compile time and memory of a user's file with one Supernet, as it is and with <torch/torch.h>.

    benchmarks/compile_cost.py build/libtorch/torch [rounds]

Interleaved rounds of `g++ -std=c++20 -fsyntax-only`, user seconds and peak memory, medians and the
ratio of the medians of pairs. A third variant, <torch/torch.h> alone, shows what any user pays.
"""
import os
import resource
import statistics
import sys
import tempfile

SUPERNET = """
#include "interchoice/networks/nasbench201.hpp"
namespace ic = interchoice;
using Supernet = ic::Supernet<ic::NasBench201<ic::LinearSkip>, ic::bias<1>>;
at::Tensor logits(Supernet& net, const at::Tensor& x, const ic::Architecture<Supernet::Space>& a) {
  return net->forward(x, a);
}
Supernet make() { return Supernet(ic::NasBench201Options{}); }
"""
VARIANTS = {
    "our headers": SUPERNET,
    "the same and <torch/torch.h>": "#include <torch/torch.h>\n" + SUPERNET,
    "<torch/torch.h> alone": "#include <torch/torch.h>\n",
}


def compile_once(path, torch):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    command = ["g++", "-std=c++20", "-fsyntax-only", "-fopenmp", "-I" + os.path.join(root, "include"),
               "-isystem", os.path.join(torch, "include"),
               "-isystem", os.path.join(torch, "include/torch/csrc/api/include"), path]
    pid = os.spawnvp(os.P_NOWAIT, command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit("the compiler failed: " + " ".join(command))
    return usage.ru_utime, usage.ru_maxrss / 1024


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    torch, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) == 3 else 3
    results = {name: [] for name in VARIANTS}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in VARIANTS.items():
            with open(os.path.join(folder, f"{list(VARIANTS).index(name)}.cpp"), "w") as file:
                file.write(text)
        for _ in range(rounds):
            for i, name in enumerate(VARIANTS):
                results[name].append(compile_once(os.path.join(folder, f"{i}.cpp"), torch))
    base = results["the same and <torch/torch.h>"]
    for name, runs in results.items():
        seconds = statistics.median(r[0] for r in runs)
        memory = statistics.median(r[1] for r in runs)
        ratios = [statistics.median(a[k] / b[k] for a, b in zip(runs, base)) for k in (0, 1)]
        print(f"{name:30s} {seconds:6.2f} s  {memory:6.0f} MiB   ratio {ratios[0]:.3f} time, "
              f"{ratios[1]:.3f} memory")


main()
