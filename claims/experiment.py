"""What the claims share: sets of images, seeds, a choice, a network trained again.

A claim is fair by construction if it uses these. Settings are chosen by `choose`, which
is given no test image. What differs between seeds is measured by `over_seeds`, and
networks are trained by `retrain`. `lower` is the one rule for "better".
"""

from collections import namedtuple
import os
from pathlib import Path
import shlex
import sys

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

import common
import keras
import numpy as np

SEEDS = 0, 1, 2

Images = namedtuple("Images", "x y")  # images in [0, 1] and their labels
Sets = namedtuple("Sets", "train fit choose test")


def load_images(args, shape=(784,)):
    """Return four sets of `Images`, their x of shape (n, *shape).

    `train` has all training images, `fit` all but its last 5,000, and `choose` these.
    Settings are chosen by what is trained on `fit` and measured on `choose`. What is
    reported is then trained on `train` and measured on `test`.
    """
    (x_train, y_train), (x_test, y_test) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, *shape)
    x_test = x_test.reshape(-1, *shape)
    held_out = len(x_train) // 12  # 5,000 of 60,000
    if y_train is None or y_test is None:
        y_train = np.zeros(len(x_train), int)
        y_test = np.zeros(len(x_test), int)
    return Sets(
        Images(x_train, y_train),
        Images(x_train[:-held_out], y_train[:-held_out]),
        Images(x_train[-held_out:], y_train[-held_out:]),
        Images(x_test, y_test),
    )


def load_models(script, args, seed=0):
    """Return (autoencoder, encoder, decoder) as a script has saved them with a seed.

    Seed 0's model is in `--out` itself, another's in its folder seed-1, seed-2. Without
    it the program ends with status 2 and the command that makes it.
    """
    name = script.__name__
    folder = args.out / f"seed-{seed}" if seed else args.out
    path = folder / f"{name}.keras"
    if not path.is_file():
        program = os.path.relpath(PROJECT / f"{name}.py")
        command = ["python", program, "--seed", str(seed), "--out", str(folder)]
        command += ["--data", args.data] if args.data else []
        print(f"there is no {path}: first run {shlex.join(command)}", file=sys.stderr)
        sys.exit(2)
    autoencoder = keras.models.load_model(path)
    encoder = autoencoder.get_layer("encoder")
    decoder = autoencoder.get_layer("decoder")
    return autoencoder, encoder, decoder


def retrain(
    script,
    images,
    seed,
    build=None,
    make_optimizer=None,
    epochs=None,
    inputs=None,
    **fit_options,
):
    """Train a script's network again, perhaps with one change.

    `build` takes the place of the script's `build_autoencoder`, `make_optimizer` and
    `epochs` that of its own, and `fit_options` are further arguments of `fit`.

    Args:
        script: a module, such as simple_ae.
        images: the targets, (n, ...); they are reshaped for the network.
        seed: for the weights and the order of the images.
        inputs: what the network is given, if that is not the targets themselves.

    Returns:
        (autoencoder, encoder, decoder) and what `fit` returned.
    """
    keras.utils.set_random_seed(seed)
    models = (build or script.build_autoencoder)()
    autoencoder = models[0]
    targets = images.reshape(-1, *autoencoder.output_shape[1:])
    inputs = targets if inputs is None else inputs.reshape(targets.shape)

    epochs = epochs or script.epochs
    batch_size = fit_options.pop("batch_size", script.batch_size)
    steps = -(-len(targets) // batch_size)  # the last batch may be smaller
    autoencoder.compile(
        optimizer=(make_optimizer or script.make_optimizer)(epochs * steps),
        loss=fit_options.pop("loss", "binary_crossentropy"),
        # Only for speed, and only TensorFlow gains by it; torch knows no other than 1.
        steps_per_execution=7 if keras.backend.backend() == "tensorflow" else 1,
    )
    history = autoencoder.fit(
        inputs,
        targets,
        epochs=epochs,
        batch_size=batch_size,
        verbose=0,
        **fit_options,
    )
    return models, history


def with_rate(make_optimizer, rate):
    """Return a script's `make_optimizer` with another highest learning rate."""

    def make(total_steps):
        optimizer = make_optimizer(total_steps)
        config = optimizer.get_config()
        config["learning_rate"]["config"]["warmup_target"] = rate
        return type(optimizer).from_config(config)

    return make


def encode(encoder, images):
    """Return the codes of images, (n, ...); of a VAE's distributions the means."""
    shape = (28 if size is None else size for size in encoder.input_shape[1:])
    codes = encoder.predict(images.reshape(-1, *shape), batch_size=500, verbose=0)
    return codes[0] if isinstance(codes, list) else codes


def reconstruct(models, images):
    """Return what models make of images, by their codes, in the images' own shape."""
    _, encoder, decoder = models
    decoded = decoder.predict(encode(encoder, images), batch_size=500, verbose=0)
    return decoded.reshape(images.shape)


def elbo(models, images):
    """Return a VAE's ELBO of images, (n, ...), in nats, and what it is made of.

    "elbo" is minus the sum of "reconstruction", by one draw from each image's
    distribution, and "kl". "used" says of how many numbers of the code the KL is above
    0.01 nats on average. The others say nothing of the image.
    """
    _, encoder, decoder = models
    inputs = images.reshape(-1, *encoder.input_shape[1:])
    z_mean, z_log_var, z = encoder.predict(inputs, batch_size=500, verbose=0)
    decoded = decoder.predict(z, batch_size=500, verbose=0).reshape(images.shape)
    kls = 0.5 * np.mean(z_mean**2 + np.exp(z_log_var) - 1 - z_log_var, axis=0)

    kl = float(np.sum(kls))
    reconstruction = images[0].size * common.binary_crossentropy(images, decoded)
    return {
        "elbo": -(reconstruction + kl),
        "reconstruction": reconstruction,
        "kl": kl,
        "used": int(np.sum(kls > 0.01)),
    }


def mse(images, reconstructions):
    """Return the mean squared error of a pixel, of two arrays of one shape."""
    return float(np.mean((images - reconstructions) ** 2, dtype=np.float64))


def choose(settings, error_of, sets):
    """Return the setting with the least error, and the errors of all that were tried.

    If the settings are numbers and the best is at an end, a next one is tried by the
    ratio of the last two, at most four times: the end of a list is no choice.
    `error_of` is given a setting, the images to fit and those to choose by.
    """
    settings = list(settings)
    errors = {setting: error_of(setting, sets.fit, sets.choose) for setting in settings}
    are_numbers = all(isinstance(setting, int | float) for setting in settings)
    for _ in range(4 if are_numbers and len(settings) > 1 else 0):
        ordered = sorted(errors)
        best = min(errors, key=errors.get)
        if best == ordered[0]:
            wider = ordered[0] * ordered[0] / ordered[1]
        elif best == ordered[-1]:
            wider = ordered[-1] * ordered[-1] / ordered[-2]
        else:
            break
        wider = float(f"{wider:.3g}")
        errors[wider] = error_of(wider, sets.fit, sets.choose)
    return min(errors, key=errors.get), errors


def over_seeds(measure, seeds=SEEDS):
    """Return {name: {"mean", "low", "high", "seeds"}} of what `measure(seed)` returns.

    That is {name: number}; "seeds" has the numbers of all seeds, in their order.
    """
    rows = [measure(seed) for seed in seeds]
    return {name: summary([row[name] for row in rows]) for name in rows[0]}


def summary(values):
    """Return the mean, the range and the numbers themselves, as `over_seeds` does."""
    values = [float(value) for value in values]
    return {
        "mean": float(np.mean(values)),
        "low": min(values),
        "high": max(values),
        "seeds": values,
    }


def lower(some, others, decimals=4):
    """Return if some numbers are lower than others: the one rule for "better".

    All of `some` must lie below all of `others` in the decimals that are shown, and
    there must be three of each at least. If neither is lower than the other, no
    difference was seen; that does not make them equal. Both are what `summary` returns.
    """
    enough = len(some["seeds"]) >= 3 and len(others["seeds"]) >= 3
    return enough and round(some["high"], decimals) < round(others["low"], decimals)


def print_table(head, rows, decimals=4):
    """Print rows of text and numbers below their heads; a summary as mean and range."""
    texts = [[str(cell) for cell in head]]
    texts += [[as_text(cell, decimals) for cell in row] for row in rows]
    widths = [max(len(text[i]) for text in texts) for i in range(len(head))]
    for text in texts:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(text, widths)).rstrip()
        )


def as_text(cell, decimals=4):
    """Return a cell of a table as text: a summary as "0.0911 (0.0911-0.0912)"."""
    if isinstance(cell, dict):
        mean, low, high = (f"{cell[k]:.{decimals}f}" for k in ("mean", "low", "high"))
        return f"{mean} ({low}-{high})"
    return f"{cell:.{decimals}f}" if isinstance(cell, float) else str(cell)


def report(name, args, **numbers):
    """Write a claim's numbers, unrounded, and the seconds it took, into NAME.json."""
    common.write_json(name, args, numbers, folder="claims/")
