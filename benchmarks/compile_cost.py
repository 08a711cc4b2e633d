#!/usr/bin/env python3
"""Time and memory of the compiler for users' programs.

    benchmarks/compile_cost.py build/libtorch/torch [rounds]

Compiles to object files at -O2, one compiler at a time, in interleaved rounds (3 unless told):
medians of user seconds and of peak memory, and the range of the seconds. <torch/nn.h> alone is what
any program with libtorch pays. The rebuilds compile the README's program with a precompiled header
of <torch/nn.h> and interchoice/interchoice.hpp, as after a change of one line, at -O2 and at -O1;
making that header is a row of its own. core.hpp has no code of its own and is only parsed. Needs
g++, fmt, range-v3 and nlohmann-json.
"""
import os
import shutil
import statistics
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
README = os.path.join(ROOT, "docs/snippets/readme.cpp")

SUPERNET = """
#include "interchoice/networks/nasbench201.hpp"
namespace ic = interchoice;
using Supernet = ic::Supernet<ic::NasBench201<ic::LinearSkip>, ic::bias<1>>;
at::Tensor logits(Supernet& net, const at::Tensor& x, const ic::Architecture<Supernet::Space>& a) {
  return net->forward(x, a);
}
Supernet make() { return Supernet(ic::NasBench201Options{}); }
"""
PRECOMPILED = """
#include <torch/nn.h>
#include "interchoice/interchoice.hpp"
"""


def compile_once(arguments):
    """User seconds and peak MB of one run of the compiler."""
    pid = os.spawnvp(os.P_NOWAIT, "g++", ["g++", "-std=c++20", *arguments])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit("the compiler failed: g++ -std=c++20 " + " ".join(arguments))
    return usage.ru_utime, usage.ru_maxrss * 1024 / 1e6


def variants(torch, folder):
    """The rows of the table: name and arguments of the compiler, in the order of a round."""
    def written(name, text):
        path = os.path.join(folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    program = os.path.join(folder, "readme.cpp")
    shutil.copy(README, program)
    header = written("program.hpp", PRECOMPILED)
    quick = written("quick.hpp", PRECOMPILED)
    flags = ["-I" + os.path.join(ROOT, "include"),
             "-isystem", os.path.join(torch, "include"),
             "-isystem", os.path.join(torch, "include/torch/csrc/api/include")]
    optimised = ["-O2", "-fopenmp", *flags]
    made = ["-x", "c++-header"]
    used = ["-Winvalid-pch", "-Werror=invalid-pch", "-include"]

    def object_of(source):
        return [*optimised, "-c", source, "-o", os.path.join(folder, "object.o")]

    return {
        "core.hpp, -fsyntax-only":
            ["-fsyntax-only", flags[0], written("core.cpp", '#include "interchoice/core.hpp"\n')],
        "<torch/nn.h> alone": object_of(written("nn.cpp", "#include <torch/nn.h>\n")),
        "one Supernet": object_of(written("supernet.cpp", SUPERNET)),
        "the README's program": object_of(program),
        "the precompiled header": [*optimised, *made, header, "-o", header + ".gch"],
        "the README's program, rebuilt with it": [*used, header, *object_of(program)],
        "the precompiled header, -O1": [*optimised, "-O1", *made, quick, "-o", quick + ".gch"],
        "the same rebuild, -O1": [*used, quick, *object_of(program), "-O1"],
    }


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    rounds = int(sys.argv[2]) if len(sys.argv) == 3 else 3
    with tempfile.TemporaryDirectory() as folder:
        rows = variants(os.path.abspath(sys.argv[1]), folder)
        results = {name: [] for name in rows}
        for _ in range(rounds):
            for name, arguments in rows.items():
                results[name].append(compile_once(arguments))
    for name, runs in results.items():
        seconds, memory = zip(*runs)
        print(f"{name:38s} {statistics.median(seconds):6.2f} s [{min(seconds):.2f}, "
              f"{max(seconds):.2f}]  {statistics.median(memory):6.0f} MB")


main()
