"""Sparse autoencoder: a wide code of which each image may use only a little.

The code has 128 numbers, four times those of simple_ae.py and of the post, but two
terms in the loss keep most of them at 0 for any one image: L1 pulls the code towards 0,
and L2 the decoder's weights, which could otherwise grow and make up for a small code.

    784 -> 128 (about 30 of them active) -> 784

    python sparse_ae.py

Section of the post: "Sparse Autoencoder". The last line it prints, on one CPU core:

    sparse_ae: test BCE 0.0879 (floor 0.0581) | MSE 0.0073 | PSNR 21.4 dB | 70 s

Go on with claims/collapse.py (why the post's got worse) and claims/sparsity.py.
"""

import math
import common  # first: it sets what TensorFlow reads when it is loaded
import keras
from keras import layers, ops, regularizers
import numpy as np

encoding_dim = 128


def build_autoencoder(l1=1e-3, l2=5e-6):
    """Return (autoencoder, encoder, decoder), three models that share their weights.

    The loss is BCE + l1 * (sum of |code|, mean over the batch) + l2 * (sum of the
    decoder's squared weights); l2 was chosen so that a fourth of the code is active.
    """
    input_img = keras.Input(shape=(784,))
    encode = layers.Dense(
        encoding_dim,
        activation="relu",
        bias_initializer=keras.initializers.Constant(0.5),
        activity_regularizer=regularizers.L1(l1),
    )
    encoded = encode(input_img)
    encoder = keras.Model(input_img, encoded, name="encoder")

    encoded_input = keras.Input(shape=(encoding_dim,))
    decode = layers.Dense(
        784, activation="sigmoid", kernel_regularizer=regularizers.L2(l2)
    )
    decoded = decode(encoded_input)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    # L1 kills each unit that is of no use yet, so all must be of use at once. The bias
    # of 0.5 lets most of them respond, and the decoder starts as the encoder's
    # transpose, to paint what the encoder sees, 4 times larger, to outweigh the L1.
    decode.kernel.assign(4 * ops.transpose(encode.kernel))

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)))
    return autoencoder, encoder, decoder


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=35, batch_size=128)
    keras.utils.set_random_seed(args.seed)

    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 784)
    x_test = x_test.reshape(-1, 784)
    print("x_train.shape=", x_train.shape, ", x_test.shape=", x_test.shape)
    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary(expand_nested=True)
    # The warm-up is three times as long as in simple_ae.py: fewer units die.
    steps = math.ceil(len(x_train) / args.batch_size)  # in an epoch
    learning_rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=1.5e-3,
        warmup_steps=args.epochs * steps * 3 // 10,
        decay_steps=max(1, args.epochs * steps * 7 // 10),
    )
    autoencoder.compile(
        optimizer=keras.optimizers.Adam(learning_rate, beta_2=0.99),  # see simple_ae.py
        loss="binary_crossentropy",
        metrics=["binary_crossentropy"],  # the loss without the two penalties
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
    common.plot_images(rows, args.out / "sparse_ae.png")
    path = args.out / "sparse_ae_loss.png"
    common.plot_loss(history, x_train, x_test, path, key="binary_crossentropy")
    common.save(autoencoder, args.out / "sparse_ae.keras")
    active = encoded_imgs > 0
    print(
        f"code: {1 - active.mean():.1%} zeros | an image uses "
        f"{active.sum(axis=1).mean():.1f} of {encoding_dim} units | "
        f"{np.sum(~active.any(axis=0))} units are dead, 0 for every test image"
    )
    common.print_result("sparse_ae", x_test, decoded_imgs, args.started)
    return autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = common.run(main)
