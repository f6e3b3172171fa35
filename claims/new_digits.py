"""New digits: can images be drawn from the VAE's code, and not from a plain one?

The post on the VAE: it learns 「一個原始資料統計分佈模型,接下來可用此模型,產生新的
資料」 (a model of the data's distribution, to make new data with). So codes are drawn
from N(0, 1) and decoded. The control is a plain autoencoder of 2 numbers, deep_ae.py's,
with codes from the Gaussian of its codes' mean and covariance. Also asked:

- Do the codes fill N(0, 1)? Their shares in 100 cells of equal probability say so.
- What is halfway between two digits? The control is the mean of the two images.
- What does KL's weight, beta, do? 0 leaves a plain autoencoder with the VAE's layers.
- Why is a VAE blurry, and how many of the 4s come back as 9s?

"Looks like a digit" is measured with the training images: how far the nearest of them
is, and whether the five nearest are the same digit. Test images say what is good. A
small distance alone says little: the blurrier an image, the nearer it is to many.

    python claims/new_digits.py
"""

from functools import partial
from itertools import pairwise

import base
import common
import deep_ae
import numpy as np
from scipy.stats import norm
from sklearn.neighbors import NearestNeighbors
import vae

LONG = True  # about five minutes on one core
EPOCHS = 5  # a fourth of vae.py's own, for each of the 15 trainings
BETAS = {"beta 0": 0.0, "beta 1/2": 0.5, "beta 1": 1.0, "beta 4": 4.0}
SEEDS = 3  # of each network; the first is --seed
DRAWS = 500  # new images, and walks
PLAIN = "plain"


def neighbours(x_train, y_train):
    """Return `look(images)`, which measures how like digits images are.

    `look` takes (n, 784) and returns a dict: "distance" to the nearest training image,
    as a mean; "unanimous", the share whose five nearest are one digit; and "digits",
    the digit that most of the five are, (n,); of a tie the lower.
    """
    index = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(x_train)

    def look(images):
        distances, indices = index.kneighbors(images)
        digits = y_train[indices]
        return {
            "distance": float(distances[:, 0].mean()),
            "unanimous": float(np.mean((digits == digits[:, :1]).all(axis=1))),
            "digits": np.array([np.bincount(five).argmax() for five in digits]),
        }

    return look


def filling(codes):
    """Return how codes, (n, 2), fill N(0, 1) in both numbers, a dict.

    "mean" and "deviation" of both numbers together; "within_2", the share of numbers
    between -2 and 2 (of N(0, 1): 0.954); and "distance", the total variation between
    the codes' shares in 10 x 10 cells and 1/100, which N(0, 1) has in each: 0 is the
    same, and 0.99 is all in one cell.
    """
    cells = np.minimum((10 * norm.cdf(codes)).astype(int), 9)
    shares = np.bincount(10 * cells[:, 0] + cells[:, 1], minlength=100) / len(codes)
    return {
        "mean": float(codes.mean()),
        "deviation": float(codes.std()),
        "within_2": float(np.mean(np.abs(codes) <= 2)),
        "distance": float(np.abs(shares - 0.01).sum() / 2),
    }


def kinds(digits):
    """Return how many kinds of digit there are, by their shares: exp(entropy).

    It is 10 if all ten are as frequent, and less the more some of them prevail.
    """
    shares = np.bincount(digits) / len(digits)
    shares = shares[shares > 0]
    return float(np.exp(-np.sum(shares * np.log(shares))))


def gaussian(codes):
    """Return the mean and a square root of the covariance of codes, (n, 2).

    `mean + draws @ root.T` has that mean and covariance if draws are from N(0, 1).
    """
    values, vectors = np.linalg.eigh(np.cov(codes.T))
    return codes.mean(axis=0), vectors * np.sqrt(np.maximum(values, 0))


def kl_and_reconstruction(images, z_mean, z_log_var, decoded):
    """Return both terms of -ELBO in nats, means over the images, a dict.

    Args:
        images, decoded: (n, 784); decoded are made of a draw from each distribution.
        z_mean, z_log_var: (n, 2).
    """
    kl = -0.5 * np.sum(1 + z_log_var - z_mean**2 - np.exp(z_log_var), axis=1)
    reconstruction = images.shape[1] * common.binary_crossentropy(images, decoded)
    kl = float(kl.mean(dtype=np.float64))
    return {
        "reconstruction": reconstruction,
        "kl": kl,
        "elbo": -(reconstruction + kl),
    }


def greyness(images):
    """Return the share of pixels between 0.1 and 0.9 among those above 0.1."""
    return float(np.mean(images[images > 0.1] < 0.9))


def train(name, x_train, x_test, seed, epochs):
    """Return (autoencoder, encoder, decoder), trained.

    Args:
        name: PLAIN or a key of BETAS.
        x_train, x_test: (n, 784).
        seed, epochs: for the training.
    """
    if name == PLAIN:
        script = deep_ae
        models = partial(deep_ae.build_autoencoder, encoding_dim=2)
    else:
        script = vae
        models = partial(vae.build_autoencoder, latent_dim=2, beta=BETAS[name])
    trained, _ = base.train_again(
        script, x_train, x_test, seed, models=models, epochs=epochs
    )
    return trained


def halfway(images, first, second):
    """Return the means of images or codes, at indices `first` and `second`."""
    return (images[first] + images[second]) / 2


def measure(name, models, x_test, y_test, pairs, look, random):
    """Return what the models make of new codes and of the test images, a dict.

    Args:
        name: PLAIN or a key of BETAS; PLAIN and "beta 0" have no N(0, 1), but a
            Gaussian fitted to their codes.
        models: (autoencoder, encoder, decoder).
        x_test, y_test: (n, 784) and their digits.
        pairs: two arrays of indices, between which to go halfway.
        look: as `neighbours` returns it.
        random: a NumPy Generator for the draws.
    """
    _, encoder, decoder = models
    means = base.encode(encoder, x_test)
    decoded = decoder.predict(means, verbose=0)
    found = {}
    if name == PLAIN:
        codes = means
        found["reconstruction"] = 784 * common.binary_crossentropy(x_test, decoded)
    else:
        _, z_log_var, codes = encoder.predict(x_test, verbose=0)
        of_draw = decoder.predict(codes, verbose=0)
        found |= kl_and_reconstruction(x_test, means, z_log_var, of_draw)

    if name in (PLAIN, "beta 0"):
        centre, root = gaussian(codes)
    else:
        centre = np.zeros(2)
        root = np.eye(2)
    found["filling"] = filling((codes - centre) @ np.linalg.pinv(root).T)

    draws = centre + random.standard_normal((DRAWS, 2)) @ root.T
    if name == PLAIN:
        draws = np.maximum(draws, 0)  # a relu makes no other codes
    new = look(decoder.predict(draws, verbose=0))
    found["draws"] = {
        "distance": new["distance"],
        "unanimous": new["unanimous"],
        "kinds": kinds(new["digits"]),
    }

    middles = look(decoder.predict(halfway(means, *pairs), verbose=0))
    found["halfway"] = {key: middles[key] for key in ("distance", "unanimous")}
    fours = look(decoded[y_test == 4])["digits"]
    found["fours_as_nines"] = float(np.mean(fours == 9))
    found["grey"] = greyness(decoded)
    return found


def spread(runs):
    """Return the mean, lowest and highest of each number in dicts of one form."""
    if isinstance(runs[0], dict):
        return {key: spread([run[key] for run in runs]) for key in runs[0]}
    return {"mean": float(np.mean(runs)), "low": min(runs), "high": max(runs)}


def compare(ours, theirs):
    """Return how one `spread`, of something good, is beside another: a word.

    All seeds of one side must be above all of the other.
    """
    if ours["low"] > theirs["high"]:
        return "better"
    if ours["high"] < theirs["low"]:
        return "worse"
    return "no different"


def trend(spreads):
    """Return whether a list of `spread`s "rises", "falls" or "has no order".

    All seeds of each must be above, or below, all of the one before.
    """
    steps = list(pairwise(spreads))
    if all(after["low"] > before["high"] for before, after in steps):
        return "rises"
    if all(after["high"] < before["low"] for before, after in steps):
        return "falls"
    return "has no order"


def of_beta(networks, key):
    """Return what a larger beta does to one of the measures, a few words."""
    found = [networks[name][key] for name in ("beta 1/2", "beta 1", "beta 4")]
    return f"{trend(found)} ({found[0]['mean']:.1f} to {found[-1]['mean']:.1f} nats)"


def verdict(networks, controls):
    """Return the answers in sentences; networks and controls as in `main`."""
    model = networks["beta 1"]
    plain = networks[PLAIN]
    ours, theirs = model["draws"], plain["draws"]
    near, far = model["filling"]["distance"], plain["filling"]["distance"]
    nearer = compare(far, near)  # a small distance is good: the other way round
    share = "unanimous"
    beside = [
        f"{compare(model['elbo'], networks[name]['elbo'])} beside {name}"
        for name in ("beta 1/2", "beta 4")
    ]
    return (
        f"Digits drawn from the VAE are of {ours['kinds']['mean']:.1f} kinds, which is "
        f"{compare(ours['kinds'], theirs['kinds'])} than the plain autoencoder's "
        f"{theirs['kinds']['mean']:.1f} (10 if all are as frequent). Its codes are "
        f"{near['mean']:.2f} away from N(0, 1), which is "
        f"{nearer} than the plain one's {far['mean']:.2f} from a Gaussian "
        f"fitted to them. Of the digits drawn {ours[share]['mean']:.0%} have five "
        f"nearest training images of one digit: {compare(ours[share], theirs[share])} "
        f"than {theirs[share]['mean']:.0%} (test images "
        f"{controls['test images'][share]:.0%}). Halfway between two digits it is "
        f"{compare(model['halfway'][share], plain['halfway'][share])}: "
        f"{model['halfway'][share]['mean']:.0%} against "
        f"{plain['halfway'][share]['mean']:.0%} (mean of two images "
        f"{controls['two images'][share]:.0%}). From beta 1/2 over 1 to 4 KL "
        f"{of_beta(networks, 'kl')} and the reconstruction error "
        f"{of_beta(networks, 'reconstruction')}; ELBO at beta 1 is "
        f"{' and '.join(beside)}. "
        f"Of the 4s {model['fours_as_nines']['mean']:.0%} come back as 9s (of the "
        f"images themselves {controls['fours_as_nines']:.1%} pass for one)."
    )


def draw(trained, x_test, ends, random, path):
    """Draw ten new digits and a walk, of the VAE and the plain autoencoder.

    Args:
        trained: {"VAE" and "plain": (autoencoder, encoder, decoder)}.
        x_test, random: as for `measure`.
        ends: the two images, (2, 784), between which to walk.
        path: the .png file to write.
    """
    steps = np.linspace(0, 1, 10)[:, np.newaxis]
    normal = random.standard_normal((10, 2))
    new = {}
    walks = {}
    for name, (_, encoder, decoder) in trained.items():
        draws = normal
        if name == PLAIN:
            centre, root = gaussian(base.encode(encoder, x_test))
            draws = np.maximum(centre + normal @ root.T, 0)
        new[f"{name}: drawn"] = decoder.predict(draws, verbose=0)
        first, last = base.encode(encoder, ends)
        codes = (1 - steps) * first + steps * last
        walks[f"{name}: walk"] = decoder.predict(codes, verbose=0)
    walks["pixels: walk"] = (1 - steps) * ends[0] + steps * ends[1]
    common.plot_images({**new, **walks}, path)


def flat(measures, above=""):
    """Return nested dicts of `spread`s as one: {"draws unanimous": mean}."""
    if "mean" in measures and "low" in measures:
        return {above.strip(): measures["mean"]}
    found = {}
    for key, below in measures.items():
        found |= flat(below, f"{above} {key}")
    return found


def show(networks, controls):
    """Print the table of measures, means over the seeds, and the controls."""
    columns = {name: flat(measures) for name, measures in networks.items()}
    print(" " * 20 + "".join(f"{name:>10}" for name in columns))
    for key in columns["beta 1"]:
        cells = [
            f"{of[key]:10.3f}" if key in of else " " * 10 for of in columns.values()
        ]
        print(f"{key:<20}{''.join(cells)}")
    for name in "test images", "two images":
        found = ", ".join(f"{key} {of:.3f}" for key, of in controls[name].items())
        print(f"control, {name}: {found}")
    print(f"control, N(0, 1) itself: filling distance {controls['filling']:.3f}")
    print(
        f"control, the images themselves: grey {controls['grey']:.3f}, "
        f"fours_as_nines {controls['fours_as_nines']:.3f}"
    )


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=EPOCHS, seeds=SEEDS)
    (x_train, y_train), (x_test, y_test) = base.load_images(args)
    base.check_labels(y_train, x_train, args)
    base.check_labels(y_test, x_test, args)
    look = neighbours(x_train, y_train)

    random = np.random.default_rng(args.seed)
    pairs = random.integers(len(x_test), size=(2, 4 * DRAWS))
    pairs = pairs[:, y_test[pairs[0]] != y_test[pairs[1]]][:, :DRAWS]

    some = random.permutation(len(x_test))[:DRAWS]
    controls = {
        "test images": look(x_test[some]),
        "two images": look(halfway(x_test, *pairs)),
    }
    for measures in controls.values():
        measures["kinds"] = kinds(measures.pop("digits"))
    fours = look(x_test[y_test == 4])["digits"]
    controls["fours_as_nines"] = float(np.mean(fours == 9))
    controls["grey"] = greyness(x_test)
    controls["filling"] = filling(random.standard_normal((len(x_test), 2)))["distance"]

    networks = {}
    trained = {}
    for name in [PLAIN, *BETAS]:
        runs = []
        for seed in range(args.seed, args.seed + args.seeds):
            models = train(name, x_train, x_test, seed, args.epochs)
            runs.append(measure(name, models, x_test, y_test, pairs, look, random))
            if seed == args.seed and name in (PLAIN, "beta 1"):
                trained["VAE" if name == "beta 1" else name] = models
        networks[name] = spread(runs)
        print(f"{name} is trained and measured", flush=True)

    print(f"means of {args.seeds} seeds, {args.epochs} epochs each")
    show(networks, controls)
    ends = x_test[[np.flatnonzero(y_test == digit)[0] for digit in (0, 1)]]
    draw(trained, x_test, ends, random, args.out / "new_digits.png")
    base.report(
        "new_digits",
        args,
        verdict(networks, controls),
        networks=networks,
        controls=controls,
        epochs=args.epochs,
    )


if __name__ == "__main__":
    common.run(main)
