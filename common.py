"""What more than one of the scripts needs: MNIST, noise, measures, figures, flags.

Import it before keras. Then the seconds that a script reports count keras's own import,
and TensorFlow, which reads the setting below when it is loaded, uses oneDNN on every
processor. On some it does not by itself, and takes twice as long over a convolution.
"""

import argparse
import contextlib
import os
from pathlib import Path
import signal
import sys
import tempfile
import time
import zipfile

from matplotlib import cbook
from matplotlib.figure import Figure
import numpy as np
from PIL import Image

MNIST_FILE = Path(__file__).resolve().parent / "data" / "mnist.npz"
STARTED = time.perf_counter()
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

# Paul Tol's "muted" colours, which colour-blind readers tell apart, and black
DIGIT_COLORS = [
    "#332288",
    "#88CCEE",
    "#44AA99",
    "#117733",
    "#999933",
    "#DDCC77",
    "#CC6677",
    "#882255",
    "#AA4499",
    "#000000",
]


# ---------------------------------------------------------------- data and noise


class DataError(ValueError):
    """A data set that cannot be used; its text is one sentence for the user."""


def load_mnist(path=None):
    """Load MNIST, or any other set of images in the same layout.

    Reads `path` if it is given, else `data/mnist.npz` beside this file, else asks
    `keras.datasets.mnist`, which downloads it once.

    Args:
        path: an .npz file with uint8 images `x_train`, `x_test` of shape
            (n, 28, 28) and the labels `y_train`, `y_test`, integers 0 to 9, (n,).

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images float32 in [0, 1], of shape
        (n, 28, 28); labels uint8, of shape (n,).

    Raises:
        DataError: the file is missing, damaged, or not of that layout, or there is
            no file and the download fails.
    """
    if path is None and not MNIST_FILE.exists():
        return _download_mnist()
    path = MNIST_FILE if path is None else Path(path)
    if not path.is_file():
        problem = "is not a file" if path.exists() else "does not exist"
        raise DataError(f"the data file {path} {problem}")
    try:
        if not zipfile.is_zipfile(path):  # an .npz is a zip, its index at the end
            raise DataError(f"{path} is not an .npz file, or it is truncated")
        with np.load(path) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except DataError:
        raise
    except Exception as error:  # zipfile, zlib and numpy raise a dozen kinds
        raise DataError(f"{path} cannot be read, it may be damaged: {error}") from error
    return _checked(arrays, "train", path), _checked(arrays, "test", path)


def _download_mnist():
    import keras  # here, so that everything else in this file works without keras

    try:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as error:
        raise DataError(
            f"MNIST is not at {MNIST_FILE} and cannot be downloaded: {error}"
        ) from error
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test}
    arrays["y_test"] = y_test
    return _checked(arrays, "train", "download"), _checked(arrays, "test", "download")


def _checked(arrays, part, path):
    """Return images as float32 in [0, 1] and labels, or raise a DataError."""
    for name in (f"x_{part}", f"y_{part}"):
        if name not in arrays:
            raise DataError(f"{path} has no array named {name}")
    images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28) or len(images) == 0:
        raise DataError(
            f"x_{part} in {path} must be uint8 images of shape (n, 28, 28), "
            f"not {images.dtype} of shape {images.shape}"
        )
    if labels.shape != (len(images),) or labels.dtype.kind not in "ui":
        raise DataError(
            f"y_{part} in {path} must be {len(images)} integers, one for each image, "
            f"not {labels.dtype} of shape {labels.shape}"
        )
    if labels.min() < 0 or labels.max() > 9:
        raise DataError(f"y_{part} in {path} must hold labels from 0 to 9")
    return images / np.float32(255), labels.astype(np.uint8)


def add_noise(images, noise_factor=0.5, seed=0):
    """Add Gaussian noise: `clip(images + noise_factor * N(0, 1), 0, 1)`.

    Args:
        images: float32 in [0, 1], of any shape; left untouched.
        noise_factor: standard deviation of the noise before clipping, at least 0.
        seed: the same seed draws the same noise; give each set a seed of its own.

    Returns:
        float32 in [0, 1], of the shape of `images`. The noise is drawn as float32:
        `np.random.normal` makes float64 and doubles the memory.
    """
    random = np.random.default_rng(seed)
    noisy = random.standard_normal(images.shape, dtype=np.float32)
    noisy *= noise_factor
    noisy += images
    return np.clip(noisy, 0, 1, out=noisy)


def load_face():
    """Return a face, float32 in [0, 1], (28, 28): no digit, so new to the networks.

    It is Grace Hopper's portrait (US Navy, public domain) from matplotlib's samples.
    """
    path = cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    with Image.open(path) as portrait:
        face = portrait.convert("L").crop((110, 30, 420, 340)).resize((28, 28))
    return np.asarray(face, dtype=np.float32) / 255


# ---------------------------------------------------------------------- measures


def as_rows(images):
    """Return images of shape (n, 784), (n, 28, 28) or (n, 28, 28, 1) as (n, 784)."""
    return images.reshape(len(images), -1)


def binary_crossentropy(images, reconstructions):
    """Return the mean over pixels of `-x log(y) - (1 - x) log(1 - y)`, in nats.

    The formula of Keras's loss of that name; like Keras it keeps y at least 1e-7 away
    from 0 and 1. With y = x it gives the floor, the entropy of the grey pixels, which
    no reconstruction can go below.

    Args:
        images: x, float32 in [0, 1], (n, 784), (n, 28, 28) or (n, 28, 28, 1).
        reconstructions: y, likewise.
    """
    x = as_rows(images)
    y = np.clip(as_rows(reconstructions), 1e-7, 1 - 1e-7)
    return float(-np.mean(x * np.log(y) + (1 - x) * np.log1p(-y), dtype=np.float64))


def mean_squared_error(images, reconstructions):
    """Return the mean over pixels of `(x - y) ** 2`; shapes as above."""
    difference = as_rows(images) - as_rows(reconstructions)
    return float(np.mean(difference**2, dtype=np.float64))


def psnr(mse):
    """Return the peak signal-to-noise ratio in dB: `-10 log10(MSE)`, white being 1."""
    return float(-10 * np.log10(mse)) if mse > 0 else float("inf")


class PCA:
    """Principal component analysis, the best linear autoencoder.

    It is the baseline: a network with as many code numbers should do better.

    Args:
        x_train: images to fit, float32 in [0, 1], (n, 784) or (n, 28, 28[, 1]).
        n_components: how many numbers the code has.
    """

    def __init__(self, x_train, n_components):
        rows = as_rows(x_train)
        self.mean = rows.mean(axis=0)
        centred = rows - self.mean
        # eigh sorts its eigenvalues upwards: the last vectors hold the most variance.
        _, vectors = np.linalg.eigh(centred.T @ centred)
        self.components = vectors[:, : -n_components - 1 : -1]  # 784 x n_components

    def encode(self, images):
        """Return the codes, (n, n_components)."""
        return (as_rows(images) - self.mean) @ self.components

    def decode(self, codes):
        """Return images, (n, 784), clipped to [0, 1]."""
        return np.clip(codes @ self.components.T + self.mean, 0, 1)


def selectivity(codes, labels):
    """Return how much each unit keeps to one digit, and the means it is taken from.

    A unit's selectivity is its mean activation for the digit that it prefers, over the
    sum of its means for all ten: 1.0 responds to one digit only, 0.1 to all alike.

    Args:
        codes: activations, at least 0, float32 (n, units).
        labels: the digits, uint8 (n,).

    Returns:
        selectivity, (units,), 0 for a dead unit; and the means, (10, units).
    """
    digits = [codes[labels == digit] for digit in range(10)]
    means = np.stack([some.sum(axis=0) / max(len(some), 1) for some in digits])
    total = means.sum(axis=0)
    return means.max(axis=0) / np.where(total > 0, total, 1), means


def gaussian_blur(images, sigma):
    """Blur images with weights `exp(-d**2 / (2 sigma**2))`, the baseline in denoising.

    Rows and columns are blurred one after the other. A pixel's weights sum to 1, at the
    border too.

    Args:
        images: float32, (n, 28, 28, 1).
        sigma: the width, in pixels; d is the distance in pixels.

    Returns:
        float32, (n, 28, 28, 1).
    """
    distance = np.arange(28) - np.arange(28)[:, np.newaxis]
    weights = np.exp(-(distance**2) / (2 * sigma**2)).astype(np.float32)
    weights /= weights.sum(axis=1, keepdims=True)
    return (weights @ images[..., 0] @ weights.T)[..., np.newaxis]


def best_sigma(images, noise_factor, seed=0):
    """Return the sigma, 0.3 to 2.0 pixels, whose blur undoes this noise best (MSE).

    Args:
        images: clean training images, float32 in [0, 1], (n, 28, 28, 1).
        noise_factor, seed: as in `add_noise`.
    """
    noisy = add_noise(images, noise_factor, seed)
    sigmas = np.arange(3, 21) / 10
    errors = [mean_squared_error(images, gaussian_blur(noisy, s)) for s in sigmas]
    return float(sigmas[np.argmin(errors)])


def ruler(x_train, x_test, pca=None):
    """Return the test set's BCE for three reconstructions that need no network.

    Returns:
        a dict, name to BCE: the mean training image for every digit, PCA (if `pca`
        is given), and the floor: the images themselves.
    """
    mean_image = np.broadcast_to(as_rows(x_train).mean(axis=0), as_rows(x_test).shape)
    lines = {"mean image": binary_crossentropy(x_test, mean_image)}
    if pca is not None:
        name = f"PCA, {pca.components.shape[1]} numbers"
        lines[name] = binary_crossentropy(x_test, pca.decode(pca.encode(x_test)))
    lines["floor"] = binary_crossentropy(x_test, x_test)
    return lines


def knn_accuracy(train_codes, y_train, test_codes, y_test, k=5):
    """Return the share of test items whose label their neighbours vote for.

    Args:
        train_codes, test_codes: float32, (n, d), compared by Euclidean distance.
        y_train, y_test: labels, uint8 from 0 to 9, (n,).
        k: how many of the nearest training items vote; a tie goes to the lower digit.
    """
    right = 0
    for start in range(0, len(test_codes), 500):  # 500 at a time: 120 MB of distances
        nearest = nearest_neighbours(train_codes, test_codes[start : start + 500], k)
        votes = (y_train[nearest][:, :, None] == np.arange(10)).sum(axis=1)
        right += int((votes.argmax(axis=1) == y_test[start : start + 500]).sum())
    return right / len(test_codes)


def nearest_neighbours(codes, queries, k):
    """Return, for each query, the indices of the k nearest codes, nearest first.

    Args:
        codes: float32, (n, d). If n is below k, all n are returned.
        queries: float32, (m, d).
    """
    # |q - c|^2 = |q|^2 - 2 q.c + |c|^2, and |q|^2 is the same for every code.
    distances = (codes**2).sum(axis=1) - 2 * queries @ codes.T
    k = min(k, len(codes))
    nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
    order = np.take_along_axis(distances, nearest, axis=1).argsort(axis=1)
    return np.take_along_axis(nearest, order, axis=1)


# ----------------------------------------------------------------------- figures


def plot_images(rows, path):
    """Draw rows of small grey images, each row named at its left.

    Args:
        rows: a dict, name to images in [0, 1] (0 black, 1 white) of shape (n, 784) or
            (n, height, width[, 1]). A row may be shorter than the others.
        path: the .png file to write.
    """
    columns = max(len(images) for images in rows.values())
    fig = Figure(figsize=(2 * columns, 2 * len(rows)), layout="constrained")
    axes = fig.subplots(len(rows), columns, squeeze=False)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    for row, (name, images) in zip(axes, rows.items(), strict=True):
        row[0].set_ylabel(name, fontsize=22, rotation=0, ha="right", va="center")
        for axis, image in zip(row, images, strict=False):
            if image.ndim == 1:
                image = image.reshape(28, 28)
            axis.imshow(image, cmap="gray", vmin=0, vmax=1)
    save_figure(fig, path)


def plot_reconstructions(
    originals, reconstructions, path, labels=("original", "reconstruction")
):
    """Draw the post's 2 x 10 figure: ten images above, what came back of them below.

    Args:
        originals, reconstructions: images in [0, 1], (n, 784), (n, 28, 28) or
            (n, 28, 28, 1); the first ten are drawn, test images 0 to 9 of a test set.
        path: the .png file to write.
        labels: the names of the two rows.
    """
    plot_images({labels[0]: originals[:10], labels[1]: reconstructions[:10]}, path)


def plot_history(history, lines, path, key="loss", ylabel="binary cross-entropy"):
    """Draw a loss over the epochs, with the ruler's lines to measure it by.

    Args:
        history: what `fit` returned.
        lines: a dict, name to value, such as `ruler` returns.
        path: the .png file to write.
        key: the loss or metric to draw, with its `val_` twin.
        ylabel: what it is, with its unit.
    """
    epochs = np.arange(1, len(history.history[key]) + 1)
    curves = {name: history.history[name] for name in (key, f"val_{key}")}
    plot_lines(epochs, curves, path, "epoch", ylabel, lines)


def plot_lines(x, curves, path, xlabel, ylabel, lines=None):
    """Draw curves over x and horizontal lines, all named in a legend.

    Args:
        x: the common horizontal values, (n,).
        curves: a dict, name to n values; three at most.
        path: the .png file to write.
        xlabel, ylabel: the axes' names, with their units.
        lines: a dict, name to the height of a horizontal line; three at most.
    """
    fig = Figure(figsize=(9, 5), layout="constrained")
    axis = fig.subplots()
    # colours from Okabe and Ito's palette, which colour-blind readers tell apart
    styles = ("o-", "#0072B2"), ("s-", "#D55E00"), ("^-", "#009E73")
    for (marker, color), (name, values) in zip(styles, curves.items(), strict=False):
        axis.plot(x, values, marker, color=color, label=name)
    for style, (name, value) in zip(
        ("--", "-.", ":"), (lines or {}).items(), strict=False
    ):
        label = f"{name}: {value:.3g}"
        axis.axhline(value, linestyle=style, color="black", label=label)
    axis.set_xlabel(xlabel, fontsize=15)
    axis.set_ylabel(ylabel, fontsize=15)
    axis.tick_params(labelsize=13)
    if x.dtype.kind == "i":  # there is no epoch 1.5
        axis.xaxis.get_major_locator().set_params(integer=True)
    axis.legend(fontsize=13)
    save_figure(fig, path)


def plot_units(maps, path):
    """Draw the mean activation of each unit for each digit, as heat maps.

    Args:
        maps: a dict, title to means, float32 (10, units). Units are ordered by the
            digit that they prefer, the dead ones last, and each is drawn relative to
            its largest mean.
        path: the .png file to write.
    """
    fig = Figure(figsize=(14, 4 * len(maps)), layout="constrained")
    axes = fig.subplots(len(maps), squeeze=False)[:, 0]
    for axis, (title, means) in zip(axes, maps.items(), strict=True):
        largest = means.max(axis=0)
        relative = means / np.where(largest > 0, largest, 1)
        order = np.lexsort((relative.sum(axis=0), means.argmax(axis=0), largest == 0))
        heat = axis.imshow(relative[:, order], aspect="auto", vmin=0, vmax=1)
        axis.set_title(title, fontsize=20)
        axis.set_ylabel("digit", fontsize=17)
        axis.set_yticks(range(10), range(10), fontsize=14)
        axis.tick_params(axis="x", labelsize=14)
    axes[-1].set_xlabel("unit, ordered by the digit that it prefers", fontsize=17)
    bar = fig.colorbar(heat, ax=axes.tolist())
    bar.set_label("mean activation / the unit's largest", fontsize=15)
    save_figure(fig, path)


def plot_maps(maps, labels, path):
    """Draw codes of two numbers as points, side by side, coloured by digit.

    Args:
        maps: a dict, title to codes, float32 (n, 2).
        labels: the digits, uint8 (n,).
        path: the .png file to write.
    """
    fig = Figure(figsize=(8 * len(maps), 7), layout="constrained")
    for axis, (title, codes) in zip(
        fig.subplots(1, len(maps)), maps.items(), strict=True
    ):
        # in the order of the images, so that no digit hides another
        axis.scatter(*codes.T, s=4, c=np.array(DIGIT_COLORS)[labels])
        axis.set_title(title, fontsize=22)
        axis.set_xlabel("first number of the code", fontsize=18)
        axis.set_ylabel("second number", fontsize=18)
        axis.tick_params(labelsize=14)
    for digit, color in enumerate(DIGIT_COLORS):
        axis.scatter([], [], s=4, color=color, label=digit)
    handles, names = axis.get_legend_handles_labels()
    legend = {"fontsize": 18, "title_fontsize": 18, "markerscale": 7}
    fig.legend(handles, names, title="digit", loc="outside right", **legend)
    save_figure(fig, path)


def plot_manifold(images, values, path):
    """Draw the images that a square grid of two-number codes decodes to.

    Args:
        images: in [0, 1], (n * n, 784): row by row, the second number falling from row
            to row, the first rising along each.
        values: the n values, rising, that both numbers take.
        path: the .png file to write.
    """
    n = len(values)
    mosaic = images.reshape(n, n, 28, 28).swapaxes(1, 2).reshape(28 * n, 28 * n)
    fig = Figure(figsize=(9, 9), layout="constrained")
    axis = fig.subplots()
    axis.imshow(mosaic, cmap="gray", vmin=0, vmax=1)
    centres, names = 28 * np.arange(n) + 13.5, [f"{value:.2f}" for value in values]
    axis.set_xticks(centres[::3], names[::3], fontsize=14)
    axis.set_yticks(centres[::3], names[::-1][::3], fontsize=14)
    axis.set_xlabel("first number of the code", fontsize=16)
    axis.set_ylabel("second number", fontsize=16)
    save_figure(fig, path)


# ------------------------------------------------------------------ speed


def speed_options():
    """Return what `compile` needs to be fast; results change by rounding only.

    Measured on a CPU: running 64 steps without returning to Python saves a third on a
    small model. TensorFlow with oneDNN is faster without XLA, up to twice, and on a GPU
    XLA cannot compile cuDNN's LSTM. JAX needs its compiler; PyTorch takes neither.
    """
    import keras  # here, since common is imported before keras

    return {
        "tensorflow": {"steps_per_execution": 64, "jit_compile": False},
        "jax": {"steps_per_execution": 64},
    }.get(keras.backend.backend(), {})


# ------------------------------------------------------------------ files, flags


_UNFINISHED = set()  # temporary files that are being written


@contextlib.contextmanager
def _whole_file(path):
    """Give a temporary path; it takes the name `path` only when the block succeeds."""
    path = Path(path)
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    _UNFINISHED.add(temporary)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
        _UNFINISHED.remove(temporary)


def save_figure(fig, path):
    """Write a matplotlib figure as .png, whole or (after Ctrl-C) not at all."""
    with _whole_file(path) as temporary:
        fig.savefig(temporary, dpi=100)
    print(f"saved {path}")


def save_model(model, path):
    """Write `model.save(path)`, a .keras file, whole or (after Ctrl-C) not at all."""
    with _whole_file(path) as temporary:
        model.save(temporary)
    print(f"saved {path}")


class _Parser(argparse.ArgumentParser):
    def error(self, message):  # argparse's own prints the usage first
        self.exit(2, f"{self.prog}: {message}\n")


def _whole_number(low, high):
    def parse(text):
        if not (text.isascii() and text.lstrip("-").isdigit()):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
        if not low <= int(text) <= high:
            limits = f"at least {low}" if high == sys.maxsize else f"{low} to {high}"
            raise argparse.ArgumentTypeError(f"must be {limits}, not {text}")
        return int(text)

    return parse


def parse_args(description, epochs, batch_size, argv=None):
    """Parse the flags that every script has, and make sure that `--out` works.

    Args:
        description: the text above the flags in `--help`.
        epochs, batch_size: this script's defaults.
        argv: the flags as a list; None means the command line's.

    Returns:
        an object with `epochs`, `batch_size`, `seed`, `data` and `out` (a Path).

    Raises:
        SystemExit: status 2, with one sentence on stderr, for a flag that is wrong or
            a folder that cannot be written.
    """
    parser = _Parser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    count, default = _whole_number(1, sys.maxsize), "(default: %(default)s)"
    parser.add_argument(
        "--epochs", type=count, default=epochs, help=f"passes over the images {default}"
    )
    parser.add_argument(
        "--batch-size", type=count, default=batch_size, help=f"images a step {default}"
    )
    parser.add_argument(
        "--seed",
        type=_whole_number(0, 2**32 - 1),
        default=0,
        help=f"seed of everything random {default}",
    )
    parser.add_argument(
        "--data", help="an .npz file in MNIST's layout (default: data/mnist.npz)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("outputs"), help=f"folder to save in {default}"
    )
    args = parser.parse_args(argv)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=args.out).close()  # can a file be written there?
    except OSError as error:
        parser.error(f"argument --out: cannot write to {args.out}: {error.strerror}")
    return args


def run(main):
    """Call `main()`; end on Ctrl-C or a bad data file with a line, not a traceback."""
    signal.signal(signal.SIGINT, _stop)
    try:
        main()
    except DataError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        sys.exit(2)


def _stop(*_):
    """End at once, leaving no half-written file.

    Python's way, a KeyboardInterrupt, can be swallowed in TensorFlow's C++ code, or
    crash it; and print() must not be called again while it is at work.
    """
    for temporary in _UNFINISHED:
        temporary.unlink(missing_ok=True)
    os.write(2, f"\n{Path(sys.argv[0]).name}: stopped by Ctrl-C\n".encode())
    os._exit(130)


def print_result(name, images, reconstructions, extra=""):
    """Print the last line of a script: where it stands on the ruler, and its seconds.

    Args:
        name: the script's.
        images, reconstructions: the test set and what came back of it, in [0, 1].
        extra: a further measure, such as `"ELBO -137.9 nats"`.
    """
    bce = binary_crossentropy(images, reconstructions)
    floor = binary_crossentropy(images, images)
    mse = mean_squared_error(images, reconstructions)
    measures = [
        f"test BCE {bce:.4f} (floor {floor:.4f})",
        f"MSE {mse:.4f}",
        f"PSNR {psnr(mse):.1f} dB",
        extra,
        f"{time.perf_counter() - STARTED:.0f} s",
    ]
    print(f"{name}: " + " | ".join(filter(None, measures)))
