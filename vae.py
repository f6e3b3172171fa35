"""Variational autoencoder (VAE): draw new digits from its code. （能生成新數字）

The encoder outputs a distribution instead of a point: a mean and a variance for each
number of the code. The decoder sees a random draw from it. One term of the loss wants
the image back. The other, KL, wants each distribution near N(0, 1), so that draws from
N(0, 1) decode to digits. ELBO is minus the sum of the two.

    784 -> 256 -> 128 -> 64 -> 2 means, 2 log-variances -> 2 -> 64 -> ... -> 784

    python vae.py
    vae: test BCE 0.1631 (floor 0.0581) | MSE 0.0339 | PSNR 14.7 dB | ELBO -135.7 nats

The BCE above is that of the image decoded from the mean; ELBO is computed from a random
draw.

Section of the post: "Variational autoencoder (VAE)". Go on with claims/maps_2d.py (a
map of the digits), claims/sampling.py (new digits) and claims/papers.py (published
VAEs).
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


def kl_divergence(z_mean, z_log_var):
    """Return KL(N(z_mean, exp(z_log_var)) || N(0, 1)) in nats, (n,).

    Both arguments are (n, latent_dim); the KL of the numbers of a code is their sum
    (Kingma and Welling, 2013, appendix B).
    """
    return -0.5 * ops.sum(1 + z_log_var - z_mean**2 - ops.exp(z_log_var), axis=-1)


@keras.saving.register_keras_serializable("vae")
class Sampling(layers.Layer):
    """Draw z from N(z_mean, exp(z_log_var)), (n, latent_dim), and add KL to the loss.

    The reparameterisation trick: only epsilon is random, so that z has a gradient with
    respect to both.

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
        kl = kl_divergence(z_mean, z_log_var)
        self.add_loss(self.kl_weight * ops.mean(kl))

        epsilon = keras.random.normal(ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + ops.exp(z_log_var / 2) * epsilon

    def get_config(self):
        return {**super().get_config(), "kl_weight": self.kl_weight}


@keras.saving.register_keras_serializable("vae")
def clip_log_var(z_log_var):
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
    z_log_var = layers.Dense(latent_dim, activation=clip_log_var)(x)
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
    autoencoder = keras.Model(input_img, decoder(z), name="vae")
    return autoencoder, encoder, decoder


def make_optimizer(total_steps):
    """Return Adam; its rate rises for a tenth of the steps, then falls to 0."""
    warmup_steps = total_steps // 10
    learning_rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=5e-3,
        warmup_steps=warmup_steps,
        decay_steps=total_steps - warmup_steps,
    )
    return keras.optimizers.Adam(learning_rate, beta_2=0.99)


@common.default_style
def plot_manifold(decoder, path=None):
    """Draw a 20 x 20 grid of new digits: codes from -2 to 2 in both numbers."""
    values = np.linspace(-1.9, 1.9, 20)  # the middles of the cells
    z = np.array([(x, y) for y in values[::-1] for x in values])  # 400 x 2
    tiles = decoder.predict(z, verbose=0).reshape(20, 20, 28, 28)
    tiles = tiles.astype("float32")  # under mixed precision they are bfloat16
    # The rows of pixels of 20 tiles side by side become one row of the picture.
    picture = tiles.swapaxes(1, 2).reshape(560, 560)

    fig = Figure(figsize=(7, 7), layout="constrained")
    axis = fig.subplots()
    axis.imshow(picture, cmap="gray", extent=(-2, 2, -2, 2))
    axis.set(xlabel="first number of the code", ylabel="second number of the code")
    if path:
        fig.savefig(path)
    return fig


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
        metrics=["binary_crossentropy"],  # the loss without the KL term
    )
    history = autoencoder.fit(
        x_train,
        x_train,  # the target is the input itself
        epochs=args.epochs,
        batch_size=args.batch_size,
        validation_data=(x_test, x_test),  # only watched: nothing is chosen by it
        verbose=args.verbose,
    )
    autoencoder.save(args.out / "vae.keras")

    z_mean, z_log_var, _ = encoder.predict(x_test, verbose=0)
    encoded_imgs = z_mean  # the code is the mean
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    # `evaluate` decodes a random draw from each distribution, as the training does.
    _, bce = autoencoder.evaluate(x_test, x_test, verbose=0)  # nats a pixel
    reconstruction = 784 * bce
    kl = kl_divergence(ops.array(z_mean, "float32"), ops.array(z_log_var, "float32"))
    kl = float(ops.mean(kl))
    elbo = -(reconstruction + kl)
    print(f"ELBO {elbo:.1f} = -(reconstruction {reconstruction:.1f} + KL {kl:.1f})")

    rows = {"original": x_test[:10], "reconstruction": decoded_imgs[:10]}
    common.plot_images(rows, args.out / "vae.png")
    path = args.out / "vae_loss.png"
    common.plot_loss(history, x_train, x_test, path, key="binary_crossentropy")
    if encoded_imgs.shape[1] == 2:
        plot_manifold(decoder, args.out / "vae_manifold.png")
    else:
        print("The picture of new digits needs a code of two numbers: it is left out.")

    line = f"ELBO {elbo:.1f} nats | "
    common.report(
        "vae", args, history, x_test, decoded_imgs, text=line, elbo=elbo, kl=kl
    )
    return autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = main()
