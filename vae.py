"""Variational autoencoder (VAE): a code that new digits can be drawn from.

The encoder gives no point but a cloud: a normal distribution with a mean and a variance
for each number of the code. The decoder sees a random point of it. One term of the loss
wants the image back, the other wants every cloud near N(0, 1); so nearly any point
drawn from N(0, 1) decodes to a digit.

    784 -> 256 -> 128 -> 64 -> 2 means, 2 log-variances -> 2 -> 64 -> ... -> 784

    python vae.py

Section of the post: "Variational autoencoder (VAE)", which gives no code.
vae_manifold.png shows new digits. The post says that an autoencoder projects data for
the eye better than PCA or t-SNE: vae_latent.png shows PCA and the VAE.

It ends with, on two CPU cores:

    vae: test BCE 0.1643 (floor 0.0581) | MSE 0.0343 | PSNR 14.6 dB
    | ELBO -136.7 nats | 120 s
"""

from statistics import NormalDist

import common  # before keras: its docstring says why
import keras
from keras import layers, ops
import numpy as np

latent_dim = 2


def kl_divergence(z_mean, z_log_var):
    """Return KL(N(z_mean, exp(z_log_var)) || N(0, I)) of each image, in nats, (n,).

    Summed over the dimensions of the code; z_mean and z_log_var are (n, latent_dim).
    Kingma and Welling, Auto-Encoding Variational Bayes (2013), appendix B.
    """
    terms = 1 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var)
    return -0.5 * ops.sum(terms, axis=-1)


@keras.saving.register_keras_serializable()
def reconstruction(x, decoded):
    """Return the binary cross-entropy of each image in nats, summed over pixels, (n,).

    Keras's own has the mean over the 784 pixels: that would weigh the KL term, which is
    a sum, 784 times too heavily.
    """
    return 784 * keras.losses.binary_crossentropy(x, decoded)


@keras.saving.register_keras_serializable()
class Sampling(layers.Layer):
    """Draw z from N(z_mean, exp(z_log_var)) and add the KL term to the loss.

    z = z_mean + exp(z_log_var / 2) * epsilon, with epsilon from N(0, 1): written so, z
    has a gradient with respect to the mean and the variance.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, inputs):
        z_mean, z_log_var = inputs
        self.add_loss(ops.mean(kl_divergence(z_mean, z_log_var)))
        epsilon = keras.random.normal(ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + ops.exp(z_log_var / 2) * epsilon


class ShowKL(keras.callbacks.Callback):
    """Add the KL term to what each epoch shows: the loss without the reconstruction."""

    def on_epoch_end(self, epoch, logs=None):
        for prefix in "", "val_":
            kl = logs[f"{prefix}loss"] - logs[f"{prefix}reconstruction"]
            logs[f"{prefix}kl"] = kl


def build_autoencoder():
    """Return (autoencoder, encoder, decoder), three models that share their weights.

    The encoder returns [z_mean, z_log_var, z].
    """
    input_img = keras.Input(shape=(784,))
    x = layers.Dense(256, activation="silu")(input_img)
    x = layers.Dense(128, activation="silu")(x)
    x = layers.Dense(64, activation="silu")(x)
    z_mean = layers.Dense(latent_dim)(x)
    # Bounded, or exp() could overflow and the loss end in nan. No cloud need be much
    # wider than N(0, 1), whose log-variance is 0; one that is throws the decoder off.
    z_log_var = ops.clip(layers.Dense(latent_dim)(x), -10, 1)
    z = Sampling()([z_mean, z_log_var])
    encoder = keras.Model(input_img, [z_mean, z_log_var, z], name="encoder")

    encoded_input = keras.Input(shape=(latent_dim,))
    x = layers.Dense(64, activation="silu")(encoded_input)
    x = layers.Dense(128, activation="silu")(x)
    x = layers.Dense(256, activation="silu")(x)
    decoded = layers.Dense(784, activation="sigmoid")(x)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)[2]))
    return autoencoder, encoder, decoder


def main(argv=None):
    args = common.parse_args(__doc__, epochs=20, batch_size=128, argv=argv)
    keras.utils.set_random_seed(args.seed)

    (x_train, y_train), (x_test, y_test) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 784)
    x_test = x_test.reshape(-1, 784)
    print("x_train.shape=", x_train.shape, ", x_test.shape=", x_test.shape)

    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary(expand_nested=True)

    steps = args.epochs * -(-len(x_train) // args.batch_size)
    learning_rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 10, warmup_target=5e-3, warmup_steps=steps // 10
    )
    # loss = reconstruction + KL = -ELBO, the evidence lower bound with its sign changed
    autoencoder.compile(
        # beta_2 is 0.999 by default: too long a memory, it costs 1 to 2 nats here
        optimizer=keras.optimizers.Adam(learning_rate, beta_2=0.99),
        loss=reconstruction,
        metrics=[reconstruction],
        **common.speed_options(),
    )
    history = autoencoder.fit(
        x_train,
        x_train,
        epochs=args.epochs,
        batch_size=args.batch_size,
        shuffle=True,
        validation_data=(x_test, x_test),
        callbacks=[ShowKL()],
    )

    # the code of an image is the centre of its cloud
    encoded_imgs, _, _ = encoder.predict(x_test, verbose=0)
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    pca = common.PCA(x_train, latent_dim)
    lines = common.ruler(x_train, x_test, pca)
    common.plot_reconstructions(x_test, decoded_imgs, args.out / "vae.png")
    common.plot_history(
        history,
        {name: 784 * bce for name, bce in lines.items()},
        args.out / "vae_loss.png",
        ylabel="-ELBO in nats (lines: BCE x 784)",
    )
    common.save_model(autoencoder, args.out / "vae.keras")

    # New digits: a 20 x 20 grid of codes, each for an equal share of N(0, 1)
    shares = (np.arange(20) + 0.5) / 20
    quantiles = [NormalDist().inv_cdf(share) for share in shares]
    z = np.array([(x, y) for y in reversed(quantiles) for x in quantiles])
    new_digits = decoder.predict(z, batch_size=400, verbose=0)
    common.plot_manifold(new_digits, quantiles, args.out / "vae_manifold.png")

    # Two numbers an image, seen as a map, and how often the neighbours agree on a digit
    train_codes, _, _ = encoder.predict(x_train, verbose=0)
    codes = {
        "PCA": (pca.encode(x_train), pca.encode(x_test)),
        "VAE": (train_codes, encoded_imgs),
    }
    maps = {}
    for name, (near, far) in codes.items():
        accuracy = common.knn_accuracy(near, y_train, far, y_test)
        maps[f"{name}: {accuracy:.1%} by 5 neighbours"] = far
    common.plot_maps(maps, y_test, args.out / "vae_latent.png")

    test = autoencoder.evaluate(x_test, x_test, verbose=0, return_dict=True)
    elbo, nats = -test["loss"], test["reconstruction"]
    print(
        f"ELBO {elbo:.1f} nats = -(reconstruction {nats:.1f} + KL {-elbo - nats:.1f})"
    )
    common.print_result("vae", x_test, decoded_imgs, f"ELBO {elbo:.1f} nats")


if __name__ == "__main__":
    common.run(main)
