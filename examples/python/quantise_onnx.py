"""Quantises an exported image classifier to int8 by ONNX Runtime and says what that costs.

    quantise_onnx.py MODEL.onnx INT8.onnx --calibration IMAGES.bin --test IMAGES.bin [--most-loss 2]

IMAGES.bin is in CIFAR-10's binary layout: records of one label byte and 3,072 pixel bytes. The model
is one of `export_architecture --fold-batch-norm`, whose metadata has the normalisation. Ends with 1 if
top-1 falls by more than `--most-loss` percentage points. Needs numpy, onnx and onnxruntime.
"""

import argparse
import sys

import numpy
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static


def read_images(path, count, metadata):
    records = numpy.fromfile(path, numpy.uint8).reshape(-1, 3073)[:count]
    mean, deviation = (numpy.array([float(v) for v in metadata[f"normalisation.{k}"].split(",")], numpy.float32)
                       .reshape(3, 1, 1) for k in ("mean", "deviation"))
    pixels = records[:, 1:].reshape(-1, 3, 32, 32).astype(numpy.float32) / 255
    return (pixels - mean) / deviation, records[:, 0]


class Batches(CalibrationDataReader):
    def __init__(self, images):
        self.batches = iter(numpy.array_split(images, max(1, len(images) // 64)))

    def get_next(self):
        batch = next(self.batches, None)
        return None if batch is None else {"input": batch}


def top1(path, images, labels):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    right = sum(int((session.run(None, {"input": x})[0].argmax(1) == y).sum())
                for x, y in zip(numpy.array_split(images, 20), numpy.array_split(labels, 20)))
    return 100 * right / len(labels)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("int8")
    parser.add_argument("--calibration", required=True)
    parser.add_argument("--calibration-images", type=int, default=512)
    parser.add_argument("--test", required=True)
    parser.add_argument("--test-images", type=int, default=10000)
    parser.add_argument("--most-loss", type=float, default=2)
    options = parser.parse_args()
    session = onnxruntime.InferenceSession(options.model, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    calibration, _ = read_images(options.calibration, options.calibration_images, metadata)
    quantize_static(options.model, options.int8, Batches(calibration), per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    images, labels = read_images(options.test, options.test_images, metadata)
    before, after = top1(options.model, images, labels), top1(options.int8, images, labels)
    print(f"top-1 of {len(labels)} images: {before:.2f} % as float, {after:.2f} % as int8")
    return 0 if before - after <= options.most_loss else 1


if __name__ == "__main__":
    sys.exit(main())
