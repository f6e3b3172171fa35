"""Sampling: can new digits be drawn from a VAE, and not from a plain autoencoder?

"plain" is deep_ae.py with two numbers. A VAE's codes are drawn from N(0, 1), and others
from a Gaussian that is fitted to the codes of training images. All get a second chance
with a mixture of ten Gaussians (Ghosh et al., 2020, arXiv 1903.12436). What is drawn is
judged by the digits of its five nearest training images.

    python claims/sampling.py
"""

from functools import partial

import experiment
import common
import deep_ae
import numpy as np
from scipy.stats import entropy, norm
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier
import vae

EPOCHS = 5  # a quarter of vae.py's
DRAWS = 500

NETWORKS = {
    "plain": partial(deep_ae.build_autoencoder, encoding_dim=2),
    "VAE, beta 0": partial(vae.build_autoencoder, beta=0.0),
    "VAE, beta 0.5": partial(vae.build_autoencoder, beta=0.5),
    "VAE": vae.build_autoencoder,
    "VAE, beta 4": partial(vae.build_autoencoder, beta=4.0),
    "VAE, 8 numbers": partial(vae.build_autoencoder, latent_dim=8),
    "VAE, 32 numbers": partial(vae.build_autoencoder, latent_dim=32),
}


def kinds(digits):
    """Return how many kinds of digit there are, by their shares: exp(entropy)."""
    return float(np.exp(entropy(np.bincount(digits))))


def judge(classifier, images):
    """Return the kinds of digit, and for which share all five neighbours agree."""
    votes = classifier.predict_proba(images)
    digits = classifier.classes_[votes.argmax(axis=1)]
    return {"kinds": kinds(digits), "agree": float(np.mean(votes.max(axis=1) == 1))}


def distance_from_normal(codes):
    """Return how far codes, (n, 2), are from N(0, 1) in both numbers, from 0 to 0.99.

    It is the total variation between the codes' shares in 10 x 10 cells and 1/100,
    which N(0, 1) has in each.
    """
    cells = np.minimum((10 * norm.cdf(codes)).astype(int), 9)
    shares = np.bincount(10 * cells[:, 0] + cells[:, 1], minlength=100) / len(codes)
    return float(np.abs(shares - 0.01).sum() / 2)


def codes_of(name, encoder, images):
    """Return codes, (n, numbers): of a VAE a draw from each image's distribution."""
    if name == "plain":
        codes = experiment.encode(encoder, images)
    else:
        codes = encoder.predict(images, batch_size=500, verbose=0)[2]
    return np.float64(codes)


def draw(name, codes, components, seed):
    """Return DRAWS new codes: by a mixture fitted to `codes`, or without by N(0, 1)."""
    if components is None:
        return np.random.default_rng(seed).standard_normal((DRAWS, codes.shape[1]))
    mixture = GaussianMixture(components, random_state=seed).fit(codes)
    drawn, _ = mixture.sample(DRAWS)
    return np.maximum(drawn, 0) if name == "plain" else drawn  # its code has a relu


def measure(name, sets, classifier, seed, pictures):
    """Return what a network reaches, and what is drawn from it, {name: number}.

    The first images that are drawn are put into `pictures`, {name: images}.
    """
    script = deep_ae if name == "plain" else vae
    models, _ = experiment.retrain(
        script, sets.train.x, seed, build=NETWORKS[name], epochs=EPOCHS
    )
    if name == "plain":
        decoded = experiment.reconstruct(models, sets.test.x)
        bce = common.binary_crossentropy(sets.test.x, decoded)
        found = {"reconstruction": 784 * bce}
    else:
        found = experiment.elbo(models, sets.test.x)

    train_codes = codes_of(name, models[1], sets.train.x[:20_000])
    codes = codes_of(name, models[1], sets.test.x)
    has_prior = name not in ("plain", "VAE, beta 0")
    if not has_prior:
        # One Gaussian turns its own codes into draws from N(0, 1).
        gaussian = GaussianMixture(1).fit(train_codes)
        codes = (codes - gaussian.means_[0]) @ gaussian.precisions_cholesky_[0]
    if codes.shape[1] == 2:
        found["distance"] = distance_from_normal(codes)

    for components, of in (None if has_prior else 1, ""), (10, "_mixture"):
        new_codes = draw(name, train_codes, components, seed)
        images = models[2].predict(new_codes, verbose=0)
        pictures.setdefault(f"{name}{of}", images[:10])
        found |= {f"{k}{of}": value for k, value in judge(classifier, images).items()}
    return found


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    sets = experiment.load_images(args)
    classifier = KNeighborsClassifier(5, algorithm="brute")
    classifier.fit(sets.train.x, sets.train.y)

    networks = {}
    pictures = {}
    for name in NETWORKS:

        def of_seed(seed, name=name):
            return measure(name, sets, classifier, args.seed + seed, pictures)

        networks[name] = experiment.over_seeds(of_seed)
    test_images = judge(classifier, sets.test.x[:DRAWS])

    keys = "elbo", "reconstruction", "kl", "used", "distance"
    rows = [[name, *(of.get(key, "") for key in keys)] for name, of in networks.items()]
    experiment.print_table(["network", *keys], rows, decimals=2)
    print()
    keys = "kinds", "kinds_mixture", "agree", "agree_mixture"
    rows = [[name, *(of[key] for key in keys)] for name, of in networks.items()]
    rows.append(["test images", test_images["kinds"], "", test_images["agree"], ""])
    experiment.print_table(["drawn from", *keys], rows, decimals=2)

    shown = {
        "plain": pictures["plain"],
        "plain, mixture": pictures["plain_mixture"],
        "VAE": pictures["VAE"],
        "VAE, 8 numbers": pictures["VAE, 8 numbers"],
        "VAE, 32 numbers": pictures["VAE, 32 numbers"],
    }
    common.plot_images(shown, args.out / "sampling.png")
    experiment.report("sampling", args, networks=networks, test_images=test_images)


if __name__ == "__main__":
    main()
