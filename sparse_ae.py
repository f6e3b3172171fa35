"""Sparse autoencoder: a wide code of which each image may use only a little.

The code has 128 numbers, four times those of simple_ae.py, but two terms in the loss
keep most of them at 0 for any one image: L1 pulls the code towards 0, and L2 holds the
decoder's weights, which could otherwise grow while the code shrinks, and dodge the L1.

    784 -> 128 (about 30 of them active) -> 784

    python sparse_ae.py

Section of the post: "Sparse Autoencoder". The post gets 0.2603 and does not know why.
0.2625 is the loss of the average training image: nearly all of the code was 0 for all
images. Keras up to 2.3 summed the L1 penalty over the batch, so 10e-5 (which is 1e-4)
acted as 128 times that. Keras 3.14 and later divide it by the batch size.

The post hopes that "neuron A responds to 5, neuron B only to 7". That holds in part: in
sparse_ae_units.png units come to prefer a digit, but most respond to several.

It ends with, on two CPU cores:

    sparse_ae: test BCE 0.0907 (floor 0.0581) | MSE 0.0082 | PSNR 20.8 dB | 88 s
"""

import common  # before keras: its docstring says why
import keras
from keras import layers, ops, regularizers
import numpy as np

encoding_dim = 128


def build_autoencoder(l1=1e-3, l2=4.5e-6):
    """Return (autoencoder, encoder, decoder), three models that share their weights.

    The loss is BCE + l1 * (sum of |code|, mean over the batch) + l2 * (sum of the
    decoder's squared weights).
    """
    input_img = keras.Input(shape=(784,))
    encoded = layers.Dense(
        encoding_dim,
        activation="relu",
        activity_regularizer=regularizers.L1(l1),
        bias_initializer=keras.initializers.Constant(1.5),
    )(input_img)
    encoder = keras.Model(input_img, encoded, name="encoder")

    encoded_input = keras.Input(shape=(encoding_dim,))
    decoded = layers.Dense(
        784, activation="sigmoid", kernel_regularizer=regularizers.L2(l2)
    )(encoded_input)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    # L1 kills units that are of no use yet. So all start active (the bias of 1.5), and
    # each paints what it sees: the decoder starts as the encoder's transpose, larger.
    decoder.layers[-1].kernel.assign(4 * ops.transpose(encoder.layers[-1].kernel))

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)))
    return autoencoder, encoder, decoder


def describe(name, encoder, decoder, x_test, y_test):
    """Print how sparse and how selective a code is; return its (10, units) means."""
    codes = encoder.predict(x_test, verbose=0)
    share, means = common.selectivity(codes, y_test)
    weights, _ = decoder.get_weights()
    print(
        f"{name}: {np.mean(codes == 0):.1%} of the code is 0 | "
        f"{np.sum(codes > 0, axis=1).mean():.1f} of {encoding_dim} units active | "
        f"{np.sum(codes.max(axis=0) == 0)} dead | "
        f"decoder's weights {np.sqrt(np.mean(np.square(weights))):.3f} (rms) | "
        f"selectivity {share.sum() / max(np.sum(share > 0), 1):.2f}"
    )
    return means


def main(argv=None):
    args = common.parse_args(__doc__, epochs=35, batch_size=128, argv=argv)
    keras.utils.set_random_seed(args.seed)

    (x_train, _), (x_test, y_test) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 784)
    x_test = x_test.reshape(-1, 784)
    print("x_train.shape=", x_train.shape, ", x_test.shape=", x_test.shape)

    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary(expand_nested=True)

    steps = args.epochs * -(-len(x_train) // args.batch_size)
    learning_rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 10, warmup_target=3e-3, warmup_steps=steps // 10
    )
    autoencoder.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="binary_crossentropy",
        metrics=["binary_crossentropy"],  # the loss without the two penalties
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

    decoded_imgs = autoencoder.predict(x_test, verbose=0)

    # as many numbers as are active in an image
    lines = common.ruler(x_train, x_test, common.PCA(x_train, n_components=32))
    common.plot_reconstructions(x_test, decoded_imgs, args.out / "sparse_ae.png")
    common.plot_history(
        history, lines, args.out / "sparse_ae_loss.png", key="binary_crossentropy"
    )
    common.save_model(autoencoder, args.out / "sparse_ae.keras")

    # Has each unit a digit of its own? Beside it, the same network without penalties,
    # trained for a few seconds.
    plain, plain_encoder, plain_decoder = build_autoencoder(l1=0, l2=0)
    plain.compile("adam", "binary_crossentropy", **common.speed_options())
    plain.fit(x_train, x_train, epochs=3, batch_size=args.batch_size, verbose=0)
    units = {
        "no penalty": describe(
            "no penalty", plain_encoder, plain_decoder, x_test, y_test
        ),
        "L1 and L2": describe("L1 and L2", encoder, decoder, x_test, y_test),
    }
    common.plot_units(units, args.out / "sparse_ae_units.png")
    common.print_result("sparse_ae", x_test, decoded_imgs)


if __name__ == "__main__":
    common.run(main)
