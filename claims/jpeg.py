"""JPEG: can an autoencoder compress as well?

The post: 「理論上是無法做出一個 autoencoder，其得到的壓縮效果，能夠跟類似 jpeg, mp3
這種壓縮方法一樣好」 (in theory no autoencoder compresses as well as JPEG), since nobody
can train on all pictures. Here all are digits: the post's own source names that as the
exception. The codes of two networks, and JPEG with the same mean squared error (MSE):

    python simple_ae.py        and deep_ae.py
    python claims/jpeg.py

JPEG gets one file for all test images, so that they share its header, with Huffman
tables of its own. It works on 8 x 8 blocks: 28 pixels fill 4 blocks, 24 only 3, so it
also gets the images without their border of 2 pixels, which counts as black. A code's
numbers are rounded to 64 steps and packed by zlib (LZ77 and Huffman). Its decoder, with
weights in float16, has to be sent once, as JPEG's is on every computer.
"""

import io
import math
import zlib

import base
import common
from matplotlib.figure import Figure
import numpy as np
from PIL import Image

NETWORKS = "simple_ae", "deep_ae"
QUALITIES = 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 90
SHOWN = 1, 5, 10, 20, 75  # 75 is Pillow's default
STEPS = 64  # of a code's number


def jpeg_file(image, quality):
    """Return the bytes of an image, uint8 (height, width), as a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, optimize=True)
    return file.getvalue()


def measure_jpeg(images, quality, border=0):
    """Return bytes an image and the MSE of one JPEG file with all the images.

    Args:
        images: uint8, (n, 28, 28).
        quality: Pillow's, 1 to 95.
        border: pixels that are cut at each side, and come back black.
    """
    # On a whole number of 8 x 8 blocks each, no two images share a block.
    inside = images[:, border : 28 - border, border : 28 - border]
    width = inside.shape[1]
    blocks = math.ceil(width / 8) * 8
    columns = math.ceil(math.sqrt(len(images)))
    tiles = np.zeros((columns**2, blocks, blocks), np.uint8)
    padding = [(0, 0), (0, blocks - width), (0, blocks - width)]
    tiles[: len(images)] = np.pad(inside, padding, mode="edge")
    sheet = tiles.reshape(columns, columns, blocks, blocks).swapaxes(1, 2)
    data = jpeg_file(sheet.reshape(columns * blocks, -1), quality)

    decoded = np.asarray(Image.open(io.BytesIO(data)))
    decoded = decoded.reshape(columns, blocks, columns, blocks).swapaxes(1, 2)
    decoded = decoded.reshape(-1, blocks, blocks)[: len(images), :width, :width]
    back = np.pad(decoded, [(0, 0), (border, border), (border, border)])
    return len(data) / len(images), base.mse(images / 255, back / 255)


def measure_alone(images, quality):
    """Return the bytes of a JPEG file with one image only, the mean over the images."""
    return float(np.mean([len(jpeg_file(image, quality)) for image in images]))


def bytes_at(mse, curve):
    """Return what JPEG needs for an MSE, in bytes an image, or None outside the curve.

    Between two qualities the logarithm of the bytes is taken as linear in that of the
    MSE. curve: (bytes, MSE) of rising qualities.
    """
    sizes, errors = np.log(curve).T[:, ::-1]  # np.interp wants rising errors
    if not errors[0] <= np.log(mse) <= errors[-1]:
        return None
    return float(np.exp(np.interp(np.log(mse), errors, sizes)))


def measure_code(models, x_train, x_test):
    """Return what a code, packed, needs for x_test, (n, 784): a dict.

    `code`: bytes an image; `decoder`: bytes, once for all; `mse`.
    """
    _, encoder, decoder = models
    # 0 to 63 stand for 0 to the number's largest value on the training images.
    largest = base.encode(encoder, x_train).max(axis=0)
    scale = np.where(largest > 0, largest, 1) / np.float32(STEPS - 1)
    codes = np.rint(base.encode(encoder, x_test) / scale).clip(0, STEPS - 1)

    weights = [array.astype(np.float16) for array in decoder.get_weights()]
    decoder.set_weights([array.astype(np.float32) for array in weights])
    decoded_imgs = decoder.predict(codes * scale, verbose=0)

    # All first numbers, then all second ones: zlib finds more in that order.
    packed = zlib.compress(codes.T.astype(np.uint8).tobytes(), 9)
    return {
        "code": len(packed) / len(codes),
        "decoder": scale.nbytes + sum(array.nbytes for array in weights),
        "mse": base.mse(x_test, decoded_imgs),
    }


def beside_jpeg(code, curves):
    """Return a code's numbers with those of JPEG at the same MSE, a dict.

    Args:
        code: what `measure_code` returned.
        curves: {"whole", "cut": (bytes, MSE) of rising qualities}.

    Returns:
        `whole` and `cut`, JPEG's bytes an image, and `jpeg`, the less of them, None if
        that MSE is not measured; `images`: from how many on the code is smaller even
        with its decoder, None if it never is.
    """
    needs = {name: bytes_at(code["mse"], curve) for name, curve in curves.items()}
    least = min((size for size in needs.values() if size), default=None)
    images = None
    if least and least > code["code"]:
        images = math.ceil(code["decoder"] / (least - code["code"]))
    return {**code, **needs, "jpeg": least, "images": images}


def verdict(codes):
    """Return the verdict. codes: {network: what `beside_jpeg` returned}."""
    texts = []
    for name, code in codes.items():
        theirs = code["jpeg"]
        if theirs is None:
            text = f"no JPEG here has the MSE of {name}'s code, {code['mse']:.4f}"
        elif code["images"] is None:
            text = (
                f"at the MSE of {name}'s code JPEG is smaller ({theirs:.1f} bytes an "
                f"image, the code {code['code']:.1f})"
            )
        else:
            text = (
                f"at the MSE of {name}'s code, {code['mse']:.4f}, the code is smaller "
                f"({code['code']:.1f} bytes an image, JPEG {theirs:.1f}), with its "
                f"decoder from {code['images']:,} images on"
            )
        texts.append(text)
    return "; ".join(texts)


def plot(codes, curves, path):
    """Draw MSE over bytes: JPEG's two curves, and each network's code beside them."""
    axis = Figure(figsize=(11, 7), layout="constrained").subplots()
    whole, cut = curves["whole"], curves["cut"]
    axis.loglog(*zip(*whole), "s-", color="#0072B2", label="JPEG")
    axis.loglog(*zip(*cut), "^--", color="#56B4E9", label="JPEG without the border")
    for name, code in codes.items():
        x, y = code["code"], code["mse"]
        text = f"{name}\n{x:.0f} bytes"
        axis.plot(x, y, "D", color="#D55E00", markersize=14)
        axis.text(
            x * 0.92, y, text, color="#D55E00", fontsize=20, ha="right", va="center"
        )
        if code["jpeg"]:
            axis.plot([x, code["jpeg"]], [y, y], ":", color="#D55E00", lw=3)
            text = f"  JPEG: {code['jpeg']:.0f} bytes"
            axis.text(code["jpeg"] * 1.15, y, text, fontsize=20, va="center")

    sizes = [10, 20, 40, 80, 160]
    errors = [0.002, 0.005, 0.01, 0.02]
    axis.set_xlim(10, 200)
    axis.set_ylim(0.002, 0.02)
    axis.set_xticks(sizes, labels=[f"{size}" for size in sizes])
    axis.set_yticks(errors, labels=[f"{error:g}" for error in errors])
    axis.minorticks_off()
    axis.set_xlabel("bytes an image (784 as pixels)", fontsize=20)
    axis.set_ylabel("error (MSE)", fontsize=20)
    axis.tick_params(labelsize=17)
    axis.legend(fontsize=18)
    common.save(axis.figure, path)


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    networks = {name: base.load_model(name, args.out) for name in NETWORKS}
    (x_train, _), (x_test, _) = base.load_images(args)

    images = np.rint(x_test * 255).astype(np.uint8).reshape(-1, 28, 28)
    curves = {
        "whole": [measure_jpeg(images, quality) for quality in QUALITIES],
        "cut": [measure_jpeg(images, quality, border=2) for quality in QUALITIES],
    }
    print(f"JPEG, one file for {len(images):,} images   bytes an image   MSE")
    for quality, size, error in zip(QUALITIES, *zip(*curves["whole"])):
        if quality in SHOWN:
            print(f"quality {quality:<30} {size:>6.1f}         {error:.4f}")
    alone = measure_alone(images, SHOWN[1])
    print(f"quality {SHOWN[1]}, a file for each image    {alone:>6.1f}")

    codes = {}
    print("\nbytes an image:   code   JPEG   JPEG, cut   MSE      decoder, once")
    for name, models in networks.items():
        code = beside_jpeg(measure_code(models, x_train, x_test), curves)
        codes[name] = code
        sizes = [code[key] for key in ("code", "whole", "cut")]
        cells = [f"{size:.1f}" if size else "–" for size in sizes]
        print(
            f"{name:<14} {cells[0]:>7} {cells[1]:>6} {cells[2]:>11}   "
            f"{code['mse']:.4f} {code['decoder']:>8,} bytes"
        )
    plot(codes, curves, args.out / "jpeg.png")

    base.report(
        "jpeg",
        args,
        verdict(codes),
        codes=codes,
        alone=alone,
        jpeg={str(quality): size for quality, size in zip(QUALITIES, curves["whole"])},
        jpeg_cut={
            str(quality): size for quality, size in zip(QUALITIES, curves["cut"])
        },
    )


if __name__ == "__main__":
    common.run(main)
