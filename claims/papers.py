"""Papers: how far are these autoencoders from published ones?

- log p(x) of test images in black and white by vae.py, beside Davidson et al. (2018).
- The squared error of an image, beside Hinton and Salakhutdinov (2006), whose network
  is trained here by deep_ae.py's recipe.
- The VAEs of keras.io and of PyTorch's examples, trained here by their own recipes.

    python claims/papers.py        (after the scripts, with seeds 0, 1 and 2)
"""

from functools import partial
import math
import time

import experiment
import common
import conv_ae
import deep_ae
import keras
from keras import layers
from matplotlib.figure import Figure
import numpy as np
import seq2seq_ae
import simple_ae
from sklearn.decomposition import PCA
import sparse_ae
import vae

SCRIPTS = simple_ae, sparse_ae, deep_ae, conv_ae, seq2seq_ae, vae
HINTON_EPOCHS = 10
KERAS_IO_EPOCHS = 4  # of its 30: its rate is constant, so these are its first four
PYTORCH_EPOCHS = 10

# Davidson et al., 2018, arXiv 1804.00891, table 1, d = 2.
DAVIDSON = {"their VAE": -135.73, "their S-VAE": -132.50}
# Hinton and Salakhutdinov, 2006, Science 313, doi 10.1126/science.1127647, figure 2.
HINTON = {"their network": 3.00, "their logistic PCA": 8.01, "their PCA": 13.87}


def black_or_white(images, seed):
    """Return images in which each pixel x in [0, 1] is 1 with probability x, else 0."""
    draws = np.random.default_rng(seed).random(images.shape, dtype=np.float32)
    return (draws < images).astype(np.float32)


def log_p(decoder, images, points=200, limit=5):
    """Return log p(x) in nats of images of 0 and 1, (n, 784), an array (n,).

    p(x) is the integral of p(x|z) N(z; 0, 1) over both numbers of z: here a sum over
    `points` x `points` codes from -limit to limit.
    """
    values = np.linspace(-limit, limit, points)
    codes = np.array([(x, y) for y in values for x in values])
    cell = (values[1] - values[0]) ** 2
    log_prior = -0.5 * np.sum(codes**2, axis=1) - math.log(2 * math.pi)
    found = np.full(len(images), -np.inf)
    for start in range(0, len(codes), 1000):
        part = slice(start, start + 1000)
        decoded = decoder.predict(codes[part], batch_size=1000, verbose=0)
        decoded = np.clip(np.float64(decoded), 1e-7, 1 - 1e-7)
        logits = (np.log(decoded) - np.log1p(-decoded)).astype(np.float32)
        # log p(x|z) is the sum of log(y) where x is 1 and of log(1 - y) where it is 0.
        joint = images @ logits.T
        joint += np.log1p(-decoded).sum(axis=1) + log_prior[part] + math.log(cell)
        highest = joint.max(axis=1)
        total = np.exp(joint - highest[:, np.newaxis]).sum(axis=1, dtype=np.float64)
        found = np.logaddexp(found, highest + np.log(total))
    return found


def train_on_black_and_white(x_train, seed):
    """Return vae.py's models, trained on images drawn black or white in each epoch."""
    keras.utils.set_random_seed(seed)
    models = vae.build_autoencoder()
    steps = math.ceil(len(x_train) / vae.batch_size)
    models[0].compile(
        optimizer=vae.make_optimizer(vae.epochs * steps), loss="binary_crossentropy"
    )
    for epoch in range(vae.epochs):
        images = black_or_white(x_train, seed=1000 * seed + epoch + 1)
        models[0].fit(images, images, batch_size=vae.batch_size, verbose=0)
    return models


def compare_likelihoods(args, sets):
    """Return log p(x) and ELBO of test images in black and white, by three seeds."""
    images = black_or_white(sets.test.x, seed=0)

    def measure(models):
        found = log_p(models[2], images)
        return {
            "log_p": found.mean(),
            "standard_error": found.std() / math.sqrt(len(found)),
            **experiment.elbo(models, images),
        }

    _, _, decoder = experiment.load_models(vae, args)
    return {
        "grey": experiment.over_seeds(
            lambda seed: measure(experiment.load_models(vae, args, seed))
        ),
        "black_and_white": experiment.over_seeds(
            lambda seed: measure(train_on_black_and_white(sets.train.x, seed))
        ),
        "convergence": {
            points: float(log_p(decoder, images[:2000], points).mean())
            for points in (200, 300)
        },
    }


def chain(x, *stack):
    """Return what some layers make of x, one after the other."""
    for layer in stack:
        x = layer(x)
    return x


def build_hinton():
    """Return the network of 2006, with silu for its logistic units."""
    hidden = partial(layers.Dense, activation="silu")
    input_img = keras.Input(shape=(784,))
    encoded = chain(input_img, hidden(1000), hidden(500), hidden(250), layers.Dense(30))
    encoder = keras.Model(input_img, encoded, name="encoder")

    encoded_input = keras.Input(shape=(30,))
    output = layers.Dense(784, activation="sigmoid", name="output")
    decoded = chain(encoded_input, hidden(250), hidden(500), hidden(1000), output)
    decoder = keras.Model(encoded_input, decoded, name="decoder")
    return keras.Model(input_img, decoder(encoder(input_img))), encoder, decoder


def compare_errors(args, sets):
    """Return {name: a test image's squared error, summed over its pixels}."""
    x_test = sets.test.x

    def over_seeds(models_of):
        def measure(seed):
            decoded = experiment.reconstruct(models_of(seed), x_test)
            return {"error": 784 * experiment.mse(x_test, decoded)}

        return experiment.over_seeds(measure)["error"]

    def train_hinton(seed):
        models, _ = experiment.retrain(
            deep_ae,
            sets.train.x,
            seed,
            build=build_hinton,
            make_optimizer=experiment.with_rate(deep_ae.make_optimizer, 0.02),
            epochs=HINTON_EPOCHS,
            batch_size=512,
        )
        return models

    errors = {
        script.__name__: over_seeds(partial(experiment.load_models, script, args))
        for script in SCRIPTS
    }
    pca = PCA(30, svd_solver="covariance_eigh").fit(sets.train.x)
    projected = pca.inverse_transform(pca.transform(x_test))
    errors["PCA-30"] = 784 * experiment.mse(x_test, projected)
    return {**errors, "network of 2006": over_seeds(train_hinton)}


def build_vae(shape, code_size, encoder_layers, decoder_layers):
    """Return a VAE's (autoencoder, encoder, decoder); the loss is in nats an image."""
    input_img = keras.Input(shape=shape)
    x = chain(input_img, *encoder_layers)
    z_mean = layers.Dense(code_size)(x)
    z_log_var = layers.Dense(code_size)(x)
    z = vae.Sampling(kl_weight=1.0)([z_mean, z_log_var])
    encoder = keras.Model(input_img, [z_mean, z_log_var, z], name="encoder")

    encoded_input = keras.Input(shape=(code_size,))
    decoded = chain(encoded_input, *decoder_layers)
    decoder = keras.Model(encoded_input, decoded, name="decoder")
    return keras.Model(input_img, decoder(z)), encoder, decoder


def build_keras_io():
    """Return the layers of keras.io's example, and vae.py's `Sampling`."""
    options = {"strides": 2, "padding": "same", "activation": "relu"}
    encoder_layers = [
        layers.Conv2D(32, 3, **options),
        layers.Conv2D(64, 3, **options),
        layers.Flatten(),
        layers.Dense(16, activation="relu"),
    ]
    decoder_layers = [
        layers.Dense(7 * 7 * 64, activation="relu"),
        layers.Reshape((7, 7, 64)),
        layers.Conv2DTranspose(64, 3, **options),
        layers.Conv2DTranspose(32, 3, **options),
        layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid"),
    ]
    return build_vae((28, 28, 1), 2, encoder_layers, decoder_layers)


def build_pytorch():
    """Return the layers of PyTorch's example: 784-400-20-400-784."""
    hidden = partial(layers.Dense, 400, activation="relu")
    output = layers.Dense(784, activation="sigmoid")
    return build_vae((784,), 20, [hidden()], [hidden(), output])


def nats(images, decoded):
    """Return BCE times 784, of which Keras takes the mean: the sum over an image."""
    return 784 * keras.losses.binary_crossentropy(images, decoded)


def compare_tutorials(args, sets):
    """Return what three VAEs reach on the grey test images, and in which time."""
    theirs = {
        "make_optimizer": lambda _: keras.optimizers.Adam(1e-3),
        "loss": nats,
        "batch_size": 128,
    }
    recipes = {
        "vae": {"epochs": vae.epochs},
        "keras_io": {"build": build_keras_io, "epochs": KERAS_IO_EPOCHS, **theirs},
        "pytorch": {"build": build_pytorch, "epochs": PYTORCH_EPOCHS, **theirs},
    }
    found = {}
    for name, recipe in recipes.items():
        started = time.perf_counter()
        models, history = experiment.retrain(vae, sets.train.x, args.seed, **recipe)
        seconds = time.perf_counter() - started
        in_nats = 784 if name == "vae" else 1
        found[name] = {
            "code": models[2].input_shape[-1],
            "epochs": recipe["epochs"],
            "seconds": seconds,
            "training_loss": in_nats * history.history["loss"][-1],
            "elbo": experiment.elbo(models, sets.test.x)["elbo"],
        }
    return found


@common.default_style
def plot(likelihoods, errors):
    """Draw log p(x) and the squared error, blue dots, beside the published numbers."""
    fig = Figure(figsize=(11, 4), layout="constrained")
    left, right = fig.subplots(1, 2)
    left.set_xlabel("log p(x), nats; further right is better")
    right.set_xlabel("squared error of an image; further left is better")
    of_vae = {
        "vae.py, on grey": likelihoods["grey"]["log_p"],
        "on black and white": likelihoods["black_and_white"]["log_p"],
    }
    for axis, ours, published in (left, of_vae, DAVIDSON), (right, errors, HINTON):
        for name, found in ours.items():
            seeds = found["seeds"] if isinstance(found, dict) else [found]
            axis.plot(seeds, [name] * len(seeds), "o", color="C0")
        axis.plot(list(published.values()), list(published), "s", color="C1")
        axis.invert_yaxis()
        axis.grid(alpha=0.4)
    return fig


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    sets = experiment.load_images(args)

    likelihoods = compare_likelihoods(args, sets)
    print("log p(x) of test images in black and white, nats")
    measures = "elbo", "log_p", "standard_error"
    rows = [
        (name, *(likelihoods[name][measure] for measure in measures))
        for name in ("grey", "black_and_white")
    ]
    experiment.print_table(["trained on", *measures], rows, decimals=2)
    print(f"grey, 2,000 images, points a side: {likelihoods['convergence']}")

    errors = compare_errors(args, sets)
    print("\nthe squared error of a test image")
    experiment.print_table(["", "squared error"], errors.items(), decimals=2)

    tutorials = compare_tutorials(args, sets)
    print("\nVAEs on grey test images, nats, one seed")
    rows = [(name, *measured.values()) for name, measured in tutorials.items()]
    experiment.print_table(["", *tutorials["vae"]], rows, decimals=1)

    errors_but_vae = {name: of for name, of in errors.items() if name != "vae"}
    plot(likelihoods, errors_but_vae).savefig(args.out / "papers.png")
    experiment.report(
        "papers",
        args,
        likelihoods=likelihoods,
        errors=errors,
        tutorials=tutorials,
        published={"davidson": DAVIDSON, "hinton": HINTON},
    )


if __name__ == "__main__":
    main()
