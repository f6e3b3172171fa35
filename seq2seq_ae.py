"""Sequence-to-sequence autoencoder: the image is read row by row.

An LSTM reads the 28 rows of a digit one after the other; the vector that it ends with
is the code. A second LSTM unrolls the code into 28 rows again.

    28 rows x 28 pixels -> 128 -> 28 x 128 (the code, repeated) -> 28 rows x 28 pixels

    python seq2seq_ae.py

Section of the post: "Sequence-to-sequence Autoencoder", a sketch with undefined names
that, completed, gets little further than the mean image. seq2seq_ae_rows.png shows the
temporal structure: what the decoder makes of 7, 14, 21 and all 28 rows.

It ends with, on two CPU cores:

    seq2seq_ae: test BCE 0.0673 (floor 0.0581) | MSE 0.0023 | PSNR 26.3 dB | 249 s
"""

import common  # before keras: its docstring says why
import keras
from keras import layers

timesteps, input_dim = 28, 28  # a row is a step in time, its pixels are the input
latent_dim = 128


def build_autoencoder():
    """Return (autoencoder, encoder, decoder), three models that share their weights."""
    # None: any number of rows can be read
    inputs = keras.Input(shape=(None, input_dim))
    # tanh, the default, keeps the code in [-1, 1]; relu lets it grow without a bound
    encoded = layers.LSTM(latent_dim)(inputs)  # 128
    encoder = keras.Model(inputs, encoded, name="encoder")

    encoded_input = keras.Input(shape=(latent_dim,))
    # An LSTM reads a sequence, the code is one vector: give it the code at every step.
    x = layers.RepeatVector(timesteps)(encoded_input)  # 28 x 128
    x = layers.LSTM(latent_dim, return_sequences=True)(x)  # 28 x 128
    # The post's LSTM(input_dim) here has a memory of 28 numbers that are also its
    # output, in [-1, 1]. A Dense layer (the same at every step) leaves the memory free.
    decoded = layers.Dense(input_dim, activation="sigmoid")(x)  # 28 x 28
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    sequence_autoencoder = keras.Model(inputs, decoder(encoder(inputs)))
    return sequence_autoencoder, encoder, decoder


def main(argv=None):
    args = common.parse_args(__doc__, epochs=6, batch_size=128, argv=argv)
    keras.utils.set_random_seed(args.seed)

    (x_train, _), (x_test, _) = common.load_mnist(args.data)  # 28 rows of 28 pixels
    print("x_train.shape=", x_train.shape, ", x_test.shape=", x_test.shape)

    sequence_autoencoder, encoder, decoder = build_autoencoder()
    sequence_autoencoder.summary(expand_nested=True)

    steps = args.epochs * -(-len(x_train) // args.batch_size)
    learning_rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 10, warmup_target=2e-2, warmup_steps=steps // 10
    )
    sequence_autoencoder.compile(
        # Through 56 steps in time a gradient can explode or vanish. Muon steps equally
        # far in all directions, however long it is. Adam: 0.083 to 0.087 in 8 epochs.
        optimizer=keras.optimizers.Muon(learning_rate),
        loss="binary_crossentropy",
        **common.speed_options(),
    )
    history = sequence_autoencoder.fit(
        x_train,
        x_train,
        epochs=args.epochs,
        batch_size=args.batch_size,
        shuffle=True,
        validation_data=(x_test, x_test),
    )

    encoded_imgs = encoder.predict(x_test, verbose=0)
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    pca = common.PCA(x_train, latent_dim)
    lines = common.ruler(x_train, x_test, pca)
    common.plot_reconstructions(x_test, decoded_imgs, args.out / "seq2seq_ae.png")
    common.plot_history(history, lines, args.out / "seq2seq_ae_loss.png")
    common.save_model(sequence_autoencoder, args.out / "seq2seq_ae.keras")

    # What does the encoder know half-way? Decode its state after the first rows only.
    rows = {"original": x_test[:10]}
    for read in 7, 14, 21, 28:
        codes = encoder.predict(x_test[:, :read], verbose=0)
        guesses = decoder.predict(codes, verbose=0)
        rows[f"{read} rows read"] = guesses[:10]
        bce_read = common.binary_crossentropy(x_test[:, :read], guesses[:, :read])
        bce = common.binary_crossentropy(x_test, guesses)
        print(f"{read} rows read: BCE of those {bce_read:.4f}, of all 28 {bce:.4f}")
    common.plot_images(rows, args.out / "seq2seq_ae_rows.png")
    common.print_result("seq2seq_ae", x_test, decoded_imgs)


if __name__ == "__main__":
    common.run(main)
