"""Sparsity: does each unit of the sparse code have a digit of its own?

The post: 「我們希望神經元只對某一些訓練資料有反應，例如神經元 A 對 5 有反應，B 只對 7
有反應」 (A is to respond to 5, B only to 7). The network of sparse_ae.py, beside three
that have no reason to specialise: its twin without penalties and with an ordinary start
(simple_ae.py's network with 128 units, trained by sparse_ae.py's `train`), the same one
untrained, and the pixels themselves. Three seeds of each network.

    python sparse_ae.py
    python claims/sparsity.py

A unit's specialisation is the share of what there is to know about "is it a 5?" that
its activation tells, for the digit of which it tells most, among those to which it
responds more than on average: 0 is nothing, 1 is a unit that all 5s excite and nothing
else.
"""

import base
import common
import keras
from matplotlib.figure import Figure
import numpy as np
import simple_ae
import sparse_ae

LONG = True  # five trainings of a minute each
BINS = 10
SHUFFLES = 5
RETRAINED = 2  # further seeds


def entropy(counts):
    """Return the entropy in bits of counts, along the last axis."""
    shares = counts / counts.sum(axis=-1, keepdims=True)
    return -np.sum(shares * np.log2(np.where(shares > 0, shares, 1)), axis=-1)


def into_bins(activations):
    """Return activations, (n,), as the numbers of BINS bins with as many images each.

    Equal activations, such as all the zeros, share a bin.
    """
    edges = np.quantile(activations, np.arange(1, BINS) / BINS)
    return np.searchsorted(edges, activations, side="left")


def told(bins, labels):
    """Return what bins tell of "is it a 0?" to "is it a 9?", as shares, (10,).

    It is I(bin; is it this digit) / H(is it this digit), from 0 to 1.

    Args:
        bins: whole numbers from 0 to BINS - 1, (n,).
        labels: digits, (n,), with all of 0 to 9 in it.
    """
    both = np.bincount(bins * 10 + labels, minlength=BINS * 10).reshape(BINS, 10)
    of_bin = both.sum(axis=1)
    yes_no = np.stack([both, of_bin[:, None] - both], axis=-1)  # bin, digit, yes or no
    before = entropy(yes_no.sum(axis=0))
    filled = of_bin > 0
    after = np.average(entropy(yes_no[filled]), axis=0, weights=of_bin[filled])
    return 1 - after / before


def told_of_liked(activations, labels):
    """Return what a unit tells of the digits that excite it above its average, (10,).

    Of the other digits it is 0: a unit that all but the 1s excite is not specialised
    on the 1. For the arguments see `told`.
    """
    counts = np.bincount(labels, minlength=10)
    means = np.bincount(labels, weights=activations, minlength=10) / counts
    return np.where(means > activations.mean(), told(into_bins(activations), labels), 0)


def specialisation(codes, labels, seed=0):
    """Return how specialised each unit is, and on which digit, two arrays (units,).

    What shuffled labels seem to tell is taken off, so that a unit that has nothing to
    do with the digits has 0 on average. A unit active on less than 1 % of the images
    has nan and digit -1: a handful of images proves nothing.

    Args:
        codes: activations, (n, units), at least 0.
        labels: digits, (n,), with all of 0 to 9 in it.
        seed: for the shuffling.
    """
    random = np.random.default_rng(seed)
    shuffled = [random.permutation(labels) for _ in range(SHUFFLES)]
    shares = np.full(codes.shape[1], np.nan)
    digits = np.full(codes.shape[1], -1)
    for unit in np.flatnonzero(np.mean(codes > 0, axis=0) >= 0.01):
        activations = codes[:, unit]
        by_digit = told_of_liked(activations, labels)
        by_chance = [told_of_liked(activations, wrong).max() for wrong in shuffled]
        shares[unit] = by_digit.max() - np.mean(by_chance)
        digits[unit] = by_digit.argmax()
    return shares, digits


def summary(codes, shares):
    """Return {"mean", "largest" (of the specialisation), "active" (of the code)}."""
    return {
        "mean": float(np.nanmean(shares)),
        "largest": float(np.nanmax(shares)),
        "active": float(np.mean(codes > 0)),
    }


def build_twin():
    """Return simple_ae.py's three models with as many units as sparse_ae.py has."""
    return simple_ae.build_autoencoder(encoding_dim=sparse_ae.encoding_dim)


def beside(values, others):
    """Return how specialised seeds are beside other seeds, by their ranges, a text."""
    if min(values) > max(others):
        return "more specialised than"
    if max(values) < min(others):
        return "less specialised than"
    return "not seen to differ in that from"


def in_range(values):
    """Return "9.5% to 9.8%", or one of the two if they are printed alike."""
    low, high = f"{min(values):.1%}", f"{max(values):.1%}"
    return low if low == high else f"{low} to {high}"


def verdict(numbers):
    """Return the verdict.

    numbers: {"sparse", "twin", "untrained", "pixels": a list of `summary`}.
    """
    means = {name: [own["mean"] for own in rows] for name, rows in numbers.items()}
    names = {
        "twin": "those of the twin without penalties",
        "untrained": "an untrained layer's",
        "pixels": "pixels",
    }
    places = [
        f"{beside(means['sparse'], means[key])} {name} ({in_range(means[key])})"
        for key, name in names.items()
    ]
    largest = [own["largest"] for own in numbers["sparse"]]
    over_half = sum(value > 0.5 for value in largest)
    return (
        f"with {over_half} of {len(largest)} seeds a unit of the sparse code tells "
        f"over half of what can be known about a digit (the most specialised "
        f"{in_range(largest)}); its units, on average {in_range(means['sparse'])}, are "
        f"{', '.join(places)}"
    )


def plot(shares, codes, x_test, digits, path):
    """Draw every unit of each network on the scale, and what excites three units most.

    Args:
        shares: {name: specialisation, (units,)}, the sparse code's first.
        codes, digits: of the sparse code, (n, units), and of its units, (units,).
        x_test: images, (n, 784).
        path: the .png file to write.
    """
    fig = Figure(figsize=(12, 11), layout="constrained")
    chart, pictures = fig.subfigures(2, 1, height_ratios=[6, 4])
    axis = chart.subplots()
    random = np.random.default_rng(0)
    for row, (name, values) in enumerate(shares.items()):
        jitter = random.uniform(-0.3, 0.3, len(values))
        axis.plot(values, row + jitter, "o", color="#0072B2", alpha=0.35, markersize=7)
        mean = np.nanmean(values)
        axis.plot([mean, mean], [row - 0.4, row + 0.4], color="#D55E00", lw=4)
        axis.text(mean, row - 0.43, f"mean {mean:.0%}", color="#D55E00", fontsize=16)
    axis.set_yticks(range(len(shares)), labels=list(shares))
    axis.set_ylim(len(shares) - 0.5, -0.8)
    axis.set_xlim(-0.03, 1.1)
    axis.set_xticks([0, 0.25, 0.5, 0.75, 1])
    labels = ["0", "25 %", "50 %", "75 %", "100 %\nthe post's wish"]
    axis.set_xticklabels(labels)
    axis.set_xlabel("how much a unit (a dot) tells about its digit", fontsize=19)
    axis.tick_params(labelsize=18)

    own = next(iter(shares.values()))
    order = np.argsort(np.nan_to_num(own, nan=-1))[-np.sum(~np.isnan(own)) :]
    chosen = {
        "most\nspecialised": order[-1],
        "in the\nmiddle": order[len(order) // 2],
        "least": order[0],
    }
    pictures.suptitle(
        "ten of the 10 % of test images that excite a unit of the sparse code most",
        fontsize=19,
    )
    axes = pictures.subplots(len(chosen), 10)
    for row, (name, unit) in zip(axes, chosen.items()):
        # The ten most extreme can all be of a digit to which a unit seldom responds.
        strongest = np.argsort(-codes[:, unit])[: max(10, len(codes) // BINS)]
        active = strongest[codes[strongest, unit] > 0]
        active = active[:: max(1, len(active) // 10)][:10]
        label = f"{name}:\nits digit is {digits[unit]}"
        row[0].set_ylabel(label, fontsize=18, rotation=0, ha="right", va="center")
        for axis, index in zip(row, active):
            axis.imshow(x_test[index].reshape(28, 28), cmap="gray", vmin=0, vmax=1)
        for axis in row:
            axis.set(xticks=[], yticks=[], frame_on=False)
    common.save(fig, path)


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=sparse_ae.epochs)
    models = base.load_model("sparse_ae", args.out)
    (x_train, _), (x_test, y_test) = base.load_images(args)
    base.check_labels(y_test, x_test, args)

    encoders = {"sparse": [models[1]], "twin": [], "untrained": []}
    for seed in range(args.seed, args.seed + RETRAINED + 1):
        options = {"seed": seed, "epochs": args.epochs}
        if seed > args.seed:
            again, _ = base.train_again(sparse_ae, x_train, x_test, **options)
            encoders["sparse"].append(again[1])
        twin, _ = base.train_again(
            sparse_ae, x_train, x_test, models=build_twin, **options
        )
        encoders["twin"].append(twin[1])
        keras.utils.set_random_seed(seed)
        encoders["untrained"].append(build_twin()[1])

    codes = {"pixels": [x_test]}
    for name, networks in encoders.items():
        codes[name] = [base.encode(encoder, x_test) for encoder in networks]

    shares = {}
    numbers = {}
    for name, own_codes in codes.items():
        found = [specialisation(own, y_test, args.seed) for own in own_codes]
        shares[name] = found[0][0]
        numbers[name] = [summary(own, of) for own, (of, _) in zip(own_codes, found)]
        if name == "sparse":
            digits = found[0][1]
        for own in numbers[name]:
            print(
                f"{name:<10} specialisation: mean {own['mean']:.1%}, largest "
                f"{own['largest']:.1%} | {own['active']:.1%} of the code is active"
            )
    units = np.bincount(digits[digits >= 0], minlength=10)
    print(f"units of the sparse code with most to tell of 0 to 9: {units.tolist()}")

    shown = {
        "sparse_ae": shares["sparse"],
        "without\npenalties": shares["twin"],
        "untrained": shares["untrained"],
        "pixels": shares["pixels"],
    }
    plot(shown, codes["sparse"][0], x_test, digits, args.out / "sparsity.png")

    base.report(
        "sparsity",
        args,
        verdict(numbers),
        numbers=numbers,
        units=units.tolist(),
    )


if __name__ == "__main__":
    common.run(main)
