"""Convolutional autoencoder: the code is a stack of small pictures.

A convolution looks at 3 x 3 neighbourhoods and uses the same weights all over the
image: fewer weights than the dense layers of simple_ae.py, and a better picture. Steps
of 2 halve the image; the decoder's transposed convolutions double it again.

    28 x 28 x 1 -> 14 x 14 x 32 -> 7 x 7 x 64 -> 4 x 4 x 8 -> ... -> 28 x 28 x 1

    python conv_ae.py

Section of the post: "Convolutional Autoencoder", which gives no code, only a loss of
0.0984. PCA with 128 numbers, as many as this network's code has, gets 0.0798; this
network is better. conv_ae_codes.png shows the compressed picture: each code's 8 maps.

It ends with, on two CPU cores:

    conv_ae: test BCE 0.0664 (floor 0.0581) | MSE 0.0022 | PSNR 26.6 dB | 156 s
"""

import common  # before keras: its docstring says why
import keras
from keras import layers


def build_autoencoder():
    """Return (autoencoder, encoder, decoder), three models that share their weights."""
    conv = {"kernel_size": 3, "strides": 2, "padding": "same"}

    input_img = keras.Input(shape=(28, 28, 1))
    x = layers.Conv2D(32, activation="relu", **conv)(input_img)  # 14 x 14 x 32
    x = layers.Conv2D(64, activation="relu", **conv)(x)  # 7 x 7 x 64
    # no relu on the code: each of its 128 numbers may be negative, and none can die
    encoded = layers.Conv2D(8, **conv)(x)  # 4 x 4 x 8
    encoder = keras.Model(input_img, encoded, name="encoder")

    encoded_input = keras.Input(shape=(4, 4, 8))
    # 4 came from 7 by rounding up, so doubling it gives 8: output_padding=0 trims to 7
    x = layers.Conv2DTranspose(64, activation="relu", output_padding=0, **conv)(
        encoded_input
    )  # 7 x 7 x 64
    x = layers.Conv2DTranspose(32, activation="relu", **conv)(x)  # 14 x 14 x 32
    decoded = layers.Conv2DTranspose(1, activation="sigmoid", **conv)(x)  # 28 x 28 x 1
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)))
    return autoencoder, encoder, decoder


def main(argv=None):
    args = common.parse_args(__doc__, epochs=8, batch_size=64, argv=argv)
    keras.utils.set_random_seed(args.seed)

    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 28, 28, 1)
    x_test = x_test.reshape(-1, 28, 28, 1)
    print("x_train.shape=", x_train.shape, ", x_test.shape=", x_test.shape)

    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary(expand_nested=True)

    steps = args.epochs * -(-len(x_train) // args.batch_size)
    learning_rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 10, warmup_target=5e-3, warmup_steps=steps // 10
    )
    autoencoder.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="binary_crossentropy",
        **common.speed_options(),
    )
    history = autoencoder.fit(
        x_train,
        x_train,
        epochs=args.epochs,
        batch_size=args.batch_size,
        shuffle=True,
        validation_data=(x_test, x_test),
    )

    encoded_imgs = encoder.predict(x_test, verbose=0)
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    lines = common.ruler(x_train, x_test, common.PCA(x_train, n_components=128))
    common.plot_reconstructions(x_test, decoded_imgs, args.out / "conv_ae.png")
    common.plot_history(history, lines, args.out / "conv_ae_loss.png")
    common.save_model(autoencoder, args.out / "conv_ae.keras")

    # The compressed picture: one grey scale for all maps, the lowest number is black.
    codes = encoded_imgs[:10]
    codes = (codes - codes.min()) / (codes.max() - codes.min())
    rows = {"original": x_test[:10]}
    rows |= {f"map {i + 1}": codes[..., i] for i in range(codes.shape[-1])}
    common.plot_images(rows, args.out / "conv_ae_codes.png")
    common.print_result("conv_ae", x_test, decoded_imgs)


if __name__ == "__main__":
    common.run(main)
