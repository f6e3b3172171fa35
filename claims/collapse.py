"""Collapse: is the sum over the batch enough to make a sparse autoencoder worse?

The post: 「實際上這個部分測試的結果，反而變更差，目前不知道原因」 (the result of this
part became worse instead, the reason is not known yet). Its penalty is l1(10e-5), which
is 1e-4. Some Kerases, the post's among them, sum it over the batch, and others divide
that sum by the batch size (claims/history/ has a run of each). Summed, in the post's
batches of 128, its number acted as 128 * 10e-5. Here today's Keras runs the post's
recipe with both. It needs no trained model:

    python claims/collapse.py

It shows what the sum does, not that nothing else went wrong in the post's own run. The
same recipe in the Kerases from 2016 on: claims/history/.
"""

import math

import base
import common
import keras
from keras import layers, regularizers
from matplotlib.figure import Figure
import numpy as np

BATCH_SIZE = 128
PENALTIES = {"divided by batch size": 10e-5, "summed over batch": BATCH_SIZE * 10e-5}


def build_autoencoder(l1):
    """Return the post's sparse autoencoder and its encoder.

    l1: the weight of the sum of an image's |code| in the loss.
    """
    input_img = keras.Input(shape=(784,))
    encoded = layers.Dense(
        32, activation="relu", activity_regularizer=regularizers.L1(l1)
    )(input_img)
    decoded = layers.Dense(784, activation="sigmoid")(encoded)
    return keras.Model(input_img, decoded), keras.Model(input_img, encoded)


def train(autoencoder, x_train, x_test, epochs):
    """Train as the post does, on images in [0, 1], (n, 784); return Keras's history.

    It has `val_loss` and, without the penalty, `val_binary_crossentropy`.
    """
    steps = math.ceil(len(x_train) / BATCH_SIZE)  # in an epoch
    autoencoder.compile(
        optimizer=keras.optimizers.Adadelta(1.0),  # the post's 'adadelta'
        loss="binary_crossentropy",
        metrics=["binary_crossentropy"],
        **common.speed_options(steps),
    )
    return autoencoder.fit(
        x_train,
        x_train,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        validation_data=(x_test, x_test),
        verbose=0,
    )


def verdict(divided, summed, mean_bce):
    """Return the verdict: is the sum enough to switch the code off?

    Args:
        divided, summed: dicts with `active`, the share of the code above 0, and `bce`.
        mean_bce: the mean image's BCE; a network that learns has less.
    """
    learns = divided["active"] >= 0.01 and divided["bce"] < mean_bce
    dies = summed["active"] < 0.01
    if not learns:
        word = "what the sum over the batch does is not shown here, where the network "
        word += "has not learnt even with the division"
    elif dies:
        word = "the sum over the batch is enough to switch the code off"
    else:
        word = "the sum over the batch is not what switches the code off here"
    return (
        f"{word}: with it {summed['active']:.2%} of the code is active, BCE "
        f"{summed['bce']:.4f}; with the division {divided['active']:.2%}, BCE "
        f"{divided['bce']:.4f} (mean image {mean_bce:.4f})"
    )


def plot(curves, mean_bce, rows, path):
    """Draw BCE over the epochs above, what comes back of ten images below.

    Args:
        curves: {name: BCE of every epoch}.
        mean_bce: the mean image's BCE.
        rows: {name: images, (n, 784)}.
        path: the .png file to write.
    """
    fig = Figure(figsize=(13, 10), layout="constrained")
    above, below = fig.subfigures(2, 1, height_ratios=[5, 4])

    axis = above.subplots()
    for (name, bces), style, color in zip(
        curves.items(), ("o-", "s-"), ("#0072B2", "#D55E00")
    ):
        epochs = range(1, len(bces) + 1)
        axis.plot(epochs, bces, style, color=color, label=f"penalty {name}")
    axis.axhline(mean_bce, ls="--", color="black", label="mean image")
    axis.set_xlabel("epoch", fontsize=18)
    axis.set_ylabel("test BCE without penalty", fontsize=18)
    axis.tick_params(labelsize=16)
    axis.xaxis.get_major_locator().set_params(integer=True)  # there is no epoch 1.5
    axis.legend(fontsize=17)

    axes = below.subplots(len(rows), 10)
    for row, (name, images) in zip(axes, rows.items()):
        row[0].set_ylabel(name, fontsize=18, rotation=0, ha="right", va="center")
        for axis, image in zip(row, images):
            axis.imshow(image.reshape(28, 28), cmap="gray", vmin=0, vmax=1)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[], frame_on=False)
    common.save(fig, path)


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=25)  # as many as the post's simple
    (x_train, _), (x_test, _) = base.load_images(args)
    mean_image = base.mean_image(x_train, x_test)
    mean_bce = common.binary_crossentropy(x_test, mean_image)
    print(f"the mean training image for every digit: test BCE {mean_bce:.4f}")

    rows = {"original": x_test[:10]}
    curves = {}
    measured = {}
    for name, l1 in PENALTIES.items():
        keras.utils.set_random_seed(args.seed)
        autoencoder, encoder = build_autoencoder(l1)
        history = train(autoencoder, x_train, x_test, args.epochs).history

        curves[name] = history["val_binary_crossentropy"]
        rows[name.replace(" ", "\n", 1)] = autoencoder.predict(x_test[:10], verbose=0)
        own = {
            "bce": curves[name][-1],
            "val_loss": history["val_loss"][-1],
            "active": float(np.mean(base.encode(encoder, x_test) > 0)),
        }
        measured[name.split()[0]] = own
        print(
            f"L1({l1:.4g}), as {name}, {args.epochs} epochs: test BCE {own['bce']:.4f}"
            f", val_loss with the penalty {own['val_loss']:.4f}, {own['active']:.3%} "
            "of the code active"
        )
    plot(curves, mean_bce, rows, args.out / "collapse.png")

    base.report(
        "collapse",
        args,
        verdict(measured["divided"], measured["summed"], mean_bce),
        **measured,
        mean_image=mean_bce,
        epochs=args.epochs,
    )


if __name__ == "__main__":
    common.run(main)
