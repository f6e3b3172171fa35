"""Variational autoencoder (VAE): a code that new digits can be drawn from.

The encoder outputs a distribution instead of a point: a mean and a variance for each
number of the code. The decoder sees a random draw from it. One term of the loss wants
the image back; the other, KL, wants each distribution near N(0, 1), so that draws from
N(0, 1) decode to digits. ELBO is -(reconstruction + KL).

    784 -> 256 -> 128 -> 64 -> 2 means, 2 log-variances -> 2 -> 64 -> ... -> 784

    python vae.py

Section of the post: "Variational autoencoder (VAE)"; claims/projection.py goes on. It
ends with vae: test BCE 0.1630 (floor 0.0581) | MSE 0.0338 | PSNR 14.7 dB | ELBO -135.7
nats | 105 s, on one CPU core.
"""

import math
import common  # first: it sets what TensorFlow reads when it is loaded
import keras
from keras import layers, ops
from matplotlib.figure import Figure
import numpy as np

latent_dim = 2


@keras.saving.register_keras_serializable()
class Sampling(layers.Layer):
    """Draw z from N(z_mean, exp(z_log_var)), (n, latent_dim), and add KL to the loss.

    The reparameterisation trick: only epsilon is random, so that z has a gradient with
    respect to both. KL(N(z_mean, exp(z_log_var)) || N(0, 1)), in nats, is summed over
    the code (Kingma and Welling, 2013, appendix B) and divided by 784, as Keras's BCE
    is a mean over pixels. Posterior collapse: KL weighs too much, all images are alike.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, inputs):
        z_mean, z_log_var = inputs
        kl = -0.5 * ops.sum(1 + z_log_var - z_mean**2 - ops.exp(z_log_var), axis=-1)
        self.add_loss(ops.mean(kl) / 784)
        epsilon = keras.random.normal(ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + ops.exp(z_log_var / 2) * epsilon


def build_autoencoder():
    """Return (autoencoder, encoder, decoder); the encoder has z_mean, z_log_var, z."""
    x = input_img = keras.Input(shape=(784,))
    for units in 256, 128, 64:
        x = layers.Dense(units, activation="silu")(x)
    z_mean = layers.Dense(latent_dim)(x)
    # Bounded, or exp() could overflow and the loss end in nan. N(0, 1) has log 1 = 0.
    z_log_var = ops.clip(layers.Dense(latent_dim)(x), -10, 1)
    z = Sampling()([z_mean, z_log_var])
    encoder = keras.Model(input_img, [z_mean, z_log_var, z], name="encoder")

    x = encoded_input = keras.Input(shape=(latent_dim,))
    for units in 64, 64, 64, 128, 256:  # deep: two numbers must unfold to all digits
        x = layers.Dense(units, activation="silu")(x)
    decoded = layers.Dense(784, activation="sigmoid")(x)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    _, _, z = encoder(input_img)
    return keras.Model(input_img, decoder(z)), encoder, decoder


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=20, batch_size=128)
    keras.utils.set_random_seed(args.seed)
    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary(expand_nested=True)
    steps = math.ceil(len(x_train) / args.batch_size)  # in an epoch
    learning_rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=5e-3,  # after a tenth of the steps; from there down to 0
        warmup_steps=args.epochs * steps // 10,
        decay_steps=max(1, args.epochs * steps * 9 // 10),
    )
    autoencoder.compile(
        optimizer=keras.optimizers.Adam(learning_rate, beta_2=0.99),  # see simple_ae.py
        loss="binary_crossentropy",
        metrics=["binary_crossentropy"],  # the loss without the KL term
        **common.speed_options(steps),  # optional
    )
    history = autoencoder.fit(
        x_train,
        x_train,
        epochs=args.epochs,
        batch_size=args.batch_size,
        validation_data=(x_test, x_test),
    )
    encoded_imgs, _, _ = encoder.predict(x_test, verbose=0)  # the code is the mean
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)
    loss, bce = autoencoder.evaluate(x_test, x_test, verbose=0)  # nats a pixel
    elbo, nats, kl = f"ELBO {-784 * loss:.1f}", 784 * bce, 784 * (loss - bce)
    print(f"{elbo} = -(reconstruction {nats:.1f} + KL {kl:.1f})")
    rows = {"original": x_test[:10], "reconstruction": decoded_imgs[:10]}
    common.plot_images(rows, args.out / "vae.png")
    common.plot_loss(history, x_train, x_test, args.out / "vae_loss.png")
    common.save(autoencoder, args.out / "vae.keras")
    if latent_dim == 2:  # New digits: a 20 x 20 grid of codes, from -2 to 2 in both.
        values = np.linspace(-1.9, 1.9, 20)  # the middles of the cells
        z = np.array([(x, y) for y in values[::-1] for x in values])  # 400 x 2
        tiles = decoder.predict(z, verbose=0).reshape(20, 20, 28, 28).swapaxes(1, 2)
        axis = Figure(figsize=(7, 7), layout="constrained").subplots()
        axis.imshow(tiles.reshape(560, 560), cmap="gray", extent=(-2, 2, -2, 2))
        axis.set(xlabel="first number of the code", ylabel="second number")
        common.save(axis.figure, args.out / "vae_manifold.png")
    else:
        print(f"no picture of new digits: latent_dim is {latent_dim}, not 2")
    common.print_result("vae", x_test, decoded_imgs, args.started, f"{elbo} nats | ")
    return autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = common.run(main)
