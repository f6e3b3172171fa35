"""Variational autoencoder (VAE): a code that new digits can be drawn from.

The encoder outputs a distribution instead of a point: a mean and a variance for each
number of the code. The decoder sees a random draw from it. One term of the loss wants
the image back; the other, KL, wants each distribution near N(0, 1), so that draws from
N(0, 1) decode to digits. ELBO is -(reconstruction + KL).

    784 -> 256 -> 128 -> 64 -> 2 means, 2 log-variances -> 2 -> 64 -> ... -> 784

    python vae.py

Section of the post: "Variational autoencoder (VAE)". The last line, on one CPU core:

    vae: test BCE 0.1630 (floor 0.0581) | MSE 0.0338 | PSNR 14.7 dB | ELBO -135.7 nats
    | 56 s

Its BCE is that of the image decoded from the mean; ELBO decodes a random draw. Go on
with claims/projection.py (a map of the digits) and claims/new_digits.py.
"""

import math

import common
import keras
from keras import layers, ops
from matplotlib.figure import Figure
import numpy as np

latent_dim = 2
epochs = 20
batch_size = 128


@keras.saving.register_keras_serializable("vae")
class Sampling(layers.Layer):
    """Draw z from N(z_mean, exp(z_log_var)), (n, latent_dim), and add KL to the loss.

    The reparameterisation trick: only epsilon is random, so that z has a gradient with
    respect to both. KL(N(z_mean, exp(z_log_var)) || N(0, 1)), in nats, is summed over
    the code (Kingma and Welling, 2013, appendix B).

    Args:
        kl_weight: KL is multiplied by it. With a loss that is a mean over the pixels,
            such as Keras's BCE, 1 / (number of pixels) makes the sum -ELBO / (number of
            pixels). If KL weighs too much, the code says nothing and all images come
            out alike: posterior collapse.
    """

    def __init__(self, kl_weight, **kwargs):
        super().__init__(**kwargs)
        self.kl_weight = kl_weight
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, inputs):
        z_mean, z_log_var = inputs
        kl = -0.5 * ops.sum(1 + z_log_var - z_mean**2 - ops.exp(z_log_var), axis=-1)
        self.add_loss(self.kl_weight * ops.mean(kl))

        epsilon = keras.random.normal(ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + ops.exp(z_log_var / 2) * epsilon

    def get_config(self):
        return {**super().get_config(), "kl_weight": self.kl_weight}


@keras.saving.register_keras_serializable("vae")
def bounded(z_log_var):
    """Keep a log-variance between -10 and 1: exp() of a large one is infinite."""
    return ops.clip(z_log_var, -10, 1)


def build_autoencoder(latent_dim=latent_dim, beta=1.0):
    """Return (autoencoder, encoder, decoder); the encoder has z_mean, z_log_var, z.

    beta: the weight of KL beside the reconstruction; 1 makes the loss -ELBO / 784.
    """
    input_img = keras.Input(shape=(784,))
    x = input_img
    for units in 256, 128, 64:
        x = layers.Dense(units, activation="silu")(x)
    z_mean = layers.Dense(latent_dim)(x)
    z_log_var = layers.Dense(latent_dim, activation=bounded)(x)
    # In float32 whatever the dtype policy is: exp() needs its range.
    z = Sampling(kl_weight=beta / 784, dtype="float32")([z_mean, z_log_var])
    encoder = keras.Model(input_img, [z_mean, z_log_var, z], name="encoder")

    encoded_input = keras.Input(shape=(latent_dim,))
    x = encoded_input
    for units in 64, 64, 64, 128, 256:
        x = layers.Dense(units, activation="silu")(x)
    decoded = layers.Dense(784, activation="sigmoid")(x)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    _, _, z = encoder(input_img)
    autoencoder = keras.Model(input_img, decoder(z))
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
        warmup_target=5e-3,
        warmup_steps=warmup_steps,
        decay_steps=total_steps - warmup_steps,
    )

    autoencoder.compile(
        optimizer=optimizer or keras.optimizers.Adam(learning_rate, beta_2=0.99),
        loss="binary_crossentropy",
        metrics=["binary_crossentropy"],  # the loss without the KL term
        **common.speed_options(steps),  # only for speed: may be left out
    )
    return autoencoder.fit(
        x_train,
        x_train,
        epochs=epochs,
        batch_size=batch_size,
        validation_data=(x_test, x_test),  # only watched: nothing is chosen by it
        **fit_options,
    )


def plot_manifold(decoder, path):
    """Draw a 20 x 20 grid of new digits: codes from -2 to 2 in both numbers."""
    values = np.linspace(-1.9, 1.9, 20)  # the middles of the cells
    z = np.array([(x, y) for y in values[::-1] for x in values])  # 400 x 2
    tiles = decoder.predict(z, verbose=0).reshape(20, 20, 28, 28)
    tiles = tiles.astype("float32")  # NumPy has no minimum of a bfloat16
    # The rows of pixels of 20 tiles side by side become one row of the picture.
    picture = tiles.swapaxes(1, 2).reshape(560, 560)

    fig = Figure(figsize=(7, 7), layout="constrained")
    axis = fig.subplots()
    axis.imshow(picture, cmap="gray", extent=(-2, 2, -2, 2))
    axis.set(xlabel="first number of the code", ylabel="second number")
    common.save(fig, path)


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
    common.save(autoencoder, args.out / "vae.keras")

    encoded_imgs, _, _ = encoder.predict(x_test, verbose=0)  # the code is the mean
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    # These two decode a draw from each distribution, as the training does.
    loss, bce = autoencoder.evaluate(x_test, x_test, verbose=0)  # nats a pixel
    reconstruction = 784 * bce
    kl = 784 * (loss - bce)
    elbo = -(reconstruction + kl)
    print(f"ELBO {elbo:.1f} = -(reconstruction {reconstruction:.1f} + KL {kl:.1f})")

    rows = {"original": x_test[:10], "reconstruction": decoded_imgs[:10]}
    common.plot_images(rows, args.out / "vae.png")
    path = args.out / "vae_loss.png"
    common.plot_loss(history, x_train, x_test, path, key="binary_crossentropy")
    if latent_dim == 2:
        plot_manifold(decoder, args.out / "vae_manifold.png")
    else:
        print(f"no picture of new digits: latent_dim is {latent_dim}, not 2")

    common.report(
        "vae",
        args,
        history,
        x_test,
        decoded_imgs,
        text=f"ELBO {elbo:.1f} nats | ",
        elbo=elbo,
        kl=kl,
    )
    return autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = common.run(main)
