"""Convolutional autoencoder: the code is a stack of small pictures.

A convolution looks at 3 x 3 neighbourhoods and uses the same weights all over the
image. Steps of 2 halve the image; transposed convolutions double it again.

    28 x 28 x 1 -> 14 x 14 x 32 -> 7 x 7 x 64 -> 4 x 4 x 8 -> ... -> 28 x 28 x 1

    python conv_ae.py

Section of the post: "Convolutional Autoencoder"; claims/speed.py goes on. It ends with:

    conv_ae: test BCE 0.0658 (floor 0.0581) | MSE 0.0020 | PSNR 27.0 dB | 170 s
"""

import math
import common  # first: it sets what TensorFlow reads when it is loaded
import keras
from keras import layers
from matplotlib.figure import Figure
import numpy as np


def build_autoencoder():
    """Return (autoencoder, encoder, decoder), three models that share their weights."""
    # Each layer has: number of maps, size of the neighbourhood, step, padding.
    input_img = keras.Input(shape=(28, 28, 1))
    x = layers.Conv2D(32, 3, 2, "same", activation="relu")(input_img)  # 14 x 14 x 32
    x = layers.Conv2D(64, 3, 2, "same", activation="relu")(x)  # 7 x 7 x 64
    # Without relu each of the 128 numbers of the code may be negative, and none dies.
    encoded = layers.Conv2D(8, 3, 2, "same")(x)  # 4 x 4 x 8
    encoder = keras.Model(input_img, encoded, name="encoder")

    x = encoded_input = keras.Input(shape=(4, 4, 8))
    # 7 x 7 x 64: 4 was 7 / 2 rounded up; output_padding=0 makes it 7 again and not 8.
    x = layers.Conv2DTranspose(64, 3, 2, "same", output_padding=0, activation="relu")(x)
    x = layers.Conv2DTranspose(32, 3, 2, "same", activation="relu")(x)  # 14 x 14 x 32
    # 28 x 28 x 1
    decoded = layers.Conv2DTranspose(1, 3, 2, "same", activation="sigmoid")(x)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)))
    return autoencoder, encoder, decoder


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=8, batch_size=64)
    keras.utils.set_random_seed(args.seed)
    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train, x_test = x_train[..., np.newaxis], x_test[..., np.newaxis]
    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary(expand_nested=True)
    steps = math.ceil(len(x_train) / args.batch_size)  # in an epoch
    learning_rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=1e-2,  # after a tenth of the steps; from there down to 0
        warmup_steps=args.epochs * steps // 10,
        decay_steps=max(1, args.epochs * steps * 9 // 10),
    )
    autoencoder.compile(
        optimizer=keras.optimizers.Adam(learning_rate, beta_2=0.99),  # see simple_ae.py
        loss="binary_crossentropy",
        **common.speed_options(steps),  # optional
    )
    history = autoencoder.fit(
        x_train,
        x_train,
        epochs=args.epochs,
        batch_size=args.batch_size,
        validation_data=(x_test, x_test),
    )
    encoded_imgs = encoder.predict(x_test, verbose=0)
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    rows = {"original": x_test[:10], "reconstruction": decoded_imgs[:10]}
    common.plot_images(rows, args.out / "conv_ae.png")
    common.plot_loss(history, x_train, x_test, args.out / "conv_ae_loss.png")
    common.save(autoencoder, args.out / "conv_ae.keras")
    # The compressed picture: the maps of five codes, blue above 0 and red below.
    fig, codes = Figure(figsize=(10, 5.5), layout="constrained"), encoded_imgs[:5]
    axes = fig.subplots(5, 1 + codes.shape[-1], subplot_kw={"xticks": [], "yticks": []})
    limit = np.abs(codes).max()
    for row, digit, code in zip(axes, x_test, codes):
        row[0].imshow(digit, cmap="gray")
        for axis, image in zip(row[1:], np.moveaxis(code, -1, 0)):
            shown = axis.imshow(image, cmap="RdBu", vmin=-limit, vmax=limit)
    fig.colorbar(shown, ax=axes, label="number in the code")
    common.save(fig, args.out / "conv_ae_codes.png")
    common.print_result("conv_ae", x_test, decoded_imgs, args.started)
    return autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = common.run(main)
