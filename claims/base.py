"""What the claims share: a trained model, a variant trained once more, the report."""

import importlib
from importlib.util import find_spec
import inspect
from pathlib import Path
import sys
import time

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import common
import keras
import numpy as np

if not (find_spec("sklearn") and find_spec("skimage")):
    install = f"{sys.executable} -m pip install -r claims/requirements.txt"
    sys.stderr.write(f"the claims need two more packages: {install}\n")
    sys.exit(2)


def load_model(name, out):
    """Return (autoencoder, encoder, decoder), as the script `name`.py has saved them.

    Args:
        name: the script, without `.py`.
        out: the folder with `name`.keras, a Path.

    Raises:
        common.DataError: the model is not there, or cannot be read.
    """
    path = out / f"{name}.keras"
    if not path.is_file():
        raise common.DataError(f"there is no {path}: run python {name}.py first")
    importlib.import_module(name)  # for the layers of its own, such as vae.Sampling
    try:
        autoencoder = keras.models.load_model(path)
        encoder = autoencoder.get_layer("encoder")
        decoder = autoencoder.get_layer("decoder")
    except Exception as error:  # zipfile, h5py and Keras raise a dozen kinds
        sentence = f"{path} is damaged: run python {name}.py again"
        raise common.DataError(sentence) from error
    return autoencoder, encoder, decoder


def load_images(args, shape=(784,)):
    """Return (x_train, y_train), (x_test, y_test), the images in the shape of a model.

    Args:
        args: what `common.parse_args` returned.
        shape: of an image: `(784,)`, `(28, 28, 1)` or `(28, 28)`; a model has it as
            `autoencoder.output_shape[1:]`.
    """
    (x_train, y_train), (x_test, y_test) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, *shape)
    x_test = x_test.reshape(-1, *shape)
    return (x_train, y_train), (x_test, y_test)


def check_labels(labels, images, args):
    """Raise a DataError if the labels are not the digits 0 to 9, one for each image."""
    found = None
    if labels is None:
        found = "has none"
    elif labels.shape != (len(images),):
        found = f"has {labels.shape} of them for {len(images)} images"
    elif labels.dtype.kind not in "ui":
        found = f"has labels of type {labels.dtype}"
    elif sorted(set(labels.tolist())) != list(range(10)):
        values = sorted(set(labels.tolist()))
        found = f"has labels from {values[0]} to {values[-1]}, {len(values)} kinds"
    if found:
        path = args.data or common.MNIST_FILE
        sentence = f"this needs labels, each of the digits 0 to 9, and {path} {found}"
        raise common.DataError(sentence)


def encode(encoder, images):
    """Return the codes of images, (n, ...): of a VAE's distributions the means."""
    codes = encoder.predict(images, verbose=0)
    return codes[0] if isinstance(codes, list) else codes


def reconstruct(models, images):
    """Return what (autoencoder, encoder, decoder) make of images, by their codes."""
    _, encoder, decoder = models
    return decoder.predict(encode(encoder, images), verbose=0)


def pairs(script, x_train, x_test, seed):
    """Return what a script's `train` takes, by the names of its arguments, a dict.

    Args:
        script: a module, such as denoise_ae.
        x_train, x_test: images in the shape of its model.
        seed: for the noise of a script that denoises, as its `main` draws it.
    """
    arrays = {"x_train": x_train, "x_test": x_test}
    if "x_train_noisy" in inspect.signature(script.train).parameters:
        level = script.noise_factor
        arrays["x_train_noisy"] = common.add_noise(x_train, level, seed)
        arrays["x_test_noisy"] = common.add_noise(x_test, level, seed + 1)
    return arrays


def train_again(script, x_train, x_test, seed, models=None, **options):
    """Train a script's network once more, in silence.

    Args:
        script: a module, such as simple_ae.
        x_train, x_test: images, (n, 784) or in the shape of its model.
        seed: for the weights, the order of the images and the noise.
        models: a function that returns (autoencoder, encoder, decoder), in place of
            the script's build_autoencoder.
        options: the one change, for the script's `train`: `epochs`, `batch_size`,
            `optimizer`, `callbacks`.

    Returns:
        (autoencoder, encoder, decoder) and what `fit` returned.
    """
    keras.utils.set_random_seed(seed)
    autoencoder, encoder, decoder = (models or script.build_autoencoder)()
    shape = autoencoder.output_shape[1:]
    arrays = pairs(
        script, x_train.reshape(-1, *shape), x_test.reshape(-1, *shape), seed
    )
    history = script.train(autoencoder, **arrays, **{"verbose": 0, **options})
    return (autoencoder, encoder, decoder), history


def warm_up_and_cosine(learning_rate, total_steps, warmup=0.1):
    """Return the scripts' schedule: from 0 up to `learning_rate`, then down to 0.

    `warmup` is the share of the `total_steps` in which it rises.
    """
    warmup_steps = int(warmup * total_steps)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=learning_rate,
        warmup_steps=warmup_steps,
        decay_steps=total_steps - warmup_steps,
    )


def mean_image(x_train, images):
    """Return the mean training image, once for each of the images."""
    return np.broadcast_to(x_train.mean(axis=0), images.shape)


def mse(images, reconstructions):
    """Return the mean squared error of a pixel, of two arrays of one shape."""
    return float(np.mean((images - reconstructions) ** 2, dtype=np.float64))


def report(name, args, verdict, **numbers):
    """Print a claim's verdict, and write it and its numbers into NAME.json.

    Args:
        name: the claim's.
        args: what `common.parse_args` returned.
        verdict: a sentence.
        numbers: numbers, lists and dicts of them, by their names.
    """
    common.write_json(
        args.out / f"{name}.json",
        {
            "name": name,
            "verdict": verdict,
            **numbers,
            "seed": args.seed,
            "seconds": time.perf_counter() - args.started,
            **common.environment(),
        },
    )
    print(f"verdict: {verdict}")
