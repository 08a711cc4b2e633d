#!/usr/bin/env python3
"""Writes the seed corpus beside this file: small inputs of every kind that the targets read.

The files in it that this does not write (with_digest, *.jpg) were written by the
library and by libjpeg-turbo.
"""

import json
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"


def put(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def tensor_file(tensors, metadata=None):
    sizes = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "U8": 1, "BOOL": 1}
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, (kind, shape) in tensors.items():
        count = sizes[kind]
        for size in shape:
            count *= size
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + count]}
        data += bytes(1 for _ in range(count))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


# --- tensor files ---------------------------------------------------------------------------------

put("tensor_file", "empty", tensor_file({}))
put("tensor_file", "kinds", tensor_file({
    "a": ("F64", [2, 3]), "b": ("F32", []), "c": ("F16", [0, 7]), "d": ("BF16", [1]),
    "e": ("I64", [1, 1, 2]), "f": ("U8", [5]), "g": ("BOOL", [3])}))
put("tensor_file", "network", tensor_file({"network.weight": ("F32", [2, 2])}, {
    "interchoice.format": "2", "interchoice.split": "true", "interchoice.network.space": "s",
    "interchoice.network.options.width": "4", "interchoice.facts.seed": "1"}))
put("tensor_file", "network_of_format_1", tensor_file({"network.weight": ("F32", [2])}, {
    "interchoice": json.dumps({"format": 1, "space": "s", "policy": "none", "facts": {"seed": "1"},
                               "is_split": False})}))
put("tensor_file", "training", tensor_file({"network.w": ("F32", [2]), "generator.cpu": ("U8", [8])}, {
    "interchoice_training": json.dumps({
        "format": 3, "training": {"loss": "cross entropy"}, "environment": {"threads": "1"},
        "planned_epochs": 2, "split_epoch": None, "learning_rate": 0.1, "step": 1,
        "sums": {"loss": 1.5, "examples": 8, "correct": 3, "targets": 8, "skipped": 0, "seconds": 1},
        "epochs": [[0.5, 1.25, 0.75, 3.5, 0], [0.25, 1.0, None, 3.5, 1]], "gradients": ["w"]})}))

# --- descriptions of checkpoints ------------------------------------------------------------------

put("checkpoint", "as_it_is", "0")
put("checkpoint", "cells", "1interchoice.network.options.cells_per_stage\t2,2,2\n")
put("checkpoint", "wide", "1interchoice.network.options.width\t100000\n")
put("checkpoint", "wide_chain", "0interchoice.network.options.width\t8\n")
put("checkpoint", "classes", "1interchoice.network.options.classes\t-1\n")
put("checkpoint", "split", "1interchoice.split\ttrue\n")
put("checkpoint", "tensors", "0+network.more\t2,3\n-network.head.2.bias\t\n")
put("checkpoint", "other", "0interchoice.network.policy\tnone\n-interchoice.network.space\t\n"
    "interchoice.format\t9\ninterchoice.facts.x\ty\n")

# --- tables ---------------------------------------------------------------------------------------

CELL = "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|"
OTHER = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
put("tables", "table", 'arch,"a ""b"", c",x\r\n1,2.5,-1e-3\r\n"l\n2",,3\r\n')
put("tables", "history", f"arch,violation,accuracy,cost\n{CELL},0,0.5,12\n{OTHER},1.5,,\n")
put("tables", "results", f"arch,accuracy,network\n{CELL},0.9123,tiny\n{OTHER},0,tiny\n")
put("tables", "results_cut", f"arch,accuracy,network\n{CELL},0.9123,tiny\n{OTHER},0,t")

# --- reports --------------------------------------------------------------------------------------

METRICS = {
    "title": "T", "introduction": "One.\n\nTwo.",
    "truth": {"label": "accuracy", "unit": "%", "architectures": 3, "repeats": 2},
    "facts": [{"name": "seed", "value": "1"}],
    "predictors": [{"label": "p", "trivial": False, "runs": 2,
                    "training": [{"epoch": 1, "loss": 2.5, "accuracy": 10}],
                    "facts": [{"name": "time", "value": "3 s"}]}]}
PREDICTIONS = ('arch,truth,"truth, repeat 1","truth, repeat 2","p, run 1","p, run 2"\n'
               "a,1,1,1,3,2\nb,2,2,2,2,1\nc,3,3,3,1,3\n")
put("report", "runs", json.dumps(METRICS) + "\0" + PREDICTIONS)
put("report", "nested", "[" * 2000 + "\0" + PREDICTIONS)

# --- records and images ---------------------------------------------------------------------------


def idx_pair(images, height, width, labels):
    image_file = struct.pack(">BBBBIII", 0, 0, 8, 3, images, height, width)
    image_file += bytes(images * height * width)
    label_file = struct.pack(">BBBBI", 0, 0, 8, 1, len(labels)) + bytes(labels)
    return b"\0" + struct.pack("<H", len(image_file)) + image_file + label_file


put("records", "idx", idx_pair(2, 3, 4, [1, 9]))
put("records", "idx_label", idx_pair(1, 1, 1, [10]))
put("records", "cifar", b"\1\0\0" + bytes([3]) + bytes(3072))
put("records", "digits", b"\2\0\0" + bytes([7]) + bytes(64) + bytes([0]) + bytes([16]) * 64)
