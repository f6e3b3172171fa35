"""Sequence-to-sequence autoencoder: the image is read row by row.

An LSTM reads the 28 rows of a digit one after the other; the vector that it ends with
is the code. A second LSTM unrolls the code into 28 rows again.

    28 rows x 28 pixels -> 128 -> 28 x 128 (the code, repeated) -> 28 rows x 28 pixels

    python seq2seq_ae.py

Section of the post: "Sequence-to-sequence Autoencoder". The last line, on one core:

    seq2seq_ae: test BCE 0.0668 (floor 0.0581) | MSE 0.0022 | PSNR 26.7 dB | 271 s

Go on with claims/rows_read.py (what does the code hold when half of it is read?).
"""

import math
import common  # first: it sets what TensorFlow reads when it is loaded
import keras
from keras import layers

timesteps, input_dim = 28, 28  # a row is a step in time, its pixels are the input
latent_dim = 128


def build_autoencoder():
    """Return (autoencoder, encoder, decoder), three models that share their weights."""
    # None: any number of rows can be read.
    inputs = keras.Input(shape=(None, input_dim))
    # 128; tanh, the default, keeps the code in [-1, 1], relu lets it grow unbounded
    encoded = layers.LSTM(latent_dim)(inputs)
    encoder = keras.Model(inputs, encoded, name="encoder")

    encoded_input = keras.Input(shape=(latent_dim,))
    # 28 x 128: an LSTM reads a sequence, so it is given the code at every step
    x = layers.RepeatVector(timesteps)(encoded_input)
    # 28 x 128
    x = layers.LSTM(latent_dim, return_sequences=True)(x)
    # 28 x 28; the post's LSTM(input_dim) here has a cell of 28 numbers only, and its
    # output, a gated tanh of them, is in [-1, 1]. This layer is the same at each step.
    decoded = layers.Dense(input_dim, activation="sigmoid", name="output")(x)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    sequence_autoencoder = keras.Model(inputs, decoder(encoder(inputs)))
    return sequence_autoencoder, encoder, decoder


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=6, batch_size=128)
    keras.utils.set_random_seed(args.seed)

    (x_train, _), (x_test, _) = common.load_mnist(args.data)  # 28 rows of 28 pixels
    print("x_train.shape=", x_train.shape, ", x_test.shape=", x_test.shape)

    sequence_autoencoder, encoder, decoder = build_autoencoder()
    sequence_autoencoder.summary(expand_nested=True)

    steps = math.ceil(len(x_train) / args.batch_size)  # in an epoch
    learning_rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=2e-2,  # after a tenth of the steps; from there down to 0
        warmup_steps=args.epochs * steps // 10,
        decay_steps=max(1, args.epochs * steps * 9 // 10),
    )
    sequence_autoencoder.compile(
        # Muon makes the steps of a weight matrix equally large in all directions, which
        # gets further than Adam here (claims/settings.py adam_or_muon). Biases and the
        # output layer are not for it and get AdamW. weight_decay: chosen on validation.
        optimizer=keras.optimizers.Muon(
            learning_rate, exclude_layers=["output"], weight_decay=0.1
        ),
        loss="binary_crossentropy",
        **common.speed_options(steps),  # optional
    )
    history = sequence_autoencoder.fit(
        x_train,
        x_train,
        epochs=args.epochs,
        batch_size=args.batch_size,
        validation_data=(x_test, x_test),
    )

    encoded_imgs = encoder.predict(x_test, verbose=0)
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    rows = {"original": x_test[:10], "reconstruction": decoded_imgs[:10]}
    common.plot_images(rows, args.out / "seq2seq_ae.png")
    common.plot_loss(history, x_train, x_test, args.out / "seq2seq_ae_loss.png")
    common.save(sequence_autoencoder, args.out / "seq2seq_ae.keras")
    common.print_result("seq2seq_ae", x_test, decoded_imgs, args.started)
    return sequence_autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = common.run(main)
