"""Why the post's sparse autoencoder got worse: its penalty acted 128 times over.

The post: 「實際上這個部分測試的結果,反而變更差,目前不知道原因」 (the result of this
part became worse instead, the reason is not known yet). Its penalty is l1(10e-5), which
is 1e-4. Keras 2.0 to 2.3, the post's, and 3.0 to 3.13 sum an activity penalty over the
batch; tf.keras 2, and Keras since 3.14, divide it by the batch size. So in the post's
batches of 128 its number acted as 128 * 10e-5. Here today's Keras runs the post's
recipe with both. It needs no trained model:

    python claims/collapse.py

The same in the post's own Keras: claims/post_2020/.
"""

import math
import shared  # noqa: F401 - first: it makes the project's folder importable
import common
import keras
from keras import layers, regularizers
from matplotlib.figure import Figure
import numpy as np

BATCH_SIZE = 128
PENALTIES = {"divided by batch size": 10e-5, "summed over batch": BATCH_SIZE * 10e-5}


def train(l1, epochs, x_train, x_test):
    """Train the post's sparse autoencoder.

    Args:
        l1: the penalty on the sum of an image's |code|.
        x_train, x_test: images in [0, 1], of shape (n, 784).

    Returns:
        what `fit` returned, with `val_loss` and, without the penalty,
        `val_binary_crossentropy`; the codes and the reconstructions of x_test.
    """
    input_img = keras.Input(shape=(784,))
    encoded = layers.Dense(
        32, activation="relu", activity_regularizer=regularizers.L1(l1)
    )(input_img)
    decoded = layers.Dense(784, activation="sigmoid")(encoded)
    autoencoder = keras.Model(input_img, decoded)
    autoencoder.compile(
        optimizer=keras.optimizers.Adadelta(1.0),  # the post's 'adadelta'
        loss="binary_crossentropy",
        metrics=["binary_crossentropy"],  # the loss without the penalty
        **common.speed_options(math.ceil(len(x_train) / BATCH_SIZE)),
    )
    history = autoencoder.fit(
        x_train,
        x_train,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        validation_data=(x_test, x_test),
        verbose=0,
    )
    both = keras.Model(input_img, [encoded, decoded])
    return history, *both.predict(x_test, verbose=0)


def verdict(divided, summed, mean_bce):
    """Return the verdict: does the sum, and only the sum, switch the code off?

    Args:
        divided, summed: the share of the code that is active, 0 to 1, and the BCE.
        mean_bce: the mean image's BCE; a network that learns is better.
    """
    reason = summed[0] < 0.01 <= divided[0] and divided[1] < mean_bce
    return (
        f"verdict: the sum over the batch {'is' if reason else 'is not'} the reason: "
        f"with it {summed[0]:.2%} of the code is active, BCE {summed[1]:.4f}; "
        f"without it {divided[0]:.2%}, BCE {divided[1]:.4f} (mean image {mean_bce:.4f})"
    )


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=25)  # as many as the post's simple
    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    mean_image = np.broadcast_to(x_train.mean(axis=0), x_test.shape)
    mean_bce = common.binary_crossentropy(x_test, mean_image)
    print(f"the mean training image for every digit: test BCE {mean_bce:.4f}")

    fig = Figure(figsize=(13, 10), layout="constrained")
    curves, pictures = fig.subfigures(2, 1, height_ratios=[5, 4])
    axis, axes = curves.subplots(), pictures.subplots(3, 10)
    rows, measured = [("original", x_test)], []
    for (name, l1), style in zip(PENALTIES.items(), ("o-C0", "s-C1")):
        keras.utils.set_random_seed(args.seed)
        history, codes, decoded_imgs = train(l1, args.epochs, x_train, x_test)
        bces = history.history["val_binary_crossentropy"]
        val_loss, active = history.history["val_loss"][-1], np.mean(codes > 0)
        print(
            f"L1({l1:.4g}), as {name}, {args.epochs} epochs: test BCE {bces[-1]:.4f}, "
            f"val_loss with the penalty {val_loss:.4f}, {active:.3%} of the code active"
        )
        measured.append((active, bces[-1]))
        epochs = range(1, args.epochs + 1)
        axis.plot(epochs, bces, style, label=f"penalty {name}")
        rows.append((name.replace(" ", "\n", 1), decoded_imgs))
    axis.axhline(mean_bce, ls="--", color="black", label="mean image")
    axis.set_xlabel("epoch", fontsize=18)
    axis.set_ylabel("test BCE without penalty", fontsize=18)
    axis.tick_params(labelsize=16)
    axis.xaxis.get_major_locator().set_params(integer=True)  # there is no epoch 1.5
    axis.legend(fontsize=17)
    for row, (name, images) in zip(axes, rows):
        row[0].set_ylabel(name, fontsize=18, rotation=0, ha="right", va="center")
        for axis, image in zip(row, images):
            axis.imshow(image.reshape(28, 28), cmap="gray", vmin=0, vmax=1)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[], frame_on=False)
    common.save(fig, args.out / "collapse.png")
    print(verdict(*measured, mean_bce))


if __name__ == "__main__":
    common.run(main)
