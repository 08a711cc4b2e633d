#!/usr/bin/env python3
"""Runs what tests/export/onnx_test.cpp wrote in programs that are not ours.

    check_exports.py FOLDER PYTHON_MODULES

ONNX: onnx.checker, and ONNX Runtime's outputs for batches of one and seven, as of programs of
torch.export. TorchScript and examples/python: PyTorch's. All within 1e-5 of ours, relative to the
largest output above one.
A part whose packages are missing is skipped, and said so; exit code 77 if it is ONNX.
"""

import pathlib
import re
import sys
import time

TOLERANCE = 1e-5
folder, modules = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
sys.path.insert(0, str(modules))
failures = []


def compare(what, found, expected):
    if found.shape != expected.shape:
        failures.append(f"{what}: shape {found.shape}, not {expected.shape}")
        return 0.0
    difference = float(abs(found - expected).max()) / max(1.0, float(abs(expected).max()))
    if not difference <= TOLERANCE:
        failures.append(f"{what}: differs by {difference:.2e}")
    return difference


def report(what, differences, start):
    if not differences:
        failures.append(f"{what}: nothing was there to check")
        return
    print(f"{what}: {len(differences)} outputs, largest difference {max(differences):.1e}, "
          f"{time.monotonic() - start:.1f} s")


def check_onnx():
    import numpy
    import onnx
    import onnxruntime
    from safetensors.numpy import load_file

    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    groups = {}
    for path in sorted(folder.glob("*.onnx")):
        groups.setdefault(re.sub(r"-\d+$", "", path.stem), []).append(path)
    for group, paths in groups.items():
        start, differences = time.monotonic(), []
        for path in paths:
            model = onnx.load(path)
            onnx.checker.check_model(model, full_check=True)
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            results = load_file(path.with_suffix(".results"))
            for batch in (7, 1):
                x = numpy.ascontiguousarray(results["x"][:batch])
                (y,) = session.run(None, {"input": x})
                differences.append(compare(f"{path.name}, batch {batch}", y, results["y"][:batch]))
        report(f"ONNX Runtime, {group}", differences, start)


def check_torch():
    import torch
    from safetensors.torch import load_file

    import interchoice_subnets

    torch.set_num_threads(1)
    with torch.no_grad():
        start, differences = time.monotonic(), []
        for path in sorted(folder.glob("*.pt")):
            results = load_file(path.with_suffix(".results"))
            y = torch.jit.load(str(path))(results["x"])
            differences.append(compare(path.name, y.numpy(), results["y"].numpy()))
        report("TorchScript", differences, start)
        start, differences = time.monotonic(), []
        for path in sorted(folder.glob("*.pt2")):
            facts = {"interchoice.weights": ""}
            net = torch.export.load(path, extra_files=facts).module()
            if len(facts["interchoice.weights"]) == 0:
                failures.append(f"{path.name}: does not say what its weights are")
            results = load_file(path.with_suffix(".results"))
            for batch in (7, 1):
                y = net(results["x"][:batch])
                differences.append(compare(f"{path.name}, batch {batch}", y.numpy(), results["y"][:batch].numpy()))
        report("torch.export", differences, start)
        start, differences = time.monotonic(), []
        for path in sorted(folder.glob("*.safetensors")):
            if path.name.startswith(("tokens", "sequences")):
                continue
            net = interchoice_subnets.load(path, count_include_pad="benchmark" not in path.name)
            results = load_file(path.with_suffix(".results"))
            differences.append(compare(path.name, net(results["x"]).numpy(), results["y"].numpy()))
        report("interchoice_subnets", differences, start)


def main():
    skipped = []
    for name, check in (("onnx", check_onnx), ("torch", check_torch)):
        try:
            check()
        except ImportError as error:
            skipped.append(name)
            print(f"skipped the checks by {name}: {error}; cmake/bootstrap.sh test installs what they need")
    for failure in failures[:20]:
        print(failure)
    if failures:
        print(f"{len(failures)} checks failed")
        return 1
    return 77 if "onnx" in skipped else 0


sys.exit(main())
