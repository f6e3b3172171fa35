"""Simple autoencoder: one dense layer encodes, one decodes.

The narrow layer in the middle forces the network to find 32 numbers from which it can
paint all 784 pixels again. They are the image's code, learnt from images alone.

    784 -> 32 -> 784

    python simple_ae.py

Section of the post: "Simple Autoencoder". The last line it prints, on one CPU core
(docs/measured.md explains the numbers):

    simple_ae: test BCE 0.0911 (floor 0.0581) | MSE 0.0095 | PSNR 20.2 dB | 9 s

Go on with claims/pca.py (is it better than PCA?), claims/jpeg.py (than JPEG?) and
claims/code_size.py (what do 8 or 128 numbers buy?).
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

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)))
    return autoencoder, encoder, decoder


def train(
    autoencoder,
    x_train,
    x_test,
    epochs=epochs,
    batch_size=batch_size,
    optimizer=None,
    **fit_options,
):
    """Train on images in [0, 1], of shape (n, 784); return Keras's history.

    An `optimizer` takes the place of Adam; `fit_options`, such as `callbacks`, go to
    `fit`, but leave out `steps_per_epoch`: the schedule counts all batches.
    """
    # The learning rate rises from 0 (warm-up), then falls to 0 along a cosine.
    steps = math.ceil(len(x_train) / batch_size)  # in an epoch
    total_steps = epochs * steps
    warmup_steps = total_steps // 10
    learning_rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=1e-2,
        warmup_steps=warmup_steps,
        decay_steps=total_steps - warmup_steps,
    )

    # The post's 'adadelta' had a learning rate of 1.0; today it has 0.001. Adam's
    # beta_2, the memory for the size of the gradients, is 0.999 unless it is given.
    autoencoder.compile(
        optimizer=optimizer or keras.optimizers.Adam(learning_rate, beta_2=0.99),
        loss="binary_crossentropy",
        **common.speed_options(steps),  # only for speed: may be left out
    )
    return autoencoder.fit(
        x_train,
        x_train,  # the target is the input itself
        epochs=epochs,
        batch_size=batch_size,
        validation_data=(x_test, x_test),  # only watched: nothing is chosen by it
        **fit_options,
    )


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=epochs, batch_size=batch_size)
    keras.utils.set_random_seed(args.seed)

    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 784)
    x_test = x_test.reshape(-1, 784)
    print("x_train.shape=", x_train.shape, ", x_test.shape=", x_test.shape)

    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary(expand_nested=True)

    history = train(autoencoder, x_train, x_test, args.epochs, args.batch_size)
    common.save(autoencoder, args.out / "simple_ae.keras")

    # These are the two halves of autoencoder.predict(x_test).
    encoded_imgs = encoder.predict(x_test, verbose=0)
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    rows = {"original": x_test[:10], "reconstruction": decoded_imgs[:10]}
    common.plot_images(rows, args.out / "simple_ae.png")
    common.plot_loss(history, x_train, x_test, args.out / "simple_ae_loss.png")

    common.report("simple_ae", args, history, x_test, decoded_imgs)
    return autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = common.run(main)
