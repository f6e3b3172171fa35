"""Sparsity: does each unit have a digit of its own? And how good is a code by TopK?

sparse_ae.py stands beside the same network without penalties, untrained, and beside
pixels. `TopK` has no penalty, and keeps the largest numbers of each code.

    python claims/sparsity.py      (after sparse_ae.py, with seeds 0, 1 and 2)
"""

from functools import partial

import experiment
import common
import keras
from keras import layers, ops
from matplotlib.figure import Figure
import numpy as np
from sklearn.metrics import homogeneity_score
import sparse_ae

KEPT = 31  # as many as an image uses of sparse_ae.py's units
SHORT_EPOCHS = 12
RATES = [1.5e-3, 3e-3, 6e-3]
NAMES = {
    "sparse": "sparse_ae.py",
    "no_penalties": "without penalties",
    "topk_short": f"TopK, {SHORT_EPOCHS} epochs",
    "topk": f"TopK, {sparse_ae.epochs} epochs",
    "untrained": "untrained",
}


@keras.saving.register_keras_serializable("sparsity")
class TopK(layers.Layer):
    """Keep the k largest numbers of each code, (n, units), and make the others 0.

    Makhzani and Frey, 2013, arXiv 1312.5663; Gao et al., 2024, arXiv 2406.04093.
    """

    def __init__(self, k, **kwargs):
        super().__init__(**kwargs)
        self.k = k

    def call(self, codes):
        largest, _ = ops.top_k(codes, self.k)
        return ops.where(codes >= largest[:, -1:], codes, 0.0)

    def get_config(self):
        return {**super().get_config(), "k": self.k}


without_penalties = partial(sparse_ae.build_autoencoder, l1=0.0, l2=0.0)


def build_topk():
    """Return sparse_ae.py's models without penalties, with TopK behind the encoder."""
    _, dense_encoder, decoder = without_penalties()
    input_img = keras.Input(shape=(784,))
    encoded = TopK(KEPT)(dense_encoder(input_img))
    encoder = keras.Model(input_img, encoded, name="encoder")
    autoencoder = keras.Model(input_img, decoder(encoded))
    return autoencoder, encoder, decoder


def into_bins(activations):
    """Return activations, (n,), as numbers of ten bins: the zeros, and nine alike."""
    edges = np.quantile(activations[activations > 0], np.arange(9) / 9)
    return np.searchsorted(edges, activations, side="right")


def specialisation(codes, labels):
    """Return how specialised each unit is on a digit, from 0 to 1, an array (units,).

    It is the share that the unit's activation tells of "is it this digit?": the mutual
    information, divided by the entropy of the answer. The digit is the one of which it
    tells most, among those that excite it more than the average image. A unit that is
    active for less than 1% of the images has nan.
    """
    found = np.full(codes.shape[1], np.nan)
    for unit in np.flatnonzero(np.mean(codes > 0, axis=0) >= 0.01):
        activations = codes[:, unit]
        bins = into_bins(activations)
        told = [0.0]
        for digit in np.unique(labels):
            is_digit = labels == digit
            if activations[is_digit].mean() > activations.mean():
                told.append(homogeneity_score(is_digit, bins))
        found[unit] = max(told)
    return found


def train_topk(images, seed, rate, epochs):
    make = experiment.with_rate(sparse_ae.make_optimizer, rate)
    models, _ = experiment.retrain(
        sparse_ae, images, seed, build=build_topk, make_optimizer=make, epochs=epochs
    )
    return models


def error_of_rate(rate, fit, choose):
    """Return what TopK reaches on `choose` by a short training with a learning rate."""
    models = train_topk(fit.x, 0, rate, epochs=4)
    decoded = experiment.reconstruct(models, choose.x)
    return common.binary_crossentropy(choose.x, decoded)


def models_of(name, args, sets, rate, seed):
    """Return (autoencoder, encoder, decoder) of a key of NAMES."""
    if name == "sparse":
        return experiment.load_models(sparse_ae, args, seed)
    if name == "topk_short":
        return train_topk(sets.train.x, seed, rate, SHORT_EPOCHS)
    if name == "topk":
        return train_topk(sets.train.x, seed, rate, sparse_ae.epochs)
    if name == "untrained":
        keras.utils.set_random_seed(seed)
        return without_penalties()
    models, _ = experiment.retrain(
        sparse_ae, sets.train.x, seed, build=without_penalties
    )
    return models


def measure(models, test):
    """Return {name: number} of a network, and how specialised its units are."""
    codes = experiment.encode(models[1], test.x)
    decoded = models[2].predict(codes, batch_size=500, verbose=0)
    units = specialisation(codes, test.y)
    found = {
        "bce": common.binary_crossentropy(test.x, decoded),
        "used": float(np.sum(codes > 0, axis=1).mean()),
        "dead": int(np.sum(~(codes > 0).any(axis=0))),
        "specialisation": float(np.nanmean(units)),
        "most_specialised": float(np.nanmax(units)),
    }
    return found, units


@common.default_style
def plot(units):
    """Draw a dot for each unit, of {name: (units,)}, and a line at their mean."""
    fig = Figure(figsize=(10, 5), layout="constrained")
    axis = fig.subplots()
    random = np.random.default_rng(0)
    for place, values in enumerate(units.values()):
        beside = place + random.uniform(-0.3, 0.3, len(values))
        axis.plot(values, beside, "o", color="C0", alpha=0.35)
        axis.vlines(np.nanmean(values), place - 0.4, place + 0.4, color="C1", lw=4)
    axis.set_yticks(range(len(units)), labels=list(units))
    axis.invert_yaxis()
    axis.set_xlim(-0.03, 1.03)
    axis.set_xlabel("how much a unit tells of its digit; 1 is a digit of its own")
    return fig


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    sets = experiment.load_images(args)
    rate, rates = experiment.choose(RATES, error_of_rate, sets)
    print(f"TopK's learning rate, chosen on 5,000 training images: {rate}")

    networks = {}
    units = {}  # of the first seed
    for key, name in NAMES.items():

        def of_seed(seed, key=key, name=name):
            models = models_of(key, args, sets, rate, seed)
            found, of_network = measure(models, sets.test)
            units.setdefault(name, of_network)
            return found

        networks[key] = experiment.over_seeds(of_seed)

    units["pixels"] = specialisation(sets.test.x, sets.test.y)
    codes = experiment.encode(experiment.load_models(sparse_ae, args)[1], sets.test.x)
    shuffled = np.random.default_rng(0).permutation(sets.test.y)
    controls = {
        "pixels": float(np.nanmean(units["pixels"])),
        "shuffled": float(np.nanmean(specialisation(codes, shuffled))),
    }

    rows = [[NAMES[key], *found.values()] for key, found in networks.items()]
    experiment.print_table(["", *networks["sparse"]], rows)
    print("specialisation of pixels, and of sparse_ae.py by shuffled labels:", controls)
    plot(units).savefig(args.out / "sparsity.png")
    experiment.report(
        "sparsity", args, networks=networks, controls=controls, rate=rate, rates=rates
    )


if __name__ == "__main__":
    main()
