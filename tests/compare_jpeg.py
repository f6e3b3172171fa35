"""Measure the post's claim that an autoencoder cannot compress as well as JPEG.

    python simple_ae.py && python tests/compare_jpeg.py

Both get MNIST's 10,000 test images. JPEG writes one grey .jpg an image. The
autoencoder's 32 numbers are stored as a byte each, 0 to 255 standing for 0 to the
largest value that the number takes on the training images.
"""

import argparse
import io
from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import common  # before keras: its docstring says why
import keras
import numpy as np
from PIL import Image


def jpeg(image, quality):
    """Return (bytes of the file, bytes of its header, the decoded image).

    The header is all up to the end of the start-of-scan segment: the size, the
    quantisation and the Huffman tables, the same for each image of one quality.

    Args:
        image: uint8, (28, 28).
        quality: Pillow's, 1 to 95.
    """
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    data = file.getvalue()
    scan = data.index(b"\xff\xda") + 2  # start of scan, then the segment's length
    header = scan + int.from_bytes(data[scan : scan + 2], "big")
    return len(data), header, np.asarray(Image.open(file))


def row(name, *values):
    print(f"| {name} | " + " | ".join(values) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", nargs="?", default="outputs/simple_ae.keras")
    path = parser.parse_args().model
    if not Path(path).is_file():
        sys.exit(f"there is no {path}: run python simple_ae.py first")

    (x_train, _), (x_test, _) = common.load_mnist()
    images = np.rint(x_test * 255).astype(np.uint8)
    row("method", "bytes an image", "without header or decoder", "MSE", "PSNR")
    row(*["---"] * 5)
    for quality in 1, 5, 10, 20, 40, 75:
        sizes, headers, decoded = zip(
            *(jpeg(image, quality) for image in images), strict=True
        )
        mse = common.mean_squared_error(x_test, np.stack(decoded) / np.float32(255))
        size, header = np.mean(sizes), np.mean(headers)
        values = f"{size:.0f}", f"{size - header:.0f}", f"{mse:.4f}"
        row(f"JPEG, quality {quality}", *values, f"{common.psnr(mse):.1f} dB")

    autoencoder = keras.models.load_model(path)
    encoder, decoder = map(autoencoder.get_layer, ("encoder", "decoder"))
    largest = encoder.predict(x_train.reshape(-1, 784), verbose=0).max(axis=0)
    scale = np.where(largest > 0, largest, 1) / 255
    codes = encoder.predict(x_test.reshape(-1, 784), verbose=0) / scale
    codes = np.rint(codes).clip(0, 255).astype(np.uint8)
    mse = common.mean_squared_error(x_test, decoder.predict(codes * scale, verbose=0))
    code = codes[0].nbytes
    weights = sum(array.nbytes for array in decoder.get_weights()) + scale.nbytes
    for name, share in (
        ("32 numbers", 0),
        ("32 numbers, and the decoder once for 10,000 images", weights / len(codes)),
        ("32 numbers, and the decoder for one image", weights),
    ):
        values = f"{code + share:,.0f}", f"{code}", f"{mse:.4f}"
        row(name, *values, f"{common.psnr(mse):.1f} dB")


if __name__ == "__main__":
    main()
