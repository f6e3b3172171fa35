"""Sequence-to-sequence autoencoder: an LSTM reads row by row. （用 LSTM 逐列讀圖）

An LSTM reads the 28 rows of a digit one after the other, and the vector that it ends
with is the code. A second LSTM unrolls the code into 28 rows again.

    28 rows x 28 pixels -> 128 -> 28 x 128 (the code, repeated) -> 28 rows x 28 pixels

    python seq2seq_ae.py
    seq2seq_ae: test BCE 0.0668 (floor 0.0581) | MSE 0.0022 | PSNR 26.7 dB

Section of the post: "Sequence-to-sequence Autoencoder". Go on with claims/code_size.py
(does the order of the rows matter?).
"""

import math

import common
import keras
from keras import layers

timesteps = 28  # a row of the image is a step in time
input_dim = 28  # the pixels of a row
latent_dim = 128
epochs = 6
batch_size = 128


def build_autoencoder(latent_dim=latent_dim):
    """Return (autoencoder, encoder, decoder), three models that share their weights."""
    # `None` lets the encoder read any number of rows.
    inputs = keras.Input(shape=(None, input_dim))
    # 128: LSTM's own tanh keeps each number of the code between -1 and 1
    encoded = layers.LSTM(latent_dim)(inputs)
    encoder = keras.Model(inputs, encoded, name="encoder")

    encoded_input = keras.Input(shape=(latent_dim,))
    # 28 x 128: an LSTM reads a sequence, so it is given the code at every step
    x = layers.RepeatVector(timesteps)(encoded_input)
    # 28 x 128
    x = layers.LSTM(latent_dim, return_sequences=True)(x)
    # 28 x 28: the same layer paints every row. The post ends with LSTM(input_dim),
    # whose output, a tanh, is between -1 and 1, and which remembers only 28 numbers.
    decoded = layers.Dense(input_dim, activation="sigmoid", name="output")(x)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    sequence_autoencoder = keras.Model(
        inputs, decoder(encoder(inputs)), name="seq2seq_ae"
    )
    return sequence_autoencoder, encoder, decoder


def make_optimizer(total_steps):
    """Return Muon; its rate rises for a tenth of the steps, then falls to 0.

    Muon makes the singular values of a weight matrix's update about equal, so that no
    direction is left behind. It is for the matrices inside a network: biases and the
    output layer get AdamW at the same learning rate.
    """
    warmup_steps = total_steps // 10
    learning_rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=2e-2,
        warmup_steps=warmup_steps,
        decay_steps=total_steps - warmup_steps,
    )
    return keras.optimizers.Muon(
        learning_rate, exclude_layers=["output"], weight_decay=0.1
    )


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs, batch_size)
    keras.utils.set_random_seed(args.seed)

    # 28 rows of 28 pixels: no reshape is needed.
    (x_train, _), (x_test, _) = common.load_mnist(args.data)

    sequence_autoencoder, encoder, decoder = build_autoencoder()
    sequence_autoencoder.summary(expand_nested=True)

    total_steps = args.epochs * math.ceil(len(x_train) / args.batch_size)
    sequence_autoencoder.compile(
        optimizer=make_optimizer(total_steps),
        loss="binary_crossentropy",
    )
    history = sequence_autoencoder.fit(
        x_train,
        x_train,  # the target is the input itself
        epochs=args.epochs,
        batch_size=args.batch_size,
        validation_data=(x_test, x_test),  # only watched: nothing is chosen by it
        verbose=args.verbose,
    )
    sequence_autoencoder.save(args.out / "seq2seq_ae.keras")

    encoded_imgs = encoder.predict(x_test, verbose=0)
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    rows = {"original": x_test[:10], "reconstruction": decoded_imgs[:10]}
    common.plot_images(rows, args.out / "seq2seq_ae.png")
    common.plot_loss(history, x_train, x_test, args.out / "seq2seq_ae_loss.png")

    common.report("seq2seq_ae", args, history, x_test, decoded_imgs)
    return sequence_autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = main()
