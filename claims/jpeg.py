"""JPEG: can an autoencoder compress as well?

The post: 「理論上是無法做出一個 autoencoder,其得到的壓縮效果,能夠跟類似 jpeg, mp3
這種壓縮方法一樣好」 (in theory no autoencoder compresses as well as JPEG), since
nobody can train on all pictures; here all are digits, so that stays open. JPEG gets a
file for each test image, and one file for all of them, which share its header, with
Huffman tables of their own. The numbers of simple_ae.py's code are rounded to 64 steps
and packed by zlib (LZ77 and Huffman); the decoder's weights are what its header is.

    python simple_ae.py
    python claims/jpeg.py
"""

import io
import math
import zlib
import shared  # before common: it makes the project's folder importable
import common
from matplotlib.figure import Figure
import numpy as np
from PIL import Image


def jpeg(image, quality):
    """Return bytes of the file, bytes of its header, and the decoded image.

    The header is all up to the end of the start-of-scan segment: the size, the
    quantisation and the Huffman tables. The image is uint8, (height, width).
    """
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, optimize=True)
    data = file.getvalue()
    scan = data.index(b"\xff\xda") + 2  # start of scan, then the segment's length
    header = scan + int.from_bytes(data[scan : scan + 2], "big")
    return len(data), header, np.asarray(Image.open(file))


def measure_jpeg(images, quality):
    """Return bytes an image (alone, in one file, that less its header) and the MSE."""
    # JPEG works on 8 x 8 blocks: on 32 x 32 pixels each, no two images share a block.
    n, side = len(images), math.ceil(math.sqrt(len(images)))
    tiles = np.zeros((side**2, 32, 32), np.uint8)
    tiles[:n] = np.pad(images, [(0, 0), (0, 4), (0, 4)], mode="edge")
    sheet = tiles.reshape(side, side, 32, 32).swapaxes(1, 2).reshape(side * 32, -1)
    size, header, decoded = jpeg(sheet, quality)
    decoded = decoded.reshape(side, 32, side, 32).swapaxes(1, 2).reshape(-1, 32, 32)
    mse = np.mean((images / 255 - decoded[:n, :28, :28] / 255) ** 2)
    alone = np.mean([jpeg(image, quality)[0] for image in images])
    return alone, size / n, (size - header) / n, mse


def measure_code(encoder, decoder, x_train, x_test):
    """Return the same four for x_test; a code (n, 32) must not be negative."""
    # 0 to 63 stand for 0 to the number's largest value on the training images.
    largest = encoder.predict(x_train, verbose=0).max(axis=0)
    scale = np.where(largest > 0, largest, 1) / np.float32(63)
    codes = np.rint(encoder.predict(x_test, verbose=0) / scale).clip(0, 63)
    mse = np.mean((x_test - decoder.predict(codes * scale, verbose=0)) ** 2)
    # All first numbers, then all second ones: zlib finds more in that order.
    n, size = len(codes), len(zlib.compress(codes.T.astype(np.uint8).tobytes()))
    weights = scale.nbytes + sum(array.nbytes for array in decoder.get_weights())
    return size / n + weights, (size + weights) / n, size / n, mse


def verdict(jpegs, code, n):
    """Compare the code's row with the first of JPEG's that is as good, in words."""
    as_good = [sizes for *sizes, mse in jpegs if mse <= code[3]]
    if not as_good:
        return f"no JPEG here comes down to the code's MSE of {code[3]:.4f}"
    texts = []
    for ours, theirs in zip(code, as_good[0]):
        smaller = "the code" if ours < theirs else "JPEG"
        texts.append(
            f"{smaller} is smaller (code {ours:,.0f}, JPEG {theirs:,.0f} bytes)"
        )
    return (
        f"at the code's MSE of {code[3]:.4f}, for one of {n:,} images {texts[1]}, for "
        f"one alone {texts[0]}; from {as_good[0][1]:.0f} bytes on JPEG has a lower MSE"
    )


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    _, encoder, decoder = shared.load_model("simple_ae", args.out)
    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    images, rows, n = np.rint(x_test * 255).astype(np.uint8), {}, len(x_test)
    for quality in 1, 3, 4, 5, 10, 20, 40, 75:  # 75 is Pillow's default
        rows[f"JPEG, quality {quality}"] = measure_jpeg(images, quality)
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    rows["code"] = measure_code(encoder, decoder, x_train, x_test)
    print(f"| bytes an image: | alone | one of {n:,} | without header | MSE | PSNR |")
    print("|---|---|---|---|---|---|")
    for name, (*sizes, mse) in rows.items():
        sizes = " | ".join(f"{size:,.0f}" for size in sizes)
        print(f"| {name} | {sizes} | {mse:.4f} | {-10 * np.log10(mse):.1f} dB |")

    *jpegs, code = rows.values()
    axis = Figure(figsize=(11, 6), layout="constrained").subplots()
    alone, together, _, mses = zip(*jpegs)
    axis.loglog(together, mses, "s-", color="#0072B2")
    axis.loglog(alone, mses, "o-", color="#D55E00")
    axis.loglog(code[:3], [code[3]] * 3, "D:", color="black", markersize=9)
    for x, y, shift, color, align, text in (
        (together[-1], mses[-1], 1, "#0072B2", "right", f"JPEG, one of {n:,}  "),
        (alone[-1], mses[-1], 1, "#D55E00", "left", "  JPEG, alone"),
        (code[2], code[3], 0.7, "black", "right", "code\nwithout decoder"),
        (code[1], code[3], 1.8, "black", "left", f"with a {n:,}th of the decoder"),
        (code[0], code[3], 0.8, "black", "right", "code and decoder, alone"),
    ):
        axis.text(x, y * shift, text, color=color, ha=align, va="center", fontsize=16)
    axis.set(xlim=(2, 3e5), ylim=(min(mses) / 1.5, max(mses) * 2))
    axis.set_xlabel("bytes an image", fontsize=16)
    axis.set_ylabel("mean squared error", fontsize=16)
    axis.tick_params(labelsize=14)
    common.save(axis.figure, args.out / "jpeg.png")
    print(f"verdict: {verdict(jpegs, code, n)}")


if __name__ == "__main__":
    common.run(main)
