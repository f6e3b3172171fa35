"""Sparse autoencoder: a wide code of which each image may use only a little.

The code has 128 numbers, four times those of simple_ae.py and of the post, but two
terms in the loss keep most of them at 0 for any one image: L1 pulls the code towards 0,
and L2 the decoder's weights, which could otherwise grow and make up for a small code.

    784 -> 128 (about 30 of them active) -> 784

    python sparse_ae.py

Section of the post: "Sparse Autoencoder". The last line it prints, on one CPU core:

    sparse_ae: test BCE 0.0879 (floor 0.0581) | MSE 0.0073 | PSNR 21.4 dB | 47 s

Go on with claims/collapse.py (why the post's got worse) and claims/sparsity.py (does
each unit have a digit of its own?).
"""

import math

import common
import keras
from keras import layers, ops, regularizers
from matplotlib.figure import Figure
import numpy as np

encoding_dim = 128
epochs = 35
batch_size = 128


def build_autoencoder(encoding_dim=encoding_dim, l1=1e-3, l2=5e-6):
    """Return (autoencoder, encoder, decoder), three models that share their weights.

    The loss is BCE + l1 * (sum of |code|, mean over the batch) + l2 * (sum of the
    decoder's squared weights).
    """
    input_img = keras.Input(shape=(784,))
    code_layer = layers.Dense(
        encoding_dim,
        activation="relu",
        bias_initializer=keras.initializers.Constant(0.5),
        activity_regularizer=regularizers.L1(l1),
        dtype="float32",  # under mixed precision Keras cannot add up the penalty
    )
    encoded = code_layer(input_img)
    encoder = keras.Model(input_img, encoded, name="encoder")

    encoded_input = keras.Input(shape=(encoding_dim,))
    output_layer = layers.Dense(
        784, activation="sigmoid", kernel_regularizer=regularizers.L2(l2)
    )
    decoded = output_layer(encoded_input)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    # L1 switches off a unit that does not help yet, and what is 0 on every image has
    # no gradient to come back by. So each unit helps from the start: the decoder starts
    # as the encoder's transpose, 4 times larger, and paints what the encoder sees.
    # With such a decoder the bias of 0.5 is not needed; with an ordinary one it keeps
    # more units alive (claims/one_change.py).
    output_layer.kernel.assign(4 * ops.transpose(code_layer.kernel))

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)))
    return autoencoder, encoder, decoder


def train(
    autoencoder,
    x_train,
    x_test,
    epochs=epochs,
    batch_size=batch_size,
    optimizer=None,
    **fit_options,
):
    """Train on images in [0, 1], of shape (n, 784); return Keras's history.

    An `optimizer` takes the place of Adam; `fit_options`, such as `callbacks`, go to
    `fit`, but leave out `steps_per_epoch`: the schedule counts all batches.
    """
    # The learning rate rises from 0 (warm-up), then falls to 0 along a cosine.
    steps = math.ceil(len(x_train) / batch_size)  # in an epoch
    total_steps = epochs * steps
    warmup_steps = 3 * total_steps // 10
    learning_rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=1.5e-3,
        warmup_steps=warmup_steps,
        decay_steps=total_steps - warmup_steps,
    )

    autoencoder.compile(
        optimizer=optimizer or keras.optimizers.Adam(learning_rate, beta_2=0.99),
        loss="binary_crossentropy",
        metrics=["binary_crossentropy"],  # the loss without the two penalties
        **common.speed_options(steps),  # only for speed: may be left out
    )
    return autoencoder.fit(
        x_train,
        x_train,
        epochs=epochs,
        batch_size=batch_size,
        validation_data=(x_test, x_test),  # only watched: nothing is chosen by it
        **fit_options,
    )


def plot_strokes(decoder, encoded_imgs, path):
    """Draw what each unit adds to an image, (784,): its row of the decoder's weights.

    Blue adds ink and red removes it. The units are in the order of how many of the
    codes `encoded_imgs`, (n, units), use them; those that none uses are left out.
    """
    kernel = decoder.layers[-1].get_weights()[0]  # units x 784
    times_used = np.sum(encoded_imgs > 0, axis=0)
    order = np.argsort(-times_used, kind="stable")
    strokes = kernel[order][: np.sum(times_used > 0)]

    rows = max(1, math.ceil(len(strokes) / 16))
    fig = Figure(figsize=(12, 0.75 * rows), layout="constrained")
    axes = fig.subplots(rows, 16, squeeze=False)
    limit = np.abs(kernel).max() / 2  # stronger weights have the strongest colour
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, stroke in zip(axes.flat, strokes):
        axis.imshow(stroke.reshape(28, 28), cmap="RdBu", vmin=-limit, vmax=limit)
    common.save(fig, path)


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=epochs, batch_size=batch_size)
    keras.utils.set_random_seed(args.seed)

    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 784)
    x_test = x_test.reshape(-1, 784)
    print("x_train.shape=", x_train.shape, ", x_test.shape=", x_test.shape)

    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary(expand_nested=True)

    history = train(autoencoder, x_train, x_test, args.epochs, args.batch_size)
    common.save(autoencoder, args.out / "sparse_ae.keras")

    encoded_imgs = encoder.predict(x_test, verbose=0)
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    rows = {"original": x_test[:10], "reconstruction": decoded_imgs[:10]}
    common.plot_images(rows, args.out / "sparse_ae.png")
    plot_strokes(decoder, encoded_imgs, args.out / "sparse_ae_strokes.png")
    path = args.out / "sparse_ae_loss.png"
    common.plot_loss(history, x_train, x_test, path, key="binary_crossentropy")

    active = encoded_imgs > 0
    used = float(active.sum(axis=1).mean())
    dead = int(np.sum(~active.any(axis=0)))
    print(
        f"code: {1 - active.mean():.1%} zeros | an image uses {used:.1f} of "
        f"{active.shape[1]} units | {dead} units are dead, 0 for every test image"
    )
    common.report(
        "sparse_ae", args, history, x_test, decoded_imgs, used=used, dead=dead
    )
    return autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = common.run(main)
