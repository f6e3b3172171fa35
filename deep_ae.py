"""Deep autoencoder: three layers encode, three decode.

With hidden layers each direction can be more than one weighted sum and one relu or
sigmoid: the same 32 numbers as in simple_ae.py hold more.

    784 -> 128 -> 64 -> 32 -> 64 -> 128 -> 784

    python deep_ae.py

Section of the post: "Deep AutoEncoder". The last line it prints, on one CPU core:

    deep_ae: test BCE 0.0747 (floor 0.0581) | MSE 0.0045 | PSNR 23.5 dB | 125 s

Go on with claims/neighbours.py (do near codes mean similar images?) and
claims/speed.py (how long does the post's recipe take?).
"""

import math
import common  # first: it sets what TensorFlow reads when it is loaded
import keras
from keras import layers

encoding_dim = 32


def build_autoencoder():
    """Return (autoencoder, encoder, decoder), three models that share their weights."""
    input_img = keras.Input(shape=(784,))
    encoded = layers.Dense(128, activation="relu")(input_img)
    encoded = layers.Dense(64, activation="relu")(encoded)
    # A bias that starts at 1 keeps the code's relu units from dying in the first steps.
    code = layers.Dense(encoding_dim, activation="relu", bias_initializer="ones")
    encoded = code(encoded)
    encoder = keras.Model(input_img, encoded, name="encoder")

    # autoencoder.layers[-1], the decoder in the post's simple model, is one of three.
    encoded_input = keras.Input(shape=(encoding_dim,))
    decoded = layers.Dense(64, activation="relu")(encoded_input)
    decoded = layers.Dense(128, activation="relu")(decoded)
    decoded = layers.Dense(784, activation="sigmoid", name="output")(decoded)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)))
    return autoencoder, encoder, decoder


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=24, batch_size=128)
    keras.utils.set_random_seed(args.seed)

    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    print("x_train.shape=", x_train.shape, ", x_test.shape=", x_test.shape)

    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary(expand_nested=True)  # Total params: 222,384, as in the post

    steps = math.ceil(len(x_train) / args.batch_size)  # in an epoch
    learning_rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=1e-2,  # after a tenth of the steps; from there down to 0
        warmup_steps=args.epochs * steps // 10,
        decay_steps=max(1, args.epochs * steps * 9 // 10),
    )
    autoencoder.compile(
        # Muon makes the steps of a weight matrix equally large in all directions, which
        # gets further than Adam here (claims/settings.py adam_or_muon). Biases and the
        # output layer are not for it and get AdamW. weight_decay: chosen on validation.
        optimizer=keras.optimizers.Muon(
            learning_rate, exclude_layers=["output"], weight_decay=0.1
        ),
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
    common.plot_images(rows, args.out / "deep_ae.png")
    common.plot_loss(history, x_train, x_test, args.out / "deep_ae_loss.png")
    common.save(autoencoder, args.out / "deep_ae.keras")
    common.print_result("deep_ae", x_test, decoded_imgs, args.started)
    return autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = common.run(main)
