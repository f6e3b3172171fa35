"""What the seven scripts share: data loading, noise injection, the 2 x 10 figure."""

import argparse
import json
import os
from pathlib import Path
import platform
import shlex
import sys
import tempfile
import time

# On some processors TensorFlow leaves oneDNN off, although it can be twice as fast.
# Keras reads this when it is imported: so the scripts import this module first.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
if "ipykernel" not in sys.modules:
    # A notebook hands its own kind of window on to `!python simple_ae.py`.
    os.environ.pop("MPLBACKEND", None)

import keras
import matplotlib
from matplotlib import font_manager
from matplotlib.figure import Figure
import numpy as np

MNIST_FILE = Path(__file__).resolve().parent / "data" / "mnist.npz"

# Pictures mean the same on every machine: a function under @default_style draws with
# matplotlib's own settings, whatever the user has set, and with a font for Chinese.
CHINESE_FONTS = ["Microsoft JhengHei", "PingFang TC", "Heiti TC", "Noto Sans CJK TC"]
CHINESE_FONTS += ["Noto Sans CJK JP", "WenQuanYi Zen Hei"]
installed = font_manager.get_font_names()
fonts = ["DejaVu Sans", *(font for font in CHINESE_FONTS if font in installed)]
default_style = matplotlib.rc_context(
    {**matplotlib.rcParamsDefault, "font.family": fonts}
)


def load_mnist(path=None):
    """Return `(x_train, y_train), (x_test, y_test)` from an .npz file.

    Args:
        path: an .npz file with uint8 images `x_train` and `x_test`, (n, 28, 28), from
            0 to 255, and perhaps their labels `y_train` and `y_test`. Without it, and
            without data/mnist.npz, Keras downloads MNIST.

    Returns:
        images float32 in [0, 1], (n, 28, 28); labels as the file has them, or None.

    Raises:
        ValueError: the file has not that layout; the sentence says what it has.
    """
    if path is None and not MNIST_FILE.exists():
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
        arrays = {"x_train": x_train, "x_test": x_test}
    else:
        with np.load(path or MNIST_FILE) as file:
            arrays = dict(file)
        y_train = arrays.get("y_train")
        y_test = arrays.get("y_test")

    for name in "x_train", "x_test":
        images = arrays.get(name, np.zeros(0))
        is_right = images.shape[1:] in [(28, 28), (28, 28, 1)] and len(images) > 0
        if images.dtype != np.uint8 or not is_right:
            found = f"{images.dtype} of shape {images.shape}"
            raise ValueError(f"{name} must be uint8 of shape (n, 28, 28), not {found}")
        brightest = images.max()
        if 0 < brightest <= 16:
            advice = f"255 is white: multiply its images by {255 // brightest}"
            raise ValueError(
                f"the largest pixel of {name} is {brightest}, and {advice}"
            )

    x_train = arrays["x_train"].reshape(-1, 28, 28) / np.float32(255)
    x_test = arrays["x_test"].reshape(-1, 28, 28) / np.float32(255)
    return (x_train, y_train), (x_test, y_test)


def add_noise(images, noise_factor=0.5, seed=0):
    """Return `clip(images + noise_factor * N(0, 1), 0, 1)`, float32.

    Args:
        images: float32 in [0, 1], of any shape; left untouched.
        noise_factor: the standard deviation of the noise before clipping; a number, or
            an array that broadcasts, such as one level for each image.
        seed: the same seed draws the same noise; give each set a seed of its own.
    """
    noise = np.random.default_rng(seed).standard_normal(images.shape, dtype=np.float32)
    return np.clip(images + np.float32(noise_factor) * noise, 0, 1)


@default_style
def plot_images(rows, path=None):
    """Draw the 2 x 10 figure: ten images, and below each its reconstruction.

    Args:
        rows: a dict, the name of a row to its images in [0, 1], 784 numbers each.
        path: the .png file to write, if any.

    Returns:
        the figure, which a notebook shows.
    """
    columns = max(len(images) for images in rows.values())
    fig = Figure(figsize=(1.5 * columns, 1.5 * len(rows)))
    no_ticks = {"xticks": [], "yticks": []}
    axes = fig.subplots(len(rows), columns, squeeze=False, subplot_kw=no_ticks)
    for row, (name, images) in zip(axes, rows.items()):
        row[0].set_ylabel(name, fontsize=22, rotation=0, ha="right", va="center")
        for axis, image in zip(row, images):
            image = np.reshape(image, (28, 28)).astype("float32")
            axis.imshow(image, cmap="gray", vmin=0, vmax=1)
    for axis in axes.flat:
        axis.set_frame_on(False)
    if path:
        fig.savefig(path, bbox_inches="tight")
    return fig


@default_style
def plot_loss(history, x_train, x_test, path=None, key="loss"):
    """Draw a loss over the epochs, between the mean image's BCE and the floor.

    Args:
        history: what `fit` returned.
        x_train, x_test: images in [0, 1]. The floor is the BCE of a perfect copy: it is
            above 0, since grey pixels have an entropy of their own.
        path: the .png file to write, if any.
        key: the loss or metric to draw, such as "binary_crossentropy", which has no
            penalty in it.

    Returns:
        the figure.
    """
    fig = Figure(figsize=(9, 5), layout="constrained")
    axis = fig.subplots()
    for name, label in (key, "training images"), (f"val_{key}", "test images"):
        values = history.history.get(name, [])
        axis.plot(range(1, len(values) + 1), values, "o-", label=label)
    mean_image = np.broadcast_to(x_train.mean(axis=0), x_test.shape)
    lines = {"the mean image": mean_image, "the floor, a perfect copy": x_test}
    for (name, images), style in zip(lines.items(), ("--", ":")):
        bce = binary_crossentropy(x_test, images)
        axis.axhline(bce, ls=style, color="black", label=f"{name}: {bce:.3g}")
    axis.set(xlabel="epoch", ylabel=f"{key}, nats a pixel")
    axis.legend()
    if path:
        fig.savefig(path)
    return fig


def binary_crossentropy(images, reconstructions):
    """Return the mean over pixels of `-x log(y) - (1 - x) log(1 - y)`, in nats.

    Keras's loss of that name, for a whole set in one go. With y = x it is the floor.
    """
    y = np.clip(np.float64(reconstructions), 1e-7, 1 - 1e-7)  # log(0) is infinite
    return float(-np.mean(images * np.log(y) + (1 - images) * np.log1p(-y)))


def parse_args(description, argv, epochs=None, batch_size=None):
    """Parse a script's flags and start its clock; a wrong one ends it with status 2."""
    if hasattr(sys.stdout, "reconfigure"):  # not in a notebook
        sys.stdout.reconfigure(errors="backslashreplace")  # for consoles without 中文
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if epochs:
        parser.add_argument("--epochs", type=at_least(1), default=epochs)
        parser.add_argument("--batch-size", type=at_least(1), default=batch_size)
    parser.add_argument("--seed", type=at_least(0), default=0)
    parser.add_argument("--data", type=data_file, help="an .npz file (default: MNIST)")
    parser.add_argument("--out", type=output_folder, default="outputs")
    args = parser.parse_args(argv)

    if tuple(map(int, keras.__version__.split(".")[:2])) < (3, 15):
        command = f'{sys.executable} -m pip install --upgrade "keras>=3.15"'
        parser.error(f"Keras {keras.__version__} is too old: {command}")
    args.verbose = 1 if sys.stdout.isatty() else 2  # a bar, or a log's line an epoch
    args.flags = sys.argv[1:] if argv is None else argv
    args.started = time.perf_counter()
    return args


def at_least(lowest):
    """Return a function that makes a flag's text a whole number from `lowest` on."""

    def whole_number(text):
        if not (text.isdecimal() and lowest <= int(text) < 2**31):
            reason = f"must be a whole number, at least {lowest}, not '{text}'"
            raise argparse.ArgumentTypeError(reason)
        return int(text)

    return whole_number


def data_file(text):
    """Return a flag's path of a data file that `load_mnist` can read."""
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"there is no file '{text}'")
    try:
        load_mnist(text)
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds
        raise argparse.ArgumentTypeError(f"{text} cannot be used: {error}") from error
    return text


def output_folder(text):
    """Return a flag's path of a folder that can be written to; make it if need be."""
    if not text:
        raise argparse.ArgumentTypeError("a folder without a name")
    try:
        Path(text).mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=text).close()
    except OSError as error:
        reason = f"cannot write to {text}: {error.strerror}"
        raise argparse.ArgumentTypeError(reason) from error
    return Path(text)


def report(name, args, history, images, reconstructions, text="", **measures):
    """Print a script's last line, and write its numbers, unrounded, into NAME.json.

    Args:
        name: the script's.
        args: what `parse_args` returned.
        history: what `fit` returned.
        images, reconstructions: the test set and what came back of it, in [0, 1].
        text: a further measure for the line, such as "ELBO -135.7 nats | ".
        measures: further numbers for the file, by their names.
    """
    reconstructions = np.float64(reconstructions)
    mse = float(np.mean((images - reconstructions) ** 2))
    numbers = {
        "bce": binary_crossentropy(images, reconstructions),
        "floor": binary_crossentropy(images, images),
        "mse": mse,
        "psnr": float(-10 * np.log10(mse)),
        **measures,
        "epochs": len(history.epoch),
        "batch_size": args.batch_size,
        "seed": args.seed,
        "parameters": history.model.count_params(),
        "history": history.history,
    }
    parts = [layer.name for layer in history.model.layers]
    if "decoder" in parts:
        code_shape = history.model.get_layer("decoder").input_shape[1:]
        numbers["code_size"] = int(np.prod(code_shape))
    line = (
        f"{name}: test BCE {numbers['bce']:.4f} (floor {numbers['floor']:.4f}) | "
        f"MSE {mse:.4f} | PSNR {numbers['psnr']:.1f} dB | {text}"
    )
    seconds = write_json(name, args, numbers)
    print(f"{line}{seconds:.0f} s")


def write_json(name, args, numbers, folder=""):
    """Write numbers, and how they were made, into NAME.json; return the seconds."""
    backend = keras.backend.backend()
    seconds = time.perf_counter() - args.started
    made_with = {
        "seconds": seconds,
        "command": shlex.join(["python", f"{folder}{name}.py", *args.flags]),
        "data": args.data or "data/mnist.npz",
        "python": platform.python_version(),
        "keras": keras.__version__,
        "numpy": np.__version__,
        "backend": f"{backend} {sys.modules[backend].__version__}",
        "device": str(keras.ops.convert_to_tensor(0.0).device),
    }
    text = json.dumps(
        {**numbers, **made_with}, indent=1, default=lambda number: number.tolist()
    )
    (args.out / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return seconds
