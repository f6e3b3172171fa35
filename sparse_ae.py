"""Sparse autoencoder: each image uses a few of many units. （寬而稀疏的編碼）

The code has 128 numbers, four times those of simple_ae.py and of the post, but two
terms in the loss keep most of them at 0 for any one image. L1 pulls the code towards 0.
L2 keeps the decoder's weights small, which could otherwise make up for a small code.

    784 -> 128 (about 30 of them active) -> 784

    python sparse_ae.py
    sparse_ae: test BCE 0.0881 (floor 0.0581) | MSE 0.0073 | PSNR 21.3 dB

Section of the post: "Sparse Autoencoder". Go on with claims/history/README.md (why the
post's sparse autoencoder got worse) and claims/sparsity.py (does each unit have a digit
of its own?).
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

    # L1 switches off a unit that does not help yet, and a unit that is 0 for every
    # image has no gradient to come back by. So each unit must help from the start: the
    # decoder starts as the encoder's transpose, 4 times larger, and paints what the
    # encoder sees. From there the two are trained apart; their weights are not tied.
    output_layer.kernel.assign(4 * ops.transpose(code_layer.kernel))

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)), name="sparse_ae")
    return autoencoder, encoder, decoder


def make_optimizer(total_steps):
    """Return Adam; its rate rises for three tenths of the steps, then falls to 0.

    claims/ablations.md has it with a tenth: no difference is seen.
    """
    warmup_steps = 3 * total_steps // 10
    learning_rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=1.5e-3,
        warmup_steps=warmup_steps,
        decay_steps=total_steps - warmup_steps,
    )
    return keras.optimizers.Adam(learning_rate, beta_2=0.99)


@common.default_style
def plot_strokes(decoder, encoded_imgs, path=None):
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
    if path:
        fig.savefig(path)
    return fig


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs, batch_size)
    keras.utils.set_random_seed(args.seed)

    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 784)
    x_test = x_test.reshape(-1, 784)

    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary(expand_nested=True)

    total_steps = args.epochs * math.ceil(len(x_train) / args.batch_size)
    autoencoder.compile(
        optimizer=make_optimizer(total_steps),
        loss="binary_crossentropy",
        metrics=["binary_crossentropy"],  # the loss without the two penalties
    )
    history = autoencoder.fit(
        x_train,
        x_train,  # the target is the input itself
        epochs=args.epochs,
        batch_size=args.batch_size,
        validation_data=(x_test, x_test),  # only watched; see docs/method.md
        verbose=args.verbose,
    )
    autoencoder.save(args.out / "sparse_ae.keras")

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
    print(f"an image uses {used:.1f} of {active.shape[1]} units; {dead} are always 0")
    common.report(
        "sparse_ae", args, history, x_test, decoded_imgs, used=used, dead=dead
    )
    return autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = main()
