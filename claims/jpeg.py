"""JPEG: can an autoencoder compress as well, at the same mean squared error (MSE)?

A code's numbers are rounded to a few levels and packed by zlib, and so are PCA's as a
control. JPEG is one file for all images, with Huffman tables of its own; a second one
has a flat quantisation table. The black border of 2 pixels is cut, which leaves nine of
its blocks of 8 x 8. What is rounded how is chosen on training images.

    python claims/jpeg.py        (after simple_ae.py and deep_ae.py)
"""

import io
import math
import zlib

import experiment
import common
import deep_ae
from matplotlib.figure import Figure
import numpy as np
from PIL import Image
import simple_ae
from skimage.util import montage, view_as_blocks
from sklearn.decomposition import PCA

SCRIPTS = simple_ae, deep_ae
QUALITIES = 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 90
FLAT_STEPS = 20, 30, 40, 50, 60, 70, 85, 100, 120, 140, 170, 200, 225, 255
LEVELS = 6, 8, 12, 16, 24, 32, 48, 64, 96, 128
PCA_SIZES = 24, 32, 48, 64, 96, 128, 192, 256, 384
PCA_STEPS = 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9, 1.0, 1.3


def jpeg_bytes(image, **options):
    """Return the bytes of an image, uint8 (height, width), as a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", optimize=True, **options)
    return file.getvalue()


def measure_jpeg(images, **options):
    """Return bytes an image and the MSE of one JPEG file with all the images.

    images: uint8, (n, 28, 28); their border of 2 pixels comes back black.
    """
    data = jpeg_bytes(montage(images[:, 2:26, 2:26], fill=0), **options)
    tiles = view_as_blocks(np.asarray(Image.open(io.BytesIO(data))), (24, 24))
    decoded = np.zeros(images.shape)
    decoded[:, 2:26, 2:26] = tiles.reshape(-1, 24, 24)[: len(images)]
    return len(data) / len(images), experiment.mse(images / 255, decoded / 255)


def pack(numbers):
    """Return the bytes an image of rounded numbers, (n, m), from -128 to 127."""
    # All first numbers, then all second ones: zlib finds more in that order.
    packed = zlib.compress(numbers.T.astype(np.int8).tobytes(), 9)
    return len(packed) / len(numbers)


def code_coder(models, x_train):
    """Return a function of images and levels: bytes an image and what is unpacked."""
    _, encoder, decoder = models
    decoder.set_weights([array.astype(np.float16) for array in decoder.get_weights()])
    largest = experiment.encode(encoder, x_train).max(axis=0)
    largest = np.where(largest > 0, largest, 1)  # a unit that is always 0

    def code(x, levels):
        step = largest / (levels - 1)
        numbers = np.rint(experiment.encode(encoder, x) / step).clip(0, levels - 1)
        decoded = decoder.predict(numbers * step, batch_size=500, verbose=0)
        return pack(numbers), decoded

    return code


def pca_coder(x_train):
    """Return a function of images and (size, step): bytes an image, the unpacked."""
    pca = PCA(max(PCA_SIZES), svd_solver="covariance_eigh").fit(x_train)

    def code(x, setting):
        size, step = setting
        numbers = np.rint(pca.transform(x)[:, :size] / step)
        decoded = numbers * step @ pca.components_[:size] + pca.mean_
        return pack(numbers), decoded.clip(0, 1)

    return code


def measure(code, x, settings):
    """Return {setting: (bytes an image, MSE)}."""
    found = {}
    for setting in settings:
        size, decoded = code(x, setting)
        found[setting] = size, experiment.mse(x, decoded)
    return found


def undominated(found):
    """Return the settings of `measure` that no other beats in bytes and MSE."""
    kept = []
    least = math.inf
    for setting in sorted(found, key=found.get):  # from the fewest bytes on
        error = found[setting][1]
        if error < least:
            kept.append(setting)
            least = error
    return kept


def fewest_levels(found, exact):
    """Return the fewest levels of `measure` with an MSE at most 5 % above the exact."""
    enough = [levels for levels, (_, error) in found.items() if error <= 1.05 * exact]
    return min(enough, default=max(found))


def bytes_at(mse, curve):
    """Return the bytes an image at an MSE, or None if it is outside the curve.

    Between two points the logarithm of the bytes is taken as linear in that of the MSE.
    """
    sizes, errors = np.log(sorted(curve)).T[:, ::-1]  # np.interp wants rising errors
    if not errors[0] <= np.log(mse) <= errors[-1]:
        return None
    return float(np.exp(np.interp(np.log(mse), errors, sizes)))


def compare(point, decoder, curves):
    """Return a code's numbers, and beside them the bytes of others at its MSE.

    "pays from" is the number of images from which on the code and its decoder are
    smaller than the better JPEG; None if they never are. `point` and those of a curve
    are (bytes an image, MSE).
    """
    size, mse = point
    others = {name: bytes_at(mse, curve) for name, curve in curves.items()}
    jpegs = [others[name] for name in others if name != "PCA" and others[name]]
    saved = min(jpegs, default=0) - size
    return {
        "MSE": mse,
        "code": size,
        **others,
        "decoder": decoder,
        "pays from": math.ceil(decoder / saved) if saved > 0 else None,
    }


@common.default_style
def plot(codes, curves):
    """Draw MSE over bytes, and dotted lines from each code to JPEG at its MSE."""
    fig = Figure(figsize=(9, 6), layout="constrained")
    axis = fig.subplots()
    for (name, curve), marker in zip(curves.items(), "s^vDo", strict=True):
        axis.loglog(*zip(*sorted(curve)), "-", marker=marker, label=name)
    for code in codes.values():
        mse = code["MSE"]
        pca, *jpegs = (code[name] for name in ("PCA", "JPEG", "JPEG, flat table"))
        if None in (pca, *jpegs):
            continue  # these curves do not reach its MSE
        shown = code["code"], pca, min(jpegs)
        axis.plot(shown, [mse, mse, mse], ":", color="black")
        for size, shift in zip(shown, [(-20, -16), (4, 6), (8, 4)]):
            axis.annotate(f"{size:.0f}", (size, mse), shift, textcoords="offset points")

    axis.set(xlim=(7, 170), xlabel="bytes an image")
    axis.set(ylim=(0.002, 0.025), ylabel="mean squared error")
    axis.set_xticks([10, 20, 40, 80, 160])
    axis.set_yticks([0.002, 0.005, 0.01, 0.02])
    axis.minorticks_off()
    axis.xaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_major_formatter("{x:g}")
    axis.legend()
    return fig


def measure_network(script, args, images, curves):
    """Return a network's curve, and what `compare` makes of its chosen point."""
    models = experiment.load_models(script, args)
    exact = experiment.reconstruct(models, images.choose.x)
    code = code_coder(models, images.train.x)
    found = measure(code, images.choose.x, LEVELS)
    levels = fewest_levels(found, experiment.mse(images.choose.x, exact))

    found = measure(code, images.test.x, LEVELS)
    decoder = models[2]
    # The weights in float16, and the size of each number's levels in float32.
    decoder_bytes = 2 * decoder.count_params() + 4 * decoder.input_shape[1]
    compared = compare(found[levels], decoder_bytes, curves)
    return list(found.values()), {"levels": levels, **compared}


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    images = experiment.load_images(args)
    pixels = np.rint(images.test.x * 255).astype(np.uint8).reshape(-1, 28, 28)

    by_pca = pca_coder(images.train.x)
    settings = [(size, step) for size in PCA_SIZES for step in PCA_STEPS]
    settings = undominated(measure(by_pca, images.choose.x, settings))
    curves = {
        "PCA": list(measure(by_pca, images.test.x, settings).values()),
        "JPEG": [measure_jpeg(pixels, quality=quality) for quality in QUALITIES],
        "JPEG, flat table": [
            measure_jpeg(pixels, qtables=[[step] * 64]) for step in FLAT_STEPS
        ],
    }

    codes = {}
    networks = {}
    for script in SCRIPTS:
        name = script.__name__
        curve, codes[name] = measure_network(script, args, images, curves)
        networks[f"{name}'s code"] = curve

    print(f"bytes an image at the same MSE, of {len(pixels):,} test images")
    rows = [[name, *code.values()] for name, code in codes.items()]
    experiment.print_table(["", *codes["simple_ae"]], rows)
    alone = float(np.mean([len(jpeg_bytes(image, quality=5)) for image in pixels]))
    print(f"JPEG, quality 5, a file for each image: {alone:.1f} bytes")

    curves |= networks
    plot(codes, curves).savefig(args.out / "jpeg.png", dpi=150)
    experiment.report("jpeg", args, codes=codes, curves=curves, alone=alone)


if __name__ == "__main__":
    main()
