"""Sum or mean: is the penalty's sum over the batch enough to switch the code off?

Some versions of Keras add the post's penalty of 10e-5 up over the 128 images of a
batch; others take the mean. Here today's Keras, which takes the mean, trains the post's
network with 10e-5, and with 128 * 10e-5, which is what the sum makes of it.

    python claims/history/sum_or_mean.py
"""

from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import common
import keras
from keras import layers, regularizers
from matplotlib.figure import Figure
import numpy as np

EPOCHS = 25  # as many as the post's simple autoencoder
BATCH_SIZE = 128
PENALTIES = {"mean": 10e-5, "sum": BATCH_SIZE * 10e-5}
SEEDS = 0, 1, 2


def build_autoencoder(l1):
    """Return the post's sparse autoencoder and its encoder, compiled by its recipe."""
    input_img = keras.Input(shape=(784,))
    encoded = layers.Dense(
        32, activation="relu", activity_regularizer=regularizers.L1(l1)
    )(input_img)
    decoded = layers.Dense(784, activation="sigmoid")(encoded)
    autoencoder = keras.Model(input_img, decoded)
    encoder = keras.Model(input_img, encoded)
    # The "adadelta" of the post's Keras had this rate.
    autoencoder.compile(keras.optimizers.Adadelta(1.0), loss="binary_crossentropy")
    return autoencoder, encoder


def train(l1, seed, x_train, x_test):
    """Train from a seed; return what the network reaches, and ten reconstructions."""
    keras.utils.set_random_seed(seed)
    autoencoder, encoder = build_autoencoder(l1)
    history = autoencoder.fit(
        x_train,
        x_train,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        validation_data=(x_test, x_test),
        verbose=0,
    )
    decoded = autoencoder.predict(x_test, verbose=0)
    measured = {
        "val_loss": history.history["val_loss"],  # with the penalty
        "bce": common.binary_crossentropy(x_test, decoded),  # without it
        "active": float(np.mean(encoder.predict(x_test, verbose=0) > 0)),
    }
    return measured, decoded[:10]


@common.default_style
def plot(curves, mean_image, rows):
    """Draw losses, {name: of each epoch}, and rows of ten images, {name: images}."""
    fig = Figure(figsize=(10, 8), layout="constrained")
    above, below = fig.subfigures(2, 1, height_ratios=[5, 4])
    axis = above.subplots()
    for name, losses in curves.items():
        axis.plot(range(1, len(losses) + 1), losses, "o-", label=f"{name} over a batch")
    axis.axhline(mean_image, ls="--", color="black", label="BCE of the mean image")
    axis.set(xlabel="epoch", ylabel="val_loss, with the penalty")
    axis.legend()

    axes = below.subplots(len(rows), 10, subplot_kw={"xticks": [], "yticks": []})
    for row, (name, images) in zip(axes, rows.items()):
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=14)
        for axis, image in zip(row, images):
            axis.imshow(image.reshape(28, 28), cmap="gray", vmin=0, vmax=1)
    return fig


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 784)
    x_test = x_test.reshape(-1, 784)
    mean_image = np.broadcast_to(x_train.mean(axis=0), x_test.shape)
    mean_bce = common.binary_crossentropy(x_test, mean_image)
    print(f"the mean training image for every digit: BCE {mean_bce:.4f}")

    measured = {name: [] for name in PENALTIES}
    rows = {"original": x_test[:10]}
    for name, l1 in PENALTIES.items():
        for seed in SEEDS:
            found, decoded = train(l1, seed, x_train, x_test)
            measured[name].append(found)
            rows.setdefault(name, decoded)
            print(
                f"{name} over a batch, seed {seed}: val_loss "
                f"{found['val_loss'][-1]:.4f}, BCE {found['bce']:.4f}, "
                f"{found['active']:.3%} of the code active"
            )

    curves = {name: runs[0]["val_loss"] for name, runs in measured.items()}
    plot(curves, mean_bce, rows).savefig(args.out / "sum_or_mean.png")
    common.write_json(
        "sum_or_mean",
        args,
        {**measured, "mean_image": mean_bce},
        folder="claims/history/",
    )


if __name__ == "__main__":
    main()
