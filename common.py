"""What the seven scripts share: data loading, noise injection, the 2 x 10 figure."""

import argparse
import builtins
import os
from pathlib import Path
import signal
import sys
import tempfile
import time
import zipfile
from matplotlib.figure import Figure
import numpy as np

# Some processors are faster with oneDNN (claims/settings.py), but not by themselves.
# TensorFlow reads this when it is loaded, and Keras loads it: so common comes first.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
import keras

if tuple(map(int, keras.__version__.split(".")[:2])) < (3, 14):
    sys.stderr.write(
        f"this needs Keras 3.14 or later, found {keras.__version__}: take Python 3.11 "
        f'or later, and {sys.executable} -m pip install --upgrade "tensorflow>=2.21" '
        '"keras>=3.14"\n'
    )
    sys.exit(2)

MNIST_FILE = Path(__file__).resolve().parent / "data" / "mnist.npz"


class DataError(ValueError):
    """A file that cannot be used; its text is one sentence for the user."""


def load_mnist(path=None):
    """Load MNIST from data/mnist.npz, or any other set of images in the same layout.

    Args:
        path: an .npz file with uint8 images `x_train` and `x_test`, of shape
            (n, 28, 28) or (n, 28, 28, 1), and perhaps their labels `y_train` and
            `y_test`, integers 0 to 9, of shape (n,). None: data/mnist.npz, and if it
            is not there, Keras downloads it.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images float32 in [0, 1], of shape
        (n, 28, 28); labels uint8, of shape (n,), or None if the file has none.

    Raises:
        DataError: the file is missing, damaged, not of that layout, not downloaded.
    """
    path = Path(path or MNIST_FILE)
    try:
        if path == MNIST_FILE and not path.exists():
            train, test = keras.datasets.mnist.load_data()
            arrays = dict(zip(["x_train", "y_train", "x_test", "y_test"], train + test))
        elif not path.is_file():
            raise DataError("is not a file" if path.exists() else "does not exist")
        elif not zipfile.is_zipfile(path):  # an .npz is a zip, its index is at the end
            raise DataError("is not an .npz file, or it is truncated")
        else:
            with np.load(path) as archive:
                arrays = {name: archive[name] for name in archive.files}
        return _checked(arrays, "train"), _checked(arrays, "test")
    except Exception as error:  # zipfile, zlib, NumPy and Keras raise a dozen kinds
        raise DataError(f"the data file {path}: {error}") from error


def _checked(arrays, part):
    """Return images as float32 in [0, 1] and labels, or raise a DataError."""
    if f"x_{part}" not in arrays:
        raise DataError(f"has no array named x_{part}")
    images, labels = arrays[f"x_{part}"], arrays.get(f"y_{part}")
    if (
        images.dtype != np.uint8
        or images.shape[1:] not in [(28, 28), (28, 28, 1)]
        or len(images) == 0
    ):
        found = f"{images.dtype} of shape {images.shape}"
        raise DataError(f"x_{part} must be uint8 of shape (n, 28, 28), not {found}")
    if labels is not None:
        whole = labels.dtype.kind in "ui" and labels.shape == (len(images),)
        if not whole or labels.min() < 0 or labels.max() > 9:
            raise DataError(f"y_{part} must be {len(images)} integers from 0 to 9")
        labels = labels.astype(np.uint8)
    return images.reshape(-1, 28, 28) / np.float32(255), labels


def add_noise(images, noise_factor=0.5, seed=0):
    """Add Gaussian noise: `clip(images + noise_factor * N(0, 1), 0, 1)`.

    Args:
        images: float32 in [0, 1], of any shape; left untouched.
        noise_factor: standard deviation of the noise before clipping, at least 0.
        seed: the same seed draws the same noise; give each set a seed of its own.

    Returns:
        float32 in [0, 1], of the shape of `images` (the post's noise is float64).
    """
    noise = np.random.default_rng(seed).standard_normal(images.shape, dtype=np.float32)
    return np.clip(images + np.float32(noise_factor) * noise, 0, 1)


def plot_images(rows, path):
    """Draw the 2 x 10 figure: ten originals above, what came back of them below.

    Args:
        rows: a dict, the name of a row to its images, in [0, 1] (0 black, 1 white), of
            shape (n, 784), (n, 28, 28) or (n, 28, 28, 1), ten of them or fewer.
        path: the .png file to write.
    """
    columns = max(len(images) for images in rows.values())
    size = 1.5 * columns + 2.5, 1.55 * len(rows)  # in inches, of 100 pixels
    fig = Figure(figsize=size, layout="constrained")
    axes = fig.subplots(len(rows), columns, squeeze=False)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[], frame_on=False)
    for row, (name, images) in zip(axes, rows.items()):
        row[0].set_ylabel(name, fontsize=22, rotation=0, ha="right", va="center")
        for axis, image in zip(row, images):
            axis.imshow(image.reshape(28, 28), cmap="gray", vmin=0, vmax=1)
    save(fig, path)


def plot_loss(history, x_train, x_test, path, key="loss"):
    """Draw a loss over the epochs, between the mean image's loss and the floor.

    Args:
        history: what `fit` returned.
        x_train, x_test: images in [0, 1]; the mean image is that of x_train.
        path: the .png file to write.
        key: the loss or metric to draw, with its `val_` twin.
    """
    fig = Figure(figsize=(9, 5), layout="constrained")
    axis = fig.subplots()
    for name, marker, color in (key, "o-", "#0072B2"), (f"val_{key}", "s-", "#D55E00"):
        values = history.history[name]
        axis.plot(range(1, len(values) + 1), values, marker, color=color, label=name)
    mean_image = np.broadcast_to(x_train.mean(axis=0), x_test.shape)
    for name, style, guess in ("mean image", "--", mean_image), ("floor", ":", x_test):
        bce = binary_crossentropy(x_test, guess)
        axis.axhline(bce, ls=style, color="black", label=f"{name}: {bce:.3g}")
    axis.set_xlabel("epoch", fontsize=15)
    axis.set_ylabel(f"{key}, nats a pixel", fontsize=15)
    axis.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axis.legend(fontsize=13)
    save(fig, path)


def binary_crossentropy(images, reconstructions):
    """Return the mean over pixels of `-x log(y) - (1 - x) log(1 - y)`, in nats.

    Keras's loss of that name, for a whole set: x and y are float32 in [0, 1], of one
    shape; y is kept 1e-7 away from 0 and 1. With y = x it is the floor.
    """
    x, y = images, np.clip(reconstructions, 1e-7, 1 - 1e-7)
    return float(-np.mean(x * np.log(y) + (1 - x) * np.log1p(-y), dtype=np.float64))


# ======================= the line; below it is only bookkeeping =======================


def speed_options(steps):
    """Return what makes `compile` faster. Without it only the time changes.

    TensorFlow and JAX can run several steps before they return to Python: the largest
    divisor of `steps`, those of an epoch, up to 75, so that the progress bar ends at
    its total. TensorFlow is faster without XLA, which cannot compile cuDNN's LSTM.
    """
    together = max(n for n in range(1, 76) if steps % n == 0)
    return {
        "tensorflow": {"steps_per_execution": together, "jit_compile": False},
        "jax": {"steps_per_execution": together},
    }.get(keras.backend.backend(), {})


def save(figure_or_model, path):
    """Write a figure as .png or a model as .keras, whole or not at all."""
    path = Path(path)
    unfinished = path.with_name(f"unfinished-{os.getpid()}-{path.name}")
    figure = isinstance(figure_or_model, Figure)
    (figure_or_model.savefig if figure else figure_or_model.save)(unfinished)
    os.replace(unfinished, path)  # Ctrl-C cannot leave half a file under this name
    print(f"saved {path}")


class _Parser(argparse.ArgumentParser):
    def error(self, message):  # argparse's own prints the usage before the sentence
        self.exit(2, f"{self.prog}: {message}\n")


def parse_args(description, argv, **defaults):
    """Parse the flags, make sure that `--out` can be written to, start the clock.

    Args:
        description: the text above the flags in `--help`.
        argv: the flags as a list; None for the defaults.
        defaults: `epochs` and `batch_size`, for a script that has these flags.

    Returns:
        an object with `seed`, `data`, `out` (a Path), `started` (in seconds), and what
        is in `defaults`.

    Raises:
        SystemExit: status 2, with one sentence on stderr, for a flag that is wrong or
            a folder that cannot be written.
    """
    started, form = time.perf_counter(), argparse.RawDescriptionHelpFormatter
    parser = _Parser(description=description, formatter_class=form)
    for name, value in {**defaults, "seed": 0}.items():
        flag, text = f"--{name.replace('_', '-')}", "default: %(default)s"
        parser.add_argument(flag, type=int, default=value, help=text)
    parser.add_argument("--data", help="an .npz file (default: data/mnist.npz)")
    parser.add_argument("--out", type=Path, default="outputs", help="default: outputs")
    args = parser.parse_args(argv or [], argparse.Namespace(started=started))
    for name, low in {**dict.fromkeys(defaults, 1), "seed": 0}.items():
        if not low <= (value := getattr(args, name)) < 2**32:
            flag = f"--{name.replace('_', '-')}"
            parser.error(f"argument {flag}: must be {low} to {2**32 - 1}, not {value}")
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=args.out).close()  # can a file be written there?
    except OSError as error:
        parser.error(f"argument --out: cannot write to {args.out}: {error.strerror}")
    return args


def print_result(name, images, reconstructions, started, extra=""):
    """Print the last line of a script: the errors on the test set, and the seconds.

    Args:
        name: the script's.
        images, reconstructions: the test set and what came back of it, float32 in
            [0, 1], of one shape.
        started: the clock that `parse_args` returned.
        extra: a further measure, such as `"ELBO -137.9 nats | "`.
    """
    bce, floor = (binary_crossentropy(images, y) for y in (reconstructions, images))
    mse = np.mean((images - reconstructions) ** 2, dtype=np.float64)
    print(
        f"{name}: test BCE {bce:.4f} (floor {floor:.4f}) | MSE {mse:.4f} | "
        f"PSNR {-10 * np.log10(mse):.1f} dB | {extra}"
        f"{time.perf_counter() - started:.0f} s"
    )


def run(main):
    """Return `main(flags)`; a bad file ends the program with a sentence and status 2.

    In a terminal Ctrl-C ends the program at once: as an exception, Python's own way,
    it can be lost inside TensorFlow. In a notebook and `python -i` it stays one.
    """
    if not (sys.flags.interactive or hasattr(builtins, "get_ipython")):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return main(sys.argv[1:])
    except DataError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        sys.exit(2)
