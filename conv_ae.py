"""Convolutional autoencoder: the code is a stack of small maps. （編碼是一疊小圖）

A convolution looks at 3 x 3 neighbourhoods and uses the same weights all over the
image. Steps of 2 halve the image; transposed convolutions double it again.

    28 x 28 x 1 -> 14 x 14 x 32 -> 7 x 7 x 64 -> 4 x 4 x 8 -> ... -> 28 x 28 x 1

    python conv_ae.py
    conv_ae: test BCE 0.0657 (floor 0.0581) | MSE 0.0020 | PSNR 27.0 dB

Section of the post: "Convolutional Autoencoder". Go on with claims/code_size.py (is it
the convolutions, or the 128 numbers?).
"""

import math

import common
import keras
from keras import layers
from matplotlib.figure import Figure
import numpy as np

code_maps = 8  # maps of 4 x 4 numbers: a code of 128
epochs = 8
batch_size = 64


def build_autoencoder(code_maps=code_maps):
    """Return (autoencoder, encoder, decoder), three models that share their weights."""
    input_img = keras.Input(shape=(28, 28, 1))
    # 14 x 14 x 32: 32 maps, each by a window of 3 x 3 pixels that moves by 2
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(input_img)
    # 7 x 7 x 64
    x = layers.Conv2D(64, 3, strides=2, padding="same", activation="relu")(x)
    # 4 x 4 x 8: 7 / 2 is rounded up, and without relu a number may be negative
    encoded = layers.Conv2D(code_maps, 3, strides=2, padding="same")(x)
    encoder = keras.Model(input_img, encoded, name="encoder")

    encoded_input = keras.Input(shape=(4, 4, code_maps))
    # 7 x 7 x 64: 4 doubled is 8, and output_padding=0 makes it 7
    x = layers.Conv2DTranspose(
        64, 3, strides=2, padding="same", output_padding=0, activation="relu"
    )(encoded_input)
    # 14 x 14 x 32
    x = layers.Conv2DTranspose(32, 3, strides=2, padding="same", activation="relu")(x)
    # 28 x 28 x 1
    decoded = layers.Conv2DTranspose(
        1, 3, strides=2, padding="same", activation="sigmoid"
    )(x)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)), name="conv_ae")
    return autoencoder, encoder, decoder


def make_optimizer(total_steps):
    """Return Adam; its rate rises for a tenth of the steps, then falls to 0."""
    warmup_steps = total_steps // 10
    learning_rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=1e-2,
        warmup_steps=warmup_steps,
        decay_steps=total_steps - warmup_steps,
    )
    return keras.optimizers.Adam(learning_rate, beta_2=0.99)


@common.default_style
def plot_codes(images, codes, path=None):
    """Draw images, (n, 28, 28, 1), and the maps of each one's code, (n, 4, 4, maps)."""
    codes = codes.astype("float32")  # under mixed precision they are bfloat16
    columns = 1 + codes.shape[-1]
    limit = np.abs(codes).max()
    fig = Figure(figsize=(10, 1.1 * len(images) + 0.3), layout="constrained")
    no_ticks = {"xticks": [], "yticks": []}
    axes = fig.subplots(len(images), columns, squeeze=False, subplot_kw=no_ticks)
    axes[0, 0].set_title("image")
    for number, axis in enumerate(axes[0, 1:], start=1):
        axis.set_title(f"map {number}")
    for row, image, code in zip(axes, images, codes):
        row[0].imshow(image, cmap="gray", vmin=0, vmax=1)
        for axis, code_map in zip(row[1:], np.moveaxis(code, -1, 0)):
            axis.imshow(code_map, cmap="RdBu", vmin=-limit, vmax=limit)

    last_map = axes[-1, -1].images[0]  # all maps have the same colours
    fig.colorbar(last_map, ax=axes, label="number in the code")
    if path:
        fig.savefig(path)
    return fig


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs, batch_size)
    keras.utils.set_random_seed(args.seed)

    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 28, 28, 1)
    x_test = x_test.reshape(-1, 28, 28, 1)

    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary(expand_nested=True)

    total_steps = args.epochs * math.ceil(len(x_train) / args.batch_size)
    autoencoder.compile(
        optimizer=make_optimizer(total_steps),
        loss="binary_crossentropy",
    )
    history = autoencoder.fit(
        x_train,
        x_train,  # the target is the input itself
        epochs=args.epochs,
        batch_size=args.batch_size,
        validation_data=(x_test, x_test),  # only watched: nothing is chosen by it
        verbose=args.verbose,
    )
    autoencoder.save(args.out / "conv_ae.keras")

    encoded_imgs = encoder.predict(x_test, verbose=0)
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    rows = {"original": x_test[:10], "reconstruction": decoded_imgs[:10]}
    common.plot_images(rows, args.out / "conv_ae.png")
    plot_codes(x_test[:5], encoded_imgs[:5], args.out / "conv_ae_codes.png")
    common.plot_loss(history, x_train, x_test, args.out / "conv_ae_loss.png")

    common.report("conv_ae", args, history, x_test, decoded_imgs)
    return autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = main()
