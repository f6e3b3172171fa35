"""Simple autoencoder: one dense layer encodes, one decodes. （一層編碼，一層解碼）

The narrow layer in the middle forces the network to find 32 numbers from which it can
paint all 784 pixels again. They are the image's code, and they are learnt from the
images alone.

    784 -> 32 -> 784

    python simple_ae.py
    simple_ae: test BCE 0.0911 (floor 0.0581) | MSE 0.0095 | PSNR 20.2 dB

Section of the post: "Simple Autoencoder". Go on with claims/pca.py (is it better than
PCA?) and claims/code_size.py (how much do 8 or 128 numbers help?).
"""

import math

import common
import keras
from keras import layers

encoding_dim = 32  # 32 floats for 784: a compression factor of 24.5
epochs = 10
batch_size = 128


def build_autoencoder(encoding_dim=encoding_dim):
    """Return (autoencoder, encoder, decoder), three models that share their weights."""
    input_img = keras.Input(shape=(784,))
    encoded = layers.Dense(encoding_dim, activation="relu")(input_img)
    encoder = keras.Model(input_img, encoded, name="encoder")

    encoded_input = keras.Input(shape=(encoding_dim,))
    decoded = layers.Dense(784, activation="sigmoid")(encoded_input)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)), name="simple_ae")
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
    )
    history = autoencoder.fit(
        x_train,
        x_train,  # the target is the input itself
        epochs=args.epochs,
        batch_size=args.batch_size,
        validation_data=(x_test, x_test),  # only watched: nothing is chosen by it
        verbose=args.verbose,
    )
    autoencoder.save(args.out / "simple_ae.keras")

    # These are the two halves of autoencoder.predict(x_test).
    encoded_imgs = encoder.predict(x_test, verbose=0)
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    rows = {"original": x_test[:10], "reconstruction": decoded_imgs[:10]}
    common.plot_images(rows, args.out / "simple_ae.png")
    common.plot_loss(history, x_train, x_test, args.out / "simple_ae_loss.png")

    common.report("simple_ae", args, history, x_test, decoded_imgs)
    return autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = main()
