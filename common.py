"""What the seven scripts share: data loading, noise injection, the 2 x 10 figure."""

import argparse
import builtins
import contextlib
import io
import json
import os
from pathlib import Path
import platform
import signal
import sys
import tempfile
import time
import zipfile

# On some processors TensorFlow leaves oneDNN off, although it is faster with it. The
# switch is read when TensorFlow is loaded, and Keras loads it. So it stands here, and
# "common" comes before "keras" in the alphabet and among every script's imports.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

KERAS_FILE = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "keras.json"
BACKEND_IS_FROM = (
    "the environment variable KERAS_BACKEND"
    if os.environ.get("KERAS_BACKEND")
    else f"the file {KERAS_FILE}"
)
try:
    import keras
    from matplotlib import font_manager
    from matplotlib.figure import Figure
    import numpy as np
except (ImportError, ValueError, OSError, AttributeError) as error:
    # A package is missing, or a setting is wrong.
    reason = str(error).partition("\n")[0]
    install = f"{sys.executable} -m pip install -r requirements.txt"
    if getattr(error, "name", "") in ("keras", "matplotlib", "numpy"):
        advice = f"take the Python that has it, or run {install}"
    elif isinstance(error, ImportError) or "backend" in reason:
        advice = (
            f"look at {BACKEND_IS_FROM}, which chooses the backend, or run {install}"
        )
    else:
        advice = f"look at the file {KERAS_FILE}: it can be deleted"
    sys.stderr.write(f"{reason}: {advice}\n")
    sys.exit(2)

MNIST_FILE = Path(__file__).resolve().parent / "data" / "mnist.npz"


class DataError(ValueError):
    """A file that cannot be used; its text is one sentence for the user."""


class SaveError(OSError):
    """A file that cannot be written; its text is one sentence for the user."""


def load_mnist(path=None):
    """Load MNIST from data/mnist.npz, or any other set of images in the same layout.

    Args:
        path: an .npz file with uint8 images `x_train` and `x_test`, of shape
            (n, 28, 28) or (n, 28, 28, 1), and perhaps their labels `y_train` and
            `y_test`. None: data/mnist.npz, and if it is not there, Keras downloads it.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images float32 in [0, 1], of shape
        (n, 28, 28); labels as the file has them, or None if it has none.

    Raises:
        DataError: the file is missing, damaged, not of that layout, not downloaded.
    """
    path = Path(path or MNIST_FILE)
    try:
        arrays = _read_arrays(path)
        train = _images(arrays, "x_train"), arrays.get("y_train")
        test = _images(arrays, "x_test"), arrays.get("y_test")
    except Exception as error:  # zipfile, zlib, NumPy and Keras raise a dozen kinds
        raise DataError(f"the data file {path}: {error}") from error
    return train, test


def _read_arrays(path):
    """Return the arrays of an .npz file by their names."""
    if path == MNIST_FILE and not path.exists():
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
        return {
            "x_train": x_train,
            "y_train": y_train,
            "x_test": x_test,
            "y_test": y_test,
        }
    if not path.is_file():
        raise DataError("is not a file" if path.exists() else "does not exist")
    if not zipfile.is_zipfile(path):  # an .npz is a zip, and its index is at the end
        raise DataError("is not an .npz file, or it is truncated")
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def _images(arrays, name):
    """Return images as float32 in [0, 1], (n, 28, 28), or raise a DataError."""
    if name not in arrays:
        raise DataError(f"has no array named {name}")
    images = arrays[name]
    is_right = images.shape[1:] in [(28, 28), (28, 28, 1)] and len(images) > 0
    if images.dtype != np.uint8 or not is_right:
        found = f"{images.dtype} of shape {images.shape}"
        raise DataError(f"{name} must be uint8 of shape (n, 28, 28), not {found}")
    return images.reshape(-1, 28, 28) / np.float32(255)


def add_noise(images, noise_factor=0.5, seed=0):
    """Add Gaussian noise: `clip(images + noise_factor * N(0, 1), 0, 1)`.

    Args:
        images: float32 in [0, 1], of any shape; left untouched.
        noise_factor: standard deviation of the noise before clipping, at least 0; a
            number, or an array that broadcasts, such as one level for each image.
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
            shape (n, 784), (n, 28, 28) or (n, 28, 28, 1), ten of them or fewer, arrays
            or tensors of any float type.
        path: the .png file to write.
    """
    columns = max(len(images) for images in rows.values())
    fig = Figure(figsize=(1.5 * columns, 1.5 * len(rows)))  # inches, of 100 pixels
    places = {
        "left": 0,
        "right": 1,
        "bottom": 0,
        "top": 1,
        "wspace": 0.1,
        "hspace": 0.1,
    }
    axes = fig.subplots(len(rows), columns, squeeze=False, gridspec_kw=places)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[], frame_on=False)
    for row, (name, images) in zip(axes, rows.items()):
        row[0].set_ylabel(
            name,
            fontsize=22,
            rotation=0,
            ha="right",
            va="center",
            family=fonts(),
            parse_math=False,  # a $ in a name is a $
        )
        images = keras.ops.convert_to_numpy(images).astype("float32")
        for axis, image in zip(row, images):
            axis.imshow(image.reshape(28, 28), cmap="gray", vmin=0, vmax=1)
    save(fig, path)


def fonts():
    """Return the names of fonts for English and, where there is one, for Chinese."""
    chinese = ["Microsoft JhengHei", "PingFang TC", "Heiti TC", "Noto Sans CJK TC"]
    chinese += ["Noto Sans CJK JP", "WenQuanYi Zen Hei"]
    installed = font_manager.get_font_names()
    return ["DejaVu Sans", *(name for name in chinese if name in installed)]


def plot_loss(history, x_train, x_test, path, key="loss"):
    """Draw a loss over the epochs, between the mean image's loss and the floor.

    The two lines are what the loss function itself makes of the mean training image,
    painted for every test image, and of the test images themselves. They know nothing
    of `loss_weights`.

    Args:
        history: what `fit` returned; validation is drawn if there was any.
        x_train, x_test: images in [0, 1]; the mean image is that of x_train.
        path: the .png file to write.
        key: "loss", or a metric that Keras has as a loss, by its name.

    Raises:
        ValueError: the history has no such key, or the two lines would not belong to
            it: the loss is not one function, takes logits, or is not a mean.
    """
    if key not in history.history:
        found = ", ".join(history.history)
        raise ValueError(f"the history has no {key}: choose from {found}")
    loss = history.model.loss if key == "loss" else key
    is_mean = getattr(loss, "reduction", "mean") in ("mean", "sum_over_batch_size")
    is_one = isinstance(loss, str) or callable(loss)
    if not is_one or not is_mean or getattr(loss, "from_logits", False):
        raise ValueError(f"no mean image and no floor can be drawn for the loss {loss}")
    loss_function = keras.losses.get(loss)
    mean_image = np.broadcast_to(x_train.mean(axis=0), x_test.shape)
    curves = {key: ("o-", "#0072B2"), f"val_{key}": ("s-", "#D55E00")}

    axis = Figure(figsize=(9, 5), layout="constrained").subplots()
    for name, (marker, color) in curves.items():
        if name in history.history:
            values = history.history[name]
            epochs = range(1, len(values) + 1)
            axis.plot(epochs, values, marker, color=color, label=name)
    for name, style, guess in ("mean image", "--", mean_image), ("floor", ":", x_test):
        value = float(keras.ops.mean(loss_function(x_test, guess)))
        axis.axhline(value, ls=style, color="black", label=f"{name}: {value:.3g}")

    unit = ", nats a pixel" if loss == "binary_crossentropy" else ""
    axis.set_xlabel("epoch", fontsize=15)
    axis.set_ylabel(f"{key}{unit}", fontsize=15)
    axis.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axis.legend(fontsize=13)
    save(axis.figure, path)


def binary_crossentropy(images, reconstructions):
    """Return the mean over pixels of `-x log(y) - (1 - x) log(1 - y)`, in nats.

    Keras's loss of that name, for a whole set: x and y are arrays in [0, 1], of one
    shape; y is kept 1e-7 away from 0 and 1. With y = x it is the floor. It is computed
    in float32 or wider: in float16 1 - 1e-7 is 1.
    """
    wide = np.result_type(images.dtype, reconstructions.dtype, np.float32)
    x = np.asarray(images, dtype=wide)
    y = np.clip(np.asarray(reconstructions, dtype=wide), 1e-7, 1 - 1e-7)
    return float(-np.mean(x * np.log(y) + (1 - x) * np.log1p(-y), dtype=np.float64))


# ======================= the line; below it is only bookkeeping =======================


def _check_keras():
    """End the program with status 2 and a sentence if this Keras cannot be used."""
    version = tuple(map(int, keras.__version__.split(".")[:2]))
    backend = keras.backend.backend()
    if version < (3, 15):
        problem = (
            f"this needs Keras 3.15 or later, found {keras.__version__}: take Python "
            f"3.11 or later, and {sys.executable} -m pip install --upgrade "
            '"tensorflow>=2.21" "keras>=3.15"'
        )
    elif backend not in ("tensorflow", "jax", "torch"):
        problem = (
            f"the Keras backend {backend}, chosen by {BACKEND_IS_FROM}, cannot train: "
            "take tensorflow, jax or torch"
        )
    elif keras.config.image_data_format() != "channels_last":
        problem = (
            f"the file {KERAS_FILE} has channels_first as its image_data_format, and "
            "these images are channels_last: change it there"
        )
    elif keras.config.floatx() != "float32":
        problem = (
            f"the file {KERAS_FILE} has {keras.config.floatx()} as its floatx, and the "
            "seven train in float32 or under a mixed policy: change it there"
        )
    else:
        return
    sys.stderr.write(f"{problem}\n")
    sys.exit(2)


_check_keras()


def speed_options(steps):
    """Return arguments of `compile` that can make training faster, and do no more.

    TensorFlow and JAX can run several steps before they return to Python: the largest
    divisor of `steps` up to 75, so that the progress bar ends at its total. TensorFlow
    is to do without XLA, which cannot compile cuDNN's LSTM. Callbacks that run after a
    batch run once for several steps.

    Args:
        steps: the steps of one epoch as `fit` will make them: for arrays
            `ceil(len(x_train) / batch_size)`. With another number Keras makes more
            steps than it shows; so leave these options out for a generator or with
            `steps_per_epoch`.
    """
    together = max(n for n in range(1, 76) if steps % n == 0)
    return {
        "tensorflow": {"steps_per_execution": together, "jit_compile": False},
        "jax": {"steps_per_execution": together},
    }.get(keras.backend.backend(), {})


def save(figure_or_model, path):
    """Write a figure as .png or a model as .keras, whole or not at all.

    Raises:
        SaveError: it could not be drawn or written; no file has that name then, or the
            earlier one still has it.
    """
    is_figure = isinstance(figure_or_model, Figure)
    if is_figure:  # "tight": however long a row's name is, it is in the picture
        write_file(
            lambda file: figure_or_model.savefig(file, bbox_inches="tight"), path
        )
    else:
        write_file(figure_or_model.save, path)


def write_file(write, path):
    """Call `write` with another path and rename the file when it is complete.

    Raises:
        SaveError: it could not be written; an earlier file still has its name.
    """
    path = Path(path)
    unfinished = path.with_name(f"unfinished-{os.getpid()}-{path.name}")
    try:
        write(unfinished)
        os.replace(unfinished, path)  # Ctrl-C cannot leave half a file under this name
    except Exception as error:  # a full disk, but also whatever a drawing can raise
        unfinished.unlink(missing_ok=True)
        raise SaveError(f"{path} could not be written: {error}") from error
    print(f"saved {path}")


def _whole_number(low):
    """Return a type for argparse: a whole number from `low` on."""

    def whole_number(text):
        if not (text.strip().isdecimal() and low <= int(text) < 2**32):
            reason = f"must be a whole number from {low} to {2**32 - 1}, not {text}"
            raise argparse.ArgumentTypeError(reason)
        return int(text)

    return whole_number


class _Parser(argparse.ArgumentParser):
    def error(self, message):  # argparse's own prints the usage before the sentence
        self.exit(2, f"{self.prog}: {message}\n")


def parse_args(description, argv, names=None, **defaults):
    """Parse the flags, make sure that `--out` can be written to, start the clock.

    Args:
        description: the text above the flags in `--help`.
        argv: the flags as a list; None for the defaults.
        names: words that may be given before the flags, for a program that has several
            parts.
        defaults: `epochs` and `batch_size`, for a script that has these flags.

    Returns:
        an object with `seed`, `data`, `out` (a Path), `started` (in seconds), what is
        in `defaults`, and `names`, a list.

    Raises:
        SystemExit: status 2, with one sentence on stderr, for a flag that is wrong or
            a folder that cannot be written.
    """
    started = time.perf_counter()
    parser = _Parser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if names:
        parser.add_argument("names", nargs="*", help=f"of {', '.join(names)}")
    for name, value in defaults.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=_whole_number(1),
            default=value,
            help="default: %(default)s",
        )
    parser.add_argument(
        "--seed", type=_whole_number(0), default=0, help="default: %(default)s"
    )
    parser.add_argument("--data", help="an .npz file (default: data/mnist.npz)")
    parser.add_argument("--out", type=Path, default="outputs", help="default: outputs")
    args = parser.parse_args(argv or [])
    args.started = started

    for name in args.names if names else []:
        if name not in names:
            parser.error(f"there is no {name}: choose from {', '.join(names)}")
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=args.out).close()  # can a file be written there?
    except OSError as error:
        parser.error(f"argument --out: cannot write to {args.out}: {error.strerror}")
    return args


def report(name, args, history, images, reconstructions, text="", **measures):
    """Print the last line of a script, and write it and more into NAME.json.

    The line has the errors on the test set and the seconds. The file has these numbers
    unrounded, the history of every epoch, and with what and where they were made.

    Args:
        name: the script's.
        args: what `parse_args` returned.
        history: what `fit` returned.
        images, reconstructions: the test set and what came back of it, in [0, 1], of
            one shape.
        text: a further measure in the line, such as `"ELBO -137.9 nats | "`.
        measures: further numbers for the file, by their names.
    """
    bce = binary_crossentropy(images, reconstructions)
    floor = binary_crossentropy(images, images)
    mse = float(np.mean((images - reconstructions) ** 2, dtype=np.float64))
    psnr = float(-10 * np.log10(mse))
    seconds = time.perf_counter() - args.started
    write_json(
        args.out / f"{name}.json",
        {
            "name": name,
            "bce": bce,
            "floor": floor,
            "mse": mse,
            "psnr": psnr,
            **measures,
            "seconds": seconds,
            "epochs": len(history.epoch),
            "batch_size": args.batch_size,
            "seed": args.seed,
            "parameters": history.model.count_params(),
            "code": history.model.get_layer("decoder").input_shape[1:],
            "history": history.history,
            **environment(),
        },
    )
    print(
        f"{name}: test BCE {bce:.4f} (floor {floor:.4f}) | MSE {mse:.4f} | "
        f"PSNR {psnr:.1f} dB | {text}{seconds:.0f} s"
    )


def environment():
    """Return with which versions, backend and device a program runs, as a dict."""
    backend = keras.backend.backend()
    return {
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            "numpy": np.__version__,
            backend: sys.modules[backend].__version__,
        },
        "backend": backend,
        "device": str(keras.ops.convert_to_tensor(0.0).device),
    }


def _plain(number):
    """Return an array or a number of NumPy's as Python's own."""
    return number.tolist()


def write_json(path, numbers):
    """Write a dict of numbers, NumPy's too, as a file that people can read."""
    text = json.dumps(numbers, indent=1, ensure_ascii=False, default=_plain)
    write_file(lambda file: file.write_text(text + "\n", encoding="utf-8"), path)


class _Patient:
    """A stream that drops what nobody can read: `| head` has ended, a disk is full."""

    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, text):
        with contextlib.suppress(OSError):
            self.stream.write(text)
        return len(text)

    def flush(self):
        with contextlib.suppress(OSError):
            self.stream.flush()


def run(main):
    """Return `main(flags)`; what goes wrong is one sentence on stderr.

    A file that cannot be used ends the program with status 2, one that cannot be
    written with status 1. In a terminal Ctrl-C ends it at once: as an exception,
    Python's own way, it can be lost inside TensorFlow. In a notebook and `python -i` it
    stays one. No print ends a program: a console that has no letters for a name shows
    their numbers, and what is printed into a closed pipe is lost.
    """
    for name in "stdout", "stderr":
        if getattr(sys, name) is None:  # closed before the start
            setattr(sys, name, io.StringIO())
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):  # not in a notebook
            stream.reconfigure(errors="backslashreplace")
            setattr(sys, name, _Patient(stream))
    if not (sys.flags.interactive or hasattr(builtins, "get_ipython")):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    program = Path(sys.argv[0]).name
    try:
        return main(sys.argv[1:])
    except DataError as error:
        print(f"{program}: {error}", file=sys.stderr)
        sys.exit(2)
    except SaveError as error:
        print(f"{program}: {error}", file=sys.stderr)
        sys.exit(1)
