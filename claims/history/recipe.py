"""The sparse autoencoder of 2016, on whichever Keras is installed.

The recipe is the Keras blog's, of May 2016, and the post repeats it. It has 784 pixels,
32 relu units with an L1 penalty of 10e-5 on their output, 784 pixels, and Adadelta.
This program runs it on Keras 1.0 of 2016 (Theano, Python 3.6) and every Keras since:

    python claims/history/recipe.py keras-2.3.1 --runs plain sparse divided

It prints every epoch, and writes the same numbers, unrounded, to output/NAME.json
beside this file. README.md there says how to get each Keras, and what came out.
"""

import argparse
import datetime
import importlib.util
import json
import os
from pathlib import Path
import platform
import sys
import time

if __name__ == "__main__":
    # Old Kerases leave a keras.json in the home folder, which later ones would read.
    # So each takes the folder of its own environment for home.
    os.environ["HOME"] = sys.prefix
    is_of_2016 = sys.version_info < (3, 7)
    os.environ["KERAS_BACKEND"] = "theano" if is_of_2016 else "tensorflow"

if importlib.util.find_spec("keras"):
    import keras
else:  # TensorFlow 2.3 brings its own.
    from tensorflow import keras
import numpy as np

FOLDER = Path(__file__).resolve().parent
SEED = 10  # The post's.
L1 = 10e-5  # The blog's and the post's way of writing 0.0001.

# Each run: the number in l1(), the batch size, the epochs.
RUNS = {
    "plain": (0.0, 128, 25),  # The post's simple autoencoder.
    "sparse": (L1, 128, 100),  # The post's sparse one.
    "divided": (L1 / 128, 128, 100),  # What a sum over 128 images has to be given.
    "blog-plain": (0.0, 256, 50),  # The Keras blog's two.
    "blog-sparse": (L1, 256, 100),
}

# The loss/val_loss of every epoch of the simple autoencoder, as the post prints them.
POST_PLAIN = """
0.3079/0.2502 0.2300/0.2105 0.2009/0.1898 0.1839/0.1756 0.1715/0.1650
0.1619/0.1563 0.1540/0.1490 0.1473/0.1429 0.1415/0.1373 0.1365/0.1325
0.1320/0.1282 0.1279/0.1243 0.1242/0.1208 0.1209/0.1178 0.1180/0.1151
0.1155/0.1127 0.1133/0.1107 0.1115/0.1090 0.1098/0.1075 0.1085/0.1062
0.1073/0.1051 0.1062/0.1042 0.1053/0.1033 0.1046/0.1026 0.1039/0.1020
"""


def fix_seed():
    """Make the weights and the order of the images the same in every run."""
    np.random.seed(SEED)  # Enough up to Keras 2.3.
    version = int(keras.__version__.split(".")[0])
    if version >= 3:
        keras.utils.set_random_seed(SEED)
    elif "tensorflow" in keras.__name__:
        import tensorflow

        tensorflow.random.set_seed(SEED)


def activity_penalty(l1):
    """Return this Keras's own L1 penalty on a layer's output, or None for 0."""
    if l1 == 0:
        return None
    if hasattr(keras.regularizers, "activity_l1"):  # Keras 1.
        return keras.regularizers.activity_l1(l1)
    return keras.regularizers.l1(l1)


def build_autoencoder(penalty):
    """Return the compiled autoencoder and its encoder.

    Args:
        penalty: what the activity_regularizer of the code is to be, or None.
    """
    input_img = keras.layers.Input(shape=(784,))
    encoded = keras.layers.Dense(32, activation="relu", activity_regularizer=penalty)(
        input_img
    )
    decoded = keras.layers.Dense(784, activation="sigmoid")(encoded)

    autoencoder = keras.models.Model(input_img, decoded)
    encoder = keras.models.Model(input_img, encoded)

    # Keras 1.0 predicts only with a compiled model.
    encoder.compile("sgd", loss="mse")
    # "adadelta" had a rate of 1.0 up to Keras 2.3, and has 0.001 since tf.keras.
    autoencoder.compile(keras.optimizers.Adadelta(1.0), loss="binary_crossentropy")
    return autoencoder, encoder


def binary_crossentropy(x, y):
    """Return the mean BCE of images x and reconstructions y, in nats a pixel."""
    y = np.clip(y.astype("float64"), 1e-7, 1 - 1e-7)  # Keras's own epsilon.
    return float(-np.mean(x * np.log(y) + (1 - x) * np.log1p(-y)))


def measure(x, code, decoded):
    """Return what a trained autoencoder does to images x of shape (n, 784).

    Returns:
        a dict: "bce", without any penalty; "active", the share of the code's numbers
        that are not 0; "mean_code", their mean.
    """
    return {
        "bce": binary_crossentropy(x, decoded),
        "active": float(np.mean(code > 0)),
        "mean_code": float(np.mean(code)),
    }


def penalty_factor(penalty, x):
    """Return how many times this Keras counts a penalty of l1(1.0) on one batch x.

    One image's penalty is the sum of its |code|. The mean over the batch counts as 1,
    the sum over it as the number of images, the mean over 32 units too as 1/32.
    It is the loss of one step, less the BCE of the weights before that step.
    """
    fix_seed()
    autoencoder, encoder = build_autoencoder(penalty)
    code = encoder.predict(x, verbose=0)
    bce = binary_crossentropy(x, autoencoder.predict(x, verbose=0))
    loss = autoencoder.train_on_batch(x, x)
    return float((np.ravel(loss)[0] - bce) / np.mean(np.sum(np.abs(code), axis=1)))


class Log(keras.callbacks.Callback):
    """Print each epoch as the post's log has it, and keep its numbers."""

    def __init__(self):
        super().__init__()
        self.losses = {"loss": [], "val_loss": []}

    def on_epoch_end(self, epoch, logs=None):
        for name, values in self.losses.items():
            values.append(float(logs[name]))
        print(
            f"Epoch {epoch + 1} - loss: {logs['loss']:.4f} "
            f"- val_loss: {logs['val_loss']:.4f}",
            flush=True,
        )


def train(name, x_train, x_test):
    """Train one of RUNS from the seed; return its settings, losses and measures."""
    l1, batch_size, epochs = RUNS[name]
    print(f"\n{name}: l1({l1:.3g}), batches of {batch_size}, {epochs} epochs")

    fix_seed()
    autoencoder, encoder = build_autoencoder(activity_penalty(l1))
    log = Log()
    start = time.time()
    # By position: Keras 1 has nb_epoch where later ones have epochs.
    autoencoder.fit(
        x_train,
        x_train,
        batch_size,
        epochs,
        verbose=0,
        callbacks=[log],
        validation_data=(x_test, x_test),
    )
    seconds = time.time() - start

    run = {"l1": l1, "batch_size": batch_size, "epochs": epochs, "seconds": seconds}
    run.update(log.losses)
    run.update(
        measure(
            x_test,
            encoder.predict(x_test, verbose=0),
            autoencoder.predict(x_test, verbose=0),
        )
    )
    print(
        f"{name}: test BCE {run['bce']:.4f} without penalty | val_loss "
        f"{run['val_loss'][-1]:.4f} | {run['active']:.3%} of the code active | "
        f"mean of the code {run['mean_code']:.4f} | {seconds:.0f} s"
    )
    return run


def lines_of_the_post(run):
    """Return how many of a plain run's epochs are the post's, to the last digit."""
    ours = [
        f"{loss:.4f}/{val_loss:.4f}"
        for loss, val_loss in zip(run["loss"], run["val_loss"])
    ]
    return sum(line == theirs for line, theirs in zip(ours, POST_PLAIN.split()))


def main(argv=None):
    flags = argparse.ArgumentParser()
    flags.add_argument("name", help="of output/NAME.json")
    flags.add_argument("--runs", nargs="*", choices=list(RUNS), default=["sparse"])
    args = flags.parse_args(argv)

    versions = {"Python": platform.python_version(), "Keras": keras.__version__}
    for module in ("theano", "tensorflow", "numpy"):
        if module in sys.modules:
            versions[module] = sys.modules[module].__version__
    record = {
        "name": args.name,
        "date": str(datetime.date.today()),
        "seed": SEED,
        "versions": versions,
    }
    title = " | ".join(f"{name} {version}" for name, version in versions.items())
    print(f"{args.name} | {record['date']} | {title} | seed {SEED}")

    # NumPy reads the file, so that no Keras has to download one.
    with np.load(str(FOLDER.parents[1] / "data" / "mnist.npz")) as file:
        x_train = file["x_train"].astype("float32").reshape(-1, 784) / 255.0
        x_test = file["x_test"].astype("float32").reshape(-1, 784) / 255.0

    mean_image = np.tile(x_train.mean(axis=0), (len(x_test), 1))
    record["mean_image"] = binary_crossentropy(x_test, mean_image)
    print(f"the mean training image for every digit: BCE {record['mean_image']:.4f}")

    record["factor"] = penalty_factor(activity_penalty(1.0), x_train[:128])
    print(f"a penalty on a batch of 128 counts {record['factor']:.3f} times")

    record["runs"] = {}
    for name in args.runs:
        record["runs"][name] = train(name, x_train, x_test)

    if "plain" in record["runs"]:
        record["post_lines"] = lines_of_the_post(record["runs"]["plain"])
        print(f"\n{record['post_lines']} of 25 lines of the plain log are the post's")

    path = FOLDER / "output" / f"{args.name}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
